import type { InboxView, Item, ItemAlert } from '../protocol';
import { MINUTE } from './times';
import { says } from './says';

/** An alert that the notification service answered. */
export function shown(words: string): ItemAlert {
  return { state: 'shown', reason: { why: 'news', sound: { played: 'chime' } }, words: says(words) };
}

/** A notification with the given fields, and defaults for the rest. */
export function item(fields: Partial<Item> & Pick<Item, 'key' | 'createdAt'>): Item {
  return placed({
    kind: 'notification',
    title: 'Notification',
    body: '',
    words: null,
    category: null,
    priority: 'normal',
    actor: null,
    link: null,
    actions: [],
    progress: null,
    receivedAt: fields.createdAt,
    sort: '',
    pinned: false,
    views: [],
    seenAt: null,
    readAt: null,
    archivedAt: null,
    flaggedAt: null,
    snoozedUntil: null,
    ackRequired: false,
    acknowledgedAt: null,
    expiresAt: null,
    groupKey: null,
    version: null,
    alert: shown('Notification shown; with sound'),
    pending: false,
    refused: null,
    ...fields,
  });
}

/** The item with its position and views, as the core computes them. */
export function placed(item: Item): Item {
  const archived = item.archivedAt !== null;
  const snoozed = item.snoozedUntil !== null && !archived;
  const unread = item.readAt === null && !archived;
  const waits = item.ackRequired && item.acknowledgedAt === null && !archived;
  const pinned = (unread && item.priority === 'urgent') || waits;
  const views: InboxView[] = archived
    ? ['archived']
    : snoozed
      ? ['snoozed']
      : unread
        ? ['inbox', 'unread']
        : ['inbox'];
  return {
    ...item,
    pinned,
    sort: `${pinned ? 1 : 0}${String(item.createdAt).padStart(16, '0')} ${item.key.padStart(20, '0')}`,
    views: item.flaggedAt === null ? views : [...views, 'flagged'],
  };
}

export function seen(minutesLater: number, fields: Parameters<typeof item>[0]): Item {
  const at = fields.createdAt + minutesLater * MINUTE;
  return item({ seenAt: at, readAt: at, ...fields });
}
