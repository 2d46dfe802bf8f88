import type { Snooze } from '../host/protocol';
import { t, type PlainId } from '../words/words';
import { startOfDay } from './days';
import type { EpochMillis } from './epoch';
import { clockTime } from './time';

const HOUR_MS = 3_600_000;
const MORNING_HOUR = 8;
const AFTERNOON_HOUR = 15;
/** From this hour on, the afternoon is too close, and stands for three hours. */
const AFTERNOON_ENDS_HOUR = 14;
const MONDAY = 1;

export interface SnoozeChoice {
  until: Snooze;
  label: PlainId;
  /** When the item returns. The core decides that; it does so by the same rules. */
  at: EpochMillis;
}

/** The choices at `now`. Two that are the same time are one. */
export function snoozeChoices(now: EpochMillis): SnoozeChoice[] {
  const isLate = new Date(now).getHours() >= AFTERNOON_ENDS_HOUR;
  const tomorrow = onDay(now, 1, MORNING_HOUR);
  const weekday = new Date(now).getDay();
  const monday = onDay(now, (MONDAY + 7 - weekday) % 7 || 7, MORNING_HOUR);
  const choices: SnoozeChoice[] = [
    { until: { seconds: HOUR_MS / 1000 }, label: 'ui-snooze-hour', at: now + HOUR_MS },
    isLate
      ? { until: 'afternoon', label: 'ui-snooze-later', at: now + 3 * HOUR_MS }
      : { until: 'afternoon', label: 'ui-snooze-afternoon', at: onDay(now, 0, AFTERNOON_HOUR) },
    { until: 'tomorrow', label: 'ui-snooze-tomorrow', at: tomorrow },
    { until: 'monday', label: 'ui-snooze-monday', at: monday },
  ];
  return choices.filter(({ at }, index) => choices.findIndex((other) => other.at === at) === index);
}

/** When a snoozed item returns: a time of today, or a weekday with it. */
export function returnTime(at: EpochMillis, now: EpochMillis): string {
  return startOfDay(at) === startOfDay(now) ? clockTime(at) : t('ui-snooze-day-time', { at });
}

/** This hour of the day so many days from now, in the time zone of this computer. */
function onDay(now: EpochMillis, days: number, hour: number): EpochMillis {
  const at = new Date(now);
  return new Date(at.getFullYear(), at.getMonth(), at.getDate() + days, hour).getTime();
}
