import { INVISIBLE } from '../host/protocol';

// The core's own table: what it lets through to a toast is what is shown here.
const INVISIBLE_CHARACTERS = new RegExp(
  `[${INVISIBLE.map(([first, last]) => `\\u{${first.toString(16)}}-\\u{${last.toString(16)}}`).join('')}]`,
  'gu',
);

/** Text as it may be shown: no control characters, line breaks kept. */
export function plainText(text: string): string {
  return text.replace(/\r\n?|[\u2028\u2029]/g, '\n').replace(INVISIBLE_CHARACTERS, '');
}

/** Text on one line. */
export function singleLine(text: string): string {
  return plainText(text).replace(/\s+/g, ' ').trim();
}

/** The core's words as a sentence of their own: it writes them so that they can follow a colon. */
export function sentence(text: string): string {
  // Only words: "https://…" and "n/a" keep their first letter.
  return plainText(text)
    .trim()
    .replace(/^\p{Ll}[\p{L}'’-]*(?=[\s,;]|$)/u, (word) => word.charAt(0).toLocaleUpperCase() + word.slice(1));
}

/** The address as the browser's own parser reads it; null where it cannot. */
export function parseUrl(text: string): URL | null {
  // `URL.canParse` is younger than the web view of macOS 13.
  try {
    return new URL(text);
  } catch {
    return null;
  }
}

/** Where a link goes, if it is one that may be offered: http or https. */
export function webLinkHost(link: string | null): string | null {
  const url = link === null ? null : parseUrl(link);
  if (url === null || url.host === '') return null;
  return url.protocol === 'https:' || url.protocol === 'http:' ? url.host : null;
}

/** Up to two capitals that stand for a name. */
export function initials(name: string): string {
  const words = singleLine(name)
    .split(/[\s._-]+/)
    .filter((word) => /^[\p{L}\p{N}]/u.test(word));
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map(
    (word) => [...(word ?? '')][0] ?? '',
  );
  return letters.join('').toLocaleUpperCase();
}

/** The first words of a text, cut at a whole character. */
export function excerpt(text: string, length: number): string {
  const characters = [...singleLine(text)];
  return characters.length <= length
    ? characters.join('')
    : `${characters
        .slice(0, length - 1)
        .join('')
        .trimEnd()}…`;
}
