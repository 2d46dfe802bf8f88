import { expect, says, test, type Window760 } from './app';

test('a locked keyring is unlocked and tried again', async ({ app }) => {
  await app.open('keyringLocked');
  await expect(app.get('connection')).toContainText('Keyring locked');
  await app.get('retry').click();
  await app.pass(1000);
  await expect(app.get('connection')).toHaveAttribute('data-state', 'connected');
});

/** Types an address and goes on once its server was found. */
async function enterAddress(app: Window760, address: string): Promise<void> {
  await app.get('setup-address').fill(address);
  await app.get('setup-continue').click();
  await app.pass(1000);
  await expect(app.get('setup-found')).toBeVisible();
}

test('a token that was refused is not offered again, and a new one is saved once it works', async ({
  app,
  page,
}) => {
  await app.open('signIn');
  await expect(app.get('connection')).toContainText('Signed out');
  await app.get('remedy').click();
  await expect(app.get('setup-found')).toContainText('gloria.example.com/api');
  await expect(app.get('setup-token')).toBeFocused();
  await expect(page.getByText('does not accept the saved token')).toBeVisible();
  await app.get('setup-save').click();
  await expect(app.get('setup-token')).toBeFocused();
  await expect(page.getByText('Enter your token')).toBeVisible();
  expect(await app.calls('connection_test')).toEqual([]);

  await app.get('setup-token').fill('wrong');
  await app.get('setup-save').click();
  await app.pass(1000);
  await expect(app.get('setup-token')).toBeFocused();
  await expect(app.get('setup-token')).toHaveAttribute('aria-invalid', 'true');
  await expect(app.problem('setup-token')).toContainText('The server does not accept this token');
  expect(await app.calls('account_save')).toEqual([]);

  await app.get('setup-token').fill('right');
  await expect(app.get('setup-token')).toHaveAttribute('aria-invalid', 'false');
  await app.get('setup-save').click();
  await app.pass(1000);
  await expect(app.get('inbox')).toBeVisible();
  expect(await app.calls('account_save')).toEqual([
    { address: 'https://gloria.example.com/api', token: 'right' },
  ]);
});

test('a saved token is tested, and never shown', async ({ app }) => {
  await app.open('busy');
  await app.get('preferences').click();
  await app.get('account').click();
  await expect(app.get('setup-token')).toHaveValue('');
  await expect(app.get('setup-token')).not.toHaveAttribute('placeholder', /./);
  await app.get('setup-save').click();
  await app.pass(1000);
  await expect(app.get('inbox')).toBeVisible();
  expect(await app.calls('connection_test')).toEqual([
    { address: 'https://gloria.example.com/api', token: null },
  ]);
});

test('another server asks for a token of its own', async ({ app, page }) => {
  await app.open('busy');
  await app.get('preferences').click();
  await app.get('account').click();
  await app.get('setup-change').click();
  await expect(app.get('setup-address')).toBeFocused();
  await enterAddress(app, 'https://other.example.com');
  await expect(page.getByText('Another server needs a token of its own')).toBeVisible();
  await app.get('setup-save').click();
  await expect(app.get('setup-token')).toBeFocused();
  await expect(page.getByText('the saved one belongs to another')).toBeVisible();
  expect([await app.calls('connection_test'), await app.calls('account_save')]).toEqual([[], []]);
  await app.get('setup-token').fill('abc123');
  await app.get('setup-save').click();
  await app.pass(1000);
  expect(await app.calls('account_save')).toEqual([
    { address: 'https://other.example.com', token: 'abc123' },
  ]);
});

test('the first run with a token, from nothing to a test notification', async ({ app, page }) => {
  await app.open('firstRun');
  await expect(app.get('setup-address')).toBeFocused();
  // Nobody has failed to connect yet.
  await expect(app.get('connection')).toHaveCount(0);
  await app.get('setup-continue').click();
  await expect(app.get('setup-address')).toBeFocused();
  await expect(app.problem('setup-address')).toHaveText('Enter the address of your server');

  // What is typed is looked for by itself.
  await app.get('setup-address').fill('nowhere.invalid');
  await app.pass(2000);
  await expect(page.getByText(says('No server has the name nowhere.invalid'))).toBeVisible();
  await expect(app.get('setup-address')).toHaveAttribute('aria-invalid', 'false');
  await app.get('setup-continue').click();
  await app.pass(1000);
  await expect(app.get('setup-address')).toHaveAttribute('aria-invalid', 'true');
  await expect(app.get('setup-address')).toBeFocused();

  await app.get('setup-address').fill('gloria.example.com');
  await app.pass(2000);
  await expect(page.getByText(says('Found gloria.example.com'))).toBeVisible();
  await app.get('setup-address').press('Enter');
  await expect(app.get('setup-token')).toBeFocused();
  await app.get('setup-save').click();
  await expect(page.getByText('Enter your token')).toBeVisible();
  expect(await app.calls('account_save')).toEqual([]);

  await expect(app.get('setup-token')).toHaveAttribute('type', 'password');
  await page.getByRole('button', { name: 'Show the token' }).click();
  await expect(app.get('setup-token')).toHaveAttribute('type', 'text');
  await app.get('setup-token').fill('Bearer abc');
  await app.get('setup-token').press('Enter');
  await app.pass(2000);
  // What is pasted goes to the core as it is.
  expect(await app.calls('connection_test')).toEqual([
    { address: 'gloria.example.com', token: 'Bearer abc' },
  ]);
  await expect(app.get('ready')).toHaveAttribute('data-state', 'connected');
  await app.get('notification-test').click();
  await expect(app.get('notification-report')).toHaveAttribute('data-succeeded', 'true');
  await expect(app.get('ready-tray')).toContainText('in the tray');
  await app.get('autostart').click();
  expect(await app.calls('autostart_set')).toEqual([false]);
  await app.get('setup-done').click();
  await expect(app.get('empty')).toContainText('You are up to date');
  await expect(app.get('connection')).toHaveAttribute('data-state', 'connected');
});

test('what the core refuses stands at the field that it is about', async ({ app, page }) => {
  await app.open('firstRun');
  await page.evaluate(() => window.fake.refuse('sign_in_offer', { id: 'address-several', args: {} }));
  await app.get('setup-address').fill('a.example b.example');
  await app.get('setup-continue').click();
  await expect(app.problem('setup-address')).toHaveText('These are several addresses; enter one');
  await expect(app.get('setup-address')).toBeFocused();
  await expect(app.get('setup-anyway')).toHaveCount(0);
  await page.evaluate(() => window.fake.refuse('sign_in_offer', null));
  await enterAddress(app, 'gloria.example.com');
  await page.evaluate(() => window.fake.refuse('connection_test', { id: 'token-cut-off', args: {} }));
  await app.get('setup-token').fill('abc…');
  await app.get('setup-save').click();
  await expect(app.problem('setup-token')).toContainText('The token is cut off at its end');
  await expect(app.get('setup-token')).toBeFocused();
});

test('a server that cannot be reached keeps nobody from saving', async ({ app }) => {
  await app.open('firstRun');
  await app.get('setup-address').fill('nowhere.invalid');
  await app.get('setup-continue').click();
  await app.pass(1000);
  await app.get('setup-anyway').click();
  await app.get('setup-token').fill('abc');
  const before = await app.get('setup-save').boundingBox();
  await app.get('setup-save').click();
  await app.pass(1000);
  await expect(app.get('setup-report')).toHaveAttribute('data-succeeded', 'false');
  expect(await app.get('setup-save').boundingBox(), 'a second click does not miss').toEqual(before);
  await expect(app.get('setup-save')).toBeInViewport({ ratio: 1 });
  await app.get('setup-token').fill('abcd');
  await expect(app.get('setup-report')).toHaveCount(0);
  await app.get('setup-save').click();
  await app.pass(1000);
  await app.get('setup-save-anyway').click();
  expect(await app.calls('account_save')).toEqual([{ address: 'nowhere.invalid', token: 'abcd' }]);
});

test('an address of the organisation cannot be changed', async ({ app, page }) => {
  await app.open('managed');
  await expect(app.get('setup-found')).toContainText('gloria.example.com');
  await expect(app.get('setup-change')).toHaveCount(0);
  await expect(page.getByText('Set by your organisation')).toBeVisible();
  await expect(page.getByText('kept until the app is closed')).toBeVisible();
});

test('preferences are saved as they are changed', async ({ app, page }) => {
  await app.open('busy');
  await app.get('preferences').click();
  await app.get('sounds').click();
  await app.get('volume').focus();
  await page.keyboard.press('ArrowRight');
  await page.getByRole('radio', { name: 'Bloom' }).check();
  await page.getByRole('radio', { name: 'Dark' }).check();
  expect(await app.calls('preferences_save')).toEqual([
    { sounds: false },
    { volume: 65 },
    { sound: 'bloom' },
    { appearance: 'dark' },
  ]);
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await page.getByRole('button', { name: says('Play Knock') }).click();
  expect(await app.calls('sound_preview')).toEqual(['chime', 'knock']);

  await page.getByRole('button', { name: says('Until tomorrow 08:00') }).click();
  await expect(app.get('paused')).toContainText('Thursday, 26 November 2026 at 08:00');
  expect(await app.calls('sounds_pause')).toEqual([{ minutes: 17.5 * 60 }]);
  await page.getByRole('button', { name: 'Resume' }).click();
  await expect(app.get('paused')).toHaveCount(0);
});

test('a preference that is refused goes back to what it was', async ({ app, page }) => {
  await app.open('busy');
  await app.get('preferences').click();
  await page.evaluate(() => window.fake.refuse('preferences_save', 'the settings file cannot be written'));
  await app.get('sounds').click();
  await expect(app.get('report')).toHaveText(says('could not be saved: the settings file cannot be written'));
  await expect(app.get('sounds')).toBeChecked();
});

test('signing out asks first, and whether the inbox is erased', async ({ app, page }) => {
  await app.open('busy');
  await app.get('preferences').click();
  await app.get('sign-out').click();
  await expect(app.get('sign-out-confirm')).toBeFocused();
  await page.getByRole('button', { name: 'Stay signed in' }).click();
  await expect(app.get('sign-out')).toBeFocused();
  expect(await app.calls('account_sign_out')).toEqual([]);
  await app.get('sign-out').click();
  await expect(page.getByRole('radio', { name: 'Keep the inbox' })).toBeChecked();
  await page.getByRole('radio', { name: 'Erase the inbox' }).check();
  await expect(app.get('sign-out-confirm')).toHaveText('Sign out and erase');
  await app.get('sign-out-confirm').click();
  expect(await app.calls('account_sign_out')).toEqual([{ erase: true }]);
  await expect(app.get('setup-signed-out')).toHaveText('You are signed out');
  await expect(app.get('setup-steps')).toHaveCount(0);
});

test('another account of this computer is used, or signed in to', async ({ app }) => {
  for (const [id, page] of [
    ['2', 'inbox'],
    ['3', 'setup'],
  ] as const) {
    await app.open('severalAccounts');
    await app.get('preferences').click();
    await expect(app.get('other-account')).toHaveCount(2);
    await app.page.locator(`[data-id="${id}"]`).getByTestId('use-account').click();
    expect(await app.calls('account_switch')).toEqual([{ id }]);
    await expect(app.get(page)).toBeVisible();
  }
});

test('whose token somebody else sets is not asked to sign in', async ({ app }) => {
  await app.open('givenSignedOut');
  await expect(app.get('signed-out')).toContainText('until your administrator replaces the token');
  await expect(app.get('remedy')).toHaveText(['Try again']);
  await expect(app.get('signed-out').getByRole('button')).toHaveCount(1);
  await app.get('remedy').click();
  // There is no set-up to be led to.
  await expect(app.get('inbox')).toBeVisible();
});
