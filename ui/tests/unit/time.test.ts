import { describe, expect, test } from 'vitest';
import { nextMorning, pauses } from '../../src/lib/pause';
import { ago, countdown, duration, relativeTime, since } from '../../src/lib/time';

const at = (time: string): number => new Date(time).getTime();
const NOW = at('2026-11-25T14:00:00');
const SECOND = 1_000;
const MINUTE = 60 * SECOND;

test('the age of an item grows coarser, and becomes a time of day at midnight', () => {
  const age = (ms: number): string => relativeTime(NOW - ms, NOW);
  expect(age(-5 * MINUTE)).toBe('now');
  expect(age(59 * SECOND)).toBe('now');
  expect(age(60 * SECOND)).toBe('1 min');
  expect(age(59.9 * MINUTE)).toBe('59 min');
  expect(age(60 * MINUTE)).toBe('1 h');
  expect(age(14 * 60 * MINUTE)).toBe('14 h');
  expect(age(14 * 60 * MINUTE + 1)).toBe('23:59');
});

test('last heard is given in the largest unit that fits', () => {
  expect(ago(NOW, NOW)).toBe('just now');
  expect(ago(NOW + MINUTE, NOW)).toBe('just now');
  expect(ago(NOW - 4.9 * SECOND, NOW)).toBe('4 s ago');
  expect(ago(NOW - 60 * SECOND, NOW)).toBe('1 min ago');
  expect(ago(NOW - 26 * 60 * MINUTE, NOW)).toBe('1 d ago');
});

test('a countdown never says zero while time is left', () => {
  expect(countdown(NOW + 1, NOW)).toBe('in 1 s');
  expect(countdown(NOW + 12 * SECOND, NOW)).toBe('in 12 s');
  expect(countdown(NOW + 90 * SECOND, NOW)).toBe('in 90 s');
  expect(countdown(NOW + 91 * SECOND, NOW)).toBe('in 2 min');
  expect(countdown(NOW + 100 * MINUTE, NOW)).toBe('in 2 h');
  expect(countdown(NOW, NOW)).toBe('now');
});

describe('a pause until the morning', () => {
  test('ends tomorrow at eight', () => {
    const last = pauses(NOW).at(-1);
    expect(last).toEqual({ label: 'Until tomorrow 08:00', minutes: 18 * 60 });
  });

  test('ends today for somebody still up after midnight', () => {
    expect(pauses(at('2026-11-25T02:30:00')).at(-1)).toEqual({ label: 'Until today 08:00', minutes: 330 });
  });

  test('is an hour shorter or longer in the nights of the clock change', () => {
    expect(pauses(at('2026-03-28T20:00:00')).at(-1)?.minutes).toBe(11 * 60);
    expect(pauses(at('2026-10-24T20:00:00')).at(-1)?.minutes).toBe(13 * 60);
  });

  test('does not end a minute early', () => {
    const now = at('2026-11-25T22:00:59');
    const minutes = pauses(now).at(-1)?.minutes ?? 0;
    expect(now + minutes * MINUTE).toBeGreaterThanOrEqual(nextMorning(now));
  });

  test('crosses the end of the year', () => {
    expect(nextMorning(at('2026-12-31T18:00:00'))).toBe(at('2027-01-01T08:00:00'));
  });
});

test('a duration has its two largest units, rounded down', () => {
  const HOUR = 60 * MINUTE;
  expect(duration(0)).toBe('0 s');
  expect(duration(59_999)).toBe('59 s');
  expect(duration(12 * MINUTE + 34 * SECOND)).toBe('12 min 34 s');
  expect(duration(60 * MINUTE - 1)).toBe('59 min 59 s');
  expect(duration(3 * HOUR + 12.9 * MINUTE)).toBe('3 h 12 min');
  expect(duration(3 * HOUR)).toBe('3 h');
  expect(duration(52.5 * HOUR)).toBe('2 d 4 h');
});

test('since when grows a day and then a date', () => {
  expect(since(at('2026-11-25T08:05:00'), NOW)).toBe('08:05');
  expect(since(at('2026-11-24T23:59:00'), NOW)).toBe('Tuesday 23:59');
  expect(since(at('2026-11-18T13:00:00'), NOW)).toBe('18 November, 13:00');
});
