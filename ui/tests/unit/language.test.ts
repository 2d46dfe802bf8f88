import { expect, test } from 'vitest';
import { chooseLanguage, direction, formatLocale, languages, readLanguage } from '../../src/words/language';

test('the reader gets the first language that there is, as a wider one where needed', () => {
  expect(chooseLanguage(['pt-BR', 'en'], ['en', 'pt', 'pt-BR'])).toBe('pt-BR');
  expect(chooseLanguage(['pt-AO', 'en'], ['en', 'pt'])).toBe('pt');
  expect(chooseLanguage(['fr', 'DE-ch'], ['en', 'de'])).toBe('de');
  expect(chooseLanguage(['fr'], ['en', 'de'])).toBe('en');
  expect(chooseLanguage([], ['en'])).toBe('en');
});

test('the shipped languages are the folders of words', () => {
  expect(languages()).toContain('en');
});

test('the files of the active language are read, and no others', async () => {
  const read: string[] = [];
  const file = (name: string) => () => {
    read.push(name);
    return Promise.resolve(name);
  };
  const catalogues = {
    '../locales/en/a.ftl': file('en a'),
    '../locales/en/b.ftl': file('en b'),
    '../locales/de/a.ftl': file('de a'),
  };
  expect(languages(catalogues)).toEqual(['en', 'de']);
  expect(await readLanguage('de', catalogues)).toEqual(['de a']);
  expect(read).toEqual(['de a']);
});

test('numbers and times are the reader’s, in the language of the words', () => {
  const written = (reader: string): string => {
    const locale = formatLocale('en', reader);
    const day = new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeStyle: 'short' });
    return `${new Intl.NumberFormat(locale).format(12_345.6)} ${day.format(new Date(2026, 10, 25, 14, 30))}`;
  };
  expect(written('en-GB')).toBe('12,345.6 25 November 2026 at 14:30');
  expect(written('en-US')).toMatch(/^12,345\.6 November 25, 2026 at 2:30\sPM$/);
  expect(written('de-DE')).toBe('12.345,6 25 November 2026 at 14:30');
  // Nothing is known of English in Brazil but that the clock has 24 hours there.
  expect(written('pt-BR')).toContain('25 November 2026 at 14:30');
  expect(written('C')).toContain('2026');
});

test('a language runs from the side that it is written from', () => {
  expect(['en', 'de', 'ar', 'he-IL', 'fa'].map(direction)).toEqual(['ltr', 'ltr', 'rtl', 'rtl', 'rtl']);
});
