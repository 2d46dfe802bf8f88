import type { Host } from './host';
import {
  PROTOCOL_VERSION,
  type AccountView,
  type CommandError,
  type Commands,
  type ConnectionView,
  type Counts,
  type EventType,
  type Item,
  type ListenerMessage,
  type Mark,
  type Marked,
  type Message,
  type ReceivedEvent,
  type Revised,
  type SignInPlace,
  type Snapshot,
  type TestReport,
  type Update,
} from './protocol';
import { markItem } from '../state/list';
import { page } from './finding';
import { SCENARIOS } from './scenarios';
import { placed } from './scenarios/item';
import { isSameProvider } from './scenarios/sign-in';
import { snoozedUntil } from './scenarios/times';
import type { Fake, Scenario } from './scenarios/scenario';
import { says } from './scenarios/says';

const DIAL_MS = 700;
const FIRST_DELAY_MS = 15_000;
const MINUTE_MS = 60_000;
const SIGN_IN_MS = 5 * MINUTE_MS;
/** How often the core publishes metrics while they are on screen. */
const METRICS_MS = 1_000;

/** A core in memory: all commands work, on the data of a scenario. */
export class FakeHost implements Host, Fake {
  /** Every call in order, for tests. */
  readonly calls: { name: keyof Commands; request: unknown }[] = [];

  /** The types with a listener, after every change. */
  readonly listened: EventType[][] = [];

  readonly scenario: Scenario;
  /** A test may set another version. */
  protocol: number = PROTOCOL_VERSION;
  readonly #items: Map<string, Item>;
  #revision = 1;
  #begun = false;
  #inView = false;
  #onMessage: ((message: ListenerMessage) => void) | null = null;
  #listener: ((revised: Revised) => void) | null = null;
  #dial: ReturnType<typeof setTimeout> | undefined;
  #publishing: ReturnType<typeof setInterval> | undefined;

  constructor(scenario: Scenario) {
    this.scenario = scenario;
    this.#items = new Map(scenario.items.map((item) => [item.key, item]));
  }

  attach(onUpdate: (revised: Revised) => void): Promise<Snapshot> {
    this.#listener = onUpdate;
    if (!this.#begun) {
      this.#begun = true;
      this.scenario.begin(this);
    }
    const { connection, account, signIn, preferences, notices, release, requestedItem, requestedView } =
      this.scenario;
    return Promise.resolve({
      protocol: this.protocol,
      revision: this.#revision,
      version: '1.0.0',
      connection,
      counts: this.counts(),
      account,
      signIn,
      preferences,
      notices,
      release,
      requestedItem,
      requestedView,
      inView: this.#inView,
    });
  }

  listen(types: readonly EventType[], onMessage: (message: ListenerMessage) => void): Promise<void> {
    this.listened.push([...types]);
    this.#onMessage = onMessage;
    return Promise.resolve();
  }

  /** Sends an event as the core does, if its type has a listener; returns whether it has. */
  emit(event: ReceivedEvent): boolean {
    const wanted = this.#onMessage !== null && this.listened.at(-1)?.includes(event.type) === true;
    if (wanted) this.#onMessage?.({ kind: 'event', value: event });
    return wanted;
  }

  /** Reports that this many events were dropped. */
  omit(count: number): void {
    this.#onMessage?.({ kind: 'missed', value: count });
  }

  call<K extends keyof Commands>(name: K, request: Commands[K][0]): Promise<Commands[K][1]> {
    this.calls.push({ name, request });
    const refusal = this.scenario.refusals[name];
    if (refusal !== undefined) return rejected('refused', refusal);
    return this.#commands[name](request);
  }

  /** Changes the state and publishes the update, as the core does. */
  push(update: Update): void {
    switch (update.kind) {
      case 'connection':
        this.scenario.connection = update.value;
        break;
      case 'account':
        this.scenario.account = update.value;
        break;
      case 'signIn':
        this.scenario.signIn = update.value;
        break;
      case 'preferences':
        this.scenario.preferences = update.value;
        break;
      case 'notices':
        this.scenario.notices = update.value;
        break;
      case 'release':
        this.scenario.release = update.value;
        break;
      case 'itemRequested':
        this.scenario.requestedItem = update.value;
        break;
      case 'viewRequested':
        this.scenario.requestedView = update.value;
        break;
      case 'inView':
        this.#inView = update.value;
        break;
      case 'itemsStored':
        for (const item of update.value) this.#items.set(item.key, item);
        break;
      case 'itemsRemoved':
        for (const key of update.value) this.#items.delete(key);
        break;
      case 'metrics':
        this.scenario.metrics = update.value;
        break;
      case 'counts':
      case 'inboxChanged':
      case 'missed':
        break;
    }
    this.#revision += 1;
    this.#listener?.({ revision: this.#revision, update });
  }

  /** Stores items as the stream would. */
  receive(...items: Item[]): void {
    this.push({ kind: 'itemsStored', value: items });
    this.push({ kind: 'counts', value: this.counts() });
  }

  /** The current metrics, including the present minute. */
  #publish(): void {
    const { connection, metrics } = this.scenario;
    const now = Date.now();
    const newest = metrics.minutes.at(-1);
    const elapsed = newest === undefined ? 0 : now - newest.at;
    const open = connection.connectedSince;
    const minute = open === null || newest === undefined ? 0 : now - Math.max(open, newest.at);
    this.push({
      kind: 'metrics',
      value: {
        ...metrics,
        minutes: metrics.minutes.map((each) =>
          each === newest && open !== null && elapsed < MINUTE_MS ? { ...each, connectedMs: minute } : each,
        ),
      },
    });
  }

  /** Changes the state without publishing it, as if a message was lost. */
  lose(...items: Item[]): void {
    for (const item of items) this.#items.set(item.key, item);
    this.#revision += 1;
  }

  /** Restarts the core: it has no listeners, and its revision is higher. */
  restart(): void {
    this.#onMessage = null;
    this.#revision += 1;
    this.connection({ state: 'connecting' });
  }

  /** Reports that updates were dropped, as for a reader that is too slow. */
  miss(): void {
    this.#listener?.({ revision: 0, update: { kind: 'missed' } });
  }

  refuse(name: keyof Commands, message: string | Message | null): void {
    if (message === null) Reflect.deleteProperty(this.scenario.refusals, name);
    else this.scenario.refusals[name] = message;
  }

  counts(): Counts {
    const inbox = [...this.#items.values()].filter((item) => item.views.includes('inbox'));
    return {
      unseen: inbox.filter((item) => item.seenAt === null).length,
      unread: inbox.filter((item) => item.readAt === null).length,
      total: inbox.length,
    };
  }

  connection(change: Partial<ConnectionView>): void {
    this.push({ kind: 'connection', value: { ...this.scenario.connection, ...change } });
  }

  /** Connects or fails. After a failure the next wait is twice as long. */
  dial(reason: Message | null): void {
    clearTimeout(this.#dial);
    this.connection({ state: 'connecting', nextAttemptAt: null, connectedSince: null, reason: null });
    this.#dial = setTimeout(() => {
      const now = Date.now();
      if (reason === null) {
        this.connection({
          state: 'connected',
          reason: null,
          remedy: 'none',
          attempt: 0,
          connectedSince: now,
          lastHeardAt: now,
        });
      } else {
        this.waitAndDial(reason, this.scenario.connection.attempt + 1);
      }
    }, DIAL_MS);
  }

  waitAndDial(reason: Message, attempt: number): void {
    const delay = FIRST_DELAY_MS * 2 ** Math.max(0, attempt - 3);
    this.connection({
      state: 'waiting',
      remedy: 'retry',
      reason,
      attempt,
      nextAttemptAt: Date.now() + delay,
    });
    this.#dial = setTimeout(() => this.dial(reason), delay);
  }

  readonly #commands: { [K in keyof Commands]: (request: Commands[K][0]) => Promise<Commands[K][1]> } = {
    inbox_page: (query) => Promise.resolve(page([...this.#items.values()], query, this.scenario)),
    inbox_search: (query) => Promise.resolve(page([...this.#items.values()], query, this.scenario)),
    inbox_item: (key) => Promise.resolve(this.#items.get(key) ?? null),
    inbox_mark: ({ keys, mark }) => this.#mark(keys, mark),
    inbox_snooze: ({ keys, until }) =>
      this.#mark(keys, { snoozed: { at: snoozedUntil(until, Date.now()), wall: null } }),
    inbox_mark_all_read: () => this.#markAll('read'),
    inbox_mark_all_seen: () => this.#markAll('seen'),
    item_follow: ({ key, action }) => {
      const item = this.#items.get(key);
      const link = (action === null ? item?.link : item?.actions[action]?.link) ?? null;
      if (item === undefined || link === null) return rejected('gone', 'the link is gone');
      this.receive(placed(markItem(item, 'read', Date.now())));
      return Promise.resolve(null);
    },
    release_notes: () => {
      const notes = this.scenario.release?.notes ?? null;
      return notes === null ? rejected('gone', 'the link is gone') : Promise.resolve(null);
    },
    connection_retry: () => {
      const { connection, account } = this.scenario;
      if (connection.state === 'connected' || connection.state === 'connecting') return Promise.resolve(null);
      if (connection.remedy === 'signIn' || connection.remedy === 'checkAddress')
        return Promise.resolve(null);
      if (account.token === 'keyringLocked') {
        this.push({ kind: 'account', value: { ...account, token: 'present', tokenProblem: null } });
      }
      this.dial(
        connection.state === 'waiting' && account.token !== 'keyringLocked' ? connection.reason : null,
      );
      return Promise.resolve(null);
    },
    connection_disconnect: () => {
      this.connection({
        state: 'disconnected',
        reason: says('disconnected by you'),
        remedy: 'none',
        needsUser: false,
        longOutage: false,
        attempt: 0,
        nextAttemptAt: null,
        connectedSince: null,
      });
      return Promise.resolve(null);
    },
    connection_test: ({ address, token }) => {
      const report = testReport(address, token);
      return new Promise((answer) => setTimeout(() => answer(report), DIAL_MS));
    },
    account_save: ({ address }) => {
      const { account } = this.scenario;
      const value: AccountView = {
        ...account,
        address: account.addressLock !== null ? account.address : address,
        token: account.token === 'keyringUnavailable' ? 'keyringUnavailable' : 'present',
        tokenProblem: null,
        needsSetup: false,
      };
      this.push({ kind: 'account', value });
      this.dial(null);
      return Promise.resolve(null);
    },
    sign_in_offer: ({ address: typed, agreed }) => {
      const address = typed.includes('://') ? typed : `https://${typed}`;
      if (!URL.canParse(address)) return rejected('refused', { id: 'address-malformed', args: {} });
      const { hostname } = new URL(address);
      const unknown = says(`no server has the name ${hostname}; check the address`);
      const { change } = this.scenario.offer;
      const offer: Scenario['offer'] = hostname.endsWith('.invalid')
        ? { provider: null, ways: [], problem: unknown, change: null }
        : change !== null && isSameProvider(agreed, change.now)
          ? {
              provider: new URL(change.now.issuer).host,
              ways: ['browser', 'device'],
              problem: null,
              change: null,
            }
          : this.scenario.offer;
      return new Promise((answer) => setTimeout(() => answer({ address, ...offer }), DIAL_MS));
    },
    sign_in_begin: ({ address, way, agreed }) => {
      const { change } = this.scenario.offer;
      if (change !== null && !isSameProvider(agreed, change.now)) {
        const message = says('the server now names another sign-in service');
        this.push({ kind: 'signIn', value: { step: 'failed', address, way, message, change } });
        return Promise.resolve(null);
      }
      const provider =
        agreed === null ? (this.scenario.account.provider ?? 'id.example.com') : new URL(agreed.issuer).host;
      const link = `https://${provider}/authorize?client_id=gloria`;
      const place: SignInPlace =
        way === 'device'
          ? { way, page: `https://${provider}/device`, code: 'WDJB-MJHT' }
          : { way, forgotten: false };
      const until = Date.now() + SIGN_IN_MS;
      this.push({
        kind: 'signIn',
        value: { step: 'waiting', address, provider, link, until, place, problem: null },
      });
      return Promise.resolve(null);
    },
    sign_in_open: () => Promise.resolve(null),
    sign_in_cancel: () => {
      this.push({ kind: 'signIn', value: { step: 'none' } });
      return Promise.resolve(null);
    },
    sign_in_paste: () => Promise.resolve(null),
    account_confirm: () => {
      this.push({ kind: 'account', value: { ...this.scenario.account, question: null } });
      this.dial(null);
      return Promise.resolve(null);
    },
    account_switch: ({ id }) => {
      const { account } = this.scenario;
      const accounts = account.accounts.map((known) => ({ ...known, active: known.id === id }));
      this.push({ kind: 'account', value: { ...account, accounts } });
      this.dial(null);
      return Promise.resolve(null);
    },
    account_sign_out: ({ erase }) => {
      clearTimeout(this.#dial);
      const { account } = this.scenario;
      const accounts = account.accounts
        .filter((known) => !(known.active && erase))
        .map((known) => ({ ...known, active: false, signedIn: known.signedIn && !known.active }));
      this.push({ kind: 'account', value: { ...account, token: 'missing', needsSetup: true, accounts } });
      this.connection({
        state: 'idle',
        remedy: 'signIn',
        reason: says('you signed out'),
        connectedSince: null,
      });
      return Promise.resolve(null);
    },
    preferences_save: (form) => {
      const proxy = form.proxy?.replace(/^(http:\/\/[^:@/]+:)[^@]+@/, '$1***@');
      const value = { ...this.scenario.preferences, ...form, ...(proxy === undefined ? {} : { proxy }) };
      this.push({ kind: 'preferences', value });
      return Promise.resolve(null);
    },
    autostart: () => Promise.resolve(this.scenario.autostart),
    autostart_set: (on) => {
      this.scenario.autostart = on;
      return Promise.resolve(null);
    },
    notification_test: () => Promise.resolve(this.scenario.notificationTest),
    doctor_check: () =>
      new Promise((answer) =>
        setTimeout(() => answer({ findings: this.scenario.findings }), this.scenario.checkMs),
      ),
    support_report_preview: () => Promise.resolve(this.scenario.supportReport),
    support_report_save: () => Promise.resolve({ ...this.scenario.supportReport, saved: true }),
    sound_preview: () => Promise.resolve(null),
    sounds_pause: ({ minutes }) => {
      const soundsPausedUntil = minutes === 0 ? null : Date.now() + minutes * MINUTE_MS;
      this.push({ kind: 'preferences', value: { ...this.scenario.preferences, soundsPausedUntil } });
      return Promise.resolve(null);
    },
    debug_log: (on) => {
      const debugLogUntil = on ? Date.now() + 60 * MINUTE_MS : null;
      this.push({ kind: 'preferences', value: { ...this.scenario.preferences, debugLogUntil } });
      return Promise.resolve(null);
    },
    view_shown: () => {
      if (this.scenario.requestedView !== null) this.push({ kind: 'viewRequested', value: null });
      return Promise.resolve(null);
    },
    window_shows: ({ inboxVisible, connectionVisible }) => {
      if (this.#inView !== inboxVisible) this.push({ kind: 'inView', value: inboxVisible });
      clearInterval(this.#publishing);
      if (connectionVisible === true) {
        this.#publish();
        this.#publishing = setInterval(() => this.#publish(), METRICS_MS);
      }
      return Promise.resolve(null);
    },
  };

  #mark(keys: readonly string[], mark: Mark): Promise<Marked> {
    const items = keys.flatMap((key) => this.#items.get(key) ?? []);
    this.receive(...items.map((item) => placed(markItem(item, mark, Date.now()))));
    return Promise.resolve({ revision: this.#revision, counts: this.counts() });
  }

  #markAll(mark: 'read' | 'seen'): Promise<Counts> {
    const now = Date.now();
    for (const item of this.#items.values()) {
      if (item.views.includes('inbox')) this.#items.set(item.key, placed(markItem(item, mark, now)));
    }
    this.push({ kind: 'inboxChanged' });
    this.push({ kind: 'counts', value: this.counts() });
    return Promise.resolve(this.counts());
  }
}

function rejected(code: CommandError['code'], message: string | Message): Promise<never> {
  const said = typeof message === 'string' ? says(message) : message;
  return Promise.reject({ code, message: said } satisfies CommandError);
}

function testReport(address: string, token: string | null): TestReport {
  const { host, hostname } = new URL(address.includes('://') ? address : `https://${address}`);
  const found = !hostname.endsWith('.invalid');
  const accepted = token !== 'wrong';
  const steps = [
    {
      title: says('Find the server'),
      passed: found,
      detail: says(
        found
          ? `${host} answers over an encrypted connection`
          : `no server has the name ${hostname}: check the spelling, or connect to the company network`,
      ),
    },
    {
      title: says('Sign in'),
      passed: accepted,
      detail: accepted ? says('the token was accepted') : { id: 'check-token-refused', args: {} },
    },
    { title: says('Open the stream'), passed: true, detail: says('the first event came after 180 ms') },
  ];
  const failed = steps.findIndex((step) => !step.passed);
  return { succeeded: failed < 0, steps: failed < 0 ? steps : steps.slice(0, failed + 1) };
}

/** The fake core of `?scenario=…`, at `window.fake` for tests. */
export function fakeHost(parameters: URLSearchParams): Host {
  const name = parameters.get('scenario') ?? 'busy';
  const build = SCENARIOS[name];
  if (build === undefined)
    throw new Error(`no scenario is named ${name}: ${Object.keys(SCENARIOS).join(', ')}`);
  const fake = new FakeHost(build(Date.now()));
  Object.assign(window, { fake });
  return fake;
}
