import { expect, says, test } from './app';

test('a locked keyring is unlocked and tried again', async ({ app, page }) => {
  await app.open('keyringLocked');
  await expect(app.get('connection')).toContainText('Keyring locked');
  await app.get('retry').click();
  await page.clock.runFor(1000);
  await expect(app.get('connection')).toHaveAttribute('data-state', 'connected');
});

test('signed out leads to the account', async ({ app }) => {
  await app.open('signIn');
  await expect(app.get('connection')).toContainText('Signed out');
  await app.get('remedy').click();
  await expect(app.get('setup')).toBeVisible();
  await expect(app.get('setup-address')).toHaveValue('https://gloria.example.com/api');
  // The saved token is kept by an empty field, and never shown.
  await expect(app.get('setup-token')).toHaveValue('');
  await app.get('setup-save').click();
  await expect(app.get('inbox')).toBeVisible();
  expect(await app.calls('account_save')).toEqual([
    { address: 'https://gloria.example.com/api', token: null },
  ]);
});

test('another server asks for a token of its own', async ({ app, page }) => {
  await app.open('signIn');
  await app.get('remedy').click();
  await app.get('setup-address').fill('https://other.example.com');
  await expect(page.getByText('Another server needs a token of its own')).toBeVisible();
  await app.get('setup-test').click();
  await app.get('setup-save').click();
  await expect(app.get('setup-token')).toBeFocused();
  await expect(page.getByText('the saved one belongs to another')).toBeVisible();
  expect([await app.calls('connection_test'), await app.calls('account_save')]).toEqual([[], []]);
  await app.get('setup-token').fill('abc123');
  await app.get('setup-save').click();
  expect(await app.calls('account_save')).toEqual([
    { address: 'https://other.example.com', token: 'abc123' },
  ]);
});

test('the first run, from nothing to connected', async ({ app, page }) => {
  await app.open('firstRun');
  await app.get('setup-save').click();
  await expect(app.get('setup-address')).toBeFocused();
  await expect(page.getByText('Enter the address of your server', { exact: true })).toBeVisible();
  await expect(page.getByText('Enter your token')).toBeVisible();
  expect(await app.calls('account_save')).toEqual([]);

  await app.get('setup-address').fill('https://nowhere.invalid/api');
  await app.get('setup-token').fill('abc123');
  await app.get('setup-test').click();
  await page.clock.runFor(1000);
  await expect(app.get('setup-report')).toHaveAttribute('data-succeeded', 'false');
  await expect(app.get('setup-report').getByRole('listitem')).toHaveCount(1);

  await app.get('setup-address').fill('https://gloria.example.com/api');
  await app.get('setup-test').click();
  await page.clock.runFor(1000);
  await expect(app.get('setup-report')).toHaveAttribute('data-succeeded', 'true');
  await expect(app.get('setup-report').getByRole('listitem')).toHaveCount(3);

  await expect(app.get('setup-token')).toHaveAttribute('type', 'password');
  await page.getByRole('button', { name: 'Show the token' }).click();
  await expect(app.get('setup-token')).toHaveAttribute('type', 'text');

  await app.get('setup-token').press('Enter');
  await expect(app.get('empty')).toContainText('You are up to date');
  await page.clock.runFor(1000);
  await expect(app.get('connection')).toHaveAttribute('data-state', 'connected');
});

test('what is pasted goes to the core as it is, and its refusal stands at the field', async ({
  app,
  page,
}) => {
  await app.open('firstRun');
  await app.get('setup-address').fill('gloria.example.com');
  await app.get('setup-token').fill('Bearer abc');
  await app.get('setup-test').click();
  await page.clock.runFor(1000);
  await expect(app.get('setup-report')).toHaveAttribute('data-succeeded', 'true');
  expect(await app.calls('connection_test')).toEqual([
    { address: 'gloria.example.com', token: 'Bearer abc' },
  ]);
  await page.evaluate(() => window.fake.refuse('account_save', { id: 'address-several', args: {} }));
  await app.get('setup-save').click();
  await expect(app.get('setup').getByText('These are several addresses; enter one')).toBeVisible();
  await expect(app.get('setup-address')).toBeFocused();
});

test('an address of the organisation cannot be changed', async ({ app, page }) => {
  await app.open('managed');
  await expect(app.get('setup-address')).not.toBeEditable();
  await expect(page.getByText('Set by your administrator')).toBeVisible();
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

test('signing out asks first', async ({ app, page }) => {
  await app.open('busy');
  await app.get('preferences').click();
  await app.get('sign-out').click();
  await expect(app.get('sign-out-confirm')).toBeFocused();
  await page.getByRole('button', { name: 'Stay signed in' }).click();
  await expect(app.get('sign-out')).toBeFocused();
  expect(await app.calls('account_sign_out')).toEqual([]);
  await app.get('sign-out').click();
  await app.get('sign-out-confirm').click();
  await expect(app.get('setup')).toBeVisible();
  await expect(app.get('connection')).toHaveAttribute('data-state', 'idle');
});
