import { describe, expect, test } from 'vitest';
import type { MetricsView, Minute } from '../../src/host/protocol';
import {
  connectedShare,
  hourBegins,
  hourOf,
  hourSummaries,
  minuteSummaries,
  SLOTS,
} from '../../src/lib/hour';

const MINUTE = 60_000;
const NOON = new Date('2026-11-25T12:00:00').getTime();

function minute(at: number, fields: Partial<Minute> = {}): Minute {
  return { at, events: 0, attempts: 0, failures: 0, connectedMs: MINUTE, p99Micros: null, ...fields };
}

describe('the slots of an hour', () => {
  test('end with the newest minute', () => {
    const slots = hourOf([minute(NOON - MINUTE), minute(NOON)]);
    expect(slots).toHaveLength(SLOTS);
    expect(slots.at(-1)?.at).toBe(NOON);
    expect(slots.at(-2)?.at).toBe(NOON - MINUTE);
    expect(slots.at(-3)).toBeNull();
  });

  test('leave a gap where the computer slept', () => {
    const slots = hourOf([minute(NOON - 70 * MINUTE), minute(NOON - 10 * MINUTE), minute(NOON)]);
    expect(slots.filter((slot) => slot !== null)).toHaveLength(2);
    expect(slots[SLOTS - 11]?.at).toBe(NOON - 10 * MINUTE);
  });

  test('pass over minutes of a clock that was set back', () => {
    expect(hourOf([minute(NOON + 5 * MINUTE), minute(NOON)]).filter((slot) => slot !== null)).toHaveLength(1);
  });

  test('are all empty before the first minute', () => {
    expect(hourOf([]).every((slot) => slot === null)).toBe(true);
    expect(hourBegins([], NOON + 1)).toBe(NOON - 59 * MINUTE);
  });
});

describe('the share of the time connected', () => {
  test('counts a minute that goes on only as far as it went', () => {
    const minutes = [minute(NOON - MINUTE), minute(NOON, { connectedMs: 20_000 })];
    expect(connectedShare(minutes, 0, NOON + 20_000)).toBe(1);
    expect(connectedShare(minutes, 0, NOON + 40_000)).toBeCloseTo(0.8);
  });

  test('counts the first minute only from the start on', () => {
    const started = NOON + 40_000;
    expect(connectedShare([minute(NOON, { connectedMs: 10_000 })], started, NOON + MINUTE)).toBeCloseTo(0.5);
  });

  test('takes the difference of two clocks for no outage, and no connection for none', () => {
    expect(connectedShare([minute(NOON, { connectedMs: 30_000 })], 0, NOON + 31_500)).toBe(1);
    expect(connectedShare([minute(NOON, { connectedMs: 0 })], 0, NOON + 1_000)).toBe(0);
    expect(connectedShare([], 0, NOON)).toBeNull();
    expect(connectedShare([minute(NOON, { connectedMs: 0 })], 0, NOON), 'it begins now').toBeNull();
  });
});

test('the hour in words', () => {
  const view = {
    since: 0,
    minutes: [
      minute(NOON - MINUTE, { events: 3, failures: 1, connectedMs: 30_000, p99Micros: 900 }),
      minute(NOON, { events: 1, connectedMs: 30_000, p99Micros: 2_400 }),
    ],
  } as MetricsView;
  expect(hourSummaries(view, NOON + 30_000)).toEqual({
    events: '4 events',
    connection: '66.6 % connected, 1 failure',
    processing: 'At most 2.4 ms',
  });
  expect(hourSummaries({ ...view, minutes: [] }, NOON)).toEqual({
    events: '0 events',
    connection: 'No minute yet',
    processing: 'No events',
  });
});

test('a minute in words', () => {
  const broken = minute(NOON, { events: 1, attempts: 3, failures: 2, connectedMs: 15_000, p99Micros: 800 });
  expect(minuteSummaries(broken, 0, NOON + MINUTE)).toEqual({
    events: '1 event',
    connection: '25 % connected, 3 attempts, 2 failures',
    processing: '800 µs',
  });
  expect(minuteSummaries(null, 0, NOON).connection).toBe('not running');
});
