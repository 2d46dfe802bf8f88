import type { ErrorCount, MetricsView, Minute } from '../protocol';
import { HOUR, MINUTE, SECOND } from './times';
import { says } from './says';

/** A pseudo-random number from 0 to 1, the same in every run. */
function noise(seed: number): number {
  const value = Math.sin(seed * 12.9898) * 43758.5453;
  return value - Math.floor(value);
}

/** A working day: an outage twenty minutes ago, a short one before it, a burst of events. */
export function history(now: number): MetricsView {
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
      { cause: says('the server closed the connection'), kind: 'closed', count: 31 },
      { cause: says('the server did not answer within 10 seconds'), kind: 'connect_timeout', count: 9 },
      { cause: says('no server has the name gloria.example.com'), kind: 'name_not_found', count: 4 },
      { cause: says('the server answered 503'), kind: 'status_503', count: 2 },
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
        expected: { id: 'expected-priority', args: {} },
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

/** The metrics of an app that has just started. */
export function freshHistory(now: number): MetricsView {
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

/** The history with an outage at its end. */
export function brokenHistory(now: number, length: number, errors: ErrorCount[]): MetricsView {
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
