import type { ConnectionView } from '../protocol';
import { brokenHistory, history } from './figures';
import { GOOD_FINDINGS, SUPPORT_REPORT } from './findings';
import { busyItems } from './items';
import type { Scenario } from './scenario';
import { HOUR, MINUTE, SECOND } from './times';
import { says } from './says';

/** For a scenario in which nothing changes. */
export const still = (): void => undefined;

/** A connection with the given fields, and defaults for the rest. */
export function connection(fields: Partial<ConnectionView> & Pick<ConnectionView, 'state'>): ConnectionView {
  return {
    reason: null,
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
    filling: null,
    proxy: null,
    ...fields,
  };
}

/** A connection that waits for its next attempt, with matching metrics. */
export function waits(
  now: number,
  fields: Partial<ConnectionView>,
): Pick<Scenario, 'connection' | 'metrics' | 'begin'> {
  const reason = fields.reason ?? says('the server answered 503');
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

/** The default scenario, from which the others differ. */
export function busy(now: number): Scenario {
  return {
    items: busyItems(now),
    connection: connection({
      state: 'connected',
      connectedSince: now - 3 * HOUR,
      lastHeardAt: now - 4 * SECOND,
    }),
    account: {
      address: 'https://gloria.example.com/api',
      addressLock: null,
      token: 'present',
      tokenLocked: false,
      byCommand: false,
      tokenProblem: null,
      needsSetup: false,
      question: null,
      user: { name: 'Anna Schmidt', status: null },
      provider: null,
      signedIn: null,
      accounts: [],
    },
    signIn: { step: 'none' },
    preferences: {
      sounds: true,
      volume: 60,
      sound: 'chime',
      soundsPausedUntil: null,
      debugLogUntil: null,
      appearance: 'system',
      proxy: 'system',
      autoConnect: true,
      logLevel: 'info',
      locks: {},
    },
    metrics: history(now),
    offer: { provider: null, ways: [], problem: null, change: null },
    autostart: true,
    notificationTest: {
      succeeded: true,
      steps: [
        { title: says('Notification'), passed: true, detail: says('the desktop says that it shows it') },
        { title: says('Sound'), passed: true, detail: says('it was played at a volume of 60 %') },
      ],
    },
    findings: GOOD_FINDINGS,
    checkMs: 0,
    supportReport: SUPPORT_REPORT,
    notices: [],
    release: null,
    requestedItem: null,
    requestedView: null,
    refusals: {},
    begin: (fake) => {
      // A heartbeat every half minute keeps "last heard" true.
      setInterval(() => fake.connection({ lastHeardAt: Date.now() }), 30 * SECOND);
    },
  };
}
