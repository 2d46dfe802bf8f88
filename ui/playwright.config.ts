import { existsSync } from 'node:fs';
import { defineConfig } from '@playwright/test';

/** Draws the same pages without the parts that show a window, in half of the time. */
const HEADLESS_SHELL = '/usr/bin/chromium-headless-shell';
const INSTALLED = existsSync(HEADLESS_SHELL) ? HEADLESS_SHELL : '/usr/bin/chromium';

export default defineConfig({
  testDir: 'tests/e2e',
  outputDir: '../target/ui-e2e',
  globalSetup: './tests/e2e/serve.ts',
  // Everything runs on this machine: what is not there after twenty seconds will not come. A whole test has many such
  // looks, which on a busy machine are slow together: with `UI_SLOWDOWN=8` the longest takes 25 seconds.
  timeout: 90_000,
  expect: { timeout: 20_000 },
  workers: 2,
  fullyParallel: true,
  forbidOnly: true,
  reporter: [['list']],
  use: {
    browserName: 'chromium',
    viewport: { width: 760, height: 640 },
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? INSTALLED,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--no-first-run',
      ],
    },
  },
});
