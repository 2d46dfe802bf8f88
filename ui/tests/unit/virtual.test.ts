import { describe, expect, test } from 'vitest';
import type { Item } from '../../src/host/protocol';
import { item } from '../../src/host/scenarios/item';
import * as virtual from '../../src/lib/virtual';

const NOW = new Date('2026-11-25T14:00:00').getTime();
const HOUR = 3_600_000;

function items(count: number, step = HOUR): Item[] {
  return Array.from({ length: count }, (_, index) =>
    item({
      key: `k${index}`,
      createdAt: NOW - index * step,
    }),
  );
}

function headings(layout: virtual.Layout): number[] {
  return [...layout.rows].filter((row) => row < 0).map((row) => -1 - row);
}

describe('a layout', () => {
  test('puts a heading above the first item of each day', () => {
    // 14:00 today down to 00:00 are fifteen items; the sixteenth is of yesterday.
    expect(headings(virtual.layOut(items(40), NOW))).toEqual([0, 15, 39]);
  });

  test('has one heading for the long day of the clock change', () => {
    const now = new Date('2026-10-25T23:59:00').getTime();
    const day = Array.from({ length: 25 }, (_, index) =>
      item({ key: `k${index}`, createdAt: now - index * HOUR }),
    );
    expect(headings(virtual.layOut(day, now))).toEqual([0]);
  });

  test('keeps the future and today under one heading', () => {
    const ahead = [item({ key: 'f', createdAt: NOW + 50 * HOUR }), item({ key: 't', createdAt: NOW })];
    expect(headings(virtual.layOut(ahead, NOW))).toEqual([0]);
  });

  test('puts a heading above what is pinned, and one above the day below it', () => {
    const day = items(3).map((one, index) => (index < 2 ? { ...one, pinned: true } : one));
    expect(headings(virtual.layOut(day, NOW))).toEqual([0, 2]);
  });

  test('has a section for each day on screen, from its heading to the next one', () => {
    const layout = virtual.layOut(items(40), NOW);
    const sections = (from: number, to: number): number[] =>
      virtual.sectionsIn(layout, { from, to }).map(({ row }) => row);
    // Headings are the rows 0, 16 and 41.
    expect(sections(0, 10)).toEqual([0]);
    expect(sections(10, 17)).toEqual([0, 16]);
    expect(sections(20, 43)).toEqual([16, 41]);
    expect(virtual.sectionsIn(layout, { from: 20, to: 30 })).toEqual([
      { row: 16, top: layout.tops[16], height: (layout.tops[41] ?? 0) - (layout.tops[16] ?? 0) },
    ]);
    expect(virtual.sectionsIn(layout, { from: 42, to: 43 })).toEqual([
      { row: 41, top: layout.tops[41], height: virtual.HEADING_HEIGHT + virtual.ROW_HEIGHT },
    ]);
    expect(virtual.sectionsIn(virtual.layOut([], NOW), { from: 0, to: 0 })).toEqual([]);
  });

  test('stacks rows without a gap and without overlap', () => {
    const many = items(500);
    const layout = virtual.layOut(many, NOW);
    layout.rows.forEach((place, row) => {
      const height = (layout.tops[row + 1] ?? NaN) - (layout.tops[row] ?? NaN);
      expect(height).toBe(place < 0 ? virtual.HEADING_HEIGHT : virtual.ROW_HEIGHT);
    });
    expect(virtual.layoutHeight(layout)).toBe(layout.tops.at(-1));
  });

  test('of nothing has no rows and no height', () => {
    const layout = virtual.layOut([], NOW);
    expect(virtual.layoutHeight(layout)).toBe(0);
    expect(virtual.visibleRange(layout, 0, 600, 400)).toEqual({ from: 0, to: 0 });
    expect(virtual.anchorAt(layout, [], 0)).toBeNull();
  });
});

describe('the visible range', () => {
  const many = items(5_000);
  const layout = virtual.layOut(many, NOW);

  test.each([0, 1, 35, 36, 37, 12_345.5, virtual.layoutHeight(layout) - 600])(
    'covers the viewport at %d',
    (top) => {
      const { from, to } = virtual.visibleRange(layout, top, 600, 0);
      expect(layout.tops[from] ?? NaN).toBeLessThanOrEqual(top);
      expect(layout.tops[to] ?? NaN).toBeGreaterThanOrEqual(top + 600);
      expect(to - from).toBeLessThan(30);
    },
  );

  test('stays inside when scrolled beyond either end', () => {
    expect(virtual.visibleRange(layout, -300, 600, 400).from).toBe(0);
    expect(virtual.visibleRange(layout, 1e9, 600, 400).to).toBe(layout.rows.length);
  });

  test('finds every item in its row', () => {
    many.forEach((_, index) => expect(layout.rows[virtual.rowOfItem(layout, index)]).toBe(index));
    expect(virtual.rowOfItem(layout, many.length)).toBe(-1);
  });
});

describe('what is on screen', () => {
  const before = items(200);
  const layout = virtual.layOut(before, NOW);
  const scrollTop = 5_000;

  function placeAfter(after: Item[]): { moved: number } {
    const next = virtual.layOut(after, NOW);
    const anchor = virtual.anchorAt(layout, before, scrollTop);
    if (anchor === null) throw new Error('there is a row on screen');
    const top = virtual.scrollTopFor(anchor, before, next, after);
    const row = virtual.rowOfItem(
      next,
      after.findIndex((one) => one.key === anchor.key),
    );
    return { moved: (next.tops[row] ?? NaN) - (top ?? NaN) - -anchor.offset };
  }

  test('does not move when rows come above it', () => {
    const fresh = [1, 2, 3].map((n) => item({ key: `new${n}`, createdAt: NOW + n }));
    expect(placeAfter([...fresh, ...before]).moved).toBe(0);
  });

  test('does not move when rows above it go', () => {
    expect(placeAfter(before.slice(7)).moved).toBe(0);
  });

  test('is followed by the next row when the first one goes', () => {
    const anchor = virtual.anchorAt(layout, before, scrollTop);
    const at = before.findIndex((one) => one.key === anchor?.key);
    const after = before.filter((_, index) => index !== at);
    const next = virtual.layOut(after, NOW);
    const top = anchor && virtual.scrollTopFor(anchor, before, next, after);
    expect(top).toBe(next.tops[virtual.rowOfItem(next, at)]);
  });

  test('is given up when nothing of it is left', () => {
    expect(virtual.scrollTopFor({ key: 'k5', offset: 0 }, before, virtual.layOut([], NOW), [])).toBeNull();
  });
});
