import { expect, test, type Window760 } from './app';

/** What a scenario must show: a part of its first page, and the Connection view's headline where it is looked at. */
type Shows = readonly [landmark: string, headline?: string];

const SCENARIOS: Record<string, Shows> = {
  busy: ['item', 'Connected'],
  empty: ['empty'],
  firstRun: ['setup'],
  managed: ['setup'],
  offline: ['retry'],
  connecting: ['item'],
  wrongAddress: ['retry'],
  circuitOpen: ['retry', 'Not connected'],
  signIn: ['remedy', 'Signed out'],
  keyringLocked: ['retry', 'Keyring locked'],
  longText: ['item'],
  hostile: ['item'],
  thousands: ['item'],
  error: ['error'],
  notices: ['notice'],
  live: ['item'],
  insecure: ['insecure-bar', 'Connected'],
  noNetwork: ['retry', 'Offline'],
  disconnected: ['retry', 'Disconnected by you'],
  missing: ['item'],
  newcomer: ['empty', 'Connected'],
  storage: ['notice', 'Connected, but nothing can be stored'],
  restarting: ['notice', 'Waiting to reconnect'],
  forbidden: ['retry', 'Needs you'],
  anotherToken: ['person'],
  webSocket: ['item', 'Connected'],
  bufferedProxy: ['retry', 'Waiting to reconnect'],
  heldBack: ['item', 'Connected'],
  freshStart: ['item', 'Connecting'],
  waiting: ['retry', 'Waiting to reconnect'],
  captivePortal: ['retry', 'Needs you'],
  proxySignIn: ['remedy', 'Needs you'],
  certificate: ['retry', 'Needs you'],
  clientCertificate: ['retry', 'Needs you'],
  notFound: ['retry', 'Waiting to reconnect'],
  longOutage: ['retry', 'Not connected'],
  storageOffline: ['notice', 'Needs you'],
  longCause: ['retry', 'Waiting to reconnect'],
};

for (const [scenario, [landmark, headline]] of Object.entries(SCENARIOS)) {
  test(`${scenario} is accessible`, async ({ app }) => {
    await app.open(scenario);
    await expect(app.get(landmark).first()).toBeVisible();
    await app.expectAccessibleInAll(scenario);
    if (headline === undefined) return;
    await app.get('connection-open').click();
    await expect(app.get('connection-title')).toHaveText(headline);
    await expect(app.get('plot')).toHaveCount(3);
    await app.expectAccessibleInAll(`connection-${scenario}`, { wide: 1180, narrow: 1400 });
  });
}

for (const [scenario, key] of [
  ['busy', 'n-2'],
  ['longText', 'long-1'],
  ['hostile', 'hostile-1'],
] as const) {
  test(`an open item of ${scenario} is accessible`, async ({ app }) => {
    await app.open(scenario);
    await app.item(key).click();
    await expect(app.get('item-detail')).toBeVisible();
    await app.expectAccessibleInAll(`${scenario}-detail`);
  });
}

async function openPreferences(app: Window760, scenario: string): Promise<void> {
  await app.open(scenario);
  await app.get('preferences').click();
}

test('preferences are accessible', async ({ app, page }) => {
  await openPreferences(app, 'busy');
  await app.expectAccessibleInAll('preferences', { wide: 640, narrow: 900 });
  await page.getByRole('button', { name: '1 hour' }).click();
  await app.get('sign-out').click();
  await app.expectAccessibleInAll('preferences-paused', { wide: 640, narrow: 900 });
});

test('a proxy of the organisation is accessible', async ({ app }) => {
  await openPreferences(app, 'webSocket');
  await expect(app.get('proxy-locked')).toBeVisible();
  await app.expectAccessibleInAll('proxy-locked', { wide: 1000, narrow: 1300 });
});

test('a proxy of one’s own is accessible', async ({ app }) => {
  await app.open('proxySignIn');
  await app.get('connection').getByTestId('remedy').click();
  await app.get('proxy-password').fill('x');
  await app.get('proxy-address').fill('proxy.example.com');
  await app.get('proxy-save').click();
  await app.expectAccessibleInAll('proxy', { wide: 1000, narrow: 1300 });
});

test('the connection test is accessible', async ({ app, page }) => {
  await app.open('firstRun');
  await app.get('setup-address').fill('https://gloria.example.com/api');
  await app.get('setup-token').fill('wrong');
  await app.get('setup-test').click();
  await page.clock.runFor(1000);
  await expect(app.get('setup-report')).toHaveAttribute('data-succeeded', 'false');
  await app.expectAccessibleInAll('setup-report');
});

test('the table of the last hour and the test are accessible', async ({ app, page }) => {
  await app.open('busy');
  await app.get('connection-open').click();
  await app.get('table-toggle').click();
  await expect(app.get('minutes').getByRole('row')).toHaveCount(61);
  await app.get('test').click();
  await page.clock.runFor(1000);
  await expect(app.get('test-report')).toHaveAttribute('data-succeeded', 'true');
  await app.expectAccessibleInAll('connection-table', { wide: 1500, narrow: 1500 });
});

test('undo and keys are accessible', async ({ app, page }) => {
  await app.open('offline');
  await app.item('n-2').press('e');
  await expect(app.get('undo')).toBeVisible();
  await app.expectAccessibleInAll('undo');
  await page.keyboard.press('Escape');
  await page.keyboard.press('?');
  await expect(app.get('key-help')).toBeVisible();
  await app.expectAccessibleInAll('keys');
});
