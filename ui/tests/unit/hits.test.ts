import { expect, test } from 'vitest';
import { find } from '../../src/host/finding';
import { item } from '../../src/host/scenarios/item';
import { excerptPieces, linePieces, textPieces, type Piece } from '../../src/lib/hits';

const shown = (pieces: readonly Piece[]): string =>
  pieces.map(({ text, hit }) => (hit ? `[${text}]` : text)).join('');

test('a text is shown in pieces, with the same white space as without hits', () => {
  expect(shown(linePieces('  a  disk\n is full ', [{ start: 5, end: 9 }]))).toBe('a [disk] is full');
  expect(shown(textPieces('one\r\ntwo\u202e three', [{ start: 5, end: 8 }]))).toBe('one\n[two] three');
  expect(
    shown(
      linePieces('ab', [
        { start: 0, end: 1 },
        { start: 1, end: 2 },
      ]),
    ),
  ).toBe('[a][b]');
  expect(linePieces('ab', [])).toEqual([]);
});

test('an excerpt begins near the first hit and ends in time', () => {
  const text = `${'word '.repeat(60)}disk ${'more '.repeat(60)}`;
  const pieces = excerptPieces(text, [{ start: 300, end: 304 }], 100);
  expect(shown(pieces)).toMatch(/^…(word ){7,8}\[disk\] (more )+m(?:o(?:re?)?)?…$/);
  expect(pieces.map((piece) => piece.text).join('').length).toBeLessThanOrEqual(101);
  expect(shown(excerptPieces('a disk', [{ start: 2, end: 6 }], 100))).toBe('a [disk]');
});

test('the fake core finds as the core does', () => {
  const one = item({ key: 'k', createdAt: 1, title: 'Zakłady Łódź', body: 'Lange Straße 7, 東京タワー' });
  expect(find(one, { view: 'inbox', text: 'lodz stras' })).toEqual({
    key: 'k',
    title: [{ start: 8, end: 12 }],
    body: [{ start: 6, end: 11 }],
    actor: [],
    category: [],
  });
  expect(find(one, { view: 'inbox', text: '東京' })?.body).toEqual([{ start: 16, end: 18 }]);
  expect(find(one, { view: 'inbox', text: 'lodz disk' })).toBeNull();
  expect(find(one, { view: 'inbox' })?.title).toEqual([]);
});
