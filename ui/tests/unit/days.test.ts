import { expect, test } from 'vitest';
import { dayName, endOfDay, startOfDay } from '../../src/lib/days';

// The tests run in Berlin: clocks go forward on 29 March 2026 and back on 25 October 2026.
const at = (time: string): number => new Date(time).getTime();
const HOUR = 3_600_000;

test('the zone that the other tests stand on is in force', () => {
  expect(new Date('2026-07-01T00:00:00').getTimezoneOffset()).toBe(-120);
});

test('a second before and after midnight are two days', () => {
  const now = at('2026-11-25T00:00:30');
  expect(dayName(at('2026-11-25T00:00:00'), now)).toBe('Today');
  expect(dayName(at('2026-11-24T23:59:59'), now)).toBe('Yesterday');
});

test('days are as long as the clock change makes them', () => {
  expect(endOfDay(at('2026-03-29T12:00:00')) - startOfDay(at('2026-03-29T12:00:00'))).toBe(23 * HOUR);
  expect(endOfDay(at('2026-10-25T12:00:00')) - startOfDay(at('2026-10-25T12:00:00'))).toBe(25 * HOUR);
});

test('names hold over both clock changes', () => {
  expect(dayName(at('2026-03-29T00:30:00'), at('2026-03-30T00:10:00'))).toBe('Yesterday');
  expect(dayName(at('2026-03-28T23:30:00'), at('2026-03-30T00:10:00'))).toBe('Saturday');
  expect(dayName(at('2026-10-25T00:30:00'), at('2026-10-26T23:50:00'))).toBe('Yesterday');
  expect(dayName(at('2026-10-24T23:30:00'), at('2026-10-26T00:10:00'))).toBe('Saturday');
});

test('a weekday names the last six days, a date what is older', () => {
  const now = at('2026-11-25T14:00:00');
  expect(dayName(at('2026-11-19T23:00:00'), now)).toBe('Thursday');
  expect(dayName(at('2026-11-18T01:00:00'), now)).toBe('Wed 18 November');
  expect(dayName(at('2025-11-25T14:00:00'), now)).toMatch(/^Tue,? 25 November 2025$/);
});

test('what a wrong clock dates to tomorrow stands under today', () => {
  expect(dayName(at('2026-11-27T10:00:00'), at('2026-11-25T14:00:00'))).toBe('Today');
});
