import { describe, expect, test } from 'vitest';
import { SLOTS } from '../../src/lib/hour';
import { bars, path, plotFrame, runs, scaleTop, slotAt } from '../../src/lib/plot';

test.each([300, 333, 640, 712, 1201])('in %i pixels every slot is as wide, whole, and inside', (width) => {
  const frame = plotFrame(width);
  expect(Number.isInteger(frame.slot)).toBe(true);
  expect(frame.slot).toBeGreaterThanOrEqual(1);
  expect(frame.left + frame.slot * SLOTS).toBe(width);
  expect(frame.left, 'room for labels').toBeGreaterThanOrEqual(40);
});

test('a scale ends at 1, 2 or 5 times a power of ten', () => {
  expect(scaleTop([null, 3], 5)).toBe(5);
  expect(scaleTop([6], 5)).toBe(10);
  expect(scaleTop([38], 5)).toBe(50);
  expect(scaleTop([100], 5)).toBe(100);
  expect(scaleTop([101], 5)).toBe(200);
  expect(scaleTop([], 1_000)).toBe(1_000);
});

describe('bars', () => {
  const frame = plotFrame(60 * 10 + 46);

  test('stand on the base and show the least there is', () => {
    const [all, one] = bars([100, 1], 100, frame, 50);
    expect(all).toEqual({ x: 46, y: 0, width: 9, height: 50 });
    expect(one).toEqual({ x: 56, y: 49, width: 9, height: 1 });
  });

  test('are left out for nothing, and never leave the plot', () => {
    expect(bars([0, null], 10, frame, 50)).toEqual([]);
    expect(bars([1_000], 10, frame, 50)[0]?.height).toBe(50);
  });

  test('touch where there is no room for a gap', () => {
    expect(bars([1], 1, plotFrame(46 + 120), 50)[0]?.width).toBe(2);
  });
});

test('a line breaks where there is no value', () => {
  const frame = plotFrame(60 * 10 + 46);
  const lines = runs([10, 0, null, 5], 10, frame, 50);
  expect(lines).toEqual([
    [
      { x: 51, y: 0 },
      { x: 61, y: 50 },
    ],
    [{ x: 81, y: 25 }],
  ]);
  expect(path(lines[0] ?? [])).toBe('M51 0L61 50');
});

test('a pointer is over a slot or beside them', () => {
  const frame = plotFrame(60 * 10 + 46);
  expect(slotAt(45, frame)).toBeNull();
  expect(slotAt(46, frame)).toBe(0);
  expect(slotAt(645, frame)).toBe(59);
  expect(slotAt(646, frame)).toBeNull();
});
