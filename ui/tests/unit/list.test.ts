import { describe, expect, test } from 'vitest';
import type { Item } from '../../src/host/protocol';
import { item } from '../../src/host/scenarios';
import * as lists from '../../src/state/list';

const at = (createdAt: number, change: Partial<Item> = {}): Item =>
  item({ key: `k${createdAt}`, createdAt, ...change });
const keys = (items: readonly Item[]): string => items.map((one) => one.key.slice(1)).join(' ');

function list(change: Partial<lists.InboxList> = {}): lists.InboxList {
  return { ...lists.emptyList('inbox'), items: [at(9), at(7), at(5)], ...change };
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
    const held = lists.storeItems(list(), [at(10), at(11), at(5, { title: 'changed' })], true);
    expect(keys(held.items)).toBe('9 7 5');
    expect(held.items[2]?.title).toBe('changed');
    expect(keys(held.waiting)).toBe('11 10');
    expect(keys(lists.showWaiting(held).items)).toBe('11 10 9 7 5');
  });

  test('change while they wait', () => {
    const held = lists.storeItems(list(), [at(10)], true);
    const again = lists.storeItems(held, [at(10, { title: 'changed' })], true);
    expect(again.waiting.map((one) => one.title)).toEqual(['changed']);
    expect(lists.storeItems(held, [at(10, { archivedAt: 1 })], true).waiting).toEqual([]);
  });

  test('of a page that was not read yet are left to it', () => {
    expect(keys(lists.storeItems(list({ next: 'k5' }), [at(2), at(6)], false).items)).toBe('9 7 6 5');
  });

  test('leave the inbox when archived, and come back', () => {
    const without = lists.storeItems(list(), [at(7, { archivedAt: 1 })], false);
    expect(keys(without.items)).toBe('9 5');
    expect(keys(lists.storeItems(without, [at(7)], false).items)).toBe('9 7 5');
  });

  test('stay under the eye when read in the unread list, and are not brought into it read', () => {
    const unread = list({ filter: 'unread' });
    expect(keys(lists.storeItems(unread, [at(7, { readAt: 1 })], false).items)).toBe('9 7 5');
    expect(keys(lists.storeItems(unread, [at(8, { readAt: 1 })], false).items)).toBe('9 7 5');
  });

  test('ten thousand at once are merged in order', () => {
    const many = Array.from({ length: 10_000 }, (_, index) => at(20_000 - index * 2 + 1));
    const into = list({ items: Array.from({ length: 10_000 }, (_, index) => at(20_000 - index * 2)) });
    const { items } = lists.storeItems(into, many, false);
    expect(items).toHaveLength(20_000);
    expect([...items].sort(lists.compareItems)).toEqual(items);
  });
});

test('removed items go from the list and from those that wait', () => {
  const held = lists.storeItems(list(), [at(10), at(11)], true);
  const left = lists.removeItems(held, ['k10', 'k7', 'unknown']);
  expect([keys(left.items), keys(left.waiting)]).toEqual(['9 5', '11']);
});

test('a page that overlaps with what came meanwhile is not shown twice', () => {
  const next = lists.appendPage(list({ next: 'k5', waiting: [at(12)] }), {
    items: [at(5), at(3), at(12)],
    next: null,
  });
  expect(keys(next.items)).toBe('9 7 5 3');
  expect(next.next).toBeNull();
});

describe('pages read again', () => {
  const page = { items: [at(12), at(11), at(9), at(8), at(5)], next: 'k5' };

  test('replace everything at the newest end', () => {
    expect(keys(lists.replaceItems(list(), page, false).items)).toBe('12 11 9 8 5');
  });

  test('hold back only what is newer than what was on show', () => {
    const again = lists.replaceItems(list(), page, true);
    expect([keys(again.items), keys(again.waiting)]).toEqual(['9 8 5', '12 11']);
  });

  test('give up what waits when nothing was on show', () => {
    const again = lists.replaceItems(lists.emptyList('inbox'), page, true);
    expect(keys(again.items)).toBe('12 11 9 8 5');
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

test('a server whose clock is ahead does not pin its items to the top', () => {
  const ahead = at(9_000, { sortAt: 1_000 });
  expect([ahead, at(2_000)].sort(lists.compareItems).map((one) => one.createdAt)).toEqual([2_000, 9_000]);
});
