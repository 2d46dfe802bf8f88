import { expect, test } from './app';

test('the page runs under the policy that is shipped, and a breach of it fails a test', async ({
  app,
  page,
  wrong,
}) => {
  await app.open('busy');
  const tried = await page.evaluate(async () => {
    const element = document.createElement('script');
    element.textContent = 'window.ran = true';
    document.body.append(element);
    const request = await window.fetch('https://gloria.example/').then(
      () => 'fetched',
      () => 'refused',
    );
    return { ran: 'ran' in window, request };
  });
  expect(tried).toEqual({ ran: false, request: 'refused' });
  await expect.poll(() => wrong.filter((each) => each.startsWith('policy: ')).length).toBe(2);
  wrong.length = 0;
});
