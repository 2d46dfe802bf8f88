import type { Page } from '@playwright/test';
import { SCENARIOS } from '../../src/host/scenarios';
import { expect, test } from './app';

// A second language is a folder: what the page shows is in the catalogue, is data, or is written by the browser.

/** Names, and what no catalogue has. */
const LISTED: Record<string, RegExp> = {
  'dates and spans as Intl writes them': new RegExp(
    [
      ...['mon', 'tues', 'wednes', 'thurs', 'fri', 'satur', 'sun'].map((day) => `\\b${day}(day)?s?\\b`),
      '\\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\\b',
      '\\b(today|yesterday|ago|last|in|at|now|am|pm)\\b',
      '\\b(second|minute|hour|day|week|month|year|sec|min|hr)s?\\b',
    ].join('|'),
    'gi',
  ),
  'the initials of a person': /^[A-Z]{2}$/g,
  'the unit of a number, as Intl writes it': /\b(byte|kB|MB|ms|s|h|d|y)\b/g,
};

/** Everything that a page says: its text, and what attributes say to those who do not see it. */
async function said(page: Page): Promise<string[]> {
  return await page.evaluate(() => {
    const found = [document.title];
    const nodes = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = nodes.nextNode(); node !== null; node = nodes.nextNode()) {
      if (node.parentElement?.closest('script, style') === null) found.push(node.nodeValue ?? '');
    }
    for (const element of document.querySelectorAll('*')) {
      for (const name of element.getAttributeNames()) {
        if (
          /^(aria-(label|valuetext|description|roledescription|placeholder)|title|alt|placeholder)$/.test(
            name,
          )
        )
          found.push(element.getAttribute(name) ?? '');
      }
    }
    return found.filter((text) => text.trim() !== '');
  });
}

/** All texts of the fake core: titles and names of servers, as of a server's people. */
async function data(page: Page): Promise<string> {
  const texts = await page.evaluate(async () => {
    const found: string[] = [];
    const visit = (value: unknown): void => {
      if (typeof value === 'string') found.push(value);
      else if (typeof value === 'object' && value !== null) Object.values(value).forEach(visit);
    };
    visit(window.fake.scenario);
    // What the fake core finds when it is asked to test an address.
    for (const token of ['right', 'wrong']) {
      const report = window.fake.call('connection_test', { address: 'https://gloria.example.com', token });
      window.realTimeout(() => window.fakeTime(), 0);
      visit(await report);
    }
    return found;
  });
  return plain(texts.join('\n'));
}

/** Without what the page leaves out of a text, for comparing it. */
function plain(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}]/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .toLowerCase();
}

/** What is left of a text without accented words, data and names. */
function unaccented(text: string, known: string): string[] {
  return text
    .split(/(?:[^\sA-Za-z]*[A-Za-z]\u0301)+[^\sA-Za-z]*/)
    .flatMap((piece) => piece.split(/(?<=[.,;:])\s/))
    .map((piece) => piece.replace(/[.,;:]$/, ''))
    .filter((piece) => /[A-Za-z]{2,}/.test(piece) && !known.includes(plain(piece)))
    .map((piece) => Object.values(LISTED).reduce((left, listed) => left.replace(listed, ''), piece))
    .filter((piece) => /[A-Za-z]{2,}/.test(piece));
}

/** Where to click, one after the other, to see each page and each part that is not there from the start. */
const WAYS = [
  ['connection-open', 'table-toggle', 'test', 'debug-log-start'],
  ['preferences', 'sign-out'],
  ['preferences', 'account', 'setup-test', 'setup-save'],
  ['item'],
  ['unread', 'mark-all-read'],
  ['setup-test', 'setup-save'],
];

for (const name of Object.keys(SCENARIOS)) {
  test(`nothing of ${name} is said in English alone`, async ({ app, page }) => {
    await app.open(`${name}&words=accented`);
    const known = await data(page);
    const look = async (): Promise<string[]> => {
      await page.clock.runFor(1_000);
      await app.settle();
      return (await said(page)).flatMap((text) => unaccented(text, known));
    };
    expect(await look()).toEqual([]);
    await page.keyboard.press('?');
    expect(await look(), 'the keys').toEqual([]);
    await page.keyboard.press('Escape');
    for (const way of WAYS) {
      for (const step of way) {
        const control = app.get(step).first();
        if (!(await control.isVisible()) || !(await control.isEnabled())) break;
        await control.click();
        expect(await look(), step).toEqual([]);
      }
      await page.keyboard.press('Escape');
      await page.keyboard.press('Escape');
    }
  });
}
