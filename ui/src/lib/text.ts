import { INVISIBLE } from '../host/protocol';

// The core's table: text that may be in a notification may be shown here.
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
  return capital(plainText(text).trim());
}

/** Text of a language with a capital where it begins with a word: "https://…" and "n/a" keep their first letter. */
export function capital(text: string, locale = 'en'): string {
  return text.replace(
    /^(\u2068*)(\p{Ll})(?=[\p{L}'’-]*(?:[\s,;]|$))/u,
    (_, marks: string, letter: string) => marks + letter.toLocaleUpperCase(locale),
  );
}

/** The address as the browser's own parser reads it; null where it cannot. */
export function parseUrl(text: string): URL | null {
  // `URL.canParse` does not exist in the web view of macOS 13.
  try {
    return new URL(text);
  } catch {
    return null;
  }
}

/** The target of a link that may be offered: http or https. */
export function webLinkHost(link: string | null): string | null {
  const url = link === null ? null : parseUrl(link);
  if (url === null || url.host === '') return null;
  return url.protocol === 'https:' || url.protocol === 'http:' ? url.host : null;
}

/** Whether a link leaves the server's site; without a known server every link does. */
export function leavesServer(host: string, server: string | null): boolean {
  const own = server === null ? null : parseUrl(server);
  return own === null || parseUrl(`http://${host}`)?.hostname !== own.hostname;
}

// Text that people read as an address: with or without a scheme, with a name before an @, in any script.
const ADDRESS = new RegExp(
  [
    /(?:[a-z][a-z0-9+.-]*:\/\/)?(?:[^\s/@]*@)?/u,
    /((?:[\p{L}\p{N}_-]+[.。．])+\p{L}[\p{L}\p{N}-]*|localhost|\d+(?:\.\d+){3}|\[[0-9a-f:.]+\])/u,
    /(?![\p{L}\p{N}])(:\d+)?(\/?)/u,
  ]
    .map((part) => part.source)
    .join(''),
  'giu',
);
// File names contain a dot too.
const FILE =
  /\.(?:pdf|docx?|xlsx?|pptx?|odt|ods|csv|txt|log|json|xml|ya?ml|html?|md|zip|gz|png|jpe?g|gif|svg|mp[34])$/i;

/** The text of a button: its label, unless that looks like an address other than the link's. */
export function linkLabel(label: string, link: string): string {
  const host = webLinkHost(link) ?? '';
  const hostname = parseUrl(link)?.hostname ?? '';
  const words = singleLine(label);
  for (const [whole, named = '', , slash] of words.matchAll(ADDRESS)) {
    if (!whole.includes('://') && slash === '' && FILE.test(named)) continue;
    const other = parseUrl(`http://${named}`)?.hostname.replace(/^www\./, '');
    if (other !== hostname.replace(/^www\./, '')) return host;
  }
  return words === '' ? host : words;
}

/** Up to two capitals as initials. */
export function initials(name: string): string {
  const words = singleLine(name)
    .split(/[\s._-]+/)
    .filter((word) => /^[\p{L}\p{N}]/u.test(word));
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map(
    (word) => [...(word ?? '')][0] ?? '',
  );
  return letters.join('').toLocaleUpperCase();
}

/** One of four colours, always the same for the same name. */
export function hueOf(name: string): 1 | 2 | 3 | 4 {
  let sum = 0;
  for (const character of singleLine(name)) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 9973;
  return ([1, 2, 3, 4] as const)[sum % 4] ?? 1;
}

/** The start of a text, cut between characters. */
export function excerpt(text: string, length: number): string {
  const characters = [...singleLine(text)];
  return characters.length <= length
    ? characters.join('')
    : `${characters
        .slice(0, length - 1)
        .join('')
        .trimEnd()}…`;
}
