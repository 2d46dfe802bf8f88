import { exactly, expect, says, test } from './app';

test('the connection is reached and left by keyboard', async ({ app, page }) => {
  await app.open('busy');
  await app.item('n-1').focus();
  await page.keyboard.press('c');
  await expect(page.getByRole('heading', { name: 'Connection', exact: true })).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(app.get('inbox')).toBeVisible();
  await app.get('connection-open').focus();
  await page.keyboard.press('Enter');
  await expect(app.get('connection-page')).toBeVisible();
  await page.keyboard.press('Tab');
  await expect(app.get('disconnect')).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(app.get('test')).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(app.get('table-toggle')).toBeFocused();
});

test('numbers are asked for while they are on screen, and only then', async ({ app, page }) => {
  await app.open('busy');
  await app.get('connection-open').click();
  await expect(app.get('figures')).toBeVisible();
  await app.get('back').click();
  await expect(app.get('inbox')).toBeVisible();
  const shows = (await app.calls('window_shows')) as { connectionVisible: boolean; inboxVisible: boolean }[];
  const visible = shows.map(({ connectionVisible }) => connectionVisible);
  expect(visible.indexOf(true)).toBeGreaterThan(0);
  expect(visible.filter(Boolean)).toHaveLength(1);
  expect(visible.at(-1)).toBe(false);
  expect(shows.every((show) => !(show.connectionVisible && show.inboxVisible))).toBe(true);

  // The numbers move while they are shown.
  await app.get('connection-open').click();
  const events = page.locator('[data-figure="events"]');
  await expect(events).toContainText('4.7');
  await page.evaluate(() => {
    const { metrics } = window.fake.scenario;
    window.fake.push({ kind: 'metrics', value: { ...metrics, eventsPerMinute: 118.2 } });
  });
  await expect(events).toContainText('118');
});

test('connected since, and last heard, tick', async ({ app }) => {
  await app.open('busy');
  await app.get('connection-open').click();
  await expect(app.get('connection-progress')).toContainText(says('For 3 h · since 11:30'));
  await expect(app.get('last-heard')).toHaveText(exactly('4 s ago'));
  await app.pass(6_000);
  await expect(app.get('last-heard')).toHaveText(exactly('10 s ago'));
  await app.pass(60_000);
  await expect(app.get('connection-progress')).toContainText(says('For 3 h 1 min'));
});

test('waiting counts down, and reconnecting goes through to connected', async ({ app, page }) => {
  await app.open('waiting');
  await app.get('connection-open').click();
  await expect(app.get('connection-progress')).toHaveText(exactly('Attempt 4 in 42 s'));
  await expect(app.get('connection-reason')).toHaveText('The server answered 503');
  await app.pass(2_000);
  await expect(app.get('connection-progress')).toHaveText(exactly('Attempt 4 in 40 s'));
  await page.evaluate(() => window.fake.connection({ remedy: 'none' }));
  await app.get('retry').click();
  expect(await app.calls('connection_retry')).toHaveLength(1);
  await expect(app.get('connection-title')).toHaveText('Connecting');
  await page.evaluate(() => window.fake.dial(null));
  await app.pass(1_000);
  await expect(app.get('connection-title')).toHaveText('Connected');
  await expect(app.get('live')).toHaveText(says('Connected. '));
  await expect(app.get('retry'), 'an open stream needs no reconnecting').toHaveCount(0);
});

test('each halt has the button that leads out', async ({ app, page }) => {
  await app.open('signIn');
  await app.get('connection-open').click();
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(app.get('setup')).toBeVisible();
  await app.get('back').click();
  await expect(app.get('connection-page'), 'back to where one came from').toBeVisible();
  await page.evaluate(() => window.fake.connection({ remedy: 'checkAddress' }));
  await page.getByRole('button', { name: 'Check address' }).click();
  await expect(app.get('setup-address')).toBeVisible();
  await app.get('back').click();
  await page.evaluate(() => window.fake.connection({ remedy: 'unlockKeyring' }));
  await page.getByRole('button', { name: 'Unlock keyring' }).click();
  expect(await app.calls('connection_retry')).toHaveLength(1);
});

test('a proxy that wants a name leads to where it is given', async ({ app, page }) => {
  await app.open('proxySignIn');
  await app.get('connection-open').click();
  await expect(app.get('connection-advice')).toContainText('name and password');
  await app.get('remedy').click();
  await expect(page.getByRole('heading', { name: 'Network' })).toBeFocused();
  await expect(app.get('proxy')).toHaveAttribute('data-choice', 'address');
  await expect(app.get('proxy-address')).toHaveValue('http://proxy.example.com:3128');
  await app.get('proxy-name').fill('jo');
  await app.get('proxy-password').fill('p@ss');
  await app.get('proxy-password').press('Enter');
  expect(await app.calls('preferences_save')).toEqual([{ proxy: 'http://jo:p%40ss@proxy.example.com:3128' }]);
  // The password is not shown again, and kept where nothing is typed.
  await expect(app.get('proxy-password')).toHaveValue('');
  await expect(page.getByText('Saved. Leave empty to keep it.')).toBeVisible();
  await app.get('proxy-save').click();
  expect((await app.calls('preferences_save')).at(-1)).toEqual({
    proxy: 'http://jo:***@proxy.example.com:3128',
  });
});

test('a proxy is chosen, and a wrong address is not saved', async ({ app, page }) => {
  await app.open('busy');
  await app.get('preferences').click();
  await page.getByRole('radio', { name: 'None' }).check();
  expect(await app.calls('preferences_save')).toEqual([{ proxy: 'none' }]);
  await page.getByRole('radio', { name: 'This proxy' }).check();
  await expect(app.get('proxy-address')).toBeFocused();
  await app.get('proxy-address').fill('proxy.example.com');
  await app.get('proxy-save').click();
  await expect(page.getByText('Add the port')).toBeVisible();
  await expect(app.get('proxy-address')).toBeFocused();
  expect(await app.calls('preferences_save')).toHaveLength(1);
  await page.evaluate(() => window.fake.refuse('preferences_save', 'the settings file cannot be written'));
  await page.getByRole('radio', { name: 'As the system Its proxy' }).click();
  await expect(app.get('report')).toContainText('the settings file cannot be written');
  await expect(page.getByRole('radio', { name: 'None' })).toBeChecked();
});

test('a proxy of the organisation cannot be changed', async ({ app, page }) => {
  await app.open('webSocket');
  await app.get('preferences').click();
  await expect(app.get('proxy-locked')).toContainText('Set by your organisation');
  await expect(app.get('proxy-locked')).toContainText(says('http://10.20.0.4:8080, as j.lindqvist'));
  await expect(page.getByRole('radio', { name: 'None' })).toHaveCount(0);
  await expect(app.get('proxy-address')).toHaveCount(0);
});

test('what is not encrypted is said on every page', async ({ app }) => {
  await app.open('insecure');
  await expect(app.get('insecure-bar')).toContainText('can be read on the way');
  await app.get('preferences').click();
  await expect(app.get('insecure-bar')).toBeVisible();
  await app.get('insecure-bar').getByRole('button').click();
  await expect(app.get('insecure')).toContainText('not encrypted');
  await expect(app.get('insecure-bar')).toHaveCount(0);
});

test('a fresh start says what it does not know yet', async ({ app }) => {
  await app.open('freshStart');
  await app.get('connection-open').click();
  await expect(app.get('no-errors')).toHaveText(exactly('No errors since 14:29'));
  await expect(app.get('figures').locator('[data-figure="success"]')).toContainText('Not yet');
});

test('pointing at a minute tells all three of its figures', async ({ app, page }) => {
  await app.open('busy');
  await app.get('connection-open').click();
  const summary = page.locator('[data-plot="connected"]');
  await expect(summary).toContainText('failures');
  const plot = app.get('plot').first();
  const box = await plot.boundingBox();
  if (box === null) throw new Error('the plot is not on screen');
  await page.mouse.move(box.x + box.width - 15, box.y + 20);
  await expect(summary).toHaveText(exactly('14:29 · 100 % connected'));
  await page.mouse.move(box.x + box.width / 2, box.y - 60);
  await expect(summary).toContainText('failures');
});

test('the test of the connection says which step failed, and what when it cannot be run', async ({
  app,
  page,
}) => {
  await app.open('busy');
  await app.get('connection-open').click();
  await app.get('test').click();
  await expect(app.get('test')).toHaveText('Testing…');
  await app.pass(1_000);
  await expect(app.get('test-report').getByRole('listitem')).toHaveCount(3);
  expect(await app.calls('connection_test')).toEqual([
    { address: 'https://gloria.example.com/api', token: null },
  ]);
  await page.evaluate(() => window.fake.refuse('connection_test', 'the keyring does not answer'));
  await app.get('test').click();
  await expect(app.get('test-failure')).toContainText(says('the keyring does not answer'));
});

test('a storm of updates is drawn once a frame', async ({ app, page }) => {
  await app.open('busy');
  await app.get('connection-open').click();
  await expect(app.get('figures')).toBeVisible();
  const { changes, frames } = await page.evaluate(async () => {
    const line = document.querySelector('[data-testid="connection-title"]');
    if (line === null) throw new Error('no title');
    let changes = 0;
    const observer = new MutationObserver(() => (changes += 1));
    observer.observe(line, { characterData: true, childList: true, subtree: true });
    let frames = 0;
    for (let turn = 0; turn < 5; turn += 1) {
      for (let update = 0; update < 200; update += 1) {
        // Each in a task of its own, as from the core.
        await new Promise<void>((done) => {
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = () => done();
          port2.postMessage(null);
        });
        window.fake.connection({ state: update % 2 === 0 ? 'connecting' : 'connected' });
      }
      await new Promise((frame) => requestAnimationFrame(frame));
      frames += 1;
    }
    observer.disconnect();
    return { changes, frames };
  });
  // A thousand updates; frames may also come while they are being sent.
  expect(frames).toBe(5);
  expect(changes).toBeLessThan(100);
});

test('a long reason never cuts off when the next attempt is', async ({ app, page }) => {
  await app.open('notFound');
  const words = page.locator('footer .words');
  for (const width of [760, 560, 360]) {
    await app.resize(width, 640);
    await expect(words).toHaveText(exactly('Reconnecting in 42 s'));
    expect(await words.evaluate((text) => text.scrollWidth - text.clientWidth), `${width}`).toBe(0);
  }
});

test('somebody disconnects, sees that they did, and connects again', async ({ app }) => {
  await app.open('busy');
  await app.get('connection-open').click();
  await app.get('disconnect').click();
  await expect(app.get('connection-title')).toHaveText('Disconnected by you');
  await expect(app.get('disconnect')).toHaveCount(0);
  expect(await app.calls('connection_disconnect')).toHaveLength(1);
  await app.shot('disconnected');
  await app.get('retry').click();
  await expect(app.get('connection-title')).toHaveText(/Connecting|Connected/);
});

test('a locked keyring is unlocked by a button of that name while attempts go on', async ({ app, page }) => {
  await app.open('keyringLocked');
  await expect(app.get('connection')).toHaveAttribute('data-state', 'waiting');
  await page.getByRole('button', { name: 'Unlock keyring' }).click();
  expect(await app.calls('connection_retry')).toHaveLength(1);
});

test('an inbox without earlier notifications says so', async ({ app }) => {
  await app.open('newcomer');
  await expect(app.get('empty')).toContainText(says('New notifications appear here, from 14:27 on.'));
  await app.get('connection-open').click();
  await expect(app.get('history-since')).toHaveText(
    exactly('None from before 14:27; this server cannot send them'),
  );
});

for (const [key, same] of [
  ['same', true],
  ['other', false],
] as const) {
  test(`whose the token is can be answered with the keyboard: ${key}`, async ({ app, page }) => {
    await app.open('anotherToken');
    await expect(app.get('person').getByRole('alert')).toHaveText('Is this the same person?');
    await expect(app.get('retry'), 'nothing is dialled until then').toHaveCount(0);
    for (let tab = 0; tab < 20; tab += 1) {
      if (await app.get(key).evaluate((button) => button === document.activeElement)) break;
      await page.keyboard.press('Tab');
    }
    await expect(app.get(key)).toBeFocused();
    await page.keyboard.press('Enter');
    expect(await app.calls('account_confirm')).toEqual([{ same }]);
    await expect(app.get('person')).toHaveCount(0);
  });
}

test('the debug log is on for an hour, says until when, and can be ended', async ({ app }) => {
  await app.open('busy');
  await app.get('connection-open').click();
  await app.get('debug-log-start').click();
  await expect(app.get('debug-log-until')).toHaveText(/^On until \u2068?\d/);
  await app.get('debug-log-end').click();
  await expect(app.get('debug-log-start')).toBeVisible();
  expect(await app.calls('debug_log')).toEqual([true, false]);
});

test('the debug log is not offered where an administrator has set how much is logged', async ({ app }) => {
  await app.open('webSocket');
  await app.get('connection-open').click();
  await expect(app.page.getByText('Debug log')).toBeVisible();
  await expect(app.get('debug-log-start')).toHaveCount(0);
  await expect(app.get('locked')).toHaveText('Set by your organisation');
});
