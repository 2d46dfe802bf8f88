import type { MetricsView, Minute } from '../host/protocol';
import { number, t } from '../words/words';
import { micros, percent } from './figures';
import type { EpochMillis } from './epoch';

const MINUTE_MS = 60_000;

/** The minutes of an hour. */
export const SLOTS = 60;

/** Core and window read their clocks at different moments; a difference up to this is no outage. */
const CLOCK_SLACK_MS = 2_000;

/** The last hour, oldest minute first. Null for minutes in which the app did not run or the computer slept. */
export function hourOf(minutes: readonly Minute[]): (Minute | null)[] {
  const slots: (Minute | null)[] = Array.from({ length: SLOTS }, () => null);
  const newest = minutes.at(-1);
  if (newest === undefined) return slots;
  for (const minute of minutes) {
    const back = Math.round((newest.at - minute.at) / MINUTE_MS);
    if (back >= 0 && back < SLOTS) slots[SLOTS - 1 - back] = minute;
  }
  return slots;
}

/** When the first slot starts. */
export function hourBegins(minutes: readonly Minute[], now: EpochMillis): EpochMillis {
  const newest = minutes.at(-1)?.at ?? Math.floor(now / MINUTE_MS) * MINUTE_MS;
  return newest - (SLOTS - 1) * MINUTE_MS;
}

/** The fraction of a minute in which the app ran. */
function lived(minute: Minute, since: EpochMillis, now: EpochMillis): number {
  return Math.max(0, Math.min(minute.at + MINUTE_MS, now) - Math.max(minute.at, since));
}

/** The fraction of the minutes' time that was connected, 0 to 1; null if no time has passed yet. */
export function connectedShare(
  minutes: readonly Minute[],
  since: EpochMillis,
  now: EpochMillis,
): number | null {
  let connected = 0;
  let total = 0;
  for (const minute of minutes) {
    connected += minute.connectedMs;
    total += lived(minute, since, now);
  }
  if (total <= 0) return null;
  return total - connected <= CLOCK_SLACK_MS && connected > 0 ? 1 : connected / total;
}

/** "98.6 %" of the minutes' time; "–" where no time has passed yet. */
function connectedPercent(minutes: readonly Minute[], since: EpochMillis, now: EpochMillis): string {
  const share = connectedShare(minutes, since, now);
  return share === null ? t('ui-no-value') : percent(share);
}

/** A sentence about each of the three plots. */
export function hourSummaries(
  view: MetricsView,
  now: EpochMillis,
): Record<'events' | 'connection' | 'processing', string> {
  const hour = hourOf(view.minutes).filter((minute) => minute !== null);
  const sum = (of: (minute: Minute) => number): number => hour.reduce((all, minute) => all + of(minute), 0);
  const slowest = Math.max(-1, ...hour.map((minute) => minute.p99Micros ?? -1));
  const failures = sum((minute) => minute.failures);
  return {
    events: t('ui-events', { count: sum((minute) => minute.events) }),
    connection:
      hour.length === 0
        ? t('ui-hour-no-minute')
        : t('ui-hour-share', {
            share: connectedPercent(hour, view.since, now),
            failures: t('ui-failures', { count: failures }),
          }),
    processing: slowest < 0 ? t('ui-hour-no-events') : t('ui-hour-at-most', { duration: micros(slowest) }),
  };
}

/** One minute as text for each plot; null if there was none. */
export function minuteSummaries(
  minute: Minute | null,
  since: EpochMillis,
  now: EpochMillis,
): Record<'events' | 'connection' | 'processing', string> {
  if (minute === null) {
    const none = t('ui-minute-not-running');
    return { events: none, connection: none, processing: none };
  }
  const share = t('ui-minute-connected', { share: connectedPercent([minute], since, now) });
  const attempts = minute.attempts === 0 ? '' : t('ui-minute-attempts', { count: minute.attempts });
  const failures = minute.failures === 0 ? '' : t('ui-minute-failures', { count: minute.failures });
  return {
    events: t('ui-events', { count: minute.events }),
    connection: share + attempts + failures,
    processing: minute.p99Micros === null ? t('ui-minute-no-events') : micros(minute.p99Micros),
  };
}

/** The cells of the table with the data of the plots. */
export function minuteCells(minute: Minute, since: EpochMillis, now: EpochMillis): string[] {
  return [
    number(minute.events),
    connectedPercent([minute], since, now),
    number(minute.attempts),
    number(minute.failures),
    minute.p99Micros === null ? t('ui-no-value') : micros(minute.p99Micros),
  ];
}
