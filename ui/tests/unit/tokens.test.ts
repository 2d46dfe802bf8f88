import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

// What `tokens.css` says of its colours: that everything reads on everything that it stands on.

const css = readFileSync(join(import.meta.dirname, '../../src/tokens.css'), 'utf8');

type Tokens = Record<string, string>;

/** The tokens that rules with this selector set, in the part of the style sheet after `from`. */
function tokensOf(selector: string, from = ''): Tokens {
  const rest = css.slice(css.indexOf(from));
  const start = rest.indexOf(`${selector} {`);
  const block = rest.slice(start, rest.indexOf('}', start));
  const tokens: Tokens = {};
  for (const [, name = '', value = ''] of block.matchAll(/--([a-z0-9-]+): (#[0-9a-f]{6});/g))
    tokens[name] = value;
  return tokens;
}

/** The relative luminance of a colour (WCAG 2.2). */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

const DARK = ":root[data-theme='dark']";
const MORE = '@media (prefers-contrast: more)';
const light = tokensOf(':root');
const dark = { ...light, ...tokensOf(DARK) };

const PLAIN = ['window', 'surface', 'hover', 'accent-soft'];
const TEXTS: readonly (readonly [text: string, grounds: readonly string[]])[] = [
  ['text', [...PLAIN, 'neutral-soft', 'pressed']],
  ['text-soft', [...PLAIN, 'neutral-soft']],
  ['text-faint', PLAIN],
  ['accent', ['window', 'surface', 'hover']],
  ['on-accent', ['accent', 'accent-strong']],
  ['on-accent-soft', ['accent-soft']],
  ['urgent', ['window', 'surface', 'urgent-soft']],
  ['on-hit', ['hit']],
  ['high', ['window', 'surface', 'high-soft']],
  ['good', ['window', 'surface', 'good-soft']],
  ['on-inverse', ['inverse']],
  ...[1, 2, 3, 4].map((person) => [`on-person-${person}`, [`person-${person}`]] as const),
];

describe.each([
  ['light', light, 5, 3],
  ['dark', dark, 5, 3],
  ['light with more contrast', { ...light, ...tokensOf(':root', MORE) }, 7, 4.5],
  ['dark with more contrast', { ...dark, ...tokensOf(DARK, MORE) }, 7, 4.5],
] as const)('%s', (_, tokens: Tokens, minText, minEdge) => {
  const poor = (text: string, grounds: readonly string[], min: number): string[] =>
    grounds
      .map((ground) => ({ ground, ratio: contrast(tokens[text] ?? '', tokens[ground] ?? '') }))
      .filter(({ ratio }) => !(ratio >= min))
      .map(({ ground, ratio }) => `${text} on ${ground}: ${ratio.toFixed(2)}`);

  test('text reads on what it stands on', () => {
    expect(TEXTS.flatMap(([text, grounds]) => poor(text, grounds, minText))).toEqual([]);
  });

  test('the edges of controls are seen', () => {
    expect(poor('edge', ['window', 'surface'], minEdge)).toEqual([]);
  });
});

test('black on white is the most that there is', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21);
});
