// @vitest-environment node
import { build } from 'vite';
import { beforeAll, expect, test } from 'vitest';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// What is shipped, built but not written.

let files: { name: string; text: string }[];

beforeAll(async () => {
  const built = await build({
    root: fileURLToPath(new URL('../..', import.meta.url)),
    mode: 'production',
    logLevel: 'silent',
    build: { write: false },
  });
  if (!('output' in built)) throw new Error('one build was asked for');
  files = built.output.map((file) => ({
    name: file.fileName,
    text: file.type === 'chunk' ? file.code : String(file.source),
  }));
}, 60_000);

test('nothing of the fake host is shipped', () => {
  expect(files.map((file) => file.name).join(' ')).not.toMatch(/fake|scenario/);
  for (const { text } of files) expect(text).not.toMatch(/Miriam Okafor|FakeHost|scenario=/);
});

test('the words of a language are in a file of their own, which is read when they are spoken', () => {
  const spoken = files.filter(({ text }) => text.includes('ui-mark-all-read = '));
  const languages = readdirSync(fileURLToPath(new URL('../../../locales', import.meta.url)));
  expect(spoken).toHaveLength(languages.length);
  const page = files.find((file) => file.name === 'index.html')?.text ?? '';
  expect(page).toContain('.js');
  for (const { name } of spoken) expect(page).not.toContain(name);
});

test('nothing asks the network, and nothing is evaluated', () => {
  for (const { name, text } of files) {
    if (!name.endsWith('.js')) continue;
    expect(text).not.toMatch(
      /\bfetch\s*\(|XMLHttpRequest|new WebSocket|EventSource|sendBeacon|importScripts/,
    );
    expect(text).not.toMatch(/\beval\s*\(|new Function\b/);
  }
});

test('paths are relative, and there is no inline script or style', () => {
  const page = files.find((file) => file.name === 'index.html')?.text ?? '';
  expect(page).toContain('src="./assets/');
  expect(page).not.toMatch(/(src|href)="\//);
  expect(page).not.toMatch(/<script(?![^>]*\bsrc=)|<style|style=/);
});
