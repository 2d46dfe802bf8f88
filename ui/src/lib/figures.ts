import type { UnreadCount } from '../host/protocol';
import { number, t } from '../words/words';

/** "4.2", "118". */
export function rate(value: number): string {
  return t('ui-rate', { value: tidy(value) });
}

/** "98.6 %" of 0.986. Less than all is never shown as 100 %, and more than nothing never as 0 %. */
export function percent(share: number): string {
  if (share <= 0) return t('ui-percent', { value: 0 });
  if (share >= 1) return t('ui-percent', { value: 100 });
  const rounded = Math.floor(share * 1000 + 1e-9) / 10;
  return rounded === 0 ? t('ui-percent-least', { value: 0.1 }) : t('ui-percent', { value: rounded });
}

/** "850 µs", "2.4 ms", "24 ms", "1.2 s" of microseconds. */
export function micros(value: number): string {
  // Each limit is where rounding would give a thousand of the smaller unit.
  if (value < 999.5) return t('ui-micros', { value: Math.round(value) });
  if (value < 999_500) return t('ui-millis', { value: tidy(value / 1_000) });
  return t('ui-seconds-part', { value: tidy(value / 1_000_000) });
}

/** "312 B", "4.7 kB", "114 MB". */
export function bytes(value: number): string {
  if (value < 999.5) return t('ui-bytes', { value: Math.round(value) });
  const names = ['ui-kilobytes', 'ui-megabytes', 'ui-gigabytes', 'ui-terabytes'] as const;
  let scaled = value;
  for (const name of names) {
    scaled /= 1_000;
    if (scaled < 999.5 || name === 'ui-terabytes') return t(name, { value: tidy(scaled) });
  }
  return number(value);
}

/** With one decimal unless there are more than two digits. */
function tidy(value: number): number {
  return value < 10 ? value : Math.round(value);
}

/** What could not be read, as text to send to the server's administrator. */
export function unreadWords(entry: UnreadCount): string {
  const { event, reason } = entry;
  const field = entry.field ?? t('ui-unread-some-field');
  switch (reason) {
    case 'unknownType':
      return t('ui-unread-type', { event });
    case 'unknownField':
      return t('ui-unread-field-unknown', { event, field });
    case 'leftOut':
      return t('ui-unread-field', { event, field, expected: entry.expected ?? t('ui-unread-readable') });
    case 'unreadable':
      return entry.field === null
        ? t('ui-unread-event', { event, expected: entry.expected ?? t('ui-unread-unreadable') })
        : t('ui-unread-field-missing', { event, field });
  }
}
