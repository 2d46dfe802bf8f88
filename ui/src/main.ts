import { mount } from 'svelte';
import App from './App.svelte';
import './app.css';
import type { Host } from './host/host';

async function chooseHost(): Promise<Host> {
  // Replaced by a constant in a build, so that nothing of the fake reaches what is shipped.
  if (import.meta.env.MODE !== 'production' && !('__TAURI_INTERNALS__' in window)) {
    const { fakeHost } = await import('./host/fake');
    return fakeHost(new URLSearchParams(location.search));
  }
  const { tauriHost } = await import('./host/tauri');
  return tauriHost;
}

mount(App, { target: document.body, props: { host: await chooseHost() } });
