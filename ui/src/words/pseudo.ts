import type { WordsOptions } from './words';

/** Pseudo-languages, by `?words=`: text that is not from the catalogue stays as it is and stands out. */
const PSEUDO: Record<string, WordsOptions | undefined> = {
  // Every word is reversed, as in a language that is written from right to left.
  rtl: {
    direction: 'rtl',
    transform: (text) => text.replace(/[^\s\u2068\u2069]+/g, (word) => `\u202E${word}\u202C`),
  },
  // Two fifths longer, because short labels in some languages need that much more room.
  long: {
    transform: (text) =>
      text.replace(/\p{L}{2,}/gu, (word) => word + word.slice(-Math.ceil(word.length * 0.4))),
  },
  // Every letter is accented, so that a test finds text without accents.
  accented: {
    transform: (text) => text.replace(/[A-Za-z]/g, (letter) => `${letter}\u0301`),
  },
};

export function pseudo(parameters: URLSearchParams): WordsOptions {
  return PSEUDO[parameters.get('words') ?? ''] ?? {};
}
