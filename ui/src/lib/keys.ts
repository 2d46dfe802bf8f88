import type { PlainId } from '../words/words';

export type KeyAction =
  | 'next'
  | 'previous'
  | 'first'
  | 'last'
  | 'archive'
  | 'toggleRead'
  | 'follow'
  | 'flag'
  | 'snooze'
  | 'undo'
  | 'search'
  | 'connection'
  | 'help'
  | 'close';

/** A key in the key help: its label, or the message that names it. */
export type KeyName = { sign: string } | { name: PlainId };

/** The rows of the key help. */
export const KEY_HELP: readonly { keys: readonly KeyName[]; does: PlainId }[] = [
  { keys: [{ sign: 'J' }, { sign: '↓' }], does: 'ui-keys-next' },
  { keys: [{ sign: 'K' }, { sign: '↑' }], does: 'ui-keys-previous' },
  { keys: [{ name: 'ui-key-home' }], does: 'ui-keys-first' },
  { keys: [{ name: 'ui-key-end' }], does: 'ui-keys-last' },
  { keys: [{ name: 'ui-key-enter' }], does: 'ui-keys-open' },
  { keys: [{ sign: 'O' }], does: 'ui-keys-follow' },
  { keys: [{ sign: 'E' }], does: 'ui-keys-archive' },
  { keys: [{ sign: 'U' }], does: 'ui-keys-toggle-read' },
  { keys: [{ sign: 'F' }], does: 'ui-keys-flag' },
  { keys: [{ sign: 'H' }], does: 'ui-keys-snooze' },
  { keys: [{ sign: 'Z' }], does: 'ui-keys-undo' },
  { keys: [{ sign: '/' }], does: 'ui-keys-search' },
  { keys: [{ sign: 'C' }], does: 'ui-keys-connection' },
  { keys: [{ name: 'ui-key-escape' }], does: 'ui-keys-close' },
  { keys: [{ sign: '?' }], does: 'ui-keys-help' },
];

type Key = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'altKey' | 'metaKey'>;

/** The action of a key in the inbox. Keys that also scroll or move a caret act only in the list. */
export function keyAction(event: Key, inList: boolean): KeyAction | null {
  if (event.ctrlKey || event.altKey || event.metaKey) return null;
  switch (event.key) {
    case 'j':
      return 'next';
    case 'k':
      return 'previous';
    case 'ArrowDown':
      return inList ? 'next' : null;
    case 'ArrowUp':
      return inList ? 'previous' : null;
    case 'Home':
      return inList ? 'first' : null;
    case 'End':
      return inList ? 'last' : null;
    case 'e':
      return 'archive';
    case 'u':
      return 'toggleRead';
    case 'f':
      return 'flag';
    case 'h':
      return 'snooze';
    case 'o':
      return 'follow';
    case 'z':
      return 'undo';
    case '/':
      return 'search';
    case 'c':
      return 'connection';
    case '?':
      return 'help';
    case 'Escape':
      return 'close';
    default:
      return null;
  }
}
