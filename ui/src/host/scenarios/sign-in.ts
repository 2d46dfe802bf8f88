import type {
  AccountView,
  KnownAccount,
  PersonQuestion,
  ProviderName,
  SignInPlace,
  SignInTroubleKind,
  SignInView,
  SignedIn,
} from '../protocol';
import { busy, connection, still } from './busy';
import { says } from './says';
import type { Scenario } from './scenario';
import { HOUR, MINUTE, SECOND } from './times';

const ADDRESS = 'https://gloria.example.com/api';
const PROVIDER = 'id.example.com';
const LINK =
  `https://${PROVIDER}/authorize?client_id=gloria-notify&response_type=code&scope=openid+profile+email` +
  '&code_challenge_method=S256&redirect_uri=http%3A%2F%2F127.0.0.1%3A21947%2Fcallback';
const LONG_NAME = 'Anna Friederike Wilhelmine Gräfin von und zu Donaudampfschifffahrtsgesellschaft-Hohenlohe';
const LONG_CLIENT = '0oa9f4b2c7d1e6-4a8b-9c3d-5e7f1a2b3c4d.apps.identity-and-access-management.example.com';
const LONG_PROVIDER = `sign-in.${'identity-and-access-management.'.repeat(3)}example.com`;

/** Nobody has signed in yet. */
const NOBODY: AccountView = {
  address: ADDRESS,
  addressLock: 'administrator',
  token: 'missing',
  tokenLocked: false,
  byCommand: false,
  tokenProblem: null,
  needsSetup: true,
  question: null,
  user: { name: null, status: null },
  provider: PROVIDER,
  signedIn: null,
  accounts: [],
};

const ANNA: SignedIn = {
  name: 'Anna Schmidt',
  email: 'anna.schmidt@example.com',
  provider: PROVIDER,
  endsAt: null,
  trouble: null,
};

const ACCOUNTS: KnownAccount[] = [
  {
    id: '1',
    name: 'Anna Schmidt',
    email: 'anna.schmidt@example.com',
    address: ADDRESS,
    active: true,
    signedIn: true,
  },
  {
    id: '2',
    name: 'Bert Jansen',
    email: 'bert.jansen@example.com',
    address: ADDRESS,
    active: false,
    signedIn: true,
  },
  {
    id: '3',
    name: null,
    email: null,
    address: `https://gloria.test.example.com/${'tenants/'.repeat(5)}api`,
    active: false,
    signedIn: false,
  },
];

function account(fields: Partial<AccountView>): AccountView {
  return {
    ...NOBODY,
    addressLock: null,
    token: 'present',
    needsSetup: false,
    user: { name: 'Anna Schmidt', status: null },
    signedIn: ANNA,
    ...fields,
  };
}

/** Before the first sign-in. */
function before(now: number, fields: Partial<Scenario> = {}): Scenario {
  return {
    ...busy(now),
    items: [],
    account: NOBODY,
    offer: { provider: PROVIDER, ways: ['browser', 'device'], problem: null, change: null },
    connection: connection({ state: 'idle', reason: says('nobody is signed in'), remedy: 'signIn' }),
    begin: still,
    ...fields,
  };
}

function waiting(now: number, place: SignInPlace, problem: string | null = null): Scenario {
  const signIn: SignInView = {
    step: 'waiting',
    address: ADDRESS,
    provider: PROVIDER,
    link: LINK,
    until: now + 4 * MINUTE + 40 * SECOND,
    place,
    problem: problem === null ? null : says(problem),
  };
  return before(now, { signIn });
}

/** Signed in for the first time, and what is seen then. */
function ready(now: number, fields: Partial<Scenario>, then: Scenario['connection']): Scenario {
  return before(now, {
    ...fields,
    begin: (fake) => {
      // By then the page has seen that there was nobody.
      requestAnimationFrame(() => {
        fake.push({ kind: 'account', value: account({ addressLock: 'administrator' }) });
        fake.push({ kind: 'connection', value: then });
      });
    },
  });
}

/** The user has signed out, and kept the inbox. */
function signedOut(now: number, address: string, provider: string): Scenario {
  const accounts = ACCOUNTS.map((known) => ({ ...known, active: false, signedIn: false }));
  return before(now, {
    account: { ...NOBODY, address, addressLock: null, provider, accounts },
    connection: connection({ state: 'idle', reason: says('you signed out'), remedy: 'signIn' }),
  });
}

/** Signed in, with something wrong. */
function troubled(now: number, kind: SignInTroubleKind, words: string): Scenario {
  const trouble = { kind, message: says(words) };
  return { ...busy(now), account: account({ signedIn: { ...ANNA, trouble } }) };
}

/** The server names another provider than the last time. */
function changed(now: number, named: Partial<ProviderName>): Scenario {
  const before = { issuer: `https://${PROVIDER}`, clientId: 'gloria-notify' };
  const change = { before, now: { ...before, ...named } };
  return {
    ...ended(
      now,
      'needsSignIn',
      'your sign-in has ended: it was revoked, or not used for too long; sign in again',
    ),
    requestedView: 'setup',
    offer: { provider: PROVIDER, ways: ['browser'], problem: null, change },
  };
}

/** It has to be said who somebody is. */
function asked(now: number, question: PersonQuestion): Scenario {
  return {
    ...busy(now),
    account: account({ question }),
    connection: connection({
      state: 'halted',
      reason: says('it is not clear whether it is the same person'),
      remedy: 'confirmPerson',
      needsUser: true,
    }),
    begin: still,
  };
}

/** The sign-in has ended. */
function ended(now: number, token: 'needsSignIn' | 'rejected', words: string): Scenario {
  return {
    ...busy(now),
    account: account({
      token,
      tokenProblem: says(words),
      signedIn: token === 'rejected' ? ANNA : null,
      user: { name: null, status: null },
      accounts: ACCOUNTS.slice(0, 1),
    }),
    connection: connection({
      state: 'halted',
      reason: says(words),
      remedy: token === 'rejected' ? 'retry' : 'signIn',
      attempt: 1,
      nextAttemptAt: token === 'rejected' ? now + 9 * MINUTE : null,
      lastHeardAt: now - 12 * MINUTE,
    }),
    begin: still,
  };
}

/** The administrator's command signs in, or does not, and what the connection says then. */
function commanded(
  now: number,
  fields: Partial<AccountView> = {},
  then: Parameters<typeof connection>[0] | null = null,
): Scenario {
  return {
    ...busy(now),
    account: account({ byCommand: true, provider: null, signedIn: null, ...fields }),
    ...(then === null
      ? {}
      : { connection: connection({ remedy: 'retry', reason: fields.tokenProblem ?? null, ...then }) }),
    begin: still,
  };
}

/** The first run, signing in, and who is signed in. */
export const SIGN_IN: Record<string, (now: number) => Scenario> = {
  firstSignIn: (now) => before(now),
  typedSignIn: (now) =>
    before(now, { account: { ...NOBODY, address: null, addressLock: null, provider: null } }),
  providerAway: (now) =>
    before(now, {
      offer: {
        provider: PROVIDER,
        ways: [],
        problem: says('the sign-in service cannot be reached'),
        change: null,
      },
    }),
  signInStarting: (now) => before(now, { signIn: { step: 'starting', address: ADDRESS } }),
  signInWaiting: (now) => waiting(now, { way: 'browser', forgotten: false }),
  signInNoBrowser: (now) =>
    waiting(
      now,
      { way: 'browser', forgotten: true },
      'no browser could be started; open the address yourself',
    ),
  signInDevice: (now) =>
    waiting(now, { way: 'device', page: `https://${PROVIDER}/device`, code: 'WDJB-MJHT' }),
  signInChecking: (now) =>
    before(now, { signIn: { step: 'checking', address: ADDRESS, provider: PROVIDER } }),
  signInStoring: (now) => before(now, { signIn: { step: 'storing', address: ADDRESS, provider: PROVIDER } }),
  signInFailed: (now) =>
    before(now, {
      signIn: {
        step: 'failed',
        address: ADDRESS,
        way: 'browser',
        message: says('the sign-in was cancelled or refused there; sign in again'),
        change: null,
      },
    }),
  ready: (now) => ready(now, {}, connection({ state: 'connected', connectedSince: now, lastHeardAt: now })),
  readyWithoutTray: (now) =>
    ready(
      now,
      {
        autostart: null,
        notices: [{ kind: 'tray', message: says('This desktop shows no tray icon') }],
        notificationTest: {
          succeeded: false,
          steps: [
            {
              title: says('Notification'),
              passed: false,
              detail: says('this desktop has no notification service'),
            },
            { title: says('Sound'), passed: true, detail: says('sounds are turned off in the preferences') },
          ],
        },
      },
      connection({ state: 'connected', connectedSince: now, lastHeardAt: now }),
    ),
  readyNotConnected: (now) =>
    ready(
      now,
      {},
      connection({
        state: 'halted',
        reason: says('the server does not accept this sign-in although it is new; ask your administrator'),
        remedy: 'retry',
        nextAttemptAt: now + 9 * MINUTE,
      }),
    ),
  providerChanged: (now) => changed(now, { issuer: 'https://login.example.net/realms/staff' }),
  providerRenamed: (now) => changed(now, { clientId: 'gloria-notify-2' }),
  longProvider: (now) =>
    changed(now, { issuer: `https://${LONG_PROVIDER}/realms/staff`, clientId: LONG_CLIENT }),
  signedOut: (now) => signedOut(now, ADDRESS, PROVIDER),
  longSignedOut: (now) =>
    signedOut(now, `https://gloria.example.com/${'tenants/'.repeat(9)}api`, LONG_PROVIDER),
  givenSignedOut: (now) => {
    const scenario = ended(now, 'needsSignIn', 'the server does not accept the token');
    scenario.account = { ...scenario.account, tokenLocked: true, signedIn: null };
    return scenario;
  },
  longNeedsSignIn: (now) => {
    const scenario = ended(
      now,
      'needsSignIn',
      'your sign-in has ended: the service for the Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunter' +
        'beamtengesellschaft revoked it, or it was not used for too long; sign in again',
    );
    scenario.account.address = `https://gloria.example.com/${'tenants/'.repeat(9)}api`;
    return scenario;
  },
  environmentSignsIn: (now) => ({ ...busy(now), account: account({ tokenLocked: true, signedIn: null }) }),
  signedIn: (now) => ({ ...busy(now), account: account({}) }),
  severalAccounts: (now) => ({ ...busy(now), account: account({ accounts: ACCOUNTS }) }),
  anotherApplication: (now) => asked(now, { kind: 'application', user: null, name: 'Anna Schmidt' }),
  calledOtherwise: (now) => asked(now, { kind: 'server', user: 'b.jansen', name: null }),
  needsSignIn: (now) =>
    ended(
      now,
      'needsSignIn',
      'your sign-in has ended: it was revoked, or not used for too long; sign in again',
    ),
  rejected: (now) =>
    ended(
      now,
      'rejected',
      'the server does not accept this sign-in although it is new; ask your administrator',
    ),
  renewalFailing: (now) =>
    troubled(
      now,
      'renewalFailing',
      'your sign-in cannot be renewed at present: the sign-in service cannot be reached; this is tried again',
    ),
  misconfigured: (now) =>
    troubled(
      now,
      'misconfigured',
      'the sign-in service is not set up for this app (invalid_client); ask your administrator',
    ),
  unsaved: (now) =>
    troubled(
      now,
      'unsaved',
      'the keyring is locked, so you have to sign in again when Gloria Notify is started again; unlock it',
    ),
  notRenewable: (now) => ({
    ...busy(now),
    account: account({ signedIn: { ...ANNA, endsAt: now + 7 * HOUR } }),
  }),
  commandSignsIn: (now) => commanded(now),
  commandFirst: (now) =>
    before(now, {
      account: { ...NOBODY, address: null, addressLock: null, provider: null, byCommand: true },
    }),
  commandFailed: (now) =>
    commanded(
      now,
      {
        token: 'commandFailed',
        tokenProblem: says(
          'the command that signs you in (/opt/acme/bin/gloria-token) failed with exit code 1; ' +
            'ask your administrator (auth.command)',
        ),
      },
      { state: 'waiting', attempt: 2, nextAttemptAt: now + 50 * SECOND },
    ),
  commandRefused: (now) =>
    commanded(
      now,
      {
        token: 'rejected',
        tokenProblem: says(
          'the server does not accept the token of the command that signs you in (/opt/acme/bin/gloria-token); ' +
            'ask your administrator (auth.command)',
        ),
      },
      { state: 'halted', attempt: 1, nextAttemptAt: now + 40 * MINUTE, lastHeardAt: now - 12 * MINUTE },
    ),
  longAccount: (now) => ({
    ...busy(now),
    account: account({
      address: `https://gloria.example.com/${'tenants/'.repeat(9)}api`,
      provider: LONG_PROVIDER,
      user: { name: LONG_NAME, status: 'In a meeting about meetings until the end of the afternoon' },
      signedIn: {
        name: LONG_NAME,
        email: `${'anna.friederike.wilhelmine.'.repeat(3)}@example.com`,
        provider: LONG_PROVIDER,
        endsAt: now + 90 * MINUTE,
        trouble: {
          kind: 'unsaved',
          message: says(
            'The keyring refused the sign-in: Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamte; ' +
              'ask your administrator',
          ),
        },
      },
    }),
  }),
};

export function isSameProvider(agreed: ProviderName | null, now: ProviderName): boolean {
  return agreed?.issuer === now.issuer && agreed.clientId === now.clientId;
}
