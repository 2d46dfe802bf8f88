import { expect, says, test } from './app';

test('items are found as one types, with the words marked, and Escape leads back', async ({ app, page }) => {
  await app.open('busy');
  const first = app.get('item').first();
  const title = (await first.getByTestId('item-title').textContent()) ?? '';
  const word = title.split(' ').find((one) => one.length > 3) ?? '';
  const typed = word.slice(0, 3).toUpperCase();

  await page.keyboard.press('/');
  await expect(app.get('search')).toBeFocused();
  await page.keyboard.type(typed);
  await expect(app.get('search')).toHaveValue(typed);
  await expect(first.locator('mark').first()).toHaveText(new RegExp(`^${typed}$`, 'i'));
  expect(await app.calls('inbox_search')).toContainEqual(
    expect.objectContaining({ filter: { view: 'inbox', text: typed, everywhere: true } }),
  );
  await expect(app.get('inbox')).toHaveAttribute('aria-label', 'Found notifications');
  await expect(page.getByRole('tab', { selected: true })).toHaveCount(0);
  await app.expectAccessibleInAll('find');

  // Down to the results, and back.
  await page.keyboard.press('ArrowDown');
  await expect(first).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(app.get('item-detail').locator('mark').first()).toBeVisible();
  await app.shot('find-detail');
  await page.keyboard.press('Escape');
  await page.keyboard.press('/');
  await expect(app.get('search')).toBeFocused();
  await page.keyboard.type('zzz');
  await expect(app.get('empty')).toContainText(says('Nothing found'));
  await app.expectAccessibleInAll('find-none');

  await page.keyboard.press('Escape');
  await expect(app.get('search')).toHaveValue('');
  await expect(app.get('search')).toBeFocused();
  await expect(page.getByRole('tab', { selected: true })).toHaveText(says('Inbox'));
  await page.keyboard.press('Escape');
  await expect(app.get('search')).not.toBeFocused();
});

test('a tab ends a search, which finds what is archived too', async ({ app, page }) => {
  await app.open('busy');
  const keyOfFirst = () => app.get('item').first().getAttribute('data-key');
  await page.getByRole('tab', { name: 'Archived' }).click();
  await expect(app.get('inbox')).toHaveAttribute('aria-label', 'Archived notifications');
  const archived = (await keyOfFirst()) ?? '';
  const title = (await app.item(archived).getByTestId('item-title').textContent()) ?? '';
  await page.getByRole('tab', { name: 'Inbox' }).click();
  await expect(app.item(archived)).toHaveCount(0);
  await app.get('search').fill(title);
  await expect(app.item(archived)).toHaveCount(1);
  await page.getByRole('tab', { name: 'Unread' }).click();
  await expect(app.get('search')).toHaveValue('');
  await expect(app.get('inbox')).toHaveAttribute('aria-label', 'Unread notifications');
});

test('right to left, field and hits keep their sides, and what is not searched yet is said', async ({
  app,
  page,
}) => {
  await app.open('indexing');
  await page.evaluate(() => document.documentElement.setAttribute('dir', 'rtl'));
  await app.get('search').fill('the');
  await expect(page.locator('mark').first()).toBeVisible();
  await expect(
    page.getByRole('status').filter({ hasText: says('still being made searchable') }),
  ).toBeVisible();
  await app.expectNoSidewaysScrolling();
  await app.shot('find-rtl');
});
