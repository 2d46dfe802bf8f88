import type { InboxFilter, InboxPage, InboxView, Item, ItemHits, Mark } from '../host/protocol';
import type { EpochMillis } from '../lib/epoch';

/** The part of the inbox on show. */
export interface InboxList {
  readonly filter: InboxFilter;
  /** In the core's order. */
  readonly items: readonly Item[];
  /** New items that arrived while the list was scrolled down, in the core's order; shown on request. */
  readonly waiting: readonly Item[];
  /** Where the next page starts; null if everything is loaded. */
  readonly next: string | null;
  /** Where the words of a search are, by the items' keys. */
  readonly hits: ReadonlyMap<string, ItemHits>;
  /** Whether all items were searched. */
  readonly complete: boolean;
}

export function emptyList(view: InboxView): InboxList {
  return { filter: { view }, items: [], waiting: [], next: null, hits: new Map(), complete: true };
}

/** What is on show stays until the first page of what was found is there. */
export function searching(list: InboxList, text: string): InboxList {
  const { view } = list.filter;
  return { ...list, filter: { view, text, everywhere: true }, waiting: [], next: null };
}

export function isSearch({ filter }: InboxList): boolean {
  return filter.text !== undefined;
}

/** Whether an item on show stays there. Reading an unread item must not remove it while the user reads it. */
function stays({ view, everywhere }: InboxFilter, item: Item): boolean {
  if (everywhere === true) return true;
  return item.views.includes(view === 'unread' ? 'inbox' : view);
}

/** The core's order, which is determined by `sort` only. */
function byPlace(a: Item, b: Item): number {
  return a.sort === b.sort ? 0 : a.sort > b.sort ? -1 : 1;
}

/**
 * Stores items that came or changed. With `hold`, new ones wait instead of moving what is on screen.
 * What belongs on a page that was not read yet is left to that page.
 */
export function storeItems(list: InboxList, stored: readonly Item[], hold: boolean): InboxList {
  const changed = new Map(stored.map((item) => [item.key, item]));
  // A loop instead of array methods, because the list may contain a hundred thousand items.
  const replace = (items: readonly Item[]): Item[] => {
    const kept: Item[] = [];
    const moved: Item[] = [];
    for (const item of items) {
      const change = changed.get(item.key);
      changed.delete(item.key);
      if (change === undefined) kept.push(item);
      else if (stays(list.filter, change)) (change.sort === item.sort ? kept : moved).push(change);
    }
    return moved.length === 0 ? kept : insert(kept, moved);
  };
  const end = list.next === null ? undefined : list.items.at(-1);
  const isRead = (item: Item): boolean =>
    list.next === null || (end !== undefined && byPlace(item, end) <= 0);
  const items = replace(list.items).filter(isRead);
  const waiting = replace(list.waiting);
  // Whether an item has the words of a search is known to the core only.
  const fresh = isSearch(list)
    ? []
    : [...changed.values()].filter((item) => item.views.includes(list.filter.view) && isRead(item));
  if (fresh.length === 0) return { ...list, items, waiting };
  return hold
    ? { ...list, items, waiting: insert(waiting, fresh) }
    : { ...list, items: insert(items, fresh), waiting };
}

/** Those of the stored items that the user cannot have seen yet. */
export function newItems(list: InboxList, stored: readonly Item[]): Item[] {
  const fresh = new Map(stored.map((item) => [item.key, item]));
  for (const { key } of list.items) fresh.delete(key);
  for (const { key } of list.waiting) fresh.delete(key);
  return [...fresh.values()].filter((item) => item.seenAt === null && item.views.includes('unread'));
}

export function removeItems(list: InboxList, keys: readonly string[]): InboxList {
  const gone = new Set(keys);
  const kept = (item: Item): boolean => !gone.has(item.key);
  return { ...list, items: list.items.filter(kept), waiting: list.waiting.filter(kept) };
}

/** Shows the items that waited. */
export function showWaiting(list: InboxList): InboxList {
  if (list.waiting.length === 0) return list;
  return { ...list, items: insert(list.items, list.waiting), waiting: [] };
}

/** Adds the page that was requested with `list.next`. */
export function appendPage(list: InboxList, page: InboxPage): InboxList {
  const known = new Set([...list.items, ...list.waiting].map((item) => item.key));
  return {
    ...list,
    items: [...list.items, ...page.items.filter((item) => !known.has(item.key))],
    next: page.next,
    hits: new Map([...list.hits, ...byKey(page.hits)]),
    complete: page.complete,
  };
}

/**
 * The list after its pages were read again. With `hold`, what is newer than everything that was on show
 * waits, as it would have if it had come one by one.
 */
export function replaceItems(list: InboxList, page: InboxPage, hold: boolean): InboxList {
  // Pinned items come before newer ones.
  const newest = list.items.find((item) => !item.pinned) ?? list.items[0];
  const found = { next: page.next, hits: byKey(page.hits), complete: page.complete };
  if (!hold || newest === undefined) return { ...list, ...found, items: page.items, waiting: [] };
  const shown = new Set(list.items.map((item) => item.key));
  const waits = (item: Item): boolean => !shown.has(item.key) && byPlace(item, newest) < 0;
  return {
    ...list,
    items: page.items.filter((item) => !waits(item)),
    waiting: page.items.filter(waits),
    ...found,
  };
}

function byKey(hits: readonly ItemHits[]): ReadonlyMap<string, ItemHits> {
  return new Map(hits.map((hit) => [hit.key, hit]));
}

/** The user's changes that the core's state does not include yet. */
export interface Doing {
  readonly keys: readonly string[];
  readonly mark: Mark;
  readonly at: EpochMillis;
  /** The revision of the core's state that includes it; null until the core has answered. */
  readonly revision: number | null;
}

/** The list with the user's changes. Archived items disappear at once. */
export function withDoings(list: InboxList, doings: readonly Doing[]): InboxList {
  if (doings.length === 0) return list;
  const { view } = list.filter;
  const leaves = ({ key }: Item): boolean => {
    if (isSearch(list)) return false;
    const last = doings.findLast(({ keys, mark }) => keys.includes(key) && staysIn(view, mark) !== null);
    return last !== undefined && staysIn(view, last.mark) === false;
  };
  const apply = (items: readonly Item[]): readonly Item[] =>
    items.filter((item) => !leaves(item)).map((item) => withMarks(item, doings));
  return { ...list, items: apply(list.items), waiting: apply(list.waiting) };
}

/** Whether an item leaves the list with this mark. Nothing leaves a list of what was found everywhere. */
export function takesOut(list: InboxList, mark: Mark): boolean {
  return !isSearch(list) && staysIn(list.filter.view, mark) === false;
}

/** Whether an item of the view is still in it after the mark; null if the mark does not decide that. */
function staysIn(view: InboxView, mark: Mark): boolean | null {
  if (view === 'flagged') return mark === 'flagged' || (mark === 'unflagged' ? false : null);
  const place = placeAfter(mark);
  return place === null ? null : place === (view === 'unread' ? 'inbox' : view);
}

/** Where the mark moves an item. */
function placeAfter(mark: Mark): InboxView | null {
  if (typeof mark !== 'string') return 'snoozed';
  switch (mark) {
    case 'archived':
      return 'archived';
    case 'unarchived':
    case 'unsnoozed':
      return 'inbox';
    default:
      return null;
  }
}

/** The item with the user's changes. */
export function withMarks(item: Item, doings: readonly Doing[]): Item {
  return doings
    .filter(({ keys }) => keys.includes(item.key))
    .reduce((marked, { mark, at }) => markItem(marked, mark, at), item);
}

/** The item with the times that the core will set; only the core decides about its position in lists. */
export function markItem(item: Item, mark: Mark, now: EpochMillis): Item {
  const seenAt = item.seenAt ?? now;
  const readAt = item.readAt ?? now;
  if (typeof mark !== 'string') return { ...item, seenAt, archivedAt: null, snoozedUntil: mark.snoozed.at };
  switch (mark) {
    case 'seen':
      return { ...item, seenAt };
    case 'read':
      return { ...item, seenAt, readAt };
    case 'unread':
      return { ...item, readAt: null };
    case 'archived':
      return { ...item, seenAt, readAt, archivedAt: item.archivedAt ?? now, snoozedUntil: null };
    case 'unarchived':
      return { ...item, archivedAt: null };
    case 'flagged':
      return { ...item, flaggedAt: item.flaggedAt ?? now };
    case 'unflagged':
      return { ...item, flaggedAt: null };
    case 'unsnoozed':
      return { ...item, snoozedUntil: null };
    case 'acknowledged':
      return { ...item, seenAt, readAt, acknowledgedAt: item.acknowledgedAt ?? now };
    case 'unacknowledged':
      return { ...item, acknowledgedAt: null };
  }
}

/** Merges two lists into the core's order; `fresh` need not be sorted. */
function insert(items: readonly Item[], fresh: readonly Item[]): Item[] {
  const merged: Item[] = [];
  const sorted = [...fresh].sort(byPlace);
  let place = 0;
  for (const item of items) {
    for (let next = sorted[place]; next !== undefined && byPlace(next, item) < 0; next = sorted[place]) {
      merged.push(next);
      place += 1;
    }
    merged.push(item);
  }
  return merged.concat(sorted.slice(place));
}
