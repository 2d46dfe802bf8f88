import type { Item, ItemKind, Priority } from '../host/protocol';
import { singleLine } from './text';

export const KIND_NAMES: Record<ItemKind, string> = {
  notification: 'Notification',
  announcement: 'Announcement',
  maintenance: 'Maintenance',
  workflowRunning: 'Workflow running',
  workflowCompleted: 'Workflow completed',
  workflowFailed: 'Workflow failed',
  gap: 'Missing',
  unreadable: 'Not readable',
};

/** Said aloud and in words only where it differs from the usual. */
export const PRIORITY_NAMES: Record<Priority, string | null> = {
  low: null,
  normal: null,
  high: 'High',
  urgent: 'Urgent',
};

/** An item without a readable title still needs something to click on. */
export function itemTitle(item: Item): string {
  return singleLine(item.title) || KIND_NAMES[item.kind];
}
