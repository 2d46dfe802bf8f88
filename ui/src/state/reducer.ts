import type { Item, Revised, Snapshot, Update } from '../host/protocol';

/**
 * The state after an update. `'gap'` when updates between are missing: what is on screen can no longer be
 * trusted, and the reader attaches again. An update that the snapshot already shows changes nothing.
 */
export function reduce(snapshot: Snapshot, { revision, update }: Revised): Snapshot | 'gap' {
  // It has no revision of its own: it is sent even if every update was dropped.
  if (update.kind === 'missed') return 'gap';
  if (revision <= snapshot.revision) return snapshot;
  if (revision > snapshot.revision + 1) return 'gap';
  switch (update.kind) {
    case 'connection':
      return { ...snapshot, revision, connection: update.value };
    case 'counts':
      return { ...snapshot, revision, counts: update.value };
    case 'account':
      return { ...snapshot, revision, account: update.value };
    case 'signIn':
      return { ...snapshot, revision, signIn: update.value };
    case 'preferences':
      return { ...snapshot, revision, preferences: update.value };
    case 'notices':
      return { ...snapshot, revision, notices: update.value };
    case 'release':
      return { ...snapshot, revision, release: update.value };
    case 'itemRequested':
      return { ...snapshot, revision, requestedItem: update.value };
    case 'viewRequested':
      return { ...snapshot, revision, requestedView: update.value };
    case 'inView':
      return { ...snapshot, revision, inView: update.value };
    case 'itemsStored':
    case 'itemsRemoved':
    case 'inboxChanged':
    case 'metrics':
      return { ...snapshot, revision };
  }
}

/** Merges neighbouring updates that store items, so that a flood is one pass over the list. */
export function join(updates: readonly Update[]): Update[] {
  const joined: Update[] = [];
  let items: Item[] | null = null;
  for (const update of updates) {
    if (update.kind !== 'itemsStored') {
      items = null;
      joined.push(update);
    } else if (items !== null) {
      items.push(...update.value);
    } else {
      items = [...update.value];
      joined.push({ kind: 'itemsStored', value: items });
    }
  }
  return joined;
}
