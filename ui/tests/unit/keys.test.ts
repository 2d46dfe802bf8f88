import { expect, test } from 'vitest';
import { keyAction, keyHelp, withKey } from '../../src/lib/keys';
import { rememberedView, rememberView, TEXT_SIZES, textSizeAfter } from '../../src/lib/view';

const plain = { ctrlKey: false, altKey: false, metaKey: false };

function does(key: string, inList = true, singles = true): string | null {
  return keyAction({ ...plain, key }, inList, singles);
}

test('keys act where they do nothing else', () => {
  expect([does('j'), does('ArrowDown'), does('Escape'), does('h')]).toEqual([
    'next',
    'next',
    'close',
    'snooze',
  ]);
  expect([does('j', false), does('ArrowDown', false)]).toEqual(['next', null]);
  expect(does('Enter')).toBeNull();
  expect(keyAction({ ...plain, key: 'e', ctrlKey: true }, true, true)).toBeNull();
  expect(keyAction({ ...plain, key: 'j', altKey: true }, true, true)).toBeNull();
});

test('without single keys, no key that writes acts by itself', () => {
  for (const key of 'abcdefghijklmnopqrstuvwxyz/?') expect(does(key, true, false), key).toBeNull();
  expect([does('ArrowDown', true, false), does('Escape', true, false)]).toEqual(['next', 'close']);
  expect(keyAction({ ...plain, key: 'z', metaKey: true }, false, false)).toBe('undo');
});

test('tooltips and help name the keys that act, and no other', () => {
  const bare = (text: string): string => text.replace(/[\u2068\u2069]/g, '');
  expect(bare(withKey('Done', 'archive', true))).toBe('Done (E)');
  expect(withKey('Done', 'archive', false)).toBe('Done');
  expect(bare(withKey('Close', 'close', false))).toBe('Close (Esc)');
  const keys = (singles: boolean): string[] => keyHelp(singles).flatMap((row) => row.keys.map(bare));
  expect(keys(true)).toEqual(expect.arrayContaining(['J', '↓', 'Home', 'Esc', '/', 'Ctrl+Z']));
  expect(keys(false)).toEqual(['↓', '↑', 'Home', 'End', 'Enter', 'Ctrl+Z', 'Esc']);
});

test('what was chosen is remembered, and what is damaged is as if it were not there', () => {
  let text = '';
  rememberView({ setItem: (_, value) => (text = value) }, { textSize: 130, singleKeys: false });
  expect(rememberedView({ getItem: () => text })).toEqual({ textSize: 130, singleKeys: false });
  const usual = { textSize: 100, singleKeys: true };
  for (const damaged of ['', '[', '3', 'null', '{"textSize":9000,"singleKeys":"no"}'])
    expect(rememberedView({ getItem: () => damaged }), damaged).toEqual(usual);
});

test('sizes of text have ends', () => {
  expect(textSizeAfter(100, 1)).toBe(115);
  expect(textSizeAfter(100, -1)).toBe(90);
  expect(textSizeAfter(TEXT_SIZES[0] ?? 0, -1)).toBeNull();
  expect(textSizeAfter(TEXT_SIZES.at(-1) ?? 0, 1)).toBeNull();
});
