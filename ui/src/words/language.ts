import { useWords, type WordsOptions } from './words';

/** Loads a file of a language. */
type Catalogues = Readonly<Record<string, () => Promise<string>>>;

/** The files of all languages, each loaded on demand. */
const CATALOGUES: Catalogues = import.meta.glob<string>('../../../locales/*/*.ftl', {
  query: '?raw',
  import: 'default',
});

/** The language for users of other languages. */
const USUAL = 'en';

/** Languages that are written from right to left. */
const RIGHT_TO_LEFT = /^(ar|ckb|dv|fa|he|ps|sd|ug|ur|yi)\b/i;

/** The languages of the catalogue. */
export function languages(catalogues: Catalogues = CATALOGUES): string[] {
  return [...new Set(Object.keys(catalogues).flatMap((path) => languageOf(path) ?? []))];
}

/** The first language that the reader wants and that there is, as a wider one where the very one is missing. */
export function chooseLanguage(wanted: readonly string[], available: readonly string[]): string {
  for (const tag of wanted) {
    const parts = tag.split('-');
    for (let length = parts.length; length > 0; length -= 1) {
      const wider = parts.slice(0, length).join('-').toLowerCase();
      const found = available.find((language) => language.toLowerCase() === wider);
      if (found !== undefined) return found;
    }
  }
  return USUAL;
}

/** The locale for numbers and times: the language of the texts, with the user's region. */
export function formatLocale(language: string, reader: string): string {
  const own = locale(reader);
  if (own === null) return language;
  if (own.language === new Intl.Locale(language).language) return reader;
  const region = own.maximize().region;
  const there = region === undefined ? language : `${language}-${region}`;
  // Where nothing is known of the language in that region, English is that of the world and not of one country.
  const known = new Intl.DateTimeFormat(there).resolvedOptions().locale === there;
  const base = known ? there : language === 'en' ? 'en-001' : language;
  const { hourCycle } = new Intl.DateTimeFormat(reader, { timeStyle: 'short' }).resolvedOptions();
  return hourCycle === undefined ? base : `${base}-u-hc-${hourCycle}`;
}

export function direction(language: string): 'ltr' | 'rtl' {
  return RIGHT_TO_LEFT.test(language) ? 'rtl' : 'ltr';
}

/** Loads the files of one language: each is complete, so no fallback is needed. */
export async function readLanguage(
  language: string,
  catalogues: Catalogues = CATALOGUES,
): Promise<readonly string[]> {
  const files = Object.entries(catalogues).filter(([path]) => languageOf(path) === language);
  return await Promise.all(files.map(([, read]) => read()));
}

/** Uses the user's language from now on. */
export async function speak(reader: readonly string[], options: WordsOptions = {}): Promise<void> {
  const language = chooseLanguage(reader, languages());
  useWords(formatLocale(language, reader[0] ?? language), await readLanguage(language), options);
  document.documentElement.lang = language;
  document.documentElement.dir = options.direction ?? direction(language);
}

function languageOf(path: string): string | undefined {
  return path.split('/').at(-2);
}

/** Null if the system's value is no language, such as "C". */
function locale(tag: string): Intl.Locale | null {
  try {
    return new Intl.Locale(tag);
  } catch {
    return null;
  }
}
