import type { WordsOptions } from './words';

/** English as no one speaks it, by `?words=`: what is not from the catalogue stays as it is and stands out. */
const PSEUDO: Record<string, WordsOptions | undefined> = {
  // Every word is turned around, as in a language that is written from right to left.
  rtl: {
    direction: 'rtl',
    transform: (text) => text.replace(/[^\s\u2068\u2069]+/g, (word) => `\u202E${word}\u202C`),
  },
  // Two fifths longer, as short labels are in languages that need more room.
  long: {
    transform: (text) =>
      text.replace(/\p{L}{2,}/gu, (word) => word + word.slice(-Math.ceil(word.length * 0.4))),
  },
  // Every letter of English has an accent, so that a test finds what has none.
  accented: {
    transform: (text) => text.replace(/[A-Za-z]/g, (letter) => `${letter}\u0301`),
  },
};

export function pseudo(parameters: URLSearchParams): WordsOptions {
  return PSEUDO[parameters.get('words') ?? ''] ?? {};
}
