import type { Hit } from '../host/protocol';
import { plainText } from './text';

/** A part of a text that is a hit of a search, or is not. */
export interface Piece {
  text: string;
  hit: boolean;
}

/** Characters of a row's text in front of its first hit: enough to see what it is about. */
const LEAD = 40;

/** The text on one line, in pieces. Empty without hits: then the text is shown as ever. */
export function linePieces(text: string, hits: readonly Hit[]): Piece[] {
  return cut(text, hits, (part) => plainText(part).replace(/\s+/g, ' '));
}

/** The text with its line breaks, in pieces. */
export function textPieces(text: string, hits: readonly Hit[]): Piece[] {
  return cut(text, hits, plainText);
}

/** The part of a text around its first hit, on one line. */
export function excerptPieces(text: string, hits: readonly Hit[], length: number): Piece[] {
  const pieces = linePieces(text, hits);
  const [lead, ...rest] = pieces;
  if (lead === undefined || lead.hit || lead.text.length <= 2 * LEAD) return limited(pieces, length);
  const space = lead.text.indexOf(' ', lead.text.length - LEAD);
  const start = space < 0 ? lead.text.length : space + 1;
  return limited([{ text: `…${lead.text.slice(start)}`, hit: false }, ...rest], length);
}

function limited(pieces: readonly Piece[], length: number): Piece[] {
  const kept: Piece[] = [];
  let left = length;
  for (const piece of pieces) {
    if (left <= 0) break;
    const letters = [...piece.text];
    const text =
      letters.length <= left
        ? piece.text
        : `${letters
            .slice(0, left - 1)
            .join('')
            .trimEnd()}…`;
    kept.push({ ...piece, text });
    left -= letters.length;
  }
  return kept;
}

// White space is never part of a hit, so that it can be shortened in each piece by itself.
function cut(text: string, hits: readonly Hit[], clean: (part: string) => string): Piece[] {
  if (hits.length === 0) return [];
  const pieces: Piece[] = [];
  let place = 0;
  for (const { start, end } of hits) {
    pieces.push({ text: clean(text.slice(place, start)), hit: false });
    pieces.push({ text: clean(text.slice(start, end)), hit: true });
    place = end;
  }
  pieces.push({ text: clean(text.slice(place)), hit: false });
  const first = pieces[0];
  const last = pieces.at(-1);
  if (first !== undefined) first.text = first.text.trimStart();
  if (last !== undefined) last.text = last.text.trimEnd();
  return pieces.filter((piece) => piece.text !== '');
}
