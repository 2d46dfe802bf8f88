import { expect, test } from 'vitest';
import { bytes, micros, percent, rate } from '../../src/lib/figures';
import { number, t } from '../../src/words/words';

test('a share never claims more or less than it is', () => {
  expect(percent(0)).toBe('0 %');
  expect(percent(0.0004)).toBe('< 0.1 %');
  expect(percent(0.001)).toBe('0.1 %');
  expect(percent(0.986)).toBe('98.6 %');
  expect(percent(0.29)).toBe('29 %');
  expect(percent(0.9999)).toBe('99.9 %');
  expect(percent(1)).toBe('100 %');
});

test('microseconds are given in the unit that keeps them short', () => {
  expect(micros(0)).toBe('0 µs');
  expect(micros(999)).toBe('999 µs');
  expect(micros(999.6)).toBe('1 ms');
  expect(micros(2_380)).toBe('2.4 ms');
  expect(micros(24_400)).toBe('24 ms');
  expect(micros(999_499)).toBe('999 ms');
  expect(micros(999_500)).toBe('1 s');
  expect(micros(1_240_000)).toBe('1.2 s');
});

test('bytes, rates and counts', () => {
  expect(bytes(0)).toBe('0 B');
  expect(bytes(999)).toBe('999 B');
  expect(bytes(1_000)).toBe('1 kB');
  expect(bytes(999_600)).toBe('1 MB');
  expect(bytes(4_700)).toBe('4.7 kB');
  expect(bytes(3.2e15)).toBe('3,200 TB');
  expect(rate(4.66)).toBe('4.7');
  expect(rate(118.4)).toBe('118');
  expect(number(12_345)).toBe('12,345');
  expect(t('ui-figure-attempts', { count: 1 })).toBe('1 attempt in all');
  expect(t('ui-figure-attempts', { count: 0 })).toBe('0 attempts in all');
});
