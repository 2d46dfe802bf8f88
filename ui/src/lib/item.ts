import type { Item, ItemKind, Priority } from '../host/protocol';
import { say, t, type PlainId } from '../words/words';
import { singleLine } from './text';

const KIND_NAMES: Record<ItemKind, PlainId> = {
  notification: 'ui-kind-notification',
  announcement: 'ui-kind-announcement',
  maintenance: 'ui-kind-maintenance',
  workflowRunning: 'ui-kind-workflow-running',
  workflowCompleted: 'ui-kind-workflow-completed',
  workflowFailed: 'ui-kind-workflow-failed',
  gap: 'ui-kind-gap',
  unreadable: 'ui-kind-unreadable',
};

/** Announced and shown only if it is not the default. */
export const PRIORITY_NAMES: Record<Priority, PlainId | null> = {
  low: null,
  normal: null,
  high: 'ui-priority-high',
  urgent: 'ui-priority-urgent',
};

/** The kind of the item in a word or two. */
export function kindName(kind: ItemKind): string {
  return t(KIND_NAMES[kind]);
}

/** An item without a readable title still needs a text to click on. */
export function itemTitle(item: Item): string {
  return singleLine(item.words === null ? item.title : say(item.words.title)) || kindName(item.kind);
}

/** The body; the app's own text if the server sent none. */
export function itemBody(item: Item): string {
  const words = item.words?.body ?? null;
  return words === null ? item.body : say(words);
}
