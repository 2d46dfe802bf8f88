import type { LockedBy } from '../host/protocol';
import { t, type PlainId } from '../words/words';

const LOCKS: Record<LockedBy, PlainId> = {
  administrator: 'ui-locked-administrator',
  environment: 'ui-locked-environment',
};

/** Why the user cannot change it. */
export function lockWords(lock: LockedBy): string {
  return t(LOCKS[lock]);
}
