import { t } from '../words/words';
import type { EpochMillis } from './epoch';

const DAY_MS = 86_400_000;

/** The local midnight at the start of the day of `at`. */
export function startOfDay(at: EpochMillis): EpochMillis {
  return new Date(at).setHours(0, 0, 0, 0);
}

/** The local midnight at the end of the day of `at`: 23, 24 or 25 hours after its start. */
export function endOfDay(at: EpochMillis): EpochMillis {
  const day = new Date(at);
  return new Date(day.getFullYear(), day.getMonth(), day.getDate() + 1).getTime();
}

/** "Today", "Yesterday", a weekday within the last week, otherwise a date. Future times count as today. */
export function dayName(at: EpochMillis, now: EpochMillis): string {
  // Rounded, because the days between two midnights are not all 24 hours long.
  const daysAgo = Math.round((startOfDay(now) - startOfDay(at)) / DAY_MS);
  if (daysAgo <= 0) return t('ui-today');
  if (daysAgo === 1) return t('ui-yesterday');
  if (daysAgo < 7) return t('ui-weekday', { at });
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return t(sameYear ? 'ui-date' : 'ui-date-year', { at });
}
