import type { Snooze } from '../protocol';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** When a snoozed item returns. The core also knows of afternoons, Mondays, time zones and the ends of summer time. */
export function snoozedUntil(until: Snooze, now: number): number {
  if (typeof until !== 'string') return 'at' in until ? Date.parse(until.at) : now + until.seconds * SECOND;
  return now + { afternoon: 3 * HOUR, tomorrow: DAY, monday: 3 * DAY }[until];
}
