import { FluentResource } from '@fluent/bundle';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { sentenceOf, t, useWords, type MessageId } from '../../src/words/words';

// The catalogue as files: what is missing in it, or not said by anybody, is found here.

const LOCALES = join(import.meta.dirname, '../../../locales');
const SOURCES = join(import.meta.dirname, '../../src');

interface Entry {
  file: string;
  id: string;
  /** The names of its arguments. */
  args: string[];
}

function filesOf(language: string): { file: string; text: string }[] {
  return readdirSync(`${LOCALES}/${language}`)
    .filter((file) => file.endsWith('.ftl'))
    .sort()
    .map((file) => ({ file, text: readFileSync(`${LOCALES}/${language}/${file}`, 'utf8') }));
}

function entriesOf(language: string): Entry[] {
  return filesOf(language).flatMap(({ file, text }) =>
    new FluentResource(text).body
      .filter(({ id }) => !id.startsWith('-'))
      .map(({ id, value }) => ({ file, id, args: [...new Set(variables(value))].sort() })),
  );
}

/** The variables of a pattern, as the parser has it. */
function variables(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return [];
  if ('type' in node && node.type === 'var' && 'name' in node) return [String(node.name)];
  return Object.values(node).flatMap(variables);
}

/** The messages that core and page know, with their arguments: `Messages` in the generated TypeScript. */
function declared(): Map<string, string[]> {
  const path = join(SOURCES, 'host/messages.ts');
  const file = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest);
  const nameOf = ({ name }: ts.TypeElement): string =>
    name !== undefined && (ts.isStringLiteral(name) || ts.isIdentifier(name)) ? name.text : '';
  const members = file.statements
    .filter(ts.isInterfaceDeclaration)
    .filter(({ name }) => name.text === 'Messages')
    .flatMap((messages) => messages.members.filter(ts.isPropertySignature));
  return new Map(
    members.map((message) => [
      nameOf(message),
      message.type !== undefined && ts.isTypeLiteralNode(message.type)
        ? message.type.members.map(nameOf).sort()
        : [],
    ]),
  );
}

const english = entriesOf('en');

test('every entry can be read, and none stands twice', () => {
  for (const { file, text } of filesOf('en')) {
    const written = [...text.matchAll(/^([a-z][\w-]*) *=/gm)].map(([, id]) => id);
    expect(
      english.filter((entry) => entry.file === file).map((entry) => entry.id),
      file,
    ).toEqual(written);
  }
  const ids = english.map(({ id }) => id);
  expect(ids.filter((id, place) => ids.indexOf(id) !== place)).toEqual([]);
});

test('every message can be said with its arguments', () => {
  for (const { id, args } of english) {
    // The words of the tests throw at whatever is missing.
    const values = Object.fromEntries(args.map((name) => [name, 2]));
    expect((t as (id: string, args: object) => string)(id, values), id).not.toBe('');
  }
});

test('a message that is missing, or an argument, is an error', () => {
  expect(() => t('no-such-message' as MessageId as 'ui-title')).toThrow('no message is named');
  expect(() => (t as (id: string) => string)('ui-new-items')).toThrow('count');
});

test('every message that can come has its sentence, with its arguments', () => {
  // The help of the command lines and the texts of policies are no messages of the core.
  const sentences = english.filter(({ file }) => file !== 'help.ftl' && file !== 'policy.ftl');
  expect(new Map(sentences.map(({ id, args }) => [id, args]))).toEqual(declared());
});

test('every language has the messages of English, with their arguments', () => {
  for (const language of readdirSync(LOCALES)) {
    const other = new Map(entriesOf(language).map(({ id, args }) => [id, args]));
    for (const { id, args } of english) expect([id, other.get(id)], language).toEqual([id, args]);
    expect(other.size, language).toBe(english.length);
  }
});

test('every message of the window is said somewhere', () => {
  const source = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(ts|svelte)$/.test(file) && !file.endsWith('host/messages.ts'))
    .map((file) => readFileSync(`${SOURCES}/${file}`, 'utf8'))
    .join('\n');
  // An id with a name in it, as in `ui-sound-${sound}`. That each name has its message is checked by its type.
  const named = [...source.matchAll(/`(ui-[\w-]*)\$\{\w+\}([\w-]*)`/g)].map(
    ([, before, after]) => new RegExp(`^${before}[a-z]+${after}$`),
  );
  const said = (id: string): boolean => source.includes(`'${id}'`) || named.some((ids) => ids.test(id));
  const silent = english.filter(({ file, id }) => file === 'window.ftl' && !said(id));
  expect(silent.map(({ id }) => id)).toEqual([]);
});

test('a message of the core is said with the messages in it', () => {
  const refused = { id: 'alert-reason-refused', args: { message: 'no\u202E' } };
  expect(sentenceOf({ id: 'alert-failed', args: { reason: refused } })).toBe(
    'Notification not shown: the notification service refused it (no); it will be tried again',
  );
  expect(sentenceOf({ id: 'alert-reason-read', args: {} })).toBe('It was read');
  const at = new Date(2026, 10, 25, 14, 3).getTime();
  expect(sentenceOf({ id: 'tray-last-heard', args: { at: { time: at } } })).toBe('Last heard 14:03');
});

test('what is put into a sentence cannot turn it around', () => {
  const catalogue = filesOf('en').map(({ text }) => text);
  useWords('en-GB', catalogue);
  expect(t('ui-arrived-one', { title: 'a\u202Eb\u2069c' })).toBe('New: \u2068abc\u2069');
  expect(t('ui-inbox')).toBe('Inbox');
});
