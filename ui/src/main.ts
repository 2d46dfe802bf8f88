import { mount } from 'svelte';
import App from './App.svelte';
import './tokens.css';
import './app.css';
import type { Host } from './host/host';
import { speak } from './words/language';
import { withoutMarks, type WordsOptions } from './words/words';

async function chooseHost(): Promise<Host> {
  // Replaced by a constant in a build, so that the fake core is not shipped.
  if (import.meta.env.MODE !== 'production' && !('__TAURI_INTERNALS__' in window)) {
    const { fakeHost } = await import('./host/fake');
    return fakeHost(new URLSearchParams(location.search));
  }
  const { tauriHost } = await import('./host/tauri');
  return tauriHost;
}

/** Pseudo-languages, by which tests check the layout of texts. */
async function pseudoWords(): Promise<WordsOptions> {
  if (import.meta.env.MODE === 'production') return {};
  const { pseudo } = await import('./words/pseudo');
  return pseudo(new URLSearchParams(location.search));
}

// Isolation marks are removed from copied text, because they are not needed elsewhere.
document.addEventListener('copy', (event) => {
  const text = String(getSelection());
  const bare = withoutMarks(text);
  if (bare === text || event.clipboardData === null) return;
  event.clipboardData.setData('text/plain', bare);
  event.preventDefault();
});

const [host] = await Promise.all([
  chooseHost(),
  pseudoWords().then((words) => speak(navigator.languages, words)),
]);
mount(App, { target: document.body, props: { host } });
