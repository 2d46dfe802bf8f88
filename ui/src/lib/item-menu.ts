import type { Item } from '../host/protocol';
import type { Inbox } from '../state/inbox.svelte';
import { t } from '../words/words';
import type { EpochMillis } from './epoch';
import type { MenuItem } from './menu';
import { returnTime, snoozeChoices } from './snooze';

/** The times until which an item can be snoozed, each with when that is. */
export function snoozeItems(
  item: Item,
  now: EpochMillis,
  choose: (act: (inbox: Inbox) => unknown) => void,
): MenuItem[] {
  const times: MenuItem[] = snoozeChoices(now).map(({ until, label, at }) => ({
    label: t(label),
    hint: returnTime(at, now),
    onchoose: () => choose((inbox) => inbox.snooze(item, until)),
  }));
  if (item.snoozedUntil === null) return times;
  const end = {
    label: t('ui-snooze-end'),
    onchoose: () => choose((inbox) => inbox.mark([item], 'unsnoozed')),
  };
  return [...times, end];
}

/** Everything that can be done with an item of the list. */
export function itemItems(
  item: Item,
  does: { read: () => void; flag: () => void; snooze: () => void; archive: () => void },
): MenuItem[] {
  const unread = item.readAt === null;
  const archived = item.archivedAt !== null;
  return [
    {
      label: t(unread ? 'ui-mark-read' : 'ui-mark-unread'),
      icon: unread ? 'read' : 'unread',
      onchoose: does.read,
    },
    { label: t('ui-snooze'), icon: 'snooze', onchoose: does.snooze },
    { label: t(item.flaggedAt === null ? 'ui-flag' : 'ui-unflag'), icon: 'flag', onchoose: does.flag },
    {
      label: t(archived ? 'ui-move-to-inbox' : 'ui-archive'),
      icon: archived ? 'inbox' : 'archive',
      onchoose: does.archive,
    },
  ];
}
