import { exactly, expect, says, test } from './app';

test('the whole inbox by keyboard', async ({ app, page }) => {
  await app.open('busy');
  const focusedKey = () => page.evaluate(() => document.activeElement?.getAttribute('data-key'));

  // Into the list with Tab, past the header's stops.
  await page.keyboard.press('Tab');
  await expect(app.get('bell')).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(app.get('search')).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(app.get('mark-all-read')).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(app.get('preferences')).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(page.getByRole('tab', { name: 'Inbox' })).toBeFocused();
  await page.keyboard.press('Tab');
  expect(await focusedKey()).toBe('n-1');

  await page.keyboard.press('j');
  await page.keyboard.press('ArrowDown');
  expect(await focusedKey()).toBe('n-3');
  await page.keyboard.press('k');
  expect(await focusedKey()).toBe('n-2');
  await expect(app.item('n-2')).toHaveAttribute('data-unread', 'true');

  await page.keyboard.press('Enter');
  await expect(app.get('item-detail')).toBeFocused();
  await expect(app.get('item-detail')).toHaveAttribute('data-key', 'n-2');
  await expect(app.item('n-2')).toHaveAttribute('data-unread', 'false');

  // In the detail, the next key opens the next item.
  await page.keyboard.press('j');
  await expect(app.get('item-detail')).toHaveAttribute('data-key', 'n-3');
  await expect(app.get('item-detail')).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(app.get('item-detail')).toHaveCount(0);
  expect(await focusedKey()).toBe('n-3');

  await page.keyboard.press('u');
  await expect(app.item('n-3')).toHaveAttribute('data-unread', 'true');

  await page.keyboard.press('e');
  await expect(app.item('n-3')).toHaveCount(0);
  expect(await focusedKey()).toBe('n-4');
  await page.keyboard.press('z');
  await expect(app.item('n-3')).toHaveCount(1);

  await page.keyboard.press('End');
  await expect.poll(focusedKey).toBe('n-12');
  await page.keyboard.press('Home');
  await expect.poll(focusedKey).toBe('n-1');

  await page.keyboard.press('o');
  expect(await app.calls('item_follow')).toEqual([{ key: 'n-1', action: null }]);

  await page.keyboard.press('?');
  await expect(app.get('key-help')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(app.get('key-help')).toBeHidden();
});

test('the tabs move with the arrows and show what they say', async ({ app, page }) => {
  await app.open('busy');
  await page.getByRole('tab', { name: 'Inbox' }).focus();
  await page.keyboard.press('ArrowRight');
  await expect(page.getByRole('tab', { name: /Unread/ })).toBeFocused();
  await expect(app.get('item')).toHaveCount(4);
  await page.keyboard.press('ArrowRight');
  await expect(page.getByRole('tab', { name: 'Flagged' })).toBeFocused();
  await expect(app.get('empty')).toContainText('Nothing flagged');
  await page.keyboard.press('ArrowRight');
  await expect(page.getByRole('tab', { name: 'Snoozed' })).toBeFocused();
  await expect(app.get('empty')).toContainText('Nothing snoozed');
  await page.keyboard.press('ArrowRight');
  await expect(page.getByRole('tab', { name: 'Archived' })).toBeFocused();
  await expect(app.get('item')).toHaveCount(2);
  await page.keyboard.press('ArrowRight');
  await expect(page.getByRole('tab', { name: 'Inbox' })).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.press('End');
  await app.item('n-13').press('e');
  await expect(app.get('report')).toContainText('Moved to the inbox');
  await expect(app.get('item')).toHaveCount(1);
});

test('looking at the list clears the badge and leaves what is unread', async ({ app }) => {
  await app.open('busy');
  await expect(app.get('badge')).toHaveText('2');
  await app.pass(1000);
  await expect(app.get('badge')).toHaveCount(0);
  await expect(app.item('n-1')).toHaveAttribute('data-unread', 'true');
  expect(await app.calls('window_shows')).toEqual([{ inboxVisible: true, connectionVisible: false }]);
  expect(await app.calls('inbox_mark_all_seen')).toHaveLength(1);
});

test('what comes in the very moment in which the badge is cleared is cleared next', async ({ app, page }) => {
  await app.open('busy');
  await page.evaluate(() => {
    const call = window.fake.call.bind(window.fake);
    window.fake.call = async (name, request) => {
      const answer = await call(name, request);
      const [item] = window.fake.scenario.items;
      if (name === 'inbox_mark_all_seen' && item !== undefined) {
        // In one frame with the update that there is nothing new: the page sees no difference.
        window.fake.call = call;
        window.fake.receive({ ...item, seenAt: null, readAt: null });
      }
      return answer;
    };
  });
  await app.pass(1000);
  await expect(app.get('badge')).toHaveText('1');
  await app.pass(1000);
  await expect(app.get('badge')).toHaveCount(0);
  await app.pass(5000);
  expect(await app.calls('inbox_mark_all_seen')).toHaveLength(2);
});

test('a badge that cannot be cleared is reported once', async ({ app, page }) => {
  await app.open('busy');
  await page.evaluate(() => (window.fake.scenario.refusals.inbox_mark_all_seen = 'the disk is full'));
  await app.pass(5000);
  expect(await app.calls('inbox_mark_all_seen')).toHaveLength(1);
});

test('a list that is not at its newest end, or not shown, does not clear the badge', async ({ app }) => {
  await app.open('thousands');
  await expect(app.get('badge')).toHaveText('99+');
  await app.get('inbox').evaluate((list) => (list.scrollTop = 3000));
  await expect
    .poll(async () => (await app.calls('window_shows')).at(-1))
    .toEqual({
      inboxVisible: false,
      connectionVisible: false,
    });
  await app.pass(5000);
  await expect(app.get('badge')).toHaveText('99+');
  await app.get('preferences').click();
  await app.pass(5000);
  expect(await app.calls('inbox_mark_all_seen')).toHaveLength(0);
});

test('mark all read', async ({ app }) => {
  await app.open('busy');
  await app.get('mark-all-read').click();
  await expect(app.get('item').first()).toHaveAttribute('data-unread', 'false');
  await expect(app.get('mark-all-read')).toBeDisabled();
  await expect(app.get('live')).toHaveText('All marked read');
});

test('ten thousand items are a few dozen rows', async ({ app, page }) => {
  await app.open('thousands');
  await expect(app.item('many-0')).toBeVisible();
  const rows = () => app.get('item').count();
  expect(await rows()).toBeLessThan(40);
  await app.item('many-0').focus();
  await page.keyboard.press('End');
  await expect(app.item('many-9999')).toBeFocused();
  expect(await rows()).toBeLessThan(40);
  await app.get('inbox').evaluate((list) => (list.scrollTop = list.scrollHeight / 2));
  await expect(app.get('item').nth(5)).toBeVisible();
  expect(await rows()).toBeLessThan(40);
  // The row with the focus is still there, far outside of what is on screen.
  await expect(app.item('many-9999')).toBeFocused();
  await page.keyboard.press('k');
  await expect(app.item('many-9998')).toBeFocused();
  await expect(app.item('many-9998')).toBeInViewport();
  await page.keyboard.press('Home');
  await expect(app.item('many-0')).toBeFocused();
});

test('pages are read as the list is scrolled', async ({ app, page }) => {
  await app.open('thousands');
  await expect(app.item('many-0')).toBeVisible();
  expect(await app.calls('inbox_page')).toHaveLength(1);
  for (let turn = 0; turn < 12; turn += 1) {
    await app.get('inbox').evaluate((list) => (list.scrollTop = list.scrollHeight));
    await expect.poll(async () => (await app.calls('inbox_page')).length).toBeGreaterThan(turn + 1);
  }
  await expect(page.getByTestId('item').last()).toBeVisible();
});

test('new items do not move what is being read', async ({ app, page }) => {
  await app.open('thousands');
  await expect(app.item('many-0')).toBeVisible();
  await app.get('inbox').evaluate((list) => (list.scrollTop = 1400));
  const row = app.item('many-25');
  await expect(row).toBeVisible();
  // The day of what is on screen stays named at its upper edge, and the row that is moved to is not covered by it.
  const viewport = await app.get('inbox').boundingBox();
  const day = app.get('day').first();
  await expect(day).toHaveText('Today');
  expect((await day.boundingBox())?.y).toBe(viewport?.y);
  const before = await row.boundingBox();

  await page.evaluate(() => {
    const now = Date.now();
    const like = {
      body: '',
      category: null,
      actor: null,
      link: null,
      actions: [],
      progress: null,
      alert: null,
      pending: false,
      refused: null,
    };
    const marks = {
      seenAt: null,
      readAt: null,
      archivedAt: null,
      flaggedAt: null,
      snoozedUntil: null,
      ackRequired: false,
      acknowledgedAt: null,
      expiresAt: null,
      groupKey: null,
      version: null,
    };
    for (const n of [1, 2, 3]) {
      const times = { createdAt: now + n, receivedAt: now + n };
      const sort = `0${String(now + n).padStart(16, '0')}`;
      const place = { sort, pinned: false, views: ['inbox', 'unread'] as ('inbox' | 'unread')[] };
      const what = {
        key: `new-${n}`,
        title: `New ${n}`,
        words: null,
        kind: 'notification',
        priority: 'normal',
      } as const;
      window.fake.receive({ ...like, ...marks, ...times, ...place, ...what });
    }
    window.fake.push({ kind: 'itemsRemoved', value: ['many-3', 'many-4'] });
  });
  await expect(app.get('new-items')).toHaveText(exactly('3 new'));
  expect(await row.boundingBox()).toEqual(before);
  await expect(app.item('new-3')).toHaveCount(0);

  await app.get('new-items').click();
  await expect(app.item('new-3')).toBeFocused();
  await expect(app.item('new-3')).toBeInViewport();
  await expect(app.get('new-items')).toHaveCount(0);
});

test('at the newest end, new items slide in and are announced together', async ({ app }) => {
  await app.open('live');
  await expect(app.item('n-1')).toBeVisible();
  await app.pass(3000);
  // Below the one that is urgent and unread.
  await expect(app.get('item').nth(1)).toHaveAttribute('data-key', 'live-1');
  await expect(app.get('live')).toHaveText(exactly('New: Ticket 4001 was assigned to you'));
  await app.pass(6000);
  await expect(app.get('item').nth(1)).toHaveAttribute('data-key', 'live-3');
  await expect(app.get('live')).toHaveText(exactly('New: Ticket 4002 was assigned to you'));
  await expect(app.get('new-items')).toHaveCount(0);
});

test('hostile text is text', async ({ app, page }) => {
  await app.open('hostile');
  await expect(app.item('hostile-1').getByTestId('item-title')).toHaveText(
    '<img src=x onerror="alert(1)"><b>bold</b>',
  );
  await expect(app.item('hostile-2').getByTestId('item-title')).toHaveText('invoicefdp.exe is ready');
  await expect(app.item('hostile-5').getByTestId('item-title')).toHaveText('Notification');
  const height = async (key: string): Promise<number> => (await app.item(key).boundingBox())?.height ?? 0;
  expect(await height('hostile-8'), 'ten thousand letters are a row like others').toBe(
    await height('hostile-1'),
  );
  await app.item('hostile-1').click();
  const detail = app.get('item-detail');
  await expect(detail).toContainText('<script>alert(2)</script>');
  await expect(detail.locator('img, script, iframe, a, b, style')).toHaveCount(0);
  await expect(page.locator('a, iframe, img, object, embed')).toHaveCount(0);

  // javascript:, data: and file: are not offered, https is.
  await expect(detail.getByTestId('item-link')).toHaveCount(0);
  await expect(detail.getByTestId('item-action')).toHaveText('Only this one is a link');
  await expect(detail).toContainText(says('3 links are not shown'));
  await detail.getByTestId('item-action').click();
  expect(await app.calls('item_follow')).toEqual([{ key: 'hostile-1', action: 2 }]);
  expect(new URL(page.url()).search).toBe('?scenario=hostile');

  // A link shows the host that it leads to, not the one that it pretends.
  await app.item('hostile-2').click();
  await expect(detail).toContainText('gloria.example.com.evil.example');
  await expect(detail).not.toContainText('secret');

  // A button that leads away from the server has its target beside it, and no label passes for an address to which it
  // does not lead.
  await expect(detail.getByTestId('link-target')).toHaveText([
    'evil.example',
    'gloria.example.com.evil.example',
  ]);
  await expect(detail.getByTestId('item-action')).toHaveText(['evil.example', 'Open report.pdf']);
  await expect(detail).not.toContainText('safe');
});

test('the list keeps its place when the window is made narrow and wide', async ({ app, page }) => {
  await app.open('thousands');
  await expect(app.item('many-0')).toBeVisible();
  await app.get('inbox').evaluate((list) => (list.scrollTop = 1700));
  await expect(app.item('many-30')).toBeInViewport();
  const first = await firstOnScreen();
  await page.setViewportSize({ width: 400, height: 640 });
  await expect.poll(firstOnScreen).toBe(first);
  await page.setViewportSize({ width: 960, height: 640 });
  await expect.poll(firstOnScreen).toBe(first);

  async function firstOnScreen(): Promise<string | null | undefined> {
    return await app.get('inbox').evaluate((list) => {
      const { top } = list.getBoundingClientRect();
      const rows = [...list.querySelectorAll('[data-testid="item"]')];
      return rows
        .filter((row) => row.getBoundingClientRect().bottom > top + 1)
        .sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top)[0]
        ?.getAttribute('data-key');
    });
  }
});

test('in a narrow window the detail covers the list and gives the focus back', async ({ app, page }) => {
  await page.setViewportSize({ width: 420, height: 640 });
  await app.open('busy');
  await app.item('n-2').click();
  await expect(app.get('item-detail')).toBeFocused();
  const covering = await app.item('n-1').evaluate((row) => {
    const { left, top, width, height } = row.getBoundingClientRect();
    return document
      .elementFromPoint(left + width / 2, top + height / 2)
      ?.closest('[data-testid]')
      ?.getAttribute('data-testid');
  });
  expect(covering).toBe('item-detail');
  await page.keyboard.press('Tab');
  await expect(page.getByRole('button', { name: 'Back to the list' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(app.item('n-2')).toBeFocused();
});

test('reconnecting counts down, dials, and counts again', async ({ app }) => {
  await app.open('offline');
  const line = app.get('connection');
  await expect(line).toHaveAttribute('data-state', 'waiting');
  await expect(line).toContainText(says('Reconnecting in 15 s'));
  await expect(line).toContainText('The server did not answer within 10 seconds');
  await app.pass(3000);
  await expect(line).toContainText(says('Reconnecting in 12 s'));
  await app.pass(12_000);
  await expect(line).toHaveAttribute('data-state', 'connecting');
  await app.pass(1000);
  await expect(line).toContainText(says('Reconnecting in 30 s'));
  await app.get('retry').click();
  await expect(line).toHaveAttribute('data-state', 'connecting');
  expect(await app.calls('connection_retry')).toHaveLength(1);
});

test('last heard is true as time passes', async ({ app }) => {
  await app.open('busy');
  await expect(app.get('connection')).toContainText(says('last heard 4 s ago'));
  await app.pass(10_000);
  await expect(app.get('connection')).toContainText(says('last heard 14 s ago'));
  await app.pass(20_000);
  await expect(app.get('connection')).toContainText(says('last heard just now'));
});

test('ages and days move with the clock', async ({ app, page }) => {
  await app.open('busy');
  const age = app.item('n-2').locator('time');
  await expect(age).toContainText(says('4 min'));
  await app.pass(120_000);
  await expect(age).toContainText(says('6 min'));
  await page.clock.fastForward('10:00:00');
  await app.pass(30_000);
  await expect(page.getByText('Yesterday', { exact: true })).toBeVisible();
  await expect(age).toContainText(says('14:26'));
});

test('an inbox that cannot be read says why and is read again', async ({ app, page }) => {
  await app.open('error');
  await expect(app.get('error')).toContainText('The inbox is locked by another program');
  // At this scroll position no new item is visible.
  const lastShown = async (): Promise<unknown> => (await app.calls('window_shows')).at(-1);
  await expect.poll(lastShown).toEqual({ inboxVisible: false, connectionVisible: false });
  await page.evaluate(() => window.fake.refuse('inbox_page', null));
  await app.get('error').getByRole('button', { name: 'Try again' }).click();
  await expect(app.item('n-1')).toBeVisible();
  await expect.poll(lastShown).toEqual({ inboxVisible: true, connectionVisible: false });
});

test.describe('with reduced motion', () => {
  test.use({ contextOptions: { reducedMotion: 'reduce' } });

  test('nothing moves by itself', async ({ app }) => {
    await app.open('busy');
    const transition = await app
      .item('n-1')
      .locator('..')
      .evaluate((row) => getComputedStyle(row).transitionDuration);
    expect(transition).toBe('0s');
  });
});

test('a newer version is a quiet line with a page about it, until it is installed', async ({ app, page }) => {
  await app.open('release');
  await expect(app.get('release')).toContainText(says('Version 1.4.0 is available'));
  await expect(app.get('notice')).toHaveCount(0);
  await expect(app.get('release-notes')).toHaveAttribute('title', 'https://gloria.example/notes/1.4.0');
  await app.get('release-notes').click();
  expect(await app.calls('release_notes')).toEqual([null]);
  await page.evaluate(() => window.fake.push({ kind: 'release', value: { version: '1.5.0', notes: null } }));
  await expect(app.get('release')).toContainText(says('Version 1.5.0 is available'));
  await expect(app.get('release-notes')).toHaveCount(0);
  await page.evaluate(() => window.fake.push({ kind: 'release', value: null }));
  await expect(app.get('release')).toHaveCount(0);
});

test('what the server does not have yet, and what it refused, is said at the item', async ({ app, page }) => {
  await app.open('actions');
  const rows = page.getByTestId('item');
  await expect(rows.nth(0).getByTestId('pending')).toHaveText('Not sent yet');
  await expect(rows.nth(1).getByTestId('refused')).toHaveText('Undone');
  await rows.nth(1).click();
  await expect(page.getByTestId('refused-reason')).toContainText('It is locked by the audit until Monday');
});
