import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

// A zone with daylight saving, so that the tests of days and clocks cross its changes wherever they run.
process.env.TZ = 'Europe/Berlin';

export default defineConfig({
  plugins: [svelte({ configFile: false })],
  // Without this, Svelte's server build is picked, in which runes do not react.
  resolve: { conditions: ['browser'] },
  test: {
    include: ['tests/unit/**/*.test.ts'],
    environment: './tests/unit/environment.ts',
    setupFiles: ['./tests/unit/setup.ts'],
  },
});
