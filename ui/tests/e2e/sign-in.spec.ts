import { exactly, expect, says, test, type Window760 } from './app';

/** The core has stored the sign-in. The page gets all updates in one frame, as it does behind the browser. */
async function succeed(app: Window760): Promise<void> {
  await expect(app.get('sign-in-waiting')).toBeVisible();
  await app.page.evaluate(() => {
    const { account } = window.fake.scenario;
    const at = { address: 'https://gloria.example.com/api', provider: 'id.example.com' };
    window.fake.push({ kind: 'signIn', value: { step: 'exchanging', ...at } });
    window.fake.push({ kind: 'signIn', value: { step: 'checking', ...at } });
    window.fake.push({ kind: 'signIn', value: { step: 'storing', ...at } });
    const signedIn = {
      name: 'Anna Schmidt',
      email: 'anna@example.com',
      provider: 'id.example.com',
      endsAt: null,
      trouble: null,
    };
    window.fake.push({
      kind: 'account',
      value: { ...account, token: 'present', tokenProblem: null, needsSetup: false, signedIn },
    });
    window.fake.push({ kind: 'signIn', value: { step: 'none' } });
    window.fake.dial(null);
  });
  await app.pass(1000);
}

test('the first run at a provider: address, sign-in, ready', async ({ app, page }) => {
  await app.open('typedSignIn');
  await app.get('setup-address').fill('gloria.example.com');
  await app.pass(2000);
  await app.get('setup-address').press('Enter');
  // The provider is named before the browser opens.
  await expect(app.get('sign-in-begin')).toHaveText(says('Sign in at id.example.com'));
  await expect(app.get('sign-in-begin')).toBeFocused();
  expect(await app.calls('sign_in_begin')).toEqual([]);
  await page.keyboard.press('Enter');
  expect(await app.calls('sign_in_begin')).toEqual([
    { address: 'gloria.example.com', way: 'browser', anotherAccount: false, agreed: null },
  ]);
  await expect(app.get('sign-in-waiting')).toContainText('in your browser');
  await expect(app.get('sign-in-link')).toHaveValue(/^https:/);
  await expect(app.get('sign-in-countdown')).toContainText('5');
  await app.pass(220_000);
  await expect(app.get('sign-in-countdown')).toHaveText(says('The page expires in 80 s.'));
  await app.get('sign-in-open').click();
  expect(await app.calls('sign_in_open')).toEqual([null]);
  await succeed(app);
  await expect(app.get('ready')).toHaveAttribute('data-state', 'connected');
  await expect(app.get('ready')).toContainText(says('Signed in as Anna Schmidt'));
  await app.get('setup-done').click();
  await expect(app.get('empty')).toBeVisible();
});

test('the link is copied, and selected where the page may not copy', async ({ app, page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await app.open('signInWaiting');
  await app.get('sign-in-link-copy').click();
  await expect(app.get('sign-in-link-copy')).toHaveText('Copied');
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(copied).toBe(await app.get('sign-in-link').inputValue());
  await context.clearPermissions();
  await page.evaluate(() => {
    navigator.clipboard.writeText = () => Promise.reject(new Error('not allowed'));
  });
  await app.get('sign-in-link-copy').click();
  await expect(app.get('sign-in-link')).toBeFocused();
  await expect(app.get('live')).toContainText('Press Ctrl and C');
});

test('a sign-in is cancelled, and begun again', async ({ app }) => {
  await app.open('signInWaiting');
  await app.get('sign-in-cancel').click();
  expect(await app.calls('sign_in_cancel')).toEqual([null]);
  await expect(app.get('sign-in-begin')).toBeFocused();
  await app.get('sign-in-begin').click();
  await expect(app.get('sign-in-waiting')).toBeVisible();
});

test('it is cancelled while the server is asked, and while the keyring stores it, which is pointed to', async ({
  app,
  page,
}) => {
  await app.open('signInChecking');
  await expect(app.get('sign-in-busy')).toContainText(says('Asking gloria.example.com'));
  await app.get('sign-in-cancel').click();
  expect(await app.calls('sign_in_cancel')).toEqual([null]);
  await expect(app.get('sign-in-begin')).toBeFocused();
  await app.get('sign-in-begin').click();
  await page.evaluate(() => {
    const at = { address: 'https://gloria.example.com/api', provider: 'id.example.com' };
    window.fake.push({ kind: 'signIn', value: { step: 'storing', ...at } });
  });
  await expect(app.get('sign-in-busy')).toContainText('Saving the sign-in in the keyring');
  await expect(app.get('sign-in')).toContainText('If you cancel there, you stay signed in until');
  await expect(app.get('live')).toContainText('If the keyring asks for its password');
  await app.get('sign-in-cancel').click();
  expect(await app.calls('sign_in_cancel')).toEqual([null, null]);
  await expect(app.get('sign-in-begin')).toBeFocused();
});

test('a code is entered on another device although the browser waits', async ({ app, page }) => {
  await app.open('firstSignIn');
  await app.pass(1000);
  await app.get('sign-in-begin').click();
  await expect(app.get('sign-in-link')).toBeVisible();
  await app.get('sign-in-device').click();
  await expect(app.get('sign-in-code')).toHaveValue('WDJB-MJHT');
  await expect(app.get('sign-in-device')).toHaveCount(0);
  await expect(page.getByRole('heading', { name: 'on any device' })).toBeFocused();
});

test('the address of the page that did not open is pasted, and a wrong one is refused', async ({
  app,
  page,
}) => {
  await app.open('signInWaiting');
  await app.get('sign-in-pasting').click();
  await expect(app.get('sign-in-paste')).toBeFocused();
  await app.get('sign-in-pasted').click();
  await expect(page.getByText('Paste the address here')).toBeVisible();
  await page.evaluate(() => window.fake.refuse('sign_in_paste', { id: 'sign-in-paste-other', args: {} }));
  await app.get('sign-in-paste').fill('http://127.0.0.1:21947/callback?code=x');
  await app.get('sign-in-paste').press('Enter');
  await expect(app.problem('sign-in-paste')).toContainText('This address belongs to another sign-in');
  await expect(app.get('sign-in-paste')).toBeFocused();
  await page.evaluate(() => window.fake.refuse('sign_in_paste', null));
  await app.get('sign-in-pasted').click();
  expect((await app.calls('sign_in_paste')).length).toBe(2);
});

test('where it is offered, a code is entered on another device', async ({ app }) => {
  await app.open('firstSignIn');
  // The ways are known once the server was asked.
  await app.pass(1000);
  await app.get('sign-in-device').click();
  await expect(app.get('sign-in-code')).toHaveValue('WDJB-MJHT');
  await expect(app.get('sign-in-page')).toHaveValue('https://id.example.com/device');
  await expect(app.get('sign-in-pasting')).toHaveCount(0);
});

test('a sign-in that failed says why, and is tried again', async ({ app }) => {
  await app.open('signInFailed');
  await expect(app.get('sign-in-failed')).toContainText('The sign-in was cancelled or refused there');
  await expect(app.get('sign-in-begin')).toBeFocused();
  await expect(app.get('live')).toContainText('The sign-in was cancelled or refused there');
  await expect(app.get('sign-in-begin')).toHaveText('Try again');
  await app.get('sign-in-begin').click();
  await expect(app.get('sign-in-waiting')).toBeVisible();
});

test('a token is pasted although there is a provider', async ({ app }) => {
  await app.open('firstSignIn');
  await app.get('setup-to-token').click();
  await expect(app.get('setup-token')).toBeFocused();
  await app.get('setup-to-sign-in').click();
  await app.get('setup-to-token').click();
  await app.get('setup-token').fill('abc');
  await app.get('setup-save').click();
  await app.pass(2000);
  await expect(app.get('ready')).toBeVisible();
});

test('who signed out reads so at the next opening too, and signs in with one button', async ({
  app,
  page,
}) => {
  await app.open('signedOut');
  await expect(app.get('setup-signed-out')).toHaveText('You are signed out');
  await expect(app.get('setup-found')).toContainText('gloria.example.com');
  await expect(app.get('sign-in-begin')).toBeFocused();
  for (const absent of ['setup-steps', 'connection']) await expect(app.get(absent)).toHaveCount(0);
  await page.keyboard.press('Enter');
  await succeed(app);
  // The steps are known, so it is the inbox.
  await expect(app.get('empty')).toBeVisible();
  await expect(app.get('connection')).toHaveAttribute('data-state', 'connected');
});

test('who has to sign in again is led there, and back to the inbox', async ({ app, page }) => {
  await app.open('needsSignIn');
  await expect(app.get('signed-out')).toContainText(says('You are signed out of gloria.example.com'));
  await expect(app.get('signed-out')).toContainText('Nothing new arrives until you sign in');
  await expect(app.get('signed-out')).toContainText('Your sign-in has ended');
  await expect(page.getByRole('alert')).toHaveText(says('You are signed out of gloria.example.com'));
  // Large letters in a small window leave the way out where it is seen.
  await page.evaluate(() => (document.documentElement.style.fontSize = '200%'));
  await app.resize(480, 640);
  await expect(app.get('remedy')).toBeInViewport({ ratio: 1 });
  await app.expectNoSidewaysScrolling();
  await page.evaluate(() => (document.documentElement.style.fontSize = ''));
  await app.resize(760, 640);
  // One way there, and what has arrived can be read.
  await expect(app.get('connection').getByRole('button')).toHaveCount(1);
  await expect(app.get('item').first()).toBeVisible();
  await app.get('remedy').click();
  await expect(app.get('sign-in-why')).toContainText('Your sign-in has ended');
  await expect(app.get('sign-in-begin')).toBeFocused();
  await app.get('sign-in-begin').click();
  await succeed(app);
  await expect(app.get('inbox')).toBeVisible();
  await expect(app.get('live')).toContainText(says('Signed in as Anna Schmidt'));
});

test('the account says who has to sign in again', async ({ app }) => {
  for (const [scenario, standing] of [
    ['needsSignIn', 'Sign in again'],
    ['rejected', 'The server does not accept the sign-in'],
  ] as const) {
    await app.open(scenario);
    await app.get('preferences').click();
    await expect(app.get('who')).toContainText('Anna Schmidt');
    await expect(app.get('who')).toContainText(standing);
  }
});

test('the account says who is signed in, and another person can', async ({ app }) => {
  await app.open('signedIn');
  await app.get('preferences').click();
  await expect(app.get('who')).toContainText('Anna Schmidt');
  await expect(app.get('who')).toContainText(says('anna.schmidt@example.com · id.example.com'));
  await app.get('another').click();
  await app.get('sign-in-begin').click();
  expect(await app.calls('sign_in_begin')).toEqual([
    { address: 'https://gloria.example.com/api', way: 'browser', anotherAccount: true, agreed: null },
  ]);
});

for (const [scenario, words, button] of [
  ['renewalFailing', 'cannot be renewed at present', 'trouble-retry'],
  ['unsaved', 'The keyring is locked', 'trouble-retry'],
  ['misconfigured', 'invalid_client', 'trouble-sign-in'],
  ['notRenewable', 'You will have to sign in again in 7 h', 'trouble-sign-in'],
] as const) {
  test(`${scenario} is said in words, with a way out`, async ({ app }) => {
    await app.open(scenario);
    await app.get('preferences').click();
    await expect(app.get('sign-in-trouble')).toContainText(says(words));
    await app.get(button).click();
    if (button === 'trouble-retry') expect(await app.calls('connection_retry')).toEqual([null]);
    else await expect(app.get('sign-in')).toBeVisible();
  });
}

test('a provider that does not answer is said beside the button, and not at the address', async ({ app }) => {
  await app.open('providerAway');
  await app.pass(1000);
  await expect(app.get('sign-in-why')).toHaveText('The sign-in service cannot be reached');
  await expect(app.get('sign-in-begin')).toBeEnabled();
  await expect(app.get('sign-in-device')).toHaveCount(0);
});

/** Where the server of `providerChanged` sends people now. */
const NOW = { issuer: 'https://login.example.net/realms/staff', clientId: 'gloria-notify' };

test('another provider than last time is shown whole, and followed only once that was chosen', async ({
  app,
  page,
}) => {
  await app.open('providerChanged');
  await app.pass(1000);
  await expect(app.get('ui-provider-before')).toHaveText(exactly('https://id.example.com'));
  await expect(app.get('ui-provider-now')).toHaveText(exactly(NOW.issuer));
  // Enter agrees to nothing: the question has the focus, and no answer.
  await expect(page.getByRole('heading', { name: 'Another sign-in page than last time' })).toBeFocused();
  await page.keyboard.press('Enter');
  expect(await app.calls('sign_in_begin')).toEqual([]);
  await expect(app.get('sign-in-begin')).toHaveCount(0);
  await app.get('provider-use').click();
  expect(await app.calls('sign_in_begin')).toEqual([
    { address: 'https://gloria.example.com/api', way: 'browser', anotherAccount: false, agreed: NOW },
  ]);
  await expect(app.get('sign-in-waiting')).toContainText(says('Sign in at login.example.net'));
  // All of its ways are known once it may be asked.
  await app.pass(1000);
  expect(await app.calls('sign_in_offer')).toEqual([
    { address: 'https://gloria.example.com/api', agreed: null },
    { address: 'https://gloria.example.com/api', agreed: NOW },
  ]);
  await expect(app.get('sign-in-device')).toBeVisible();
  // What was agreed to is not asked again.
  await app.get('sign-in-cancel').click();
  await expect(app.get('sign-in-begin')).toHaveText(says('Sign in at login.example.net'));
  await app.get('sign-in-device').click();
  expect((await app.calls('sign_in_begin')).at(-1)).toEqual({
    address: 'https://gloria.example.com/api',
    way: 'device',
    anotherAccount: false,
    agreed: NOW,
  });
  await expect(app.get('sign-in-page')).toHaveValue('https://login.example.net/device');
  await succeed(app);
  await expect(app.get('inbox')).toBeVisible();
});

test('who keeps the provider of last time reads what to do, and the server is asked again', async ({
  app,
  page,
}) => {
  await app.open('providerChanged');
  await app.pass(1000);
  await app.get('provider-keep').click();
  await expect(app.get('provider-kept')).toContainText('Ask your administrator');
  await expect(app.get('provider-ask-again')).toBeFocused();
  await expect(app.get('sign-in-begin')).toHaveCount(0);
  await app.get('provider-ask-again').click();
  // The old answer is no answer.
  await expect(app.get('provider-ask-again')).toHaveText('Asking the server…');
  await expect(app.get('provider-question')).toHaveCount(0);
  await app.pass(1000);
  await expect(app.get('provider-question')).toBeVisible();
  await app.get('provider-keep').click();
  await page.evaluate(() =>
    window.fake.refuse('sign_in_offer', { id: 'sign-in-offer-unreachable', args: {} }),
  );
  await app.get('provider-ask-again').click();
  await expect(app.get('provider-unanswered')).toHaveText('The server cannot be asked where to sign in');
  await expect(app.get('live')).toContainText('The server cannot be asked where to sign in');
  await expect(app.get('provider-ask-again')).toHaveText('Ask the server again');
  await page.evaluate(() => window.fake.refuse('sign_in_offer', null));
  const offer = await page.evaluate(() => window.fake.scenario.offer);
  await page.evaluate(() => {
    const problem = { id: 'sign-in-offer-malformed', args: {} };
    window.fake.scenario.offer = { provider: null, ways: [], problem, change: null };
  });
  await app.get('provider-ask-again').click();
  await expect(app.get('provider-unanswered')).toHaveCount(0);
  await app.pass(1000);
  await expect(app.get('provider-unanswered')).toContainText('What the server says about signing in');
  await page.evaluate((before) => (window.fake.scenario.offer = { ...before, change: null }), offer);
  await app.get('provider-ask-again').click();
  await app.pass(1000);
  await expect(app.get('sign-in-begin')).toHaveText(says('Sign in at id.example.com'));
  expect(await app.calls('sign_in_begin')).toEqual([]);
});

test('a provider that changes while the user signs in is asked about as well', async ({ app, page }) => {
  await app.open('needsSignIn');
  await app.get('remedy').click();
  await app.pass(1000);
  await page.evaluate((now) => {
    window.fake.scenario.offer.change = {
      before: { issuer: 'https://id.example.com', clientId: 'gloria-notify' },
      now,
    };
  }, NOW);
  await app.get('sign-in-begin').click();
  await expect(app.get('ui-provider-now')).toHaveText(exactly(NOW.issuer));
  await app.get('provider-use').click();
  await expect(app.get('sign-in-waiting')).toBeVisible();
});

test('who is signed in stays so by keeping the provider', async ({ app, page }) => {
  await app.open('signedIn');
  await page.evaluate((now) => {
    const before = { issuer: 'https://id.example.com', clientId: 'gloria-notify' };
    window.fake.scenario.offer.change = { before, now };
  }, NOW);
  await app.get('preferences').click();
  await app.get('another').click();
  await app.pass(1000);
  await app.get('provider-keep').click();
  await expect(app.get('who')).toContainText('Anna Schmidt');
  expect(await app.calls('sign_in_begin')).toEqual([]);
});

test('where a command signs in, there is no token to enter and nothing to sign in or out with', async ({
  app,
}) => {
  await app.open('commandSignsIn');
  await app.get('preferences').click();
  await expect(app.get('who')).toContainText(says("Signed in by your administrator's command"));
  for (const absent of ['sign-out', 'another', 'account-sign-in'])
    await expect(app.get(absent)).toHaveCount(0);
  await app.get('account').click();
  await expect(app.get('setup-command')).toContainText('There is nothing to enter');
  for (const absent of ['setup-token', 'sign-in-begin', 'setup-to-token']) {
    await expect(app.get(absent)).toHaveCount(0);
  }
  await app.get('setup-connect').click();
  expect(await app.calls('account_save')).toEqual([
    { address: 'https://gloria.example.com/api', token: null },
  ]);
  // Its token belongs to this server alone.
  await app.get('preferences').click();
  await app.get('account').click();
  await app.get('setup-change').click();
  await app.get('setup-address').fill('https://other.example.com');
  await app.pass(2000);
  await app.get('setup-address').press('Enter');
  await expect(app.get('setup-command')).toHaveCount(0);
});

for (const [scenario, words] of [
  ['commandFailed', 'failed with exit code 1'],
  ['commandRefused', 'does not accept the token of the command'],
] as const) {
  test(`${scenario} names the command and the administrator, and can be tried again`, async ({ app }) => {
    await app.open(scenario);
    await app.get('preferences').click();
    await expect(app.get('sign-in-trouble')).toContainText(says(words));
    await expect(app.get('sign-in-trouble')).toContainText('ask your administrator');
    await app.get('trouble-retry').click();
    expect(await app.calls('connection_retry')).toEqual([null]);
    await app.get('account').click();
    await expect(app.get('sign-in-why')).toContainText(says(words));
  });
}

test('the first run with a command asks for the address alone', async ({ app, page }) => {
  await app.open('commandFirst');
  await app.get('setup-address').fill('gloria.example.com');
  await app.pass(2000);
  await app.get('setup-address').press('Enter');
  await expect(app.get('setup-connect')).toBeFocused();
  await page.keyboard.press('Enter');
  expect(await app.calls('account_save')).toEqual([{ address: 'gloria.example.com', token: null }]);
});

/** From now on this server answers at once, and with a provider of its own; others answer as before. */
async function answerAtOnce(app: Window760, server: string): Promise<void> {
  await app.page.evaluate((answering) => {
    const { fake } = window;
    const call = fake.call.bind(fake);
    const offer = {
      address: answering,
      provider: 'id.other.example',
      ways: ['browser'],
      problem: null,
      change: null,
    };
    Object.assign(fake, {
      call: (...[name, request]: Parameters<typeof call>) =>
        name === 'sign_in_offer' && (request as { address: string }).address === answering
          ? Promise.resolve(offer)
          : call(name, request),
    });
  }, server);
}

test('an answer that comes late, about the address before, says nothing any more', async ({ app, page }) => {
  await app.open('signedOut');
  const other = 'https://other.example.com/api';
  await answerAtOnce(app, other);
  await page.evaluate((address) => {
    const { account } = window.fake.scenario;
    window.fake.push({ kind: 'account', value: { ...account, address, provider: null } });
  }, other);
  await expect(app.get('sign-in-begin')).toHaveText(says('Sign in at id.other.example'));
  await app.pass(1000);
  await app.settle();
  await expect(app.get('sign-in-begin')).toHaveText(says('Sign in at id.other.example'));
  await expect(app.get('sign-in-device')).toHaveCount(0);
});

test('an answer that comes late, about an address that was typed before, leads nobody back', async ({
  app,
  page,
}) => {
  await app.open('typedSignIn');
  await page.evaluate((now) => {
    const before = { issuer: 'https://id.example.com', clientId: 'gloria-notify' };
    window.fake.scenario.offer.change = { before, now };
  }, NOW);
  await app.get('setup-address').fill('gloria.example.com');
  await app.pass(2000);
  await app.get('setup-address').press('Enter');
  await app.get('provider-keep').click();
  await app.get('provider-ask-again').click();
  await expect(app.get('provider-ask-again')).toHaveText('Asking the server…');
  await answerAtOnce(app, 'other.example.com');
  await app.get('setup-change').click();
  await app.get('setup-address').fill('other.example.com');
  await app.get('setup-address').press('Enter');
  await expect(app.get('setup-found')).toContainText('other.example.com');
  await app.pass(1000);
  await app.settle();
  await expect(app.get('setup-found')).toContainText('other.example.com');
  await expect(app.get('sign-in-begin')).toHaveText(says('Sign in at id.other.example'));
});

test('a token of the environment is said to be the origin, and nothing else signs in there', async ({
  app,
}) => {
  await app.open('environmentSignsIn');
  await app.get('preferences').click();
  await expect(app.get('who')).toContainText('With the token that the environment sets (GLORIA_TOKEN)');
  await expect(app.get('another')).toHaveCount(0);
  await expect(app.get('sign-out')).toHaveCount(0);
  await app.get('account').click();
  await expect(app.problem('setup-token')).toHaveText('Set by the environment');
  for (const absent of ['sign-in-begin', 'setup-to-sign-in']) await expect(app.get(absent)).toHaveCount(0);
});
