import type { Page } from '@playwright/test';
import { exactly, expect, test } from './app';

// What a language does to the page: words that no one speaks, longer ones, and larger ones.

/** Names of the controls that reach beyond the window. */
async function beyond(page: Page): Promise<string[]> {
  return await page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('button, input, [role="tab"], h1, h2')]
      .filter((element) => element.offsetParent !== null)
      .filter((element) => {
        const { left, right } = element.getBoundingClientRect();
        return left < -1 || right > innerWidth + 1;
      })
      .map((element) => element.outerHTML.slice(0, 120)),
  );
}

/** Labels and headings of which a part is hidden behind the edge of something that does not scroll. */
async function cut(page: Page): Promise<string[]> {
  return await page.evaluate(() =>
    [
      ...document.querySelectorAll<HTMLElement>(
        'button, [role="tab"], label, legend, h1, h2, dt, dd, th, .note',
      ),
    ]
      // The line of the connection is short for what its view and its title say whole.
      .filter((element) => !element.matches('[data-testid="connection-open"]'))
      .filter((element) => element.offsetParent !== null && element.closest('.hidden') === null)
      .filter((element) => {
        const range = document.createRange();
        range.selectNodeContents(element);
        const text = range.getBoundingClientRect();
        if (text.width === 0) return false;
        for (let around: HTMLElement | null = element; around !== null; around = around.parentElement) {
          const { overflowX, overflowY } = getComputedStyle(around);
          if (/auto|scroll/.test(overflowX + overflowY)) return false;
          const edge = around.getBoundingClientRect();
          if (overflowX !== 'visible' && (text.left < edge.left - 1 || text.right > edge.right + 1))
            return true;
          if (overflowY !== 'visible' && (text.top < edge.top - 1 || text.bottom > edge.bottom + 1))
            return true;
        }
        return false;
      })
      .map((element) => element.outerHTML.slice(0, 160)),
  );
}

/** Tabs and rows that are marked by a background alone, which the system's colours take away. */
async function unmarked(page: Page): Promise<string[]> {
  return await page.evaluate(() => {
    const canvas = getComputedStyle(document.body).backgroundColor;
    const tabs = [...document.querySelectorAll('[role="tab"][aria-selected="true"]')].filter(
      (tab) => getComputedStyle(tab).outlineStyle === 'none',
    );
    const dots = [
      ...document.querySelectorAll('[data-unread="true"] .dot, footer .dot, .bar, .swatch'),
    ].filter((part) => [canvas, 'rgba(0, 0, 0, 0)'].includes(getComputedStyle(part).backgroundColor));
    return [...tabs, ...dots].map((element) => element.outerHTML.slice(0, 120));
  });
}

const PAGES = {
  inbox: ['busy', null],
  detail: ['busy', 'item'],
  connection: ['waiting', 'connection-open'],
  preferences: ['proxySignIn', 'preferences'],
  setup: ['firstRun', null],
  token: ['managed', null],
  signIn: ['signInNoBrowser', 'sign-in-pasting'],
  device: ['signInDevice', null],
  provider: ['longProvider', null],
  failed: ['signInFailed', null],
  address: ['typedSignIn', 'setup-continue'],
  ready: ['ready', 'notification-test'],
  account: ['longAccount', 'preferences'],
  person: ['anotherToken', null],
} as const;

for (const words of ['rtl', 'long'] as const) {
  for (const [name, [scenario, opens]] of Object.entries(PAGES)) {
    test(`${name} in ${words} words is whole`, async ({ app, page }) => {
      await page.setViewportSize({ width: 760, height: 900 });
      await app.open(`${scenario}&words=${words}`);
      await app.pass(1_000);
      if (opens !== null) await app.get(opens).first().click();
      await app.expectAccessible();
      await app.shot(`${name}-${words}`);
      expect(await page.locator('html').getAttribute('dir')).toBe(words === 'rtl' ? 'rtl' : 'ltr');
      expect(await beyond(page)).toEqual([]);
      expect(await cut(page)).toEqual([]);
      for (const width of [360, 320]) {
        await app.resize(width, 900);
        await app.shot(`${name}-${words}-${width}`);
        expect(await beyond(page)).toEqual([]);
        expect(await cut(page)).toEqual([]);
        await app.expectNoSidewaysScrolling();
      }
    });
  }
}

test('from right to left, everything is mirrored', async ({ app, page }) => {
  await app.open('busy');
  const before = await app.get('preferences').boundingBox();
  await app.open('busy&words=rtl');
  const after = await app.get('preferences').boundingBox();
  expect(after?.x).toBeCloseTo(760 - (before?.x ?? 0) - (before?.width ?? 0), 0);
  // The arrow goes where it points.
  await page.getByRole('tab').first().focus();
  await page.keyboard.press('ArrowLeft');
  await expect(page.getByRole('tab').nth(1)).toBeFocused();
});

for (const [name, [scenario, opens]] of Object.entries(PAGES)) {
  test(`${name} with text of twice the size does not overlap`, async ({ app, page }) => {
    await page.setViewportSize({ width: 760, height: 1000 });
    await app.open(scenario);
    await app.pass(1_000);
    await page.evaluate(() => (document.documentElement.style.fontSize = '200%'));
    if (opens !== null) await app.get(opens).first().click();
    await app.pass(1_000);
    await app.settle();
    await app.shot(`${name}-200`);
    // No line of text is lower than its letters, and no box of the list is lower than its text.
    const low = await page.evaluate(() =>
      [...document.querySelectorAll<HTMLElement>('body *')]
        .filter((element) =>
          [...element.childNodes].some(
            (node) => node.nodeType === Node.TEXT_NODE && node.nodeValue?.trim() !== '',
          ),
        )
        .filter((element) => element.closest('svg, .hidden') === null)
        .filter((element) => {
          const { fontSize, lineHeight } = getComputedStyle(element);
          return parseFloat(lineHeight) < parseFloat(fontSize) * 1.15;
        })
        .map((element) => element.outerHTML.slice(0, 80)),
    );
    expect(low).toEqual([]);
    const lowRows = await page.evaluate(() =>
      [...document.querySelectorAll<HTMLElement>('[data-testid="item"]')]
        .filter((item) => item.scrollHeight > item.clientHeight + 1)
        .map((item) => item.dataset.key),
    );
    expect(lowRows).toEqual([]);
    expect(await beyond(page)).toEqual([]);
    expect(await cut(page)).toEqual([]);
    await app.expectNoSidewaysScrolling();

    // Where the system chooses the colours, what is chosen, on or new has to be seen without ours.
    await page.evaluate(() => (document.documentElement.style.fontSize = ''));
    await page.emulateMedia({ forcedColors: 'active' });
    await app.settle();
    await app.shot(`${name}-forced`);
    expect(await unmarked(page)).toEqual([]);
  });
}

test('what is copied has no marks of the page in it', async ({ app, page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await app.open('waiting');
  const words = page.locator('footer .words');
  await expect(words).toHaveText(exactly('Reconnecting in 42 s'));
  expect(await words.textContent()).toContain('\u2068');
  const copied = await words.evaluate((element) => {
    getSelection()?.selectAllChildren(element);
    const data = new DataTransfer();
    const event = new ClipboardEvent('copy', { clipboardData: data, bubbles: true, cancelable: true });
    element.dispatchEvent(event);
    return data.getData('text/plain');
  });
  expect(copied.trim()).toBe('Reconnecting in 42 s');
  await app.open('live');
  await expect(page).toHaveTitle(/^\(\d+\) Gloria Notify$/);
});

test('the page says which language it is in', async ({ app, page }) => {
  await app.open('busy');
  await expect(page.locator('html')).toHaveAttribute('lang', 'en');
  await expect(page.locator('html')).toHaveAttribute('dir', 'ltr');
});

test.describe('a reader elsewhere', () => {
  test.use({ locale: 'de-DE' });

  test('has numbers and times as they are written there', async ({ app }) => {
    await app.open('busy');
    await app.get('connection-open').click();
    await expect(app.get('figures')).toContainText('7.412');
    await expect(app.get('figures')).toContainText('93,4');
  });
});

test('the first field has the focus at the first start', async ({ app }) => {
  await app.open('firstRun');
  await expect(app.get('setup-address')).toBeFocused();
});
