import { expect, shot, test } from './app';

/** Every scenario, with the test id of something that must be there. */
const SCENARIOS: Record<string, string> = {
  busy: 'item',
  empty: 'empty',
  firstRun: 'setup',
  managed: 'setup',
  offline: 'retry',
  connecting: 'item',
  wrongAddress: 'retry',
  circuitOpen: 'retry',
  signIn: 'remedy',
  keyringLocked: 'retry',
  longText: 'item',
  hostile: 'item',
  thousands: 'item',
  error: 'error',
  notices: 'notice',
  live: 'item',
  insecure: 'insecure-bar',
  noNetwork: 'retry',
  disconnected: 'retry',
  missing: 'item',
  newcomer: 'empty',
  storage: 'notice',
  restarting: 'notice',
  forbidden: 'retry',
  anotherToken: 'person',
};

for (const colorScheme of ['light', 'dark'] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });

    for (const [scenario, landmark] of Object.entries(SCENARIOS)) {
      test(`${scenario} is accessible`, async ({ app, page }) => {
        await app.open(scenario);
        await expect(app.get(landmark).first()).toBeVisible();
        await app.expectAccessible();
        await page.screenshot({ path: shot(`${scenario}-${colorScheme}`) });
        await page.setViewportSize({ width: 360, height: 640 });
        await app.expectAccessible();
        await page.screenshot({ path: shot(`${scenario}-${colorScheme}-360`) });
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
      });
    }

    test('an open item is accessible', async ({ app, page }) => {
      await app.open('busy');
      await app.item('n-2').click();
      await expect(app.get('item-detail')).toBeVisible();
      await app.expectAccessible();
      await page.screenshot({ path: shot(`detail-${colorScheme}`) });
      await page.setViewportSize({ width: 360, height: 640 });
      await app.expectAccessible();
      await page.screenshot({ path: shot(`detail-${colorScheme}-360`) });
    });

    for (const [scenario, key] of [
      ['longText', 'long-1'],
      ['hostile', 'hostile-1'],
    ] as const) {
      test(`an open item of ${scenario} is accessible`, async ({ app, page }) => {
        await app.open(scenario);
        await app.item(key).click();
        await app.expectAccessible();
        await page.screenshot({ path: shot(`${scenario}-detail-${colorScheme}`) });
        await page.setViewportSize({ width: 360, height: 640 });
        await page.screenshot({ path: shot(`${scenario}-detail-${colorScheme}-360`) });
      });
    }

    test('preferences are accessible', async ({ app, page }) => {
      await app.open('busy');
      await app.get('preferences').click();
      await app.expectAccessible();
      await page.screenshot({ path: shot(`preferences-${colorScheme}`) });
      await page.setViewportSize({ width: 360, height: 900 });
      await page.getByRole('button', { name: '1 hour' }).click();
      await app.get('sign-out').click();
      await app.expectAccessible();
      await page.screenshot({ path: shot(`preferences-${colorScheme}-360`) });
    });

    test('the connection test is accessible', async ({ app, page }) => {
      await app.open('firstRun');
      await app.get('setup-address').fill('https://gloria.example.com/api');
      await app.get('setup-token').fill('wrong');
      await app.get('setup-test').click();
      await page.clock.runFor(1000);
      await expect(app.get('setup-report')).toHaveAttribute('data-succeeded', 'false');
      await app.expectAccessible();
      await page.screenshot({ path: shot(`setup-report-${colorScheme}`) });
      await page.setViewportSize({ width: 360, height: 640 });
      await page.screenshot({ path: shot(`setup-report-${colorScheme}-360`) });
    });

    test('undo and keys are accessible', async ({ app, page }) => {
      await app.open('offline');
      await app.item('n-2').press('e');
      await expect(app.get('undo')).toBeVisible();
      await app.expectAccessible();
      await page.screenshot({ path: shot(`undo-${colorScheme}`) });
      await page.keyboard.press('Escape');
      await page.keyboard.press('?');
      await expect(app.get('key-help')).toBeVisible();
      await app.expectAccessible();
      await page.screenshot({ path: shot(`keys-${colorScheme}`) });
    });
  });
}
