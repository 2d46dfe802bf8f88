import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

// The page turns with the direction of its language, and grows with the size of its text.

const SOURCES = join(import.meta.dirname, '../../src');

/** Properties that name a side of the screen instead of a side of the line. */
const BOXES = 'margin|padding|border|scroll-margin|scroll-padding';
const PHYSICAL = new RegExp(
  `^(?:left|right|(?:${BOXES})-(?:left|right)(?:-\\w+)?|border-(?:top|bottom)-(?:left|right)-radius)$`,
);
const SIDES =
  /^(?:text-align|float|clear|caption-side|justify-content|transform-origin|background-position)$/;

interface Declaration {
  property: string;
  value: string;
}

function declarations(css: string): Declaration[] {
  const bare = css.replace(/\/\*[\s\S]*?\*\//g, '');
  return [...bare.matchAll(/(?:^|[{;])\s*([a-z-]+):\s*([^;{}]+);/g)].map(([, property = '', value = '']) => ({
    property,
    value: value.trim(),
  }));
}

function isPhysical({ property, value }: Declaration): boolean {
  if (PHYSICAL.test(property)) return true;
  if (SIDES.test(property) && /\b(left|right)\b/.test(value)) return true;
  if (property === 'transform' || property === 'translate') return /translateX|translate\(/.test(value);
  if (/gradient\(\s*to [a-z ]*(left|right)/.test(value)) return true;
  if (property === 'border-radius') {
    const [first, second, third, fourth] = value.match(/\([^)]*\)|\S+/g) ?? [];
    // Corners go round: the first two are above, the others below.
    return second !== undefined && (first !== second || (third ?? first) !== (fourth ?? second));
  }
  if (property === 'box-shadow') return /^(inset )?-?[1-9]/.test(value);
  if (property === 'transition') return /\b(left|right)\b/.test(value);
  if (!/^(padding|margin|inset|border-width)$/.test(property)) return false;
  const [, right, , left] = value.match(/\([^)]*\)|\S+/g) ?? [];
  return left !== undefined && left !== right;
}

const sheets = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.(svelte|css)$/.test(file))
  .map((file) => ({ file, text: readFileSync(join(SOURCES, file), 'utf8') }))
  .map(({ file, text }) => ({
    file,
    css: file.endsWith('.css') ? text : (/<style>([\s\S]*)<\/style>/.exec(text)?.[1] ?? ''),
    markup: file.endsWith('.css') ? '' : text,
  }));

test('styles name sides of the line and not of the screen', () => {
  for (const { file, css, markup } of sheets) {
    expect(declarations(css).filter(isPhysical), file).toEqual([]);
    expect(markup, file).not.toMatch(/style:(left|right|margin-|padding-)/);
  }
});

test('text and its lines are measured in rem', () => {
  for (const { file, css } of sheets) {
    // A plot has its own scale: its labels are drawn in it.
    if (file.endsWith('Plot.svelte')) continue;
    const inPixels = declarations(css).filter(
      ({ property, value }) => /^(font|font-size|line-height)$/.test(property) && /\dpx/.test(value),
    );
    expect(inPixels, file).toEqual([]);
  }
});

test('how wide is wide depends on the size of the text', () => {
  for (const { file, css, markup } of sheets) {
    expect(css, file).not.toMatch(/@media[^{]*(width|height): *\d+px/);
    expect(markup, file).not.toMatch(/MediaQuery\('[^']*\dpx/);
  }
});

/** A colour of its own, instead of one of the tokens'. `transparent` and `currentcolor` are none. */
const COLOUR = new RegExp(
  [
    /#[0-9a-f]{3,8}\b/,
    /\b(?:rgba?|hsla?|hwb|lab|lch|oklab|oklch|color|color-mix)\(/,
    /\b(?:black|white|red|green|blue|gr[ae]y|orange|yellow)\b/,
  ]
    .map((one) => one.source)
    .join('|'),
  'i',
);

test('colours stand in one file', () => {
  for (const { file, css, markup } of sheets) {
    if (file === 'tokens.css') continue;
    const own = declarations(css).filter(({ value }) => COLOUR.test(value));
    expect(own, file).toEqual([]);
    expect(markup, file).not.toMatch(/\b(?:fill|stroke|stop-color)="#/);
  }
  for (const value of ['#fff', '1px solid rgb(0 0 0 / 5%)', 'White', 'oklch(0.5 0.1 20)']) {
    expect(value).toMatch(COLOUR);
  }
  expect('var(--text-soft)').not.toMatch(COLOUR);
});

test('what names a side of the screen is found', () => {
  const physical = (css: string): number => declarations(`a { ${css} }`).filter(isPhysical).length;
  for (const css of [
    'left: 0;',
    'margin-right: 2px;',
    'border-left: 1px solid;',
    'text-align: right;',
    'float: left;',
    'padding: 1px 2px 3px 4px;',
    'transform: translateX(-50%);',
    'border-radius: 8px 0 0 8px;',
    'border-radius: 8px 0;',
    'box-shadow: inset 3px 0 var(--accent);',
    'background: linear-gradient(to right, #fff, #000);',
  ]) {
    expect(physical(css), css).toBe(1);
  }
  expect(
    physical('padding: 1px 2px 3px 2px; inset-inline-start: 0; text-align: end; float: inline-start;'),
  ).toBe(0);
});
