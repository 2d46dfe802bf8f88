/** How wide a pane may be, in pixels with text of the usual size. */
export interface WidthRange {
  min: number;
  max: number;
  usual: number;
}

/** The panes whose width the user sets; what is left belongs to the open notification. */
export interface PaneWidths {
  views: number;
  list: number;
}

// Narrower, names and titles would be cut after a word; wider, the open notification would get too little of the
// narrowest window that has three panes.
export const VIEWS_RANGE: WidthRange = { min: 160, max: 320, usual: 212 };
const LIST_RANGE: WidthRange = { min: 280, max: 560, usual: 400 };

/** An arrow key's step: twenty of them are the whole way. */
const STEP = 16;
const STORED_AS = 'pane-widths';

/** The open notification keeps more than half, whatever was chosen in a wider window. */
const MAX_LIST_SHARE = 0.45;

/** What the list may have of the width that it shares with the open notification. */
export function listRangeIn(both: number): WidthRange {
  const max = within(both * MAX_LIST_SHARE, LIST_RANGE);
  return { ...LIST_RANGE, max, usual: Math.min(max, LIST_RANGE.usual) };
}

/** How much larger the text is than usual. */
export function textScale(): number {
  return parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
}

/** The nearest width that is allowed. */
export function within(width: number, { min, max }: WidthRange): number {
  return Math.min(max, Math.max(min, Math.round(width)));
}

/** The width after a key on the separator at the pane's end; null if the key does not move it. */
export function widthAfterKey(
  key: string,
  width: number,
  range: WidthRange,
  rightToLeft: boolean,
): number | null {
  const wider = rightToLeft ? 'ArrowLeft' : 'ArrowRight';
  const narrower = rightToLeft ? 'ArrowRight' : 'ArrowLeft';
  switch (key) {
    case wider:
      return within(width + STEP, range);
    case narrower:
      return within(width - STEP, range);
    case 'Home':
      return range.min;
    case 'End':
      return range.max;
    case 'Enter':
      return range.usual;
    default:
      return null;
  }
}

/** The widths that were remembered. What is no width, or cannot be read, is as if it were not there. */
export function rememberedWidths(storage: Pick<Storage, 'getItem'>): PaneWidths {
  const widths = { views: VIEWS_RANGE.usual, list: LIST_RANGE.usual };
  try {
    const stored: unknown = JSON.parse(storage.getItem(STORED_AS) ?? '{}');
    if (typeof stored !== 'object' || stored === null) return widths;
    if ('views' in stored && Number.isFinite(stored.views))
      widths.views = within(Number(stored.views), VIEWS_RANGE);
    if ('list' in stored && Number.isFinite(stored.list))
      widths.list = within(Number(stored.list), LIST_RANGE);
  } catch {
    // A browser may refuse to store anything, and what is stored may be damaged.
  }
  return widths;
}

/** Remembers them on this computer; that this fails is no reason to disturb anybody. */
export function rememberWidths(storage: Pick<Storage, 'setItem'>, widths: PaneWidths): void {
  try {
    storage.setItem(STORED_AS, JSON.stringify(widths));
  } catch {
    // As above.
  }
}
