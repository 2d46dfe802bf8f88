import { t, type PlainId } from '../words/words';

export type KeyAction =
  | 'next'
  | 'previous'
  | 'first'
  | 'last'
  | 'archive'
  | 'toggleRead'
  | 'flag'
  | 'snooze'
  | 'follow'
  | 'undo'
  | 'search'
  | 'connection'
  | 'help'
  | 'close';

/** The keys of an action. The handler, the tooltips and the key help read them here. */
interface KeyBinding {
  /** Null if the focused row itself does it. */
  action: KeyAction | null;
  does: PlainId;
  /** A key that also writes. The user can turn these off: who speaks to the computer would press them unwillingly. */
  single?: string;
  /** With Ctrl, or Cmd. */
  control?: string;
  /** A key that scrolls or moves a caret elsewhere, so that it acts in the list only. */
  inList?: string;
  anywhere?: string;
}

const KEYS: readonly KeyBinding[] = [
  { action: 'next', does: 'ui-keys-next', single: 'j', inList: 'ArrowDown' },
  { action: 'previous', does: 'ui-keys-previous', single: 'k', inList: 'ArrowUp' },
  { action: 'first', does: 'ui-keys-first', inList: 'Home' },
  { action: 'last', does: 'ui-keys-last', inList: 'End' },
  { action: null, does: 'ui-keys-open', inList: 'Enter' },
  { action: 'follow', does: 'ui-keys-follow', single: 'o' },
  { action: 'archive', does: 'ui-keys-archive', single: 'e' },
  { action: 'toggleRead', does: 'ui-keys-toggle-read', single: 'u' },
  { action: 'flag', does: 'ui-keys-flag', single: 'f' },
  { action: 'snooze', does: 'ui-keys-snooze', single: 'h' },
  { action: 'undo', does: 'ui-keys-undo', single: 'z', control: 'z' },
  { action: 'search', does: 'ui-keys-search', single: '/' },
  { action: 'connection', does: 'ui-keys-connection', single: 'c' },
  { action: 'close', does: 'ui-keys-close', anywhere: 'Escape' },
  { action: 'help', does: 'ui-keys-help', single: '?' },
];

const NAMES: Readonly<Record<string, PlainId>> = {
  Home: 'ui-key-home',
  End: 'ui-key-end',
  Enter: 'ui-key-enter',
  Escape: 'ui-key-escape',
};
const SIGNS: Readonly<Record<string, string>> = { ArrowDown: '↓', ArrowUp: '↑' };

type Key = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'altKey' | 'metaKey'>;

/** The action of a key in the inbox, with or without the single keys. */
export function keyAction(event: Key, inList: boolean, singles: boolean): KeyAction | null {
  if (event.altKey) return null;
  const control = event.ctrlKey || event.metaKey;
  const binding = KEYS.find((each) => {
    if (control) return each.control === event.key;
    if (singles && each.single === event.key) return true;
    return each.anywhere === event.key || (inList && each.inList === event.key);
  });
  return binding?.action ?? null;
}

function nameOf(key: string): string {
  const name = NAMES[key];
  return name === undefined ? (SIGNS[key] ?? key.toUpperCase()) : t(name);
}

function namesOf({ single, control, inList, anywhere }: KeyBinding, singles: boolean): string[] {
  const names = singles && single !== undefined ? [nameOf(single)] : [];
  for (const key of [inList, anywhere]) if (key !== undefined) names.push(nameOf(key));
  if (control !== undefined) names.push(t('ui-key-control', { key: nameOf(control) }));
  return names;
}

/** The rows of the key help: what there are keys for. */
export function keyHelp(singles: boolean): { does: PlainId; keys: string[] }[] {
  return KEYS.map((binding) => ({ does: binding.does, keys: namesOf(binding, singles) })).filter(
    ({ keys }) => keys.length > 0,
  );
}

/** What a button does, and the key that does it too. */
export function withKey(label: string, action: KeyAction, singles: boolean): string {
  const binding = KEYS.find((each) => each.action === action);
  const [key] = binding === undefined ? [] : namesOf(binding, singles);
  return key === undefined ? label : t('ui-with-key', { label, key });
}
