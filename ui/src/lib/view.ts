/** How the window looks and is used on this computer, beside what the core keeps for all of the app. */
export interface ViewPreferences {
  /** In percent of the usual size. */
  textSize: number;
  /** Keys without Ctrl or Cmd act. */
  singleKeys: boolean;
}

/** Larger text than twice the usual would leave no place for the list in the smallest window. */
export const TEXT_SIZES: readonly number[] = [90, 100, 115, 130, 150, 175, 200];
const USUAL: ViewPreferences = { textSize: 100, singleKeys: true };
const STORED_AS = 'view-preferences';

/** The preferences that were remembered. What cannot be read, or is none of them, is as if it were not there. */
export function rememberedView(storage: Pick<Storage, 'getItem'>): ViewPreferences {
  const view = { ...USUAL };
  try {
    const stored: unknown = JSON.parse(storage.getItem(STORED_AS) ?? '{}');
    if (typeof stored !== 'object' || stored === null) return view;
    if ('textSize' in stored && TEXT_SIZES.includes(Number(stored.textSize)))
      view.textSize = Number(stored.textSize);
    if ('singleKeys' in stored && typeof stored.singleKeys === 'boolean') view.singleKeys = stored.singleKeys;
  } catch {
    // A browser may refuse to store anything, and what is stored may be damaged.
  }
  return view;
}

/** Remembers them on this computer; that this fails is no reason to disturb anybody. */
export function rememberView(storage: Pick<Storage, 'setItem'>, view: ViewPreferences): void {
  try {
    storage.setItem(STORED_AS, JSON.stringify(view));
  } catch {
    // As above.
  }
}

/** The next size in this direction; null if there is none. */
export function textSizeAfter(size: number, by: 1 | -1): number | null {
  return TEXT_SIZES[TEXT_SIZES.indexOf(size) + by] ?? null;
}
