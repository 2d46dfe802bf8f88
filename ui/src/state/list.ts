import type { InboxFilter, InboxPage, Item, Mark } from '../host/protocol';
import type { EpochMillis } from '../lib/time';

/** The part of the inbox that is on show. */
export interface InboxList {
  readonly filter: InboxFilter;
  /** Newest first. */
  readonly items: readonly Item[];
  /** What came while the reader was further down, newest first; shown when asked for. */
  readonly waiting: readonly Item[];
  /** Where the next page begins; null when all is here. */
  readonly next: string | null;
}

export function emptyList(filter: InboxFilter): InboxList {
  return { filter, items: [], waiting: [], next: null };
}

/** Whether the core's page of this filter would have the item. */
export function belongs(filter: InboxFilter, item: Item): boolean {
  switch (filter) {
    case 'inbox':
      return item.archivedAt === null;
    case 'unread':
      return item.archivedAt === null && item.readAt === null;
    case 'archived':
      return item.archivedAt !== null;
  }
}

/** Whether an item that is on show stays there. Reading an unread item must not pull it from under the eye. */
function stays(filter: InboxFilter, item: Item): boolean {
  return belongs(filter === 'unread' ? 'inbox' : filter, item);
}

/** The core's order: newest first; of two made at the same time, the one received later. */
export function compareItems(a: Item, b: Item): number {
  return b.sortAt - a.sortAt || b.receivedAt - a.receivedAt || (a.key < b.key ? 1 : -1);
}

/**
 * Stores items that came or changed. With `hold`, new ones wait instead of moving what is on screen.
 * What belongs on a page that was not read yet is left to that page.
 */
export function storeItems(list: InboxList, stored: readonly Item[], hold: boolean): InboxList {
  const changed = new Map(stored.map((item) => [item.key, item]));
  // A loop, because the list may hold a hundred thousand items while the window is drawn.
  const replace = (items: readonly Item[]): Item[] => {
    const kept: Item[] = [];
    for (const item of items) {
      const change = changed.get(item.key);
      changed.delete(item.key);
      if (change === undefined) kept.push(item);
      else if (stays(list.filter, change)) kept.push(change);
    }
    return kept;
  };
  const items = replace(list.items);
  const waiting = replace(list.waiting);
  const oldest = items.at(-1);
  const fresh = [...changed.values()].filter(
    (item) =>
      belongs(list.filter, item) &&
      (list.next === null || (oldest !== undefined && compareItems(item, oldest) < 0)),
  );
  if (fresh.length === 0) return { ...list, items, waiting };
  return hold
    ? { ...list, items, waiting: insert(waiting, fresh) }
    : { ...list, items: insert(items, fresh), waiting };
}

/** Of items that were stored, those that nobody can have seen yet. */
export function newItems(list: InboxList, stored: readonly Item[]): Item[] {
  const fresh = new Map(stored.map((item) => [item.key, item]));
  for (const { key } of list.items) fresh.delete(key);
  for (const { key } of list.waiting) fresh.delete(key);
  return [...fresh.values()].filter((item) => item.seenAt === null && belongs('unread', item));
}

export function removeItems(list: InboxList, keys: readonly string[]): InboxList {
  const gone = new Set(keys);
  const kept = (item: Item): boolean => !gone.has(item.key);
  return { ...list, items: list.items.filter(kept), waiting: list.waiting.filter(kept) };
}

/** Shows what waited. */
export function showWaiting(list: InboxList): InboxList {
  if (list.waiting.length === 0) return list;
  return { ...list, items: insert(list.items, list.waiting), waiting: [] };
}

/** Adds the page that was asked for with `list.next`. */
export function appendPage(list: InboxList, page: InboxPage): InboxList {
  const known = new Set([...list.items, ...list.waiting].map((item) => item.key));
  return {
    ...list,
    items: [...list.items, ...page.items.filter((item) => !known.has(item.key))],
    next: page.next,
  };
}

/**
 * The list after its pages were read again. With `hold`, what is newer than everything that was on show
 * waits, as it would have if it had come one by one.
 */
export function replaceItems(list: InboxList, page: InboxPage, hold: boolean): InboxList {
  const newest = list.items[0];
  if (!hold || newest === undefined) return { ...list, items: page.items, waiting: [], next: page.next };
  const shown = new Set(list.items.map((item) => item.key));
  const waits = (item: Item): boolean => !shown.has(item.key) && compareItems(item, newest) < 0;
  return {
    ...list,
    items: page.items.filter((item) => !waits(item)),
    waiting: page.items.filter(waits),
    next: page.next,
  };
}

/** The item as the core will answer that it is, so that the screen need not wait for it. */
export function markItem(item: Item, mark: Mark, now: EpochMillis): Item {
  const seenAt = item.seenAt ?? now;
  const readAt = item.readAt ?? now;
  switch (mark) {
    case 'seen':
      return { ...item, seenAt };
    case 'read':
      return { ...item, seenAt, readAt };
    case 'unread':
      return { ...item, readAt: null };
    case 'archived':
      return { ...item, seenAt, readAt, archivedAt: item.archivedAt ?? now };
    case 'unarchived':
      return { ...item, archivedAt: null };
  }
}

/** Merges two lists into the order of {@link compareItems}; `fresh` need not be sorted. */
function insert(items: readonly Item[], fresh: readonly Item[]): Item[] {
  const merged: Item[] = [];
  const sorted = [...fresh].sort(compareItems);
  let place = 0;
  for (const item of items) {
    for (let next = sorted[place]; next !== undefined && compareItems(next, item) < 0; next = sorted[place]) {
      merged.push(next);
      place += 1;
    }
    merged.push(item);
  }
  return merged.concat(sorted.slice(place));
}
