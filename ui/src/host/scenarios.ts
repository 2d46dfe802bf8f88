import { busy, connection, still, waits } from './scenarios/busy';
import { CHECKS } from './scenarios/doctor';
import { brokenHistory, freshHistory } from './scenarios/figures';
import { hostileItems, longItems, manyItems } from './scenarios/hard';
import { item, shown } from './scenarios/item';
import { actedItems, busyItems } from './scenarios/items';
import type { Scenario } from './scenarios/scenario';
import { DAY, HOUR, MINUTE, SECOND } from './scenarios/times';
import { setByPolicy } from './scenarios/policy';
import { says } from './scenarios/says';
import { SIGN_IN } from './scenarios/sign-in';

const DISK_FULL = says('the disk is full; free some space');
const STORAGE_NOTICE = says(
  'The disk is full; free some space. Until this is solved, notifications are shown, but kept only until ' +
    'Gloria Notify quits; it tries the file again every 30 s',
);

const REFUSED_NOTICE = says(
  'The server refused what you did, so it was undone: It is locked by the audit until Monday',
);

const LONG_CAUSE = says(
  'the server answered with a page instead of a stream: ' +
    'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft of the committee for the ' +
    'harmonisation of harmonised procedures, which asks everybody to try again after the maintenance window that ' +
    'was announced in the circular of last month',
);

/** Every scenario, by the name that `?scenario=` takes. */
export const SCENARIOS: Record<string, ((now: number) => Scenario) | undefined> = {
  busy,
  ...SIGN_IN,
  ...CHECKS,
  empty: (now) => ({ ...busy(now), items: [] }),
  firstRun: (now) => ({
    ...busy(now),
    items: [],
    account: {
      address: null,
      addressLock: null,
      token: 'missing',
      tokenLocked: false,
      byCommand: false,
      tokenProblem: null,
      needsSetup: true,
      question: null,
      user: { name: null, status: null },
      provider: null,
      signedIn: null,
      accounts: [],
    },
    connection: connection({
      state: 'idle',
      reason: says('no server address is set'),
      remedy: 'checkAddress',
    }),
    begin: still,
  }),
  managed: (now) => ({
    ...busy(now),
    items: [],
    account: {
      address: 'https://gloria.example.com/api',
      addressLock: 'administrator',
      token: 'keyringUnavailable',
      tokenLocked: false,
      byCommand: false,
      tokenProblem: says('no keyring answers on this computer'),
      needsSetup: true,
      question: null,
      user: { name: null, status: null },
      provider: null,
      signedIn: null,
      accounts: [],
    },
    connection: connection({
      state: 'halted',
      reason: says('no token was saved'),
      remedy: 'signIn',
    }),
    begin: still,
  }),
  anotherToken: (now) => ({
    ...busy(now),
    account: { ...busy(now).account, question: { kind: 'token', user: null, name: null } },
    connection: connection({
      state: 'halted',
      reason: says('there is a new token, and it is not clear whether it belongs to the same person'),
      remedy: 'confirmPerson',
      needsUser: true,
    }),
    begin: still,
  }),
  offline: (now) => ({
    ...busy(now),
    connection: connection({
      state: 'waiting',
      reason: says('the server did not answer within 10 seconds'),
      remedy: 'retry',
      attempt: 3,
      nextAttemptAt: now + 15 * SECOND,
      lastHeardAt: now - 2 * MINUTE,
    }),
    begin: (fake) => fake.waitAndDial(says('the server did not answer within 10 seconds'), 3),
  }),
  connecting: (now) => ({
    ...busy(now),
    connection: connection({
      state: 'connecting',
      attempt: 1,
      lastHeardAt: now - 40 * SECOND,
    }),
    begin: still,
  }),
  wrongAddress: (now) => ({
    ...busy(now),
    connection: connection({
      state: 'waiting',
      reason: says('no server has the name gloria.exmaple.com'),
      remedy: 'checkAddress',
      attempt: 2,
      nextAttemptAt: now + 48 * SECOND,
    }),
    begin: still,
  }),
  circuitOpen: (now) => ({
    ...busy(now),
    connection: connection({
      state: 'circuitOpen',
      reason: says('the server answered 503'),
      remedy: 'retry',
      attempt: 10,
      nextAttemptAt: now + 4 * MINUTE + 20 * SECOND,
      lastHeardAt: now - 26 * MINUTE,
    }),
    begin: still,
  }),
  signIn: (now) => ({
    ...busy(now),
    connection: connection({
      state: 'halted',
      reason: says('the token has expired or was withdrawn; sign in again'),
      remedy: 'signIn',
      attempt: 1,
      lastHeardAt: now - 12 * MINUTE,
    }),
    begin: still,
  }),
  keyringLocked: (now) => ({
    ...busy(now),
    account: {
      address: 'https://gloria.example.com/api',
      addressLock: null,
      token: 'keyringLocked',
      tokenLocked: false,
      byCommand: false,
      tokenProblem: says('the keyring is locked'),
      needsSetup: false,
      question: null,
      user: { name: null, status: null },
      provider: null,
      signedIn: null,
      accounts: [],
    },
    ...waits(now, {
      reason: says('the keyring is locked; unlock it and try again'),
      remedy: 'unlockKeyring',
      needsUser: true,
      lastHeardAt: null,
    }),
  }),
  waiting: (now) => ({
    ...busy(now),
    ...waits(now, { reason: says('the server answered 503'), remedy: 'retry', attempt: 3 }),
  }),
  noNetwork: (now) => ({
    ...busy(now),
    ...waits(now, {
      reason: says('this computer has no network'),
      remedy: 'checkNetwork',
      network: 'offline',
      nextAttemptAt: now + 8 * MINUTE,
    }),
  }),
  captivePortal: (now) => ({
    ...busy(now),
    ...waits(now, {
      reason: says('this network requires you to sign in'),
      remedy: 'networkSignIn',
      needsUser: true,
    }),
  }),
  proxySignIn: (now) => ({
    ...busy(now),
    ...waits(now, {
      reason: says('the proxy asks for a name and a password'),
      remedy: 'proxySignIn',
      needsUser: true,
      proxy: 'proxy.example.com:3128',
    }),
    preferences: { ...busy(now).preferences, proxy: 'http://proxy.example.com:3128' },
  }),
  certificate: (now) => ({
    ...busy(now),
    ...waits(now, {
      reason: says('the certificate of gloria.example.com expired on 20 November 2026'),
      remedy: 'checkCertificate',
      needsUser: true,
    }),
  }),
  clientCertificate: (now) => ({
    ...busy(now),
    ...waits(now, {
      reason: says('the server asks for a client certificate'),
      remedy: 'clientCertificate',
      needsUser: true,
      longOutage: true,
    }),
  }),
  notFound: (now) => ({
    ...busy(now),
    ...waits(now, {
      reason: says('no event stream was found at this server: tried /api/v1/sse, /api/sse, /sse'),
      remedy: 'checkAddress',
    }),
  }),
  forbidden: (now) => ({
    ...busy(now),
    connection: connection({
      state: 'halted',
      reason: says('this account has no access to the stream'),
      remedy: 'retry',
      attempt: 1,
      nextAttemptAt: now + 9 * MINUTE,
      lastHeardAt: now - 12 * MINUTE,
    }),
    begin: still,
  }),
  longOutage: (now) => ({
    ...busy(now),
    ...waits(now, { attempt: 7, longOutage: true, lastHeardAt: now - 7 * MINUTE }),
  }),
  storage: (now) => ({
    ...busy(now),
    connection: connection({
      state: 'connected',
      reason: DISK_FULL,
      storage: DISK_FULL,
      needsUser: true,
      connectedSince: now - 3 * HOUR,
      lastHeardAt: now - 4 * SECOND,
    }),
    notices: [{ kind: 'storage', message: STORAGE_NOTICE }],
    begin: still,
  }),
  storageOffline: (now) => ({
    ...busy(now),
    ...waits(now, { storage: DISK_FULL, needsUser: true }),
    notices: [{ kind: 'storage', message: STORAGE_NOTICE }],
  }),
  restarting: (now) => ({
    ...busy(now),
    ...waits(now, {
      reason: says('Gloria Notify had an internal error and is restarting'),
      remedy: 'none',
      attempt: 0,
      nextAttemptAt: now + 8 * SECOND,
    }),
    notices: [
      {
        kind: 'internal',
        message: says(
          'Gloria Notify had an internal error and restarted. If you see this often, tell your administrator',
        ),
      },
    ],
  }),
  bufferedProxy: (now) => ({
    ...busy(now),
    ...waits(now, {
      reason: says(
        'something between here and the server, such as a proxy, is buffering the stream: 3 times no byte arrived',
      ),
      remedy: 'checkNetwork',
      proxy: 'proxy.example.com:3128',
    }),
  }),
  heldBack: (now) => ({
    ...busy(now),
    connection: connection({
      state: 'connected',
      reason: says('a proxy holds back what the server sends: notifications come late'),
      remedy: 'checkNetwork',
      connectedSince: now - 6 * MINUTE,
      lastHeardAt: now - 65 * SECOND,
      proxy: 'proxy.example.com:3128',
    }),
  }),
  insecure: (now) => ({
    ...busy(now),
    account: { ...busy(now).account, address: 'http://lab-17.example.com:8080/api' },
    connection: { ...busy(now).connection, insecure: true },
  }),
  webSocket: (now) => ({
    ...busy(now),
    connection: { ...busy(now).connection, transport: 'webSocket', proxy: '10.20.0.4:8080' },
    preferences: {
      ...busy(now).preferences,
      proxy: 'http://j.lindqvist:***@10.20.0.4:8080',
      locks: { 'network.proxy': 'administrator', 'log.level': 'administrator' },
    },
  }),
  setByPolicy: (now) => setByPolicy(busy(now)),
  disconnected: (now) => ({
    ...busy(now),
    connection: connection({
      state: 'disconnected',
      reason: says('disconnected by you'),
      lastHeardAt: now - 5 * MINUTE,
    }),
    begin: still,
  }),
  freshStart: (now) => ({
    ...busy(now),
    connection: connection({ state: 'connecting' }),
    metrics: freshHistory(now),
    begin: still,
  }),
  longCause: (now) => ({
    ...busy(now),
    ...waits(now, {
      reason: LONG_CAUSE,
      remedy: 'checkAddress',
      attempt: 4_294_967,
      proxy: `${'a-proxy-with-a-long-name.'.repeat(4)}example.com:3128`,
    }),
    account: { ...busy(now).account, address: `https://gloria.example.com/${'tenants/'.repeat(18)}api` },
    metrics: {
      ...brokenHistory(now, 20, [{ cause: LONG_CAUSE, kind: 'other', count: 4_294_967 }]),
      attempts: 12_345_678,
      connections: 12_345_677,
      successRate: 0.99999,
      longestConnectionMs: 364 * DAY + 23 * HOUR,
      events: 987_654_321,
      bytes: 1.2e12,
    },
  }),
  longText: (now) => ({ ...busy(now), items: longItems(now) }),
  hostile: (now) => ({ ...busy(now), items: hostileItems(now) }),
  thousands: (now) => ({ ...busy(now), items: manyItems(now, 10_000) }),
  indexing: (now) => ({ ...busy(now), searchable: false }),
  error: (now) => ({
    ...busy(now),
    refusals: { inbox_page: 'the inbox is locked by another program: close it and try again' },
  }),
  actions: (now) => ({
    ...busy(now),
    items: actedItems(now),
    notices: [{ kind: 'action', message: REFUSED_NOTICE }],
  }),
  notices: (now) => ({
    ...busy(now),
    notices: [
      {
        kind: 'storage',
        message: says(
          'The disk is full: new notifications are shown but not kept. Free some space, then they are kept again',
        ),
      },
      {
        kind: 'notifications',
        message: says("Notifications can't be shown: this desktop has no notification service"),
      },
    ],
  }),
  release: (now) => ({
    ...busy(now),
    release: { version: '1.4.0', notes: 'https://gloria.example/notes/1.4.0' },
  }),
  releaseLong: (now) => ({
    ...busy(now),
    ...waits(now, { longOutage: true }),
    release: {
      version: `1.4.0-beta.${'20261128.'.repeat(12)}1`,
      notes: `https://gloria.example/${'notes/'.repeat(40)}`,
    },
  }),
  missing: (now) => ({
    ...busy(now),
    items: [
      item({
        key: 'g:event 118..event 204',
        kind: 'gap',
        createdAt: now - 2 * MINUTE,
        priority: 'high',
        title: '',
        words: {
          title: {
            id: 'gap-title-between',
            args: {
              after: { id: 'gap-time', args: { at: now - 3 * HOUR } },
              before: { id: 'gap-time', args: { at: now - 2 * MINUTE } },
            },
          },
          body: {
            id: 'gap-between',
            args: {
              after: { id: 'gap-event', args: { id: '118' } },
              before: { id: 'gap-event', args: { id: '204' } },
            },
          },
        },
        alert: shown('Notification shown; with sound'),
      }),
      item({
        key: 'u:more:1',
        kind: 'unreadable',
        createdAt: now - 5 * MINUTE,
        title: '',
        words: {
          title: { id: 'unreadable-more-title', args: { count: 12 } },
          body: { id: 'unreadable-more', args: {} },
        },
      }),
      item({
        key: 'u:0f',
        kind: 'unreadable',
        createdAt: now - 6 * MINUTE,
        title: '',
        words: {
          title: { id: 'unreadable-title', args: {} },
          body: {
            id: 'unreadable-named',
            args: { id: '4711', why: { id: 'unreadable-without', args: { field: 'title' } } },
          },
        },
      }),
      ...busyItems(now),
    ],
  }),
  newcomer: (now) => ({
    ...busy(now),
    items: [],
    connection: connection({
      state: 'connected',
      connectedSince: now - 3 * MINUTE,
      lastHeardAt: now - 4 * SECOND,
      historySince: now - 3 * MINUTE,
    }),
  }),
  live: (now) => ({
    ...busy(now),
    begin: (fake) => {
      let number = 0;
      setInterval(() => {
        number += 1;
        const at = Date.now();
        fake.connection({ lastHeardAt: at });
        fake.receive(
          item({
            key: `live-${number}`,
            createdAt: at,
            title: `Ticket ${4000 + number} was assigned to you`,
            body: 'Somebody waits for an answer.',
            category: 'Service desk',
            actor: 'Service desk',
          }),
        );
      }, 3 * SECOND);
    },
  }),
};
