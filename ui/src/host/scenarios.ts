import type { Scenario } from './fake';
import type {
  ConnectionView,
  ErrorCount,
  Item,
  ItemAlert,
  ItemKind,
  MetricsView,
  Minute,
  Priority,
} from './protocol';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** An alert that the notification service answered. */
function shown(words: string): ItemAlert {
  return { state: 'shown', reason: { why: 'news', sound: { played: 'chime' } }, words };
}

/** A notification with the fields that matter; the rest is what is usual. */
export function item(fields: Partial<Item> & Pick<Item, 'key' | 'createdAt'>): Item {
  return placed({
    kind: 'notification',
    title: 'Notification',
    body: '',
    category: null,
    priority: 'normal',
    actor: null,
    link: null,
    actions: [],
    progress: null,
    receivedAt: fields.createdAt,
    sort: '',
    pinned: false,
    views: [],
    seenAt: null,
    readAt: null,
    archivedAt: null,
    alert: shown('Notification shown; with sound'),
    ...fields,
  });
}

/** The item with its place and its views, as the core says them. */
export function placed(item: Item): Item {
  const archived = item.archivedAt !== null;
  const unread = item.readAt === null && !archived;
  const pinned = unread && item.priority === 'urgent';
  return {
    ...item,
    pinned,
    sort: `${pinned ? 1 : 0}${String(item.createdAt).padStart(16, '0')} ${item.key.padStart(20, '0')}`,
    views: archived ? ['archived'] : unread ? ['inbox', 'unread'] : ['inbox'],
  };
}

function seen(minutesLater: number, fields: Parameters<typeof item>[0]): Item {
  const at = fields.createdAt + minutesLater * MINUTE;
  return item({ seenAt: at, readAt: at, ...fields });
}

function busyItems(now: number): Item[] {
  return [
    item({
      key: 'n-1',
      createdAt: now - 20 * SECOND,
      priority: 'urgent',
      title: 'Payment run 2211 stopped: bank file rejected',
      body: 'The bank refused the file because line 418 has no valid IBAN.\nThe run waits for a corrected file until 16:00, then it moves to the next working day.',
      category: 'Payroll',
      actor: 'Miriam Okafor',
      link: 'https://gloria.example.com/payroll/runs/2211',
      actions: [
        { label: 'Correct line 418', link: 'https://gloria.example.com/payroll/runs/2211/lines/418' },
      ],
      alert: shown('Notification shown; with sound'),
    }),
    item({
      key: 'n-2',
      createdAt: now - 4 * MINUTE,
      title: 'Jonas Lindqvist asked you to approve 3 days of leave',
      body: '14 to 16 December. Nobody else of the team is away on those days.',
      category: 'Leave',
      actor: 'Jonas Lindqvist',
      link: 'https://gloria.example.com/leave/8812',
      actions: [
        { label: 'Approve', link: 'https://gloria.example.com/leave/8812/approve' },
        { label: 'Team calendar', link: 'https://calendar.example.com/team' },
      ],
    }),
    item({
      key: 'n-3',
      kind: 'workflowRunning',
      createdAt: now - 11 * MINUTE,
      title: 'Quarterly report: collecting figures',
      body: '9 of 20 departments have delivered.',
      progress: 45,
      seenAt: now - 10 * MINUTE,
      alert: {
        state: 'suppressed',
        reason: { why: 'progress' },
        words: 'No notification: this workflow has not ended',
      },
    }),
    item({
      key: 'n-4',
      createdAt: now - 38 * MINUTE,
      priority: 'high',
      title: 'Visitor for you at the front desk',
      body: 'Dr. Amal Haddad, Northwind Audits. Badge 17 is printed.',
      category: 'Reception',
      seenAt: now - 30 * MINUTE,
      actor: 'Front desk',
    }),
    seen(5, {
      key: 'n-5',
      kind: 'maintenance',
      createdAt: now - 2 * HOUR,
      title: 'Time sheets read-only on Saturday, 22:00 to 23:30',
      body: 'The database moves to new hardware. What you enter before is kept.',
      category: 'IT',
    }),
    seen(1, {
      key: 'n-6',
      createdAt: now - 3.2 * HOUR,
      title: 'Your parcel is in locker 12',
      body: '',
    }),
    seen(30, {
      key: 'n-7',
      createdAt: now - 22 * HOUR,
      title: 'Nadia Petrova commented on “Onboarding checklist”',
      body: 'Could we move the safety briefing to day one? Two people asked where the exits are, and nobody knew.',
      category: 'Documents',
      actor: 'Nadia Petrova',
      link: 'https://gloria.example.com/documents/onboarding#comment-9',
    }),
    seen(4, {
      key: 'n-8',
      kind: 'workflowFailed',
      createdAt: now - 25 * HOUR,
      title: 'Import of supplier prices failed',
      body: 'The sheet “Prices” has no column “Article”. Nothing was imported.',
      category: 'Purchasing',
      link: 'https://gloria.example.com/workflows/import-118',
    }),
    seen(120, {
      key: 'n-9',
      kind: 'announcement',
      createdAt: now - 28 * HOUR,
      title: 'Town hall on Thursday at 10:00',
      body: 'In the atrium and as a stream. Send questions to Ines until Wednesday evening.',
      category: 'Company',
      actor: 'Ines Fuentes',
    }),
    seen(9, {
      key: 'n-10',
      kind: 'workflowCompleted',
      createdAt: now - 2.3 * DAY,
      title: 'Backup of the archive completed',
      body: '184 GB in 41 minutes.',
    }),
    seen(60, {
      key: 'n-11',
      createdAt: now - 3.1 * DAY,
      title: 'Expense report approved',
      body: '€ 312.40 are paid with the next run.',
      category: 'Finance',
      actor: 'Tomás Herrera',
    }),
    seen(60, {
      key: 'n-12',
      priority: 'low',
      createdAt: now - 9 * DAY,
      title: 'New menu in the canteen',
      body: 'From Monday on there is a second warm dish without meat every day.',
      category: 'Canteen',
    }),
    seen(2, {
      key: 'n-13',
      createdAt: now - 12 * DAY,
      archivedAt: now - 11 * DAY,
      title: 'Parking space 44 is yours from December',
      body: 'Collect the card at the front desk.',
      category: 'Facilities',
    }),
    seen(2, {
      key: 'n-14',
      createdAt: now - 15 * DAY,
      archivedAt: now - 14 * DAY,
      title: 'Password changed',
      body: 'If this was not you, call the service desk at once.',
      category: 'Security',
      priority: 'high',
    }),
  ];
}

/** A connection with the fields that matter; the rest is what is usual. */
function connection(fields: Partial<ConnectionView> & Pick<ConnectionView, 'state'>): ConnectionView {
  return {
    reason: '',
    remedy: 'none',
    needsUser: fields.state === 'halted',
    longOutage: false,
    attempt: 0,
    nextAttemptAt: null,
    connectedSince: null,
    lastHeardAt: null,
    network: 'online',
    transport: 'sse',
    insecure: false,
    storage: null,
    historySince: null,
    proxy: null,
    ...fields,
  };
}

/** A number from 0 to 1 that looks random and is the same in every run. */
function noise(seed: number): number {
  const value = Math.sin(seed * 12.9898) * 43758.5453;
  return value - Math.floor(value);
}

/** A working day: an outage twenty minutes ago, a short one before it, a burst of events. */
function history(now: number): MetricsView {
  const newest = Math.floor(now / MINUTE) * MINUTE;
  const minutes: Minute[] = Array.from({ length: 60 }, (_, index) => {
    const at = newest - (59 - index) * MINUTE;
    const down = index >= 37 && index < 40;
    const events = down ? 0 : Math.floor(2 + noise(index) * 6 + (index === 52 ? 31 : 0));
    return {
      at,
      events,
      attempts: down ? 3 : index === 40 || index === 15 ? 1 : 0,
      failures: down ? 3 : index === 15 ? 1 : 0,
      connectedMs: down
        ? 0
        : index === 59
          ? now - at
          : index === 15
            ? 48 * SECOND
            : index === 40
              ? 21 * SECOND
              : MINUTE,
      p99Micros:
        events === 0 ? null : Math.floor(420 + noise(index + 200) * 900 + (index === 52 ? 3_800 : 0)),
    };
  });
  return {
    since: now - 26 * HOUR,
    attempts: 58,
    connections: 47,
    reconnectAttempts: 57,
    successRate: 47 / 58,
    connectedMs: 25 * HOUR + 41 * MINUTE,
    longestConnectionMs: 7 * HOUR + 12 * MINUTE,
    medianConnectionMs: 31 * MINUTE + 8 * SECOND,
    bytes: 1_834_201,
    events: 7_412,
    eventsPerMinute: 4.7,
    failedEvents: 2,
    unknownEvents: 14,
    processing: { p50Micros: 410, p99Micros: 2_380, count: 7_396 },
    errors: [
      { cause: 'the server closed the connection', kind: 'closed', count: 31 },
      { cause: 'the server did not answer within 10 seconds', kind: 'connect_timeout', count: 9 },
      { cause: 'no server has the name gloria.example.com', kind: 'name_not_found', count: 4 },
      { cause: 'the server answered 503', kind: 'status_503', count: 2 },
    ],
    unread: [
      {
        event: 'notification.mentioned',
        field: null,
        reason: 'unknownType',
        expected: null,
        count: 14,
        lastAt: now - 12 * MINUTE,
      },
      {
        event: 'notification.created',
        field: 'priority',
        reason: 'leftOut',
        expected: 'one of low, normal, high, urgent',
        count: 3,
        lastAt: now - 2 * HOUR,
      },
      {
        event: 'notification.created',
        field: 'title',
        reason: 'unreadable',
        expected: null,
        count: 2,
        lastAt: now - 3 * HOUR,
      },
    ],
    authenticationFailures: 0,
    timeouts: 9,
    minutes,
  };
}

/** The numbers of an app that has only just started. */
function freshHistory(now: number): MetricsView {
  return {
    since: now - 4 * SECOND,
    attempts: 1,
    connections: 0,
    reconnectAttempts: 0,
    successRate: null,
    connectedMs: 0,
    longestConnectionMs: 0,
    medianConnectionMs: null,
    bytes: 0,
    events: 0,
    eventsPerMinute: 0,
    failedEvents: 0,
    unknownEvents: 0,
    processing: null,
    errors: [],
    unread: [],
    authenticationFailures: 0,
    timeouts: 0,
    minutes: [],
  };
}

/** The history with a last part in which nothing went through. */
function brokenHistory(now: number, length: number, errors: ErrorCount[]): MetricsView {
  const usual = history(now);
  return {
    ...usual,
    eventsPerMinute: 0,
    errors: [...errors, ...usual.errors].sort((a, b) => b.count - a.count),
    minutes: usual.minutes.map((minute, index) =>
      index < 60 - length
        ? minute
        : { ...minute, events: 0, attempts: 1, failures: 1, connectedMs: 0, p99Micros: null },
    ),
  };
}

/** A connection that waits for its next attempt, and the numbers that go with it. */
function waits(
  now: number,
  fields: Partial<ConnectionView>,
): Pick<Scenario, 'connection' | 'metrics' | 'begin'> {
  const reason = fields.reason ?? 'the server answered 503';
  return {
    connection: connection({
      state: 'waiting',
      attempt: 2,
      nextAttemptAt: now + 42 * SECOND,
      lastHeardAt: now - 3 * MINUTE,
      ...fields,
      reason,
    }),
    metrics: brokenHistory(now, 3, [{ cause: reason, kind: 'other', count: 12 }]),
    begin: still,
  };
}

/** The scenario that the others differ from. */
function busy(now: number): Scenario {
  return {
    items: busyItems(now),
    connection: connection({
      state: 'connected',
      connectedSince: now - 3 * HOUR,
      lastHeardAt: now - 4 * SECOND,
    }),
    account: {
      address: 'https://gloria.example.com/api',
      addressLocked: false,
      token: 'present',
      tokenLocked: false,
      tokenProblem: '',
      needsSetup: false,
      question: null,
    },
    preferences: {
      sounds: true,
      volume: 60,
      sound: 'chime',
      soundsPausedUntil: null,
      appearance: 'system',
      proxy: 'system',
      proxyLocked: false,
    },
    metrics: history(now),
    notices: [],
    requestedItem: null,
    refusals: {},
    begin: (fake) => {
      // A heartbeat every half minute keeps "last heard" true.
      setInterval(() => fake.connection({ lastHeardAt: Date.now() }), 30 * SECOND);
    },
  };
}

const DISK_FULL = 'the disk is full; free some space';
const STORAGE_NOTICE =
  'The disk is full; free some space. Until then notifications are shown but not kept beyond the end of Gloria Notify; the file is tried again every 30 s';

const still = (): void => undefined;

const LONG_CAUSE =
  'the server answered with a page instead of a stream: Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft of the committee for the harmonisation of harmonised procedures, which asks everybody to try again after the maintenance window that was announced in the circular of last month';

/** Every scenario, by the name that `?scenario=` takes. */
export const SCENARIOS: Record<string, ((now: number) => Scenario) | undefined> = {
  busy,
  empty: (now) => ({ ...busy(now), items: [] }),
  firstRun: (now) => ({
    ...busy(now),
    items: [],
    account: {
      address: null,
      addressLocked: false,
      token: 'missing',
      tokenLocked: false,
      tokenProblem: '',
      needsSetup: true,
      question: null,
    },
    connection: connection({
      state: 'idle',
      reason: 'no server address is set',
      remedy: 'checkAddress',
    }),
    begin: still,
  }),
  managed: (now) => ({
    ...busy(now),
    items: [],
    account: {
      address: 'https://gloria.example.com/api',
      addressLocked: true,
      token: 'keyringUnavailable',
      tokenLocked: false,
      tokenProblem: 'no keyring answers on this computer',
      needsSetup: true,
      question: null,
    },
    connection: connection({
      state: 'halted',
      reason: 'no token was saved',
      remedy: 'signIn',
    }),
    begin: still,
  }),
  anotherToken: (now) => ({
    ...busy(now),
    account: { ...busy(now).account, question: { user: null } },
    connection: connection({
      state: 'halted',
      reason: 'there is a new token, and it is not clear whether it is the same person’s',
      remedy: 'confirmPerson',
      needsUser: true,
    }),
    begin: still,
  }),
  offline: (now) => ({
    ...busy(now),
    connection: connection({
      state: 'waiting',
      reason: 'the server did not answer within 10 seconds',
      remedy: 'retry',
      attempt: 3,
      nextAttemptAt: now + 15 * SECOND,
      lastHeardAt: now - 2 * MINUTE,
    }),
    begin: (fake) => fake.waitAndDial('the server did not answer within 10 seconds', 3),
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
      reason: 'no server has the name gloria.exmaple.com',
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
      reason: 'the server answered 503',
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
      reason: 'the token has expired or was withdrawn; sign in again',
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
      addressLocked: false,
      token: 'keyringLocked',
      tokenLocked: false,
      tokenProblem: 'the keyring is locked',
      needsSetup: false,
      question: null,
    },
    ...waits(now, {
      reason: 'the keyring is locked; unlock it and try again',
      remedy: 'unlockKeyring',
      needsUser: true,
      lastHeardAt: null,
    }),
  }),
  waiting: (now) => ({
    ...busy(now),
    ...waits(now, { reason: 'the server answered 503', remedy: 'retry', attempt: 3 }),
  }),
  noNetwork: (now) => ({
    ...busy(now),
    ...waits(now, {
      reason: 'this computer has no network',
      remedy: 'checkNetwork',
      network: 'offline',
      nextAttemptAt: now + 8 * MINUTE,
    }),
  }),
  captivePortal: (now) => ({
    ...busy(now),
    ...waits(now, {
      reason: 'this network asks for a sign-in of its own',
      remedy: 'networkSignIn',
      needsUser: true,
    }),
  }),
  proxySignIn: (now) => ({
    ...busy(now),
    ...waits(now, {
      reason: 'the proxy asks for a name and a password',
      remedy: 'proxySignIn',
      needsUser: true,
      proxy: 'proxy.example.com:3128',
    }),
    preferences: { ...busy(now).preferences, proxy: 'http://proxy.example.com:3128' },
  }),
  certificate: (now) => ({
    ...busy(now),
    ...waits(now, {
      reason: 'the certificate of gloria.example.com expired on 20 November 2026',
      remedy: 'checkCertificate',
      needsUser: true,
    }),
  }),
  clientCertificate: (now) => ({
    ...busy(now),
    ...waits(now, {
      reason: 'the server asks for a client certificate',
      remedy: 'clientCertificate',
      needsUser: true,
      longOutage: true,
    }),
  }),
  notFound: (now) => ({
    ...busy(now),
    ...waits(now, {
      reason: 'no event stream was found at this server: tried /api/v1/sse, /api/sse, /sse',
      remedy: 'checkAddress',
    }),
  }),
  forbidden: (now) => ({
    ...busy(now),
    connection: connection({
      state: 'halted',
      reason: 'this account has no access to the stream',
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
      reason: 'Gloria Notify had an internal error and starts again',
      remedy: 'none',
      attempt: 0,
      nextAttemptAt: now + 8 * SECOND,
    }),
    notices: [
      {
        kind: 'internal',
        message:
          'Gloria Notify had an internal error and started again. If you see this often, tell your administrator',
      },
    ],
  }),
  bufferedProxy: (now) => ({
    ...busy(now),
    ...waits(now, {
      reason:
        'something between here and the server, such as a proxy, holds the stream back: 3 times not one byte came',
      remedy: 'checkNetwork',
      proxy: 'proxy.example.com:3128',
    }),
  }),
  heldBack: (now) => ({
    ...busy(now),
    connection: connection({
      state: 'connected',
      reason: 'a proxy holds back what the server sends: notifications come late',
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
      proxyLocked: true,
    },
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
  error: (now) => ({
    ...busy(now),
    refusals: { inbox_page: 'the inbox is locked by another program: close it and try again' },
  }),
  notices: (now) => ({
    ...busy(now),
    notices: [
      {
        kind: 'storage',
        message:
          'The disk is full: new notifications are shown but not kept. Free some space, then they are kept again',
      },
      {
        kind: 'notifications',
        message: "Notifications can't be shown: this desktop has no notification service",
      },
    ],
  }),
  missing: (now) => ({
    ...busy(now),
    items: [
      item({
        key: 'g:event 118..event 204',
        kind: 'gap',
        createdAt: now - 2 * MINUTE,
        priority: 'high',
        title: 'Notifications are missing here',
        body: 'What came after event 118 and up to event 204 is no longer on the server. Look on the Gloria website for what is not here.',
        alert: shown('Notification shown; with sound'),
      }),
      item({
        key: 'u:more:1',
        kind: 'unreadable',
        createdAt: now - 5 * MINUTE,
        title: '12 more notifications could not be read',
        body: 'Look on the Gloria website for what is not here, and tell your administrator.',
      }),
      item({
        key: 'u:0f',
        kind: 'unreadable',
        createdAt: now - 6 * MINUTE,
        title: 'A notification could not be read',
        body: 'Its id is 4711; the field title is missing. Look on the Gloria website for it, and tell your administrator.',
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

function longItems(now: number): Item[] {
  const words =
    'The committee for the harmonisation of the harmonised procedures asks all departments to send their comments on the draft of the guideline on guidelines ';
  return [
    item({
      key: 'long-1',
      createdAt: now - 2 * MINUTE,
      priority: 'urgent',
      kind: 'announcement',
      title: words.repeat(4).trim(),
      body: `${words.repeat(8)}\n\n${words.repeat(12)}\n\n— ${words.repeat(3)}`,
      category: 'Committee for the harmonisation of harmonised procedures',
      actor: 'Wilhelmina Alexandrina Featherstonehaugh-Cholmondeley the Younger, Office of the Secretary',
      link: `https://gloria.example.com/${'a-very-long-path/'.repeat(12)}`,
      actions: [
        { label: words.trim(), link: 'https://gloria.example.com/a' },
        { label: 'Short', link: `https://${'sub.'.repeat(20)}example.com/` },
      ],
      alert: shown(words.repeat(2)),
    }),
    item({
      key: 'long-2',
      createdAt: now - 3 * MINUTE,
      title: 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft'.repeat(3),
      body: 'f3a9c1'.repeat(120),
      category: 'Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz',
    }),
    item({
      key: 'long-3',
      createdAt: now - 5 * MINUTE,
      title: 'A list with many lines',
      body: Array.from({ length: 60 }, (_, line) => `${line + 1}. Line of the list`).join('\n'),
      actor: 'A',
    }),
    seen(1, { key: 'long-4', createdAt: now - 6 * MINUTE, title: 'x', body: 'y' }),
    seen(1, {
      key: 'long-5',
      createdAt: now - 7 * MINUTE,
      title:
        '第四四半期の経費精算の締め切りは十二月十五日です。期限を過ぎた申請は来月の処理となりますのでご注意ください。',
      body: '経費精算システムで申請を行い、領収書の画像を添付してください。不明な点は経理部までお問い合わせください。'.repeat(
        4,
      ),
      category: '経理',
      actor: '佐藤 花子',
    }),
  ];
}

function hostileItems(now: number): Item[] {
  return [
    item({
      key: 'hostile-1',
      createdAt: now - MINUTE,
      title: '<img src=x onerror="alert(1)"><b>bold</b>',
      body: '<script>alert(2)</script>\n<iframe src="https://evil.example"></iframe>\n<a href="javascript:alert(3)">click</a> {@html "x"} ${alert(4)}',
      category: '<style>*{display:none}</style>',
      actor: '"><svg onload=alert(5)>',
      link: 'javascript:alert(6)',
      actions: [
        { label: '<b>Harmless</b>', link: 'data:text/html,<script>alert(7)</script>' },
        { label: 'file', link: 'file:///etc/passwd' },
        { label: 'Only this one is a link', link: 'https://gloria.example.com/ok' },
      ],
      alert: shown('<img src=x onerror=alert(8)>'),
    }),
    item({
      key: 'hostile-2',
      createdAt: now - 2 * MINUTE,
      title: 'invoice\u202Efdp.exe is ready',
      body: 'Overrides \u202Ereversed\u202C and isolates \u2066inside\u2069 end here.\u0000\u0007\u001B[31mred\u001B[0m\u009B1m',
      link: 'https://user:secret@gloria.example.com.evil.example/login',
      actions: [
        { label: 'https://gloria.example.com/safe', link: 'https://evil.example/x' },
        { label: 'Open report.pdf', link: 'https://gloria.example.com/files/1' },
      ],
    }),
    item({
      key: 'hostile-3',
      createdAt: now - 3 * MINUTE,
      title: 'مرحبا بكم في نظام غلوريا للإشعارات',
      body: 'هذا إشعار باللغة العربية مع رقم 123 وكلمة English في الوسط.',
      category: 'عربي',
      actor: 'أمل حداد',
    }),
    item({
      key: 'hostile-4',
      createdAt: now - 4 * MINUTE,
      title: '👩‍👩‍👧‍👦🏳️‍🌈 🇪🇺 Ä\u0301\u0323\u0302\u0317\u0300 e\u0301 💥'.repeat(6),
      body: 'Z\u0351\u036B\u0343\u036A\u0302\u036B\u033D\u034F\u0334\u0319\u0324\u031E\u0349\u035A\u032F\u031E\u0320\u034DA\u036B\u0357\u0334\u0362\u0335\u031C\u0330\u0354L\u0368\u0367\u0369\u0358\u0320G\u0311\u0357\u030E\u0305\u035B\u0341\u0334\u033B\u0348\u034D\u0354\u0339O\u0342\u030C\u030C\u0358\u0328\u0335\u0339\u033B\u031D\u0333',
    }),
    item({
      key: 'hostile-5',
      createdAt: now - 5 * MINUTE,
      title: '\u0000\u202E   \u200E',
      body: '\n\n   \n',
    }),
    item({
      key: '"]<x>\\ \u0007',
      createdAt: now - 6 * MINUTE,
      title: 'A key with quotes, brackets and a bell',
      body: 'line one\r\nline two\rline three\u2028line four\ttabbed',
    }),
    item({
      key: '__proto__',
      createdAt: now + 3 * DAY,
      title: 'From the future',
      body: 'The clock of the server is wrong.',
    }),
    item({ key: 'hostile-7', createdAt: 0, title: 'From 1970', body: 'So is this one.' }),
  ];
}

function manyItems(now: number, count: number): Item[] {
  const kinds: ItemKind[] = [
    'notification',
    'notification',
    'notification',
    'announcement',
    'workflowCompleted',
  ];
  const priorities: Priority[] = ['normal', 'normal', 'normal', 'high', 'low', 'normal', 'urgent'];
  const actors = ['Miriam Okafor', 'Jonas Lindqvist', null, 'Nadia Petrova', 'Service desk'];
  const categories = ['Payroll', 'Leave', 'Documents', null, 'IT', 'Facilities'];
  return Array.from({ length: count }, (_, index) => {
    const createdAt = now - (index + 1) * 7 * MINUTE;
    const read = index >= 120 ? createdAt + MINUTE : null;
    const priority = priorities[index % priorities.length] ?? 'normal';
    return item({
      key: `many-${index}`,
      createdAt,
      kind: kinds[index % kinds.length] ?? 'notification',
      // Dozens that are urgent and unread would be on top, and nothing else.
      priority: priority === 'urgent' && read === null ? 'high' : priority,
      title: `Notification ${count - index}`,
      body: 'What happened, in a sentence or two. '.repeat(index % 5),
      category: categories[index % categories.length] ?? null,
      actor: actors[index % actors.length] ?? null,
      seenAt: read,
      readAt: read,
    });
  });
}
