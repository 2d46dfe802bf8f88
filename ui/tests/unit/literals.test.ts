import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'svelte/compiler';
import ts from 'typescript';
import { expect, test } from 'vitest';

// What people read is in the catalogue, and nowhere in the code.

const SOURCES = join(import.meta.dirname, '../../src');

/** Not shipped, or not written by hand. */
const PASSED_OVER = /^host\/(fake|messages|protocol|scenarios)|^words\/pseudo\.ts$/;

/** Sentences in code that nobody reads. */
const ALLOWED: Record<string, string> = {
  'components/ProxyPreference.svelte: proxy.example.com:8080': 'an address is the same in every language',
  'words/words.ts: no message is named ': 'an error that tests alone see',
};

/** What attributes say to people. Others name classes, elements and kinds. */
const SPOKEN = /^(aria-label|aria-valuetext|aria-description|title|placeholder|alt|label|text|note|hint)$/;
/** Texts for the style sheet and the document. */
const NAMES =
  /^(class|style|d|points|viewBox|transform|role|id|for|name|type|autocomplete|inputmode|rel|href)$/;

const LETTERS = /\p{L}{2,}/u;
const SENTENCE = /\p{L}{2,}[^\p{L}\n]*\s[^\p{L}\n]*\p{L}{2,}/u;
/** A word that begins as a label does; one that begins small is a name in the code. */
const LABEL = /^\P{L}*\p{Lu}\p{Ll}+\P{L}*$/u;
/** A word beside a value, as in "5 min". */
const BESIDE = /\s\p{L}{2,}(\s|$)|^\p{L}{2,}\s/u;
/** What the browser calls keys of the keyboard. */
const KEY = /^(ArrowDown|ArrowUp|ArrowLeft|ArrowRight|Home|End|Enter|Escape|Tab)$/;
/** Selectors and media queries have words, too. */
const SELECTOR = /^[(.#[]|^[a-z]+(, [a-z]+)+$|^(min|max|prefers)-|: [\w-]+\)?$|\[data-/;

interface Node {
  type: string;
  [field: string]: unknown;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

/** Sentences of a TypeScript file. */
function inScript(source: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) return;
    if (ts.isStringLiteralLike(node) && isSaid(node.text)) found.push(node.text);
    if (ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)) {
      if (isSaid(node.text) || BESIDE.test(node.text)) found.push(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('source.ts', source, ts.ScriptTarget.Latest, true));
  return found;
}

function isSaid(text: string): boolean {
  return (SENTENCE.test(text) && !SELECTOR.test(text)) || (LABEL.test(text) && !KEY.test(text));
}

/** Words of a component: of its markup any at all, of its script sentences. */
function inComponent(source: string): string[] {
  const found: string[] = [];
  const words = (text: string): void => {
    if (LETTERS.test(text)) found.push(text.trim());
  };
  const visit = (node: unknown, attribute: string | null): void => {
    if (Array.isArray(node)) {
      for (const each of node) visit(each, attribute);
      return;
    }
    if (typeof node !== 'object' || node === null) return;
    if (!isNode(node)) {
      for (const child of Object.values(node)) visit(child, attribute);
      return;
    }
    switch (node.type) {
      case 'Text':
        if (attribute === null || SPOKEN.test(attribute)) words(String(node.data));
        return;
      case 'Attribute':
        visit(node.value, String(node.name));
        return;
      case 'StyleDirective':
        visit(node.value, 'style');
        return;
      case 'Literal':
        if (typeof node.value === 'string') inExpression(node.value, attribute);
        return;
      case 'TemplateElement':
        inExpression((node.value as { raw: string }).raw, attribute, true);
        return;
      case 'Comment':
      case 'ImportDeclaration':
        return;
      default:
        for (const [field, child] of Object.entries(node)) {
          if (field !== 'metadata' && field !== 'css') visit(child, attribute);
        }
    }
  };
  const inExpression = (text: string, attribute: string | null, beside = false): void => {
    if (attribute !== null && NAMES.test(attribute)) return;
    if (isSaid(text) || (beside && BESIDE.test(text))) found.push(text);
  };
  const { fragment, instance, module } = parse(source, { modern: true });
  for (const part of [fragment, instance, module]) visit(part, null);
  return found;
}

function wordsOf(file: string): string[] {
  const source = readFileSync(join(SOURCES, file), 'utf8');
  return file.endsWith('.svelte') ? inComponent(source) : inScript(source);
}

test('no sentence stands in the code', () => {
  const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter(
    (file) => /\.(ts|svelte)$/.test(file) && !PASSED_OVER.test(file),
  );
  expect(files.length).toBeGreaterThan(50);
  const found = files.flatMap((file) => wordsOf(file).map((text) => `${file}: ${text}`));
  expect(found.filter((each) => !(each in ALLOWED))).toEqual([]);
  expect(Object.keys(ALLOWED).filter((each) => !found.includes(each))).toEqual([]);
});

test('sentences are found wherever they stand', () => {
  expect(inScript("const a = 'Two words'; const b = `A ${a} or two more`;")).toEqual([
    'Two words',
    ' or two more',
  ]);
  expect(inScript("const a = 'button plain'; // Two words")).toEqual(['button plain']);
  expect(inScript("find('input, textarea'); new MediaQuery('min-width: 700px'); t('ui-undo')")).toEqual([]);
  const component = (markup: string): string[] =>
    inComponent(`<script lang="ts">let a = 1;</script>${markup}`);
  expect(component('<p>Undo</p>')).toEqual(['Undo']);
  expect(component('<p class="button plain" aria-label="Undo">{a}</p>')).toEqual(['Undo']);
  expect(component("<p title={a ? 'Two words' : t('ui-undo')}>·</p>")).toEqual(['Two words']);
  expect(component('<Blank title="Undo it" />')).toEqual(['Undo it']);
  expect(component("{#if a}<b>{'Two words'}</b>{/if}")).toEqual(['Two words']);
  expect(component("<p title={a ? 'Undo' : t('ui-undo')}>{`${a} min`}</p>")).toEqual(['Undo', ' min']);
  expect(inScript("const a = { label: 'Undo' }; const b = `${a} new`; const c = `${a}px`")).toEqual([
    'Undo',
    ' new',
  ]);
  expect(inScript("if (key === 'ArrowDown' || key === 'Escape') t(`ui-${name}`)")).toEqual([]);
});
