import { expect, says, test, type Window760 } from './app';

/** What a scenario must show: a part of its first page, and the Connection view's headline where it is looked at. */
type Shows = readonly [landmark: string, headline?: string];

const SCENARIOS: Record<string, Shows> = {
  busy: ['item', 'Connected'],
  empty: ['empty'],
  firstRun: ['setup-address'],
  managed: ['setup-token'],
  firstSignIn: ['sign-in-begin'],
  typedSignIn: ['setup-address'],
  providerAway: ['sign-in-why'],
  signInStarting: ['sign-in-busy'],
  signInWaiting: ['sign-in-link'],
  signInNoBrowser: ['sign-in-problem'],
  signInDevice: ['sign-in-code'],
  signInChecking: ['sign-in-cancel'],
  signInStoring: ['sign-in-busy'],
  signInFailed: ['sign-in-failed'],
  providerChanged: ['provider-question'],
  providerRenamed: ['provider-question'],
  longProvider: ['provider-question'],
  signedIn: ['item'],
  signedOut: ['setup-signed-out'],
  longSignedOut: ['setup-signed-out'],
  needsSignIn: ['signed-out', 'Signed out'],
  longNeedsSignIn: ['signed-out'],
  rejected: ['retry', 'Needs you'],
  commandSignsIn: ['item'],
  commandFirst: ['setup-address'],
  commandFailed: ['retry', 'Waiting to reconnect'],
  commandRefused: ['retry', 'Needs you'],
  offline: ['retry'],
  connecting: ['item'],
  wrongAddress: ['retry'],
  circuitOpen: ['retry', 'Not connected'],
  signIn: ['signed-out', 'Signed out'],
  keyringLocked: ['retry', 'Keyring locked'],
  longText: ['item'],
  hostile: ['item'],
  thousands: ['item'],
  indexing: ['item'],
  error: ['error'],
  notices: ['notice'],
  actions: ['refused'],
  live: ['item'],
  release: ['release'],
  releaseLong: ['release'],
  insecure: ['insecure-bar', 'Connected'],
  noNetwork: ['retry', 'Offline'],
  disconnected: ['retry', 'Disconnected by you'],
  missing: ['item'],
  newcomer: ['empty', 'Connected'],
  storage: ['notice', 'Connected, but nothing can be stored'],
  restarting: ['notice', 'Waiting to reconnect'],
  forbidden: ['retry', 'Needs you'],
  anotherToken: ['person'],
  anotherApplication: ['person'],
  calledOtherwise: ['person'],
  webSocket: ['item', 'Connected'],
  setByPolicy: ['item', 'Connected'],
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
  storageOffline: ['standing', 'Needs you'],
  checksFail: ['item'],
  checksWarn: ['item'],
  checksLong: ['item'],
  checksRunning: ['item'],
  checksRefused: ['item'],
  reportRefused: ['item'],
  longCause: ['retry', 'Waiting to reconnect'],
};

/** They show what a server answers, after a while. */
const ASKS = ['firstSignIn', 'providerAway', 'providerChanged', 'providerRenamed', 'longProvider'];

for (const [scenario, [landmark, headline]] of Object.entries(SCENARIOS)) {
  test(`${scenario} is accessible`, async ({ app }) => {
    await app.open(scenario);
    if (ASKS.includes(scenario)) await app.pass(1000);
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
  await app.get('notification-test').click();
  await expect(app.get('notification-report')).toBeVisible();
  await app.expectAccessibleInAll('preferences-paused', { wide: 640, narrow: 900 });
});

test('a proxy of the organisation is accessible', async ({ app }) => {
  await openPreferences(app, 'webSocket');
  await expect(app.get('proxy-locked')).toBeVisible();
  await app.expectAccessibleInAll('proxy-locked', { wide: 1000, narrow: 1300 });
});

test('where the organisation sets everything, each control says so and none can be used', async ({
  app,
  page,
}) => {
  await openPreferences(app, 'setByPolicy');
  const main = app.get('preferences-page');
  await expect(main).toBeVisible();
  for (const title of ['General', 'Sounds', 'Appearance', 'Network', 'Account']) {
    const section = page.getByRole('region', { name: title });
    await expect(section).toContainText('Set by your organisation');
    for (const control of await section.locator('input, select').all()) await expect(control).toBeDisabled();
  }
  await expect(app.get('account'), 'nothing is left to change').toHaveCount(0);
  // Its text is as large as somebody who reads badly wants it.
  for (const size of [100, 200]) {
    await page.evaluate((percent) => {
      document.documentElement.style.fontSize = `${percent}%`;
    }, size);
    const name = size === 100 ? 'set-by-policy' : 'set-by-policy-large';
    await app.expectAccessibleInAll(name, { wide: 1500, narrow: 2600 });
    await page.setViewportSize({ width: 360, height: 1500 });
    const lines = await page.getByText('Set by your organisation').evaluateAll((notes) =>
      notes.map((note) => {
        const text = document.createRange();
        text.selectNodeContents(note);
        return new Set(Array.from(text.getClientRects(), ({ top }) => top)).size;
      }),
    );
    expect(lines).toHaveLength(8);
    expect(Math.max(...lines), 'a word is broken for want of room').toBeLessThanOrEqual(2);
  }
});

test('a proxy of one’s own is accessible', async ({ app }) => {
  await app.open('proxySignIn');
  await app.get('remedy').click();
  await app.get('proxy-password').fill('x');
  await app.get('proxy-address').fill('proxy.example.com');
  await app.get('proxy-save').click();
  await app.expectAccessibleInAll('proxy', { wide: 1000, narrow: 1300 });
});

test('a token that the server refuses is accessible, and a server that is not there', async ({
  app,
  page,
}) => {
  await app.open('managed');
  await app.get('setup-token').fill('wrong');
  await app.get('setup-save').click();
  await app.pass(1000);
  await expect(app.get('setup-token')).toHaveAttribute('aria-invalid', 'true');
  await app.expectAccessibleInAll('setup-refused');
  await page.evaluate(() => {
    const { account } = window.fake.scenario;
    window.fake.push({ kind: 'account', value: { ...account, address: 'https://nowhere.invalid' } });
  });
  await expect(app.get('setup-found')).toContainText('nowhere.invalid');
  await app.get('setup-token').fill('right');
  await app.get('setup-save').click();
  await app.pass(1000);
  await expect(app.get('setup-report')).toBeVisible();
  await app.expectAccessibleInAll('setup-report', { wide: 900, narrow: 1000 });
});

test('an address with no server behind it is accessible', async ({ app, page }) => {
  await app.open('firstRun');
  await app.get('setup-address').fill('nowhere.invalid');
  await app.get('setup-continue').click();
  await app.pass(1000);
  await expect(app.get('setup-anyway')).toBeVisible();
  await app.expectAccessibleInAll('setup-nowhere');
  await app.get('setup-address').fill('gloria.example.com');
  await app.pass(2000);
  await expect(page.getByText(says('Found gloria.example.com'))).toBeVisible();
  await app.expectAccessibleInAll('setup-found');
});

test('the page that the browser could not open is pasted accessibly', async ({ app }) => {
  await app.open('signInWaiting');
  await app.get('sign-in-pasting').click();
  await expect(app.get('sign-in-paste')).toBeFocused();
  await app.expectAccessibleInAll('setup-pasting', { wide: 800, narrow: 900 });
});

for (const name of ['ready', 'readyWithoutTray', 'readyNotConnected']) {
  test(`${name} is accessible`, async ({ app }) => {
    await app.open(name);
    await app.pass(1000);
    await app.get('notification-test').click();
    await expect(app.get('notification-report')).toBeVisible();
    await app.expectAccessibleInAll(name, { wide: 800, narrow: 900 });
  });
}

for (const name of [
  'signedIn',
  'environmentSignsIn',
  'severalAccounts',
  'keyringLocked',
  'renewalFailing',
  'misconfigured',
  'unsaved',
  'notRenewable',
]) {
  test(`the account of ${name} is accessible`, async ({ app }) => {
    await openPreferences(app, name);
    await app.get('who').scrollIntoViewIfNeeded();
    await app.expectAccessibleInAll(`account-${name}`, { wide: 1150, narrow: 1500 });
  });
}

for (const name of ['needsSignIn', 'rejected', 'longAccount']) {
  test(`the account of ${name} is accessible, its page and signing out`, async ({ app, page }) => {
    await openPreferences(app, name);
    await app.get('account').click();
    await expect(app.get('setup')).toBeVisible();
    await app.expectAccessibleInAll(`account-page-${name}`);
    await page.keyboard.press('Escape');
    await app.get('sign-out').click();
    await expect(app.get('sign-out-confirm')).toBeFocused();
    await app.expectAccessibleInAll(`account-out-${name}`, { wide: 1150, narrow: 1500 });
  });
}

test('the table of the last hour and the test are accessible', async ({ app }) => {
  await app.open('busy');
  await app.get('connection-open').click();
  await app.get('table-toggle').click();
  await expect(app.get('minutes').getByRole('row')).toHaveCount(61);
  await app.get('test').click();
  await app.pass(1000);
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
