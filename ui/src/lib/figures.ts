import type { UnreadCount } from '../host/protocol';

/** Numbers as the window shows them. The words around them are English, so is the grouping of digits. */
const LOCALE = 'en-GB';

const whole = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 });
const oneDecimal = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 1 });

/** "12,345". */
export function count(value: number): string {
  return whole.format(value);
}

/** "1 attempt", "2 attempts". */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** "4.2", "118". */
export function rate(value: number): string {
  return value < 10 ? oneDecimal.format(value) : whole.format(value);
}

/** "98.6 %" of 0.986. What is not all is never shown as all, and what is not nothing never as nothing. */
export function percent(share: number): string {
  if (share <= 0) return '0 %';
  if (share >= 1) return '100 %';
  const rounded = Math.floor(share * 1000 + 1e-9) / 10;
  return rounded === 0 ? '< 0.1 %' : `${oneDecimal.format(rounded)} %`;
}

/** "850 µs", "2.4 ms", "24 ms", "1.2 s" of microseconds. */
export function micros(value: number): string {
  // Each limit is where rounding would write a thousand of the smaller unit.
  if (value < 999.5) return `${whole.format(value)} µs`;
  if (value < 999_500) return `${rate(value / 1_000)} ms`;
  return `${rate(value / 1_000_000)} s`;
}

/** "312 B", "4.7 kB", "114 MB". */
export function bytes(value: number): string {
  const names = ['B', 'kB', 'MB', 'GB', 'TB'];
  let at = 0;
  let scaled = value;
  while (scaled >= 999.5 && at < names.length - 1) {
    scaled /= 1_000;
    at += 1;
  }
  return `${at === 0 ? whole.format(scaled) : rate(scaled)} ${names[at]}`;
}

/** What could not be read, in words that can be passed on to whoever runs the server. */
export function unreadWords(entry: UnreadCount): string {
  const { event, field, reason, expected } = entry;
  switch (reason) {
    case 'unknownType':
      return `The event type ${event} is unknown here`;
    case 'unknownField':
      return `${event}: ${field ?? 'a field'} is unknown here`;
    case 'leftOut':
      return `${event}: ${field ?? 'a field'} is not ${expected ?? 'readable'}`;
    case 'unreadable':
      return `${event}: ${field === null ? (expected ?? 'unreadable') : `${field} is missing`}`;
  }
}
