import { t } from '../words/words';
import { startOfDay } from './days';
import type { EpochMillis } from './epoch';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** A short age for a row under its day's heading: "now", "5 min", "3 h"; for other days the time of day. */
export function relativeTime(at: EpochMillis, now: EpochMillis): string {
  const age = now - at;
  if (age < MINUTE_MS) return t('ui-age-now');
  if (age < HOUR_MS) return t('ui-age-minutes', { minutes: Math.floor(age / MINUTE_MS) });
  if (at >= startOfDay(now)) return t('ui-age-hours', { hours: Math.floor(age / HOUR_MS) });
  return clockTime(at);
}

/** The time of day. */
export function clockTime(at: EpochMillis): string {
  return t('ui-time', { at });
}

/** Day and time in full. */
export function fullTime(at: EpochMillis): string {
  return t('ui-time-full', { at });
}

/** "4 s ago", "3 min ago", "2 h ago", "5 d ago". */
export function ago(at: EpochMillis, now: EpochMillis): string {
  const age = Math.max(0, now - at);
  if (age < SECOND_MS) return t('ui-ago-now');
  if (age < MINUTE_MS) return t('ui-ago-seconds', { seconds: Math.floor(age / SECOND_MS) });
  if (age < HOUR_MS) return t('ui-ago-minutes', { minutes: Math.floor(age / MINUTE_MS) });
  if (age < DAY_MS) return t('ui-ago-hours', { hours: Math.floor(age / HOUR_MS) });
  return t('ui-ago-days', { days: Math.floor(age / DAY_MS) });
}

/** "in 12 s", "in 5 min"; rounded up, so that it never says zero while time is left. */
export function countdown(until: EpochMillis, now: EpochMillis): string {
  const left = until - now;
  if (left <= 0) return t('ui-in-now');
  // Seconds up to a minute and a half: "in 75 s" still reads as a countdown.
  if (left <= 90 * SECOND_MS) return t('ui-in-seconds', { seconds: Math.ceil(left / SECOND_MS) });
  if (left <= 90 * MINUTE_MS) return t('ui-in-minutes', { minutes: Math.ceil(left / MINUTE_MS) });
  return t('ui-in-hours', { hours: Math.ceil(left / HOUR_MS) });
}

/** "34 s", "12 min 34 s", "3 h 12 min", "2 d 4 h"; rounded down. */
export function duration(ms: number): string {
  const seconds = Math.floor((ms % MINUTE_MS) / SECOND_MS);
  const minutes = Math.floor((ms % HOUR_MS) / MINUTE_MS);
  const hours = Math.floor((ms % DAY_MS) / HOUR_MS);
  const days = Math.floor(ms / DAY_MS);
  if (days > 0) return hours === 0 ? t('ui-for-days', { days }) : t('ui-for-days-hours', { days, hours });
  if (hours > 0)
    return minutes === 0 ? t('ui-for-hours', { hours }) : t('ui-for-hours-minutes', { hours, minutes });
  if (minutes > 0)
    return seconds === 0
      ? t('ui-for-minutes', { minutes })
      : t('ui-for-minutes-seconds', { minutes, seconds });
  return t('ui-for-seconds', { seconds });
}

/** "11:18" of today, "Monday 11:18" of the days before, "9 November, 11:18" of those before them. */
export function since(at: EpochMillis, now: EpochMillis): string {
  if (startOfDay(at) === startOfDay(now)) return clockTime(at);
  // A week's day would otherwise be today's name too.
  return now - at < 6 * DAY_MS ? t('ui-since-week', { at }) : t('ui-since-date', { at });
}
