export type KeyAction =
  | 'next'
  | 'previous'
  | 'first'
  | 'last'
  | 'archive'
  | 'toggleRead'
  | 'follow'
  | 'undo'
  | 'connection'
  | 'help'
  | 'close';

/** What the key help shows. */
export const KEY_HELP: readonly { keys: readonly string[]; does: string }[] = [
  { keys: ['J', '↓'], does: 'Next notification' },
  { keys: ['K', '↑'], does: 'Previous notification' },
  { keys: ['Home'], does: 'Newest' },
  { keys: ['End'], does: 'Oldest' },
  { keys: ['Enter'], does: 'Open and mark read' },
  { keys: ['O'], does: 'Open its link in the browser' },
  { keys: ['E'], does: 'Archive, or move back to the inbox' },
  { keys: ['U'], does: 'Mark read or unread' },
  { keys: ['Z'], does: 'Undo' },
  { keys: ['C'], does: 'Connection' },
  { keys: ['Esc'], does: 'Close' },
  { keys: ['?'], does: 'These keys' },
];

type Key = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'altKey' | 'metaKey'>;

/** What a key does in the inbox. Keys that also scroll or move a caret act only where the list has them. */
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
    case 'o':
      return 'follow';
    case 'z':
      return 'undo';
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
