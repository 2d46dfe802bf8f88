import type { Item } from '../host/protocol';
import { t } from '../words/words';
import { itemTitle } from './item';
import { excerpt } from './text';

/** Enough characters of a title to recognise it. */
const TITLE_LENGTH = 80;

/** The announcement for the live region about items that arrived since the last one, oldest first. */
export function announcement(items: readonly Item[]): string {
  const newest = items.at(-1);
  if (newest === undefined) return '';
  const title = excerpt(itemTitle(newest), TITLE_LENGTH);
  return items.length === 1
    ? t('ui-arrived-one', { title })
    : t('ui-arrived', { count: items.length, title });
}
