import { describe, expect, test } from 'vitest';
import type { InboxPage, Item } from '../../src/host/protocol';
import { item } from '../../src/host/scenarios/item';
import * as lists from '../../src/state/list';

const at = (createdAt: number, change: Partial<Item> = {}): Item =>
  item({ key: `k${createdAt}`, createdAt, ...change });
const keys = (items: readonly Item[]): string => items.map((one) => one.key.slice(1)).join(' ');

function list(change: Partial<lists.InboxList> = {}): lists.InboxList {
  return { ...lists.emptyList('inbox'), items: [at(9), at(7), at(5)], ...change };
}

function page(items: Item[], next: string | null = null): InboxPage {
  return { items, next, hits: [], complete: true };
}

describe('stored items', () => {
  test('take their place by time', () => {
    expect(keys(lists.storeItems(list(), [at(8), at(10), at(1)], false).items)).toBe('10 9 8 7 5 1');
  });

  test('replace the one with their key', () => {
    const { items } = lists.storeItems(list(), [at(7, { title: 'changed' })], false);
    expect(items[1]?.title).toBe('changed');
    expect(items).toHaveLength(3);
  });

  test('wait when the reader is further down, but changes do not', () => {
    const waiting = lists.storeItems(list(), [at(10), at(11), at(5, { title: 'changed' })], true);
    expect(keys(waiting.items)).toBe('9 7 5');
    expect(waiting.items[2]?.title).toBe('changed');
    expect(keys(waiting.waiting)).toBe('11 10');
    expect(keys(lists.showWaiting(waiting).items)).toBe('11 10 9 7 5');
  });

  test('change while they wait', () => {
    const waiting = lists.storeItems(list(), [at(10)], true);
    const again = lists.storeItems(waiting, [at(10, { title: 'changed' })], true);
    expect(again.waiting.map((one) => one.title)).toEqual(['changed']);
    expect(lists.storeItems(waiting, [at(10, { archivedAt: 1 })], true).waiting).toEqual([]);
  });

  test('of a page that was not read yet are left to it', () => {
    expect(keys(lists.storeItems(list({ next: at(5).sort }), [at(2), at(6)], false).items)).toBe('9 7 6 5');
  });

  test('leave the inbox when archived, and come back', () => {
    const without = lists.storeItems(list(), [at(7, { archivedAt: 1 })], false);
    expect(keys(without.items)).toBe('9 5');
    expect(keys(lists.storeItems(without, [at(7)], false).items)).toBe('9 7 5');
  });

  test('stay under the eye when read in the unread list, and are not brought into it read', () => {
    const unread = list({ filter: { view: 'unread' } });
    expect(keys(lists.storeItems(unread, [at(7, { readAt: 1 })], false).items)).toBe('9 7 5');
    expect(keys(lists.storeItems(unread, [at(8, { readAt: 1 })], false).items)).toBe('9 7 5');
  });

  test('ten thousand at once are merged in order', () => {
    const many = Array.from({ length: 10_000 }, (_, index) => at(20_000 - index * 2 + 1));
    const into = list({ items: Array.from({ length: 10_000 }, (_, index) => at(20_000 - index * 2)) });
    const { items } = lists.storeItems(into, many, false);
    expect(items).toHaveLength(20_000);
    expect([...items].sort((a, b) => (a.sort < b.sort ? 1 : -1))).toEqual(items);
  });
});

test('removed items go from the list and from those that wait', () => {
  const waiting = lists.storeItems(list(), [at(10), at(11)], true);
  const left = lists.removeItems(waiting, ['k10', 'k7', 'unknown']);
  expect([keys(left.items), keys(left.waiting)]).toEqual(['9 5', '11']);
});

test('a page that overlaps with what came meanwhile is not shown twice', () => {
  const next = lists.appendPage(list({ next: 'k5', waiting: [at(12)] }), page([at(5), at(3), at(12)]));
  expect(keys(next.items)).toBe('9 7 5 3');
  expect(next.next).toBeNull();
});

describe('pages read again', () => {
  const read = page([at(12), at(11), at(9), at(8), at(5)], 'k5');

  test('replace everything at the newest end', () => {
    expect(keys(lists.replaceItems(list(), read, false).items)).toBe('12 11 9 8 5');
  });

  test('hold back only what is newer than what was on show', () => {
    const again = lists.replaceItems(list(), read, true);
    expect([keys(again.items), keys(again.waiting)]).toEqual(['9 8 5', '12 11']);
  });

  test('give up what waits when nothing was on show', () => {
    const again = lists.replaceItems(lists.emptyList('inbox'), read, true);
    expect(keys(again.items)).toBe('12 11 9 8 5');
  });
});

describe('what a search found', () => {
  const hit = { title: [{ start: 0, end: 3 }], body: [], actor: [], category: [] };
  const found = lists.replaceItems(
    lists.searching(list(), 'disk'),
    { ...page([at(9), at(5)], 'k5'), hits: [9, 5].map((at) => ({ key: `k${at}`, ...hit })) },
    false,
  );

  test('is looked for everywhere, and shows what was on show before until it is there', () => {
    const { filter, items, next } = lists.searching(list({ next: 'k5' }), 'disk');
    expect(filter).toEqual({ view: 'inbox', text: 'disk', everywhere: true });
    expect([keys(items), next]).toEqual(['9 7 5', null]);
  });

  test('knows where the words are, on each page', () => {
    const more = lists.appendPage(found, { ...page([at(3)]), hits: [{ key: 'k3', ...hit }] });
    expect([...more.hits.keys()]).toEqual(['k9', 'k5', 'k3']);
  });

  test('takes changes of its items, but nothing new, and keeps what is archived', () => {
    const stored = lists.storeItems(found, [at(10), at(9, { title: 'changed', views: ['archived'] })], false);
    expect([keys(stored.items), stored.items[0]?.title]).toEqual(['9 5', 'changed']);
    const archiving = { keys: ['k9'], mark: 'archived' as const, at: 1, revision: null };
    expect(keys(lists.withDoings(found, [archiving]).items)).toBe('9 5');
  });
});

describe('marks', () => {
  test('set the times that the core sets', () => {
    expect(lists.markItem(at(1), 'read', 5)).toMatchObject({ seenAt: 5, readAt: 5 });
    expect(lists.markItem(at(1, { seenAt: 2, readAt: 3 }), 'archived', 5)).toMatchObject({
      seenAt: 2,
      readAt: 3,
      archivedAt: 5,
    });
    expect(lists.markItem(at(1, { seenAt: 2, readAt: 3 }), 'unread', 5)).toMatchObject({
      seenAt: 2,
      readAt: null,
    });
  });
});

test('new is what nobody can have seen', () => {
  const stored = [at(9), at(10), at(11, { seenAt: 1 }), at(12, { readAt: 1 }), at(13, { archivedAt: 1 })];
  expect(keys(lists.newItems(list(), stored))).toBe('10');
});

describe('the order', () => {
  test('is the core’s, whatever the times say', () => {
    const [a, b] = [at(9_000, { key: 'k1' }), at(2_000, { key: 'k2' })];
    const stored = [
      { ...a, sort: '0 3' },
      { ...b, sort: '0 4' },
    ];
    const { items } = lists.storeItems(lists.emptyList('inbox'), stored, false);
    expect(keys(items)).toBe('2 1');
  });

  test('moves an item whose place changes, also while new ones wait', () => {
    const urgent = at(5, { priority: 'urgent' });
    expect(keys(lists.storeItems(list(), [urgent], true).items)).toBe('5 9 7');
    const pinned = list({ items: [urgent, at(9), at(7)] });
    expect(keys(lists.storeItems(pinned, [at(5, { priority: 'urgent', readAt: 1 })], false).items)).toBe(
      '9 7 5',
    );
  });

  test('leaves an item that moves beyond what was read to its page', () => {
    const pinned = list({ items: [at(2, { priority: 'urgent' }), at(9), at(7)], next: at(7).sort });
    const read = at(2, { priority: 'urgent', readAt: 1 });
    expect(keys(lists.storeItems(pinned, [read], false).items)).toBe('9 7');
  });

  test('of pages read again holds back what is newer than all but the pinned', () => {
    const urgent = at(1, { priority: 'urgent' });
    const shown = list({ items: [urgent, at(9), at(7)] });
    const again = lists.replaceItems(shown, page([urgent, at(12), at(9), at(8)]), true);
    expect([keys(again.items), keys(again.waiting)]).toEqual(['1 9 8', '12']);
  });
});

describe('what was done and is on its way', () => {
  const doing = (mark: lists.Doing['mark'], ...of: string[]): lists.Doing => ({
    keys: of,
    mark,
    at: 5,
    revision: null,
  });

  test('is shown over what the core says, and nothing of it is left afterwards', () => {
    const before = list();
    const shown = lists.withDoings(before, [doing('read', 'k9')]);
    expect(shown.items.map((one) => one.readAt)).toEqual([5, null, null]);
    expect(lists.withDoings(before, [])).toBe(before);
  });

  test('takes away what is put away, and leaves what is brought back', () => {
    expect(keys(lists.withDoings(list(), [doing('archived', 'k9', 'k5')]).items)).toBe('7');
    const back = [doing('archived', 'k9'), doing('unarchived', 'k9')];
    expect(keys(lists.withDoings(list(), back).items)).toBe('9 7 5');
    const archived = list({ filter: { view: 'archived' } });
    expect(keys(lists.withDoings(archived, [doing('unarchived', 'k7')]).items)).toBe('9 5');
    const snooze = { snoozed: { at: 9, wall: null } };
    expect(keys(lists.withDoings(list(), [doing(snooze, 'k7')]).items)).toBe('9 5');
    expect(keys(lists.withDoings(list(), [doing(snooze, 'k7'), doing('unsnoozed', 'k7')]).items)).toBe(
      '9 7 5',
    );
    const snoozed = list({ filter: { view: 'snoozed' } });
    expect(keys(lists.withDoings(snoozed, [doing('unsnoozed', 'k7'), doing('archived', 'k5')]).items)).toBe(
      '9',
    );
    const flagged = list({ filter: { view: 'flagged' } });
    expect(keys(lists.withDoings(flagged, [doing('unflagged', 'k7'), doing('archived', 'k5')]).items)).toBe(
      '9 5',
    );
  });
});
