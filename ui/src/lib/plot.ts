import { SLOTS } from './hour';

/** Room for the largest label at the left of a plot, in CSS pixels. */
const LABEL_WIDTH = 46;

/** The positions of a plot's slots, in CSS pixels. */
export interface PlotFrame {
  width: number;
  /** The left edge of the first slot. */
  left: number;
  /** The width of a slot. */
  slot: number;
}

/** Slots of equal, whole width, so that every edge is sharp; the rest of the width goes to the labels. */
export function plotFrame(width: number): PlotFrame {
  const slot = Math.max(1, Math.floor((width - LABEL_WIDTH) / SLOTS));
  return { width, slot, left: Math.max(0, width - slot * SLOTS) };
}

/** The top of a scale: 1, 2 or 5 times a power of ten, not below `least`. */
export function scaleTop(values: readonly (number | null)[], least: number): number {
  const largest = Math.max(least, ...values.map((value) => value ?? 0));
  const power = 10 ** Math.floor(Math.log10(largest));
  for (const step of [1, 2, 5]) if (step * power >= largest * (1 - 1e-9)) return step * power;
  return 10 * power;
}

export interface Bar {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** A bar for every value above zero; at least a pixel high, so that a single event is visible. */
export function bars(
  values: readonly (number | null)[],
  top: number,
  frame: PlotFrame,
  height: number,
): Bar[] {
  // A gap between bars if there is room for both.
  const width = frame.slot > 2 ? frame.slot - 1 : frame.slot;
  return values.flatMap((value, index) => {
    if (value === null || value <= 0) return [];
    const tall = Math.max(1, Math.round((Math.min(value, top) / top) * height));
    return { x: frame.left + index * frame.slot, y: height - tall, width, height: tall };
  });
}

export interface Point {
  x: number;
  y: number;
}

/** The points of a line in runs: a minute without a value is a gap, not a zero. */
export function runs(
  values: readonly (number | null)[],
  top: number,
  frame: PlotFrame,
  height: number,
): Point[][] {
  const all: Point[][] = [];
  let run: Point[] | null = null;
  values.forEach((value, index) => {
    if (value === null) {
      run = null;
      return;
    }
    if (run === null) {
      run = [];
      all.push(run);
    }
    run.push({
      x: frame.left + (index + 0.5) * frame.slot,
      y: Math.round((1 - Math.min(value, top) / top) * height * 2) / 2,
    });
  });
  return all;
}

/** A run as an SVG path. */
export function path(run: readonly Point[]): string {
  return run.map(({ x, y }, index) => `${index === 0 ? 'M' : 'L'}${x} ${y}`).join('');
}

/** The slot below a pointer; null beside the plot. */
export function slotAt(x: number, frame: PlotFrame): number | null {
  const index = Math.floor((x - frame.left) / frame.slot);
  return index >= 0 && index < SLOTS ? index : null;
}
