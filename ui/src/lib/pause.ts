import type { EpochMillis } from './time';

const MINUTE_MS = 60_000;
/** The hour at which a pause over night ends: before work begins. */
const MORNING_HOUR = 8;
/** Up to this hour the night belongs to the day before, and "the morning" is today's. */
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
    { label: '30 minutes', minutes: 30 },
    { label: '1 hour', minutes: 60 },
    {
      label: `Until ${today ? 'today' : 'tomorrow'} 08:00`,
      // Rounded up: a minute of silence too many rather than a sound at 07:59.
      minutes: Math.ceil((morning - now) / MINUTE_MS),
    },
  ];
}

/** The local 08:00 that ends the night after `now`. */
export function nextMorning(now: EpochMillis): EpochMillis {
  const at = new Date(now);
  const days = at.getHours() < NIGHT_ENDS_HOUR ? 0 : 1;
  return new Date(at.getFullYear(), at.getMonth(), at.getDate() + days, MORNING_HOUR).getTime();
}
