import { startOfDay } from './days';

/** Milliseconds since the Unix epoch, UTC. */
export type EpochMillis = number;

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Dates in the reader's own English where there is one: the words around them are English. */
export function dateLocale(language: string): string {
  return /^en\b/i.test(language) ? language : 'en-GB';
}

/** A short age for a row under its day's heading: "now", "5 min", "3 h"; for other days the time of day. */
export function relativeTime(at: EpochMillis, now: EpochMillis, locale: string): string {
  const age = now - at;
  if (age < MINUTE_MS) return 'now';
  if (age < HOUR_MS) return `${Math.floor(age / MINUTE_MS)} min`;
  if (at >= startOfDay(now)) return `${Math.floor(age / HOUR_MS)} h`;
  return clockTime(at, locale);
}

/** The time of day. */
export function clockTime(at: EpochMillis, locale: string): string {
  return new Intl.DateTimeFormat(locale, { timeStyle: 'short' }).format(at);
}

/** Day and time in full. */
export function fullTime(at: EpochMillis, locale: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'short' }).format(at);
}

/** "4 s ago", "3 min ago", "2 h ago", "5 d ago". */
export function ago(at: EpochMillis, now: EpochMillis): string {
  const age = Math.max(0, now - at);
  if (age < SECOND_MS) return 'just now';
  if (age < MINUTE_MS) return `${Math.floor(age / SECOND_MS)} s ago`;
  if (age < HOUR_MS) return `${Math.floor(age / MINUTE_MS)} min ago`;
  if (age < DAY_MS) return `${Math.floor(age / HOUR_MS)} h ago`;
  return `${Math.floor(age / DAY_MS)} d ago`;
}

/** "in 12 s", "in 5 min"; rounded up, so that it never says zero while time is left. */
export function countdown(until: EpochMillis, now: EpochMillis): string {
  const left = until - now;
  if (left <= 0) return 'now';
  // Seconds up to a minute and a half: "in 75 s" still reads as a countdown.
  if (left <= 90 * SECOND_MS) return `in ${Math.ceil(left / SECOND_MS)} s`;
  if (left <= 90 * MINUTE_MS) return `in ${Math.ceil(left / MINUTE_MS)} min`;
  return `in ${Math.ceil(left / HOUR_MS)} h`;
}

/** "34 s", "12 min 34 s", "3 h 12 min", "2 d 4 h"; rounded down. */
export function duration(ms: number): string {
  if (ms < MINUTE_MS) return `${Math.floor(ms / SECOND_MS)} s`;
  if (ms < HOUR_MS) return units(ms, MINUTE_MS, 'min', SECOND_MS, 's');
  if (ms < DAY_MS) return units(ms, HOUR_MS, 'h', MINUTE_MS, 'min');
  return units(ms, DAY_MS, 'd', HOUR_MS, 'h');
}

function units(ms: number, large: number, largeName: string, small: number, smallName: string): string {
  const rest = Math.floor((ms % large) / small);
  return `${Math.floor(ms / large)} ${largeName}${rest === 0 ? '' : ` ${rest} ${smallName}`}`;
}

/** "11:18" of today, "Monday 11:18" of the days before, "9 November, 11:18" of those before them. */
export function since(at: EpochMillis, now: EpochMillis, locale: string): string {
  const time = clockTime(at, locale);
  if (startOfDay(at) === startOfDay(now)) return time;
  // A week's day would otherwise be today's name too.
  if (now - at < 6 * DAY_MS) {
    return `${new Intl.DateTimeFormat(locale, { weekday: 'long' }).format(at)} ${time}`;
  }
  return `${new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'long' }).format(at)}, ${time}`;
}
