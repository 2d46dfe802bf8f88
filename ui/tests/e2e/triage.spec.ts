import { expect, says, test } from './app';

test('snooze and flag by menus, in the list and in the detail, with keys and with the pointer', async ({
  app,
  page,
}) => {
  await app.open('busy');
  const menu = app.get('menu');
  const entry = (name: string) => menu.getByRole('menuitem', { name });

  // A key opens the times, the arrows move, and Escape leads back.
  await app.item('n-2').focus();
  await page.keyboard.press('h');
  await expect(entry('An hour')).toBeFocused();
  await expect(entry('An hour')).toContainText('15:30');
  await expect(entry('Tomorrow')).toContainText(says('Thu 08:00'));
  await app.expectAccessible();
  await app.shot('snooze-menu');
  await page.keyboard.press('ArrowUp');
  await expect(entry('Monday')).toBeFocused();
  await page.keyboard.press('t');
  await expect(entry('Tomorrow')).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(menu).toHaveCount(0);
  await expect(app.item('n-2')).toBeFocused();

  // Snoozed, the next item is on, and the view has it.
  await page.keyboard.press('h');
  await page.keyboard.press('Enter');
  await expect(app.item('n-2')).toHaveCount(0);
  expect(await app.calls('inbox_snooze')).toEqual([{ keys: ['n-2'], until: { seconds: 3600 } }]);
  await expect(app.item('n-3')).toBeFocused();
  await page.getByRole('tab', { name: 'Snoozed' }).click();
  await app.item('n-2').click();
  await expect(app.get('snoozed-until')).toContainText('15:30');
  await app.get('snooze').click();
  await entry('Return to the inbox now').click();
  await expect(app.get('empty')).toContainText('Nothing snoozed');

  // By the pointer: the menu of a row, and its flag. Outside of it, a click only closes it.
  await page.getByRole('tab', { name: 'Inbox' }).click();
  await app.item('n-4').click({ button: 'right' });
  await expect(entry('Mark read')).toBeFocused();
  await app.get('search').click();
  await expect(menu).toHaveCount(0);
  await app.item('n-4').click({ button: 'right' });
  await entry('Flag').click();
  await expect(app.item('n-4')).toContainText('flagged');
  await expect(app.item('n-4')).toBeFocused();
  await app.item('n-2').hover();
  await app.get('row-snooze').filter({ visible: true }).click();
  await expect(menu).toBeVisible();
  await entry('Monday').click();
  await expect(app.item('n-2')).toHaveCount(0);
  await app.item('n-3').focus();
  await page.keyboard.press('f');
  await page.getByRole('tab', { name: 'Flagged' }).click();
  await expect(app.get('item')).toHaveCount(2);
  // The next one has the focus of the row that is gone.
  await app.item('n-3').focus();
  await page.keyboard.press('f');
  await expect(app.item('n-4')).toBeFocused();
  await page.keyboard.press('f');
  await expect(app.get('empty')).toContainText('Nothing flagged');
});

test('a wide window has views, list and detail side by side, as wide as they were made', async ({
  app,
  page,
}) => {
  await page.setViewportSize({ width: 1100, height: 640 });
  await app.open('busy');
  const [views, list] = [page.locator('#pane-views'), page.locator('#pane-list')];
  const width = async (pane: typeof views): Promise<number> => (await pane.boundingBox())?.width ?? 0;
  await expect(app.get('nothing-open')).toContainText(says('4 unread'));
  await app.expectAccessible();

  // The views are below each other, and move with the keys of that direction.
  await page.getByRole('tab', { name: 'Inbox' }).focus();
  await page.keyboard.press('ArrowDown');
  await expect(page.getByRole('tab', { name: /Unread/ })).toBeFocused();
  await page.keyboard.press('ArrowUp');
  await app.item('n-2').click();
  await expect(app.get('item-detail')).toBeVisible();
  await expect(app.item('n-1')).toBeVisible();
  await app.expectAccessible();
  await app.shot('three-panes');

  // By pointer and by keyboard.
  const before = { views: await width(views), list: await width(list) };
  const line = await page.getByRole('separator', { name: 'Width of the list of views' }).boundingBox();
  await page.mouse.move(line?.x ?? 0, 300);
  await page.mouse.down();
  await page.mouse.move((line?.x ?? 0) + 40, 320);
  await page.mouse.up();
  await expect.poll(() => width(views)).toBeCloseTo(before.views + 40, 0);
  const edge = page.getByRole('separator', { name: 'Width of the list of notifications' });
  await edge.focus();
  await page.keyboard.press('Home');
  await expect(edge).toHaveAttribute('aria-valuenow', '280');
  await expect.poll(() => width(list)).toBe(280);
  await page.keyboard.press('ArrowRight');
  await expect.poll(() => width(list)).toBe(296);
  await page.reload();
  await expect.poll(() => width(list)).toBe(296);
  await expect.poll(() => width(views)).toBeCloseTo(before.views + 40, 0);
});

test('what the user should know is said one at a time, with what can be done, and can be put aside', async ({
  app,
  page,
}) => {
  await app.open('notices');
  await expect(app.get('notice')).toHaveCount(1);
  await expect(app.get('notice')).toHaveAttribute('data-kind', 'storage');
  await expect(app.get('notice')).toContainText('The disk is full');
  await app.get('notice').getByRole('button', { name: 'Try again' }).click();
  expect(await app.calls('connection_retry')).toHaveLength(1);
  // Something may get lost, so it stays.
  await expect(app.get('notice').getByRole('button', { name: 'Dismiss' })).toHaveCount(0);
  await app.get('status-more').click();
  await expect(app.get('notice')).toHaveCount(2);
  const other = app.get('notice').nth(1);
  const kind = await other.getAttribute('data-kind');
  await other.getByRole('button', { name: 'Dismiss' }).click();
  await expect(app.get('notice')).toHaveCount(1);
  await expect(app.get('status-more')).toHaveCount(0);
  // It says something else now.
  await page.evaluate((changed) => {
    const { notices } = window.fake.scenario;
    const value = notices.map((notice) =>
      notice.kind === changed ? { ...notice, message: { id: 'alert-reason-missed', args: {} } } : notice,
    );
    window.fake.push({ kind: 'notices', value });
  }, kind);
  await expect(app.get('status-more')).toBeVisible();
});

test('paused sounds, and a connection that the user ended, are said as long as they are', async ({
  app,
  page,
}) => {
  await app.open('busy');
  await page.evaluate(() => void window.fake.call('sounds_pause', { minutes: 60 }));
  await expect(app.get('quiet')).toContainText(says('Sounds are paused until 15:30'));
  await app.expectAccessible();
  await page.evaluate(() => void window.fake.call('connection_disconnect', null));
  await expect(app.get('standing')).toContainText('Disconnected by you');
  await expect(app.get('quiet')).toHaveCount(0);
  await app.get('status-more').click();
  await app.get('quiet').getByRole('button', { name: 'Resume' }).click();
  await expect(app.get('quiet')).toHaveCount(0);
  await app.get('standing').getByRole('button', { name: 'Connect' }).click();
  await expect(app.get('standing')).toHaveCount(0);
});

test('text grows and single keys are off, as chosen in the preferences, also the next time', async ({
  app,
  page,
}) => {
  await app.open('busy');
  const rowHeight = async (): Promise<number> => (await app.item('n-2').boundingBox())?.height ?? 0;
  const usual = await rowHeight();
  await app.get('preferences').click();
  for (let step = 0; step < 5; step += 1) await app.get('text-larger').click();
  await expect(app.get('text-size')).toHaveText(says('200 %'));
  await expect(app.get('text-larger')).toHaveAttribute('aria-disabled', 'true');
  await app.get('single-keys').click();
  await app.expectAccessible();
  await app.expectNoSidewaysScrolling();
  await page.reload();
  // The row is as much higher as its text, without the two pixels around it.
  await expect.poll(async () => (await rowHeight()) + 2).toBe((usual + 2) * 2);
  await app.item('n-2').focus();
  await page.keyboard.press('e');
  await page.keyboard.press('ArrowDown');
  await expect(app.item('n-3')).toBeFocused();
  await expect(app.item('n-2')).toHaveCount(1);
  expect(await app.calls('inbox_mark')).toHaveLength(0);
});
