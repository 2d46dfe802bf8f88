import { describe, expect, test } from 'vitest';
import { returnTime, snoozeChoices } from '../../src/lib/snooze';

function offered(now: string): string[] {
  return snoozeChoices(new Date(now).getTime()).map(
    ({ until, at }) =>
      `${typeof until === 'string' ? until : 'hour'} ${new Date(at).toString().slice(0, 21)}`,
  );
}

describe('the times to snooze until', () => {
  test('are those of the core', () => {
    // A Thursday.
    expect(offered('2026-11-26T11:20:00')).toEqual([
      'hour Thu Nov 26 2026 12:20',
      'afternoon Thu Nov 26 2026 15:00',
      'tomorrow Fri Nov 27 2026 08:00',
      'monday Mon Nov 30 2026 08:00',
    ]);
    expect(offered('2026-11-26T13:59:59')[1]).toBe('afternoon Thu Nov 26 2026 15:00');
    expect(offered('2026-11-26T14:00:00')[1]).toBe('afternoon Thu Nov 26 2026 17:00');
    // On a Monday the next one, and over the end of a month.
    expect(offered('2026-11-30T09:00:00').at(-1)).toBe('monday Mon Dec 07 2026 08:00');
  });

  test('are not offered twice', () => {
    expect(offered('2026-11-29T09:00:00').map((choice) => choice.split(' ')[0])).toEqual([
      'hour',
      'afternoon',
      'tomorrow',
    ]);
  });

  test('are eight by the clock also over its change', () => {
    expect(offered('2026-10-24T20:00:00')[2]).toBe('tomorrow Sun Oct 25 2026 08:00');
  });

  test('have their day unless it is today', () => {
    const now = new Date('2026-11-26T11:20:00').getTime();
    expect(returnTime(now + 3_600_000, now)).toMatch(/^12:20/);
    expect(returnTime(now + 24 * 3_600_000, now)).toMatch(/^Fri.* 11:20/);
  });
});
