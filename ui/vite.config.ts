import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

export default defineConfig({
  base: './',
  // The words are beside the page's folder.
  server: { fs: { allow: ['..'] } },
  plugins: [svelte({ configFile: false })],
  build: {
    // The oldest web views that the app runs in: WebKitGTK 2.42, macOS 13.
    target: 'safari16',
    sourcemap: false,
    // The polyfill would be the only code that calls fetch.
    modulePreload: { polyfill: false },
    // A data: URL would need an exception in the content security policy.
    assetsInlineLimit: 0,
  },
});
