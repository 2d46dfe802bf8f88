import type { Environment } from 'vitest/runtime';

/** Node, with Svelte compiled as for a browser: its code for servers has no reactivity. */
export default {
  name: 'runes',
  viteEnvironment: 'client',
  setup: () => ({ teardown: () => undefined }),
} satisfies Environment;
