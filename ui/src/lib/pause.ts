import { t } from '../words/words';
import type { EpochMillis } from './epoch';

const MINUTE_MS = 60_000;
/** The hour at which a pause until the morning ends: before work starts. */
const MORNING_HOUR = 8;
/** Before this hour, "the morning" is today's. */
const NIGHT_ENDS_HOUR = 5;

export interface Pause {
  label: string;
  minutes: number;
}

/** The pauses on offer at `now`. */
export function pauses(now: EpochMillis): Pause[] {
  const morning = nextMorning(now);
  const today = new Date(morning).getDate() === new Date(now).getDate();
  return [
    { label: t('ui-pause-half-hour'), minutes: 30 },
    { label: t('ui-pause-hour'), minutes: 60 },
    {
      label: t(today ? 'ui-pause-today' : 'ui-pause-tomorrow', { at: morning }),
      // Rounded up: a minute too long is better than a sound at 07:59.
      minutes: Math.ceil((morning - now) / MINUTE_MS),
    },
  ];
}

/** The local 08:00 at the end of the night after `now`. */
export function nextMorning(now: EpochMillis): EpochMillis {
  const at = new Date(now);
  const days = at.getHours() < NIGHT_ENDS_HOUR ? 0 : 1;
  return new Date(at.getFullYear(), at.getMonth(), at.getDate() + days, MORNING_HOUR).getTime();
}
