import type { Hit, InboxFilter, InboxPage, InboxQuery, Item, ItemHits } from './protocol';
import type { Scenario } from './scenarios/scenario';

/** The core's limit for a page. */
const PAGE_LIMIT = 500;

/** Letters that are folded as the core folds them, beyond what Unicode decomposes. */
const LETTERS: Record<string, string> = {
  ł: 'l',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  þ: 'th',
};

interface Letter {
  folded: string;
  start: number;
  end: number;
}

/** Words of a text with the places of their letters: enough of the core's search for tests and pictures. */
function words(text: string): Letter[][] {
  const words: Letter[][] = [];
  let word: Letter[] = [];
  let start = 0;
  for (const character of text) {
    const end = start + character.length;
    const plain = character.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
    const folded = [...plain].map((letter) => LETTERS[letter] ?? letter).join('');
    const unspaced = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u.test(folded);
    if (unspaced || !/[\p{L}\p{N}]/u.test(folded)) {
      if (word.length > 0) words.push(word);
      word = [];
    }
    if (unspaced) words.push([{ folded, start, end }]);
    else if (/[\p{L}\p{N}]/u.test(folded))
      word.push(...[...folded].map((letter) => ({ folded: letter, start, end })));
    start = end;
  }
  return word.length > 0 ? [...words, word] : words;
}

function spelled(word: readonly Letter[]): string {
  return word.map(({ folded }) => folded).join('');
}

function found(text: string, term: readonly string[]): Hit[] {
  const all = words(text);
  return all.flatMap((first, place) => {
    const matches = term.every((word, index) => {
      const here = spelled(all[place + index] ?? []);
      return index === term.length - 1 ? here.startsWith(word) : here === word;
    });
    const last = all[place + term.length - 1]?.[(term.at(-1)?.length ?? 0) - 1];
    const [letter] = first;
    return matches && letter !== undefined && last !== undefined
      ? [{ start: letter.start, end: last.end }]
      : [];
  });
}

/** Where the item has the words of the filter; null if it lacks one of them. Knows only words and `is:unread`. */
export function find(item: Item, { text }: InboxFilter): ItemHits | null {
  const hits: ItemHits = { key: item.key, title: [], body: [], actor: [], category: [] };
  for (const piece of (text ?? '').split(/\s+/)) {
    if (piece === 'is:unread') {
      if (item.readAt !== null) return null;
      continue;
    }
    const term = words(piece).map(spelled);
    if (term.length === 0) continue;
    const title = found(item.title, term);
    const body = found(item.body, term);
    const actor = found(item.actor ?? '', term);
    const category = found(item.category ?? '', term);
    if (title.length + body.length + actor.length + category.length === 0) return null;
    hits.title.push(...title);
    hits.body.push(...body);
    hits.actor.push(...actor);
    hits.category.push(...category);
  }
  const inOrder = (some: Hit[]): Hit[] => some.sort((one, other) => one.start - other.start);
  return {
    ...hits,
    title: inOrder(hits.title),
    body: inOrder(hits.body),
    actor: inOrder(hits.actor),
    category: inOrder(hits.category),
  };
}

/** A page of these items, as the core answers for it. */
export function page(
  items: readonly Item[],
  { filter, after, limit }: InboxQuery,
  { searchable }: Scenario,
): InboxPage {
  const all = items
    .filter((item) => filter.everywhere === true || item.views.includes(filter.view))
    .filter((item) => find(item, filter) !== null && (after === null || item.sort < after))
    .sort((a, b) => (a.sort < b.sort ? 1 : -1));
  const shown = all.slice(0, Math.min(limit, PAGE_LIMIT));
  return {
    items: shown,
    next: shown.length < all.length ? (shown.at(-1)?.sort ?? null) : null,
    hits: filter.text === undefined ? [] : shown.flatMap((item) => find(item, filter) ?? []),
    complete: searchable ?? true,
  };
}
