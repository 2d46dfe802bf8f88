import type { Item } from '../host/protocol';
import { endOfDay, startOfDay } from './days';
import type { EpochMillis } from './epoch';

// Heights in CSS pixels with text of the usual size; a larger one makes all of them larger. They are the same for every
// item, so that the place of any of 100 000 rows is known without rendering it. The same numbers are in the styles of
// ItemRow.svelte and InboxList.svelte, as sixteenths of a rem.
export const HEADING_HEIGHT = 32;
export const ROW_HEIGHT = 60;

/** The positions of all rows. Row `i` spans `tops[i]` to `tops[i + 1]`. */
export interface Layout {
  /** One entry more than there are rows; the last one is the total height. */
  tops: Float64Array;
  /** The index of the row's item, or `-1 - index` for the heading above that item. */
  rows: Int32Array;
  /** The rows that are headings. */
  headings: Int32Array;
}

/** A heading and the rows below it, down to the next heading. */
export interface Section {
  /** The row of the heading. */
  row: number;
  top: number;
  height: number;
}

export interface Range {
  from: number;
  /** Exclusive. */
  to: number;
}

/** A row on screen, and the distance of its top from the upper edge. */
export interface Anchor {
  key: string;
  offset: number;
}

/**
 * Places rows, with a heading above what is pinned and wherever the day changes. What lies ahead of `now` stands under
 * today. `scale` is how much larger the text is than usual.
 */
export function layOut(items: readonly Item[], now: EpochMillis, scale = 1): Layout {
  const tops: number[] = [];
  const rows: number[] = [];
  const headings: number[] = [];
  const today = startOfDay(now);
  let top = 0;
  let dayStart = Infinity;
  let dayEnd = -Infinity;
  let pinned = false;
  items.forEach((item, index) => {
    const at = item.createdAt;
    const begins = item.pinned ? !pinned : pinned || at < dayStart || at >= dayEnd;
    pinned = item.pinned;
    if (begins) {
      dayStart = Math.min(startOfDay(at), today);
      dayEnd = dayStart === today ? Infinity : endOfDay(at);
      tops.push(top);
      headings.push(rows.length);
      rows.push(-1 - index);
      top += HEADING_HEIGHT * scale;
    }
    tops.push(top);
    rows.push(index);
    top += ROW_HEIGHT * scale;
  });
  tops.push(top);
  return {
    tops: Float64Array.from(tops),
    rows: Int32Array.from(rows),
    headings: Int32Array.from(headings),
  };
}

export function layoutHeight(layout: Layout): number {
  return layout.tops.at(-1) ?? 0;
}

/** The row at a height, by bisection; the last one below the end, -1 if there are none. */
export function rowAt(layout: Layout, y: number): number {
  let low = 0;
  let high = layout.rows.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((layout.tops[middle] ?? 0) <= y) low = middle;
    else high = middle - 1;
  }
  return high < 0 ? -1 : low;
}

/** The rows to render for a viewport, with `overscan` pixels on both sides. */
export function visibleRange(layout: Layout, scrollTop: number, height: number, overscan: number): Range {
  if (layout.rows.length === 0) return { from: 0, to: 0 };
  return {
    from: rowAt(layout, Math.max(0, scrollTop - overscan)),
    to: rowAt(layout, scrollTop + height + overscan) + 1,
  };
}

/** The sections with rows in the range. The first one's heading may be far above it. */
export function sectionsIn({ tops, headings }: Layout, { from, to }: Range): Section[] {
  const sections: Section[] = [];
  let place = headings.findLastIndex((row) => row <= from);
  for (let row = headings[place]; row !== undefined && row < to; row = headings[place]) {
    const top = tops[row] ?? 0;
    const end = tops[headings[place + 1] ?? tops.length - 1] ?? top;
    sections.push({ row, top, height: end - top });
    place += 1;
  }
  return sections;
}

/** The row of an item. */
export function rowOfItem(layout: Layout, index: number): number {
  // Items keep their order and headings come before them, so an item's row is at or after its index.
  for (let row = index; row < layout.rows.length; row += 1) if (layout.rows[row] === index) return row;
  return -1;
}

/** The first item row that is at least partly on screen. */
export function anchorAt(layout: Layout, items: readonly Item[], scrollTop: number): Anchor | null {
  for (let row = Math.max(0, rowAt(layout, scrollTop)); row < layout.rows.length; row += 1) {
    const item = items[layout.rows[row] ?? -1];
    if (item !== undefined) return { key: item.key, offset: scrollTop - (layout.tops[row] ?? 0) };
  }
  return null;
}

/**
 * Where to scroll so that what was on screen stays where it was. When the anchor itself is gone, the next
 * row after it that is still there takes its place.
 */
export function scrollTopFor(
  anchor: Anchor,
  before: readonly Item[],
  layout: Layout,
  items: readonly Item[],
): number | null {
  const places = new Map(items.map((item, index) => [item.key, index]));
  const from = before.findIndex((item) => item.key === anchor.key);
  for (let index = Math.max(0, from); index < before.length; index += 1) {
    const key = before[index]?.key ?? '';
    const place = places.get(key);
    if (place === undefined) continue;
    const top = layout.tops[rowOfItem(layout, place)] ?? 0;
    return Math.max(0, top + (key === anchor.key ? anchor.offset : 0));
  }
  return null;
}
