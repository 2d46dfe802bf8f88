// C0 and C1 controls other than tab and line feed, and the characters that reorder or hide the text around
// them: bidirectional overrides and isolates, zero-width marks of direction, line and paragraph separators.
// eslint-disable-next-line no-control-regex -- the controls are what is looked for
const UNPRINTABLE = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u200E\u200F\u2028-\u202E\u2066-\u2069\uFEFF]/g;

/** Text as it may be shown: no control characters, line breaks kept. */
export function plainText(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(UNPRINTABLE, '');
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
