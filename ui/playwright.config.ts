import { existsSync } from 'node:fs';
import { defineConfig } from '@playwright/test';

/** Draws the same pages without the parts that show a window, in half of the time. */
const HEADLESS_SHELL = '/usr/bin/chromium-headless-shell';
const INSTALLED = existsSync(HEADLESS_SHELL) ? HEADLESS_SHELL : '/usr/bin/chromium';

export default defineConfig({
  testDir: 'tests/e2e',
  outputDir: '../target/ui-e2e',
  globalSetup: './tests/e2e/serve.ts',
  // Everything runs on this machine; what is not there after ten seconds will not come.
  timeout: 30_000,
  expect: { timeout: 10_000 },
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
