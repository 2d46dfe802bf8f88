import { flushSync } from 'svelte';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeHost } from '../../src/host/fake';
import { SCENARIOS } from '../../src/host/scenarios';
import { item } from '../../src/host/scenarios/item';
import { App } from '../../src/state/app.svelte';

// The models against the fake core, which does every command for real.

let fake: FakeHost;
let app: App;

function open(scenario: string): FakeHost {
  const build = SCENARIOS[scenario];
  if (build === undefined) throw new Error(`no scenario ${scenario}`);
  return new FakeHost(build(Date.now()));
}

async function begin(scenario: string): Promise<void> {
  fake = open(scenario);
  app = new App(fake, (apply) => apply());
  await app.attach();
  await vi.waitFor(() => expect(app.inbox.ready).toBe(true));
}

function at(key: string) {
  const found = app.inbox.list.items.find((one) => one.key === key);
  if (found === undefined) throw new Error(`${key} is not on show`);
  return found;
}

beforeEach(() => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
});

afterEach(() => {
  vi.useRealTimers();
});

test('opening marks read, and the counts are the core’s', async () => {
  await begin('busy');
  expect(app.snapshot?.counts).toEqual({ unseen: 2, unread: 4, total: 12 });
  app.inbox.openItem(at('n-1'));
  await vi.waitFor(() => expect(app.snapshot?.counts.unread).toBe(3));
  expect(app.inbox.open?.readAt).not.toBeNull();
});

test('nothing of an account that was left stays on screen', async () => {
  await begin('busy');
  const use = (id: string | null) => {
    const account = app.snapshot?.account ?? SCENARIOS.busy?.(Date.now()).account;
    if (account === undefined) throw new Error('no account');
    const accounts = ['anna', 'bert'].map((known) => ({
      id: known,
      name: known,
      email: null,
      address: 'https://gloria.example/api',
      active: known === id,
      signedIn: true,
    }));
    fake.push({ kind: 'account', value: { ...account, accounts } });
  };
  use('anna');
  app.inbox.openItem(at('n-1'));
  use('anna');
  expect(app.inbox.open?.key).toBe('n-1');
  use('bert');
  expect(app.inbox.open).toBeNull();
  expect(app.inbox.list.items).toEqual([]);
  await vi.waitFor(() => expect(app.inbox.ready).toBe(true));
  app.inbox.openItem(at('n-2'));
  use(null);
  expect(app.inbox.open).toBeNull();
  expect(app.inbox.list.items).toEqual([]);
});

describe('archiving', () => {
  test('moves on to the next row and can be undone, unread as it was', async () => {
    await begin('busy');
    app.inbox.archive(at('n-2'));
    expect(app.inbox.activeKey).toBe('n-3');
    expect(app.inbox.list.items.map((one) => one.key)).not.toContain('n-2');
    await vi.waitFor(() => expect(app.report?.text).toBe('Archived'));
    app.undo();
    await vi.waitFor(() => expect(app.snapshot?.counts).toEqual({ unseen: 1, unread: 4, total: 12 }));
    expect(at('n-2').readAt).toBeNull();
  });

  test('until later leaves the list and can be brought back', async () => {
    await begin('busy');
    const snoozing = app.inbox.snooze(at('n-2'), 'tomorrow');
    expect(app.inbox.list.items.map((one) => one.key)).not.toContain('n-2');
    await snoozing;
    expect(app.report?.text).toBe('Snoozed');
    expect(fake.calls.at(-1)).toEqual({
      name: 'inbox_snooze',
      request: { keys: ['n-2'], until: 'tomorrow' },
    });
    app.undo();
    await vi.waitFor(() => expect(app.inbox.list.items.map((one) => one.key)).toContain('n-2'));
    expect(at('n-2').snoozedUntil).toBeNull();
  });

  test('that the core refuses is taken back and said', async () => {
    await begin('busy');
    fake.refuse('inbox_mark', 'the disk is full');
    app.inbox.archive(at('n-2'));
    await vi.waitFor(() => expect(app.report?.text).toBe('That could not be saved: the disk is full'));
    expect(at('n-2').archivedAt).toBeNull();
    expect(app.report?.undo).toBeUndefined();
  });
});

test('a mark that is refused leaves what came meanwhile', async () => {
  await begin('busy');
  let refuse: (error: unknown) => void = () => undefined;
  vi.spyOn(fake, 'call').mockImplementationOnce(() => new Promise((_, reject) => (refuse = reject)));
  const marking = app.inbox.mark([at('n-2')], 'read');
  expect(at('n-2').readAt).not.toBeNull();
  fake.receive({ ...at('n-2'), readAt: null, title: 'Changed meanwhile' });
  expect(at('n-2')).toMatchObject({ title: 'Changed meanwhile' });
  expect(at('n-2').readAt).not.toBeNull();
  refuse({ message: 'the disk is full' });
  expect(await marking).toBe(false);
  expect(at('n-2')).toMatchObject({ title: 'Changed meanwhile', readAt: null });
});

test('what was done stays done on screen until the core’s own state shows it', async () => {
  await begin('busy');
  let answer: (marked: unknown) => void = () => undefined;
  vi.spyOn(fake, 'call').mockImplementationOnce(() => new Promise((done) => (answer = done)) as never);
  app.inbox.archive(at('n-2'));
  const keys = (): string[] => app.inbox.list.items.map((one) => one.key);
  const { revision } = app.snapshot ?? { revision: 0 };
  answer({ revision: revision + 1, counts: fake.counts() });
  await vi.waitFor(() => expect(app.report?.text).toBe('Archived'));
  expect(keys()).not.toContain('n-2');
  fake.push({ kind: 'itemsStored', value: [item({ key: 'n-2', createdAt: 1, archivedAt: 2 })] });
  expect(keys()).not.toContain('n-2');
});

test('what is urgent is on top until it is read', async () => {
  await begin('busy');
  fake.receive(item({ key: 'late', createdAt: Date.now() + 1 }));
  expect(app.inbox.list.items.slice(0, 2).map((one) => one.key)).toEqual(['n-1', 'late']);
  app.inbox.openItem(at('n-1'));
  await vi.waitFor(() =>
    expect(app.inbox.list.items.slice(0, 2).map((one) => one.key)).toEqual(['late', 'n-1']),
  );
});

test('a window that was too slow for its updates reads everything again at once', async () => {
  await begin('busy');
  fake.lose(item({ key: 'lost', createdAt: Date.now() }));
  fake.miss();
  await vi.waitFor(() => expect(at('lost').key).toBe('lost'));
});

test('a lost update is found at the next one, and what it had is there', async () => {
  await begin('busy');
  fake.lose(item({ key: 'lost', createdAt: Date.now() }));
  expect(app.inbox.list.items.map((one) => one.key)).not.toContain('lost');
  fake.connection({ lastHeardAt: Date.now() });
  await vi.waitFor(() => expect(at('lost').key).toBe('lost'));
  expect(app.snapshot?.counts.total).toBe(13);
});

test('pages follow one another to the end, each item once', async () => {
  await begin('thousands');
  expect(app.inbox.list.items).toHaveLength(100);
  await app.inbox.readMore();
  expect(app.inbox.list.items).toHaveLength(200);
  await app.inbox.readToEnd();
  expect(new Set(app.inbox.list.items.map((one) => one.key)).size).toBe(10_000);
  expect(app.inbox.list.next).toBeNull();
});

test('an item that changes while its page is on the way is shown as changed', async () => {
  await begin('thousands');
  const reading = app.inbox.readMore();
  fake.receive(
    item({ key: 'many-150', createdAt: Date.now() - 151 * 7 * 60_000, title: 'Changed on the way' }),
  );
  await reading;
  expect(at('many-150').title).toBe('Changed on the way');
});

test('a page that was asked for under another filter is dropped', async () => {
  await begin('thousands');
  const reading = app.inbox.readMore();
  app.inbox.show('archived');
  await reading;
  await vi.waitFor(() => expect(app.inbox.ready).toBe(true));
  expect(app.inbox.list).toMatchObject({ filter: { view: 'archived' }, items: [], waiting: [], next: null });
});

test('a page that fails keeps what is there and can be asked for again', async () => {
  await begin('thousands');
  fake.refuse('inbox_page', 'busy');
  await app.inbox.readMore();
  expect(app.inbox.failure).toBe('busy');
  expect(app.inbox.list.items).toHaveLength(100);
  fake.refuse('inbox_page', null);
  await app.inbox.retry();
  expect(app.inbox.failure).toBeNull();
});

test('marking all read reads the pages again as far as they were on screen', async () => {
  await begin('thousands');
  await app.inbox.readMore();
  await app.inbox.readMore();
  app.inbox.depth = 250;
  await app.attempt('inbox_mark_all_read', null, 'ui-not-marked-read');
  await vi.waitFor(() => expect(at('many-50').readAt).not.toBeNull());
  expect(app.inbox.list.items.length).toBeGreaterThanOrEqual(250);
});

describe('an item that a notification asked for', () => {
  test('is opened from the list', async () => {
    await begin('busy');
    app.go('preferences');
    fake.push({ kind: 'itemRequested', value: 'n-4' });
    await vi.waitFor(() => expect(app.inbox.open?.key).toBe('n-4'));
    expect(app.page).toBe('inbox');
  });

  test('is found on a page that was never read, and among the archived', async () => {
    await begin('thousands');
    const pages = fake.calls.filter(({ name }) => name === 'inbox_page').length;
    fake.push({ kind: 'itemRequested', value: 'many-7000' });
    await vi.waitFor(() => expect(app.inbox.open?.key).toBe('many-7000'));
    expect(app.inbox.list.items).toHaveLength(100);
    expect(fake.calls.filter(({ name }) => name === 'inbox_page')).toHaveLength(pages);
    await begin('busy');
    fake.push({ kind: 'itemRequested', value: 'n-13' });
    await vi.waitFor(() => expect(app.inbox.open?.key).toBe('n-13'));
  });

  test('that is gone is said to be gone', async () => {
    await begin('busy');
    fake.push({ kind: 'itemRequested', value: 'nowhere' });
    await vi.waitFor(() => expect(app.report?.text).toBe('That notification is no longer in the inbox'));
    // Otherwise the next window would say it again.
    const ended = { name: 'inbox_mark', request: { keys: ['nowhere'], mark: 'read' } };
    await vi.waitFor(() => expect(fake.calls).toContainEqual(expect.objectContaining(ended)));
  });
});

describe('a view that was asked for outside the window', () => {
  const shown = () => fake.calls.filter(({ name }) => name === 'view_shown');

  test('is opened, and the core knows that it was', async () => {
    await begin('busy');
    fake.push({ kind: 'viewRequested', value: 'preferences' });
    expect([app.page, app.section]).toEqual(['preferences', null]);
    expect(app.snapshot?.requestedView).toBeNull();
    fake.push({ kind: 'viewRequested', value: 'proxy' });
    expect([app.page, app.section]).toEqual(['preferences', 'network']);
    fake.push({ kind: 'viewRequested', value: 'setup' });
    expect(app.page).toBe('setup');
    fake.push({ kind: 'viewRequested', value: 'connection' });
    expect(app.page).toBe('connection');
    fake.push({ kind: 'viewRequested', value: 'inbox' });
    expect(app.page).toBe('inbox');
    expect(shown()).toHaveLength(5);
  });

  test('is opened by a window that starts, and by it alone', async () => {
    fake = open('busy');
    fake.scenario.requestedView = 'preferences';
    app = new App(fake, (apply) => apply());
    await app.attach();
    expect(app.page).toBe('preferences');
    expect(shown()).toHaveLength(1);
    app.back();
    await app.attach();
    expect(app.page).toBe('inbox');
  });
});

test('an open item that the server withdraws is closed with a word', async () => {
  await begin('busy');
  app.inbox.openItem(at('n-2'));
  fake.push({ kind: 'itemsRemoved', value: ['n-2'] });
  expect(app.inbox.open).toBeNull();
  expect(app.report?.text).toBe('The notification was withdrawn');
});

test('the live region speaks at once, then not more than every five seconds', async () => {
  await begin('empty');
  const said: string[] = [];
  const stop = $effect.root(() => {
    $effect(() => {
      said.push(app.said);
    });
  });
  const send = (title: string): void => {
    fake.receive(item({ key: title, createdAt: Date.now(), title }));
    flushSync();
  };
  flushSync();
  send('one');
  send('two');
  send('three');
  expect(said).toEqual(['', 'New: one']);
  await vi.advanceTimersByTimeAsync(5_000);
  flushSync();
  expect(said).toEqual(['', 'New: one', '2 new, newest: three']);
  await vi.advanceTimersByTimeAsync(20_000);
  send('four');
  expect(said.at(-1)).toBe('New: four');
  stop();
});

test('a core that does not answer is said, and asked again', async () => {
  fake = open('busy');
  const attach = vi.spyOn(fake, 'attach').mockRejectedValueOnce('the core has stopped');
  app = new App(fake, (apply) => apply());
  await app.attach();
  expect(app.failure).toBe('the core has stopped');
  attach.mockRestore();
  await app.attach();
  expect(app.failure).toBeNull();
  expect(app.snapshot).not.toBeNull();
});
