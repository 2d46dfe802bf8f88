import type { Page } from '@playwright/test';
import { SCENARIOS } from '../../src/host/scenarios';
import { expect, test } from './app';

// A second language is a folder: what the page shows is in the catalogue, is data, or is written by the browser.

/** Names, and what no catalogue has. */
const LISTED: Record<string, RegExp> = {
  'dates and spans as Intl writes them': new RegExp(
    [
      '\\b(mon|tue|wed|thu|fri|sat|sun)[a-z]*\\b',
      '\\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\\b',
      '\\b(today|yesterday|ago|last|in|at|now|am|pm)\\b',
      '\\b(second|minute|hour|day|week|month|year|sec|min|hr)s?\\b',
    ].join('|'),
    'gi',
  ),
  'an address': /(https?:\/\/)?[\w-]+(\.[\w-]+)+(:\d+)?/g,
  'the initials of a person': /^[A-Z]{2}$/g,
  'the unit of a number, as Intl writes it': /\b(byte|kB|MB|ms|s|h|d|y)\b/g,
};

/** What the fake core says beside its scenario. */
const FAKE = [
  'Find the server',
  'gloria.example.com answers over an encrypted connection',
  'lab-17.example.com:8080 answers over an encrypted connection',
  'Sign in',
  'The token was accepted',
  'Open the stream',
  'The first event came after 180 ms',
];

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
  const texts = await page.evaluate(() => {
    const found: string[] = [];
    const visit = (value: unknown): void => {
      if (typeof value === 'string') found.push(value);
      else if (typeof value === 'object' && value !== null) Object.values(value).forEach(visit);
    };
    visit(window.fake.scenario);
    return found;
  });
  return plain([...texts, ...FAKE].join('\n'));
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
    .map((piece) => piece.replace(/[.,;:]$/, '').trim())
    .filter((piece) => !known.includes(plain(piece)))
    .map((piece) => Object.values(LISTED).reduce((left, listed) => left.replace(listed, ''), piece))
    .filter((piece) => /[A-Za-z]{2,}/.test(piece));
}

/** Where to click, one after the other, to see each page and each part that is not there from the start. */
const WAYS = [
  ['connection-open', 'table-toggle', 'test', 'debug-log-start'],
  ['preferences', 'notification-test', 'sign-out'],
  ['preferences', 'account', 'setup-to-token', 'setup-save', 'setup-change', 'setup-continue'],
  ['item'],
  ['unread', 'mark-all-read'],
  ['setup-continue'],
  ['setup-save'],
  ['sign-in-pasting', 'sign-in-pasted'],
  ['setup-to-token', 'setup-save'],
  ['notification-test'],
];

/** Their data are cut by the page, or come while it is looked at; what is around them is the same as elsewhere. */
const PASSED_OVER = ['hostile', 'live', 'longText', 'longAccount', 'severalAccounts'];

test('a word without an accent is found, and data and names are not', () => {
  expect(unaccented('P\u0301l\u0301a\u0301i\u0301n\u0301: more words, Anna, Monday', 'anna')).toEqual([
    'more words',
  ]);
  expect(unaccented('Undo', 'anna')).toEqual(['Undo']);
});

for (const name of Object.keys(SCENARIOS).filter((name) => !PASSED_OVER.includes(name))) {
  test(`nothing of ${name} is said in English alone`, async ({ app, page }) => {
    await app.open(`${name}&words=accented`);
    await app.settle();
    const known = await data(page);
    const look = async (): Promise<string[]> => {
      await app.pass(1_000);
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
