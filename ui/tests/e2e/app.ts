import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { test as base, expect, type Locator, type Page } from '@playwright/test';
import type { FakeHost } from '../../src/host/fake';

declare global {
  interface Window {
    fake: FakeHost;
    axe: typeof import('axe-core');
    realTimeout: typeof setTimeout;
    onViolation: (directive: string) => void;
  }
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** A Wednesday afternoon: no heading, age or countdown depends on when the tests run. */
const NOW = new Date('2026-11-25T14:30:00+01:00');

/** Where pictures of the page are put; nowhere unless `UI_SHOTS` is set, for no test reads them. */
const SHOTS = process.env.UI_SHOTS
  ? fileURLToPath(new URL('../../../target/ui-shots/', import.meta.url))
  : null;

/** Axe's rules that look at colours; to all others a page in the dark is the same. */
const COLOUR_RULES = ['color-contrast', 'link-in-text-block'];

/** How many times slower the page's processor is to be. A test that fails with it would fail on a busy machine. */
const SLOWDOWN = Number(process.env.UI_SLOWDOWN ?? 1);

type Colours = 'light' | 'dark';

/** How large the window is made for a look at it. Contrast is judged only where it is on screen. */
export interface Heights {
  wide: number;
  narrow: number;
}

/** Words as the page has them: with marks around whatever was put into a sentence. */
export function says(text: string): RegExp {
  const signs = [...text].map((sign) => (sign === ' ' ? '\\s+' : sign.replace(/[\\^$.*+?()[\]{}|]/, '\\$&')));
  return new RegExp(signs.join('[\u2068\u2069]*'));
}

/** Like {@link says}, and nothing beside it. */
export function exactly(text: string): RegExp {
  return new RegExp(`^[\\s\u2068\u2069]*${says(text).source}[\\s\u2068\u2069]*$`);
}

export class Window760 {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** Opens a scenario. Its clock stands still until the test moves it. */
  async open(scenario: string): Promise<void> {
    await this.page.addInitScript(() => {
      window.realTimeout = window.setTimeout.bind(window);
      // What the core says is on screen with the next frame, however still the clock stands.
      for (const name of ['requestAnimationFrame', 'cancelAnimationFrame'] as const) {
        const real = window[name].bind(window);
        Object.defineProperty(window, name, { get: () => real, set: () => undefined });
      }
    });
    // As in the app's window.
    await this.page.addInitScript(() => Object.freeze(Object.prototype));
    await this.page.clock.install({ time: NOW.getTime() - 60_000 });
    await this.page.clock.pauseAt(NOW);
    await this.page.goto(`${process.env.UI_URL ?? ''}?scenario=${scenario}`);
    // The set-up has no line of the connection.
    await expect(this.get('connection').or(this.get('setup'))).not.toHaveCount(0);
  }

  get(testId: string): Locator {
    return this.page.getByTestId(testId);
  }

  /** What is said below a field. */
  problem(field: string): Locator {
    return this.page.locator(`#${field}-hint`);
  }

  item(key: string): Locator {
    return this.page.locator(`[data-testid="item"][data-key="${key}"]`);
  }

  /** Gives the window another size, and waits until the page has it. */
  async resize(width: number, height: number): Promise<void> {
    await this.page.setViewportSize({ width, height });
    await this.settle();
  }

  /** Waits until nothing moves: half of a transition has colours and places that nobody is to judge. */
  async settle(): Promise<void> {
    await this.page.evaluate(async () => {
      // What a new size or colour changes is laid out with the first frame, and what that sets off with the second.
      for (let frame = 0; frame < 2; frame += 1)
        await new Promise((painted) => requestAnimationFrame(painted));
      // What never ends is left: it is meant to move.
      const ending = document
        .getAnimations()
        .filter(({ effect }) => Number.isFinite(effect?.getComputedTiming().endTime));
      await Promise.allSettled(ending.map(({ finished }) => finished));
    });
  }

  /**
   * Lets the page's time pass. Before that, what the last frames set off has come to its timers: on a slow machine
   * those would else begin after the time has passed, and never end.
   */
  async pass(time: number | string): Promise<void> {
    await this.settle();
    await this.page.clock.runFor(time);
  }

  /** Takes a screenshot, only under `npm run shots`. */
  async shot(name: string): Promise<void> {
    if (SHOTS === null) return;
    await this.settle();
    await this.page.screenshot({ path: `${SHOTS}${name}.png` });
  }

  /** What is wrong for people who cannot see, or cannot use a mouse: nothing. */
  async expectAccessible(rules: readonly string[] | null = null): Promise<void> {
    await this.settle();
    if (!(await this.page.evaluate(() => 'axe' in window))) await this.page.evaluate(AXE);
    const violations = await this.page.evaluate(async (only) => {
      // The checks wait for timers of their own, which must not move those of the page.
      const stopped = window.setTimeout.bind(window);
      window.setTimeout = window.realTimeout;
      const result = await window.axe.run(document, {
        resultTypes: ['violations'],
        ...(only === null ? {} : { runOnly: [...only] }),
      });
      window.setTimeout = stopped;
      return result.violations.map(({ id, nodes }) => ({
        id,
        nodes: nodes.map((node) => node.failureSummary),
      }));
    }, rules);
    expect(violations).toEqual([]);
  }

  /**
   * Looks at the page wide and narrow, in light and in dark: every rule at each width, those of colours in each. It
   * may do so again on another page of the app, which then is wide and light.
   */
  async expectAccessibleInAll(name: string, heights: Heights = { wide: 640, narrow: 640 }): Promise<void> {
    await this.#look(name, 760, heights.wide, 'light');
    await this.#look(name, 760, heights.wide, 'dark', COLOUR_RULES);
    await this.#look(name, 360, heights.narrow, 'dark');
    await this.#look(name, 360, heights.narrow, 'light', COLOUR_RULES);
    await this.page.setViewportSize({ width: 760, height: heights.wide });
  }

  async #look(
    name: string,
    width: number,
    height: number,
    colorScheme: Colours,
    rules: readonly string[] | null = null,
  ): Promise<void> {
    await this.page.setViewportSize({ width, height });
    await this.page.emulateMedia({ colorScheme });
    await expect(this.page.locator('html')).toHaveAttribute('data-theme', colorScheme);
    await this.expectAccessible(rules);
    await this.shot(`${name}-${colorScheme}${width < 760 ? `-${width}` : ''}`);
    await this.expectNoSidewaysScrolling();
  }

  /** No part of the page is wider than its place. */
  async expectNoSidewaysScrolling(): Promise<void> {
    const wide = await this.page.evaluate(() =>
      [document.documentElement, ...document.querySelectorAll('main, [data-testid="connection-page"]')]
        .filter((element) => element.scrollWidth > element.clientWidth)
        .map((element) => element.outerHTML.slice(0, 80)),
    );
    expect(wide).toEqual([]);
  }

  /** Names of the commands that the UI called, with what it sent. */
  async calls(name: string): Promise<unknown[]> {
    return await this.page.evaluate(
      (wanted) => window.fake.calls.filter((call) => call.name === wanted).map((call) => call.request),
      name,
    );
  }
}

/** A test with a window in which nothing may go wrong unseen: no error, dialog, foreign request or breach of policy. */
export const test = base.extend<{ app: Window760; wrong: string[] }>({
  // A test that makes something go wrong takes it out of the list.
  // eslint-disable-next-line no-empty-pattern -- Playwright reads from it that nothing is needed
  wrong: async ({}, use) => use([]),
  app: async ({ page, wrong }, use) => {
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) wrong.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => wrong.push(`error: ${error.message}`));
    page.on('dialog', (dialog) => {
      wrong.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(process.env.UI_URL ?? '')) wrong.push(`request: ${request.url()}`);
    });
    await page.exposeFunction('onViolation', (directive: string) => wrong.push(`policy: ${directive}`));
    await page.addInitScript(() =>
      document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
        window.onViolation(`${violatedDirective} ${blockedURI}`),
      ),
    );
    if (SLOWDOWN > 1) {
      const session = await page.context().newCDPSession(page);
      await session.send('Emulation.setCPUThrottlingRate', { rate: SLOWDOWN });
    }
    page.on('popup', (popup) => wrong.push(`popup: ${popup.url()}`));
    await use(new Window760(page));
    expect(wrong).toEqual([]);
  },
});

export { expect };
