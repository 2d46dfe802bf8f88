import { exactly, expect, says, test, type Window760 } from './app';

async function openChecks(app: Window760, scenario: string): Promise<void> {
  await app.open(scenario);
  await app.get('connection-open').click();
  await app.get('check').scrollIntoViewIfNeeded();
}

/** Runs the checks to their end. */
async function check(app: Window760): Promise<void> {
  await app.get('check').press('Enter');
  await app.pass(100);
}

test('where all is well, one line says so and the rest is folded', async ({ app }) => {
  await openChecks(app, 'busy');
  await check(app);
  expect(await app.calls('doctor_check')).toEqual([null]);
  await expect(app.get('check-result')).toHaveText('All is well');
  await expect(app.get('live')).toHaveText('All is well');
  await expect(app.get('check'), 'it can be run again from where one is').toBeFocused();
  await expect(app.get('check')).toHaveText('Check again');
  await expect(app.get('check-bad')).toHaveCount(0);
  await expect(app.get('check-rest')).toHaveText(exactly('7 checks passed'));
  await expect(app.get('finding').first()).toBeHidden();
  await app.get('check').press('Tab');
  await expect(app.get('check-rest')).toBeFocused();
  await app.get('check-rest').press('Enter');
  await expect(app.get('finding')).toHaveCount(7);
  await expect(app.get('finding').first()).toBeVisible();
});

test('faults come first, then warnings, each with its word, its cause and what to do', async ({ app }) => {
  await openChecks(app, 'checksFail');
  await check(app);
  await expect(app.get('check-result')).toHaveText(exactly('2 faults found'));
  await expect(app.get('live')).toHaveText(says('2 faults found. Keyring: No keyring service is running'));
  const bad = app.get('check-bad').getByTestId('finding');
  await expect(bad).toHaveCount(3);
  await expect(bad.nth(0)).toHaveText(
    /Keyring fault.*No keyring service is running.*To do:.*Start a keyring/s,
  );
  await expect(bad.nth(1)).toHaveText(/Notifications fault/);
  await expect(bad.nth(2)).toHaveText(/Start at login warning/);
  await expect(app.get('check-rest')).toHaveText(exactly('2 checks passed · 1 could not be checked'));
});

test('what should be better is no fault', async ({ app }) => {
  await openChecks(app, 'checksWarn');
  await check(app);
  await expect(app.get('check-result')).toHaveText(exactly('1 thing should be better'));
});

test('while it runs that is shown and said, and it is not run twice', async ({ app }) => {
  await openChecks(app, 'checksRunning');
  await app.get('check').click();
  await expect(app.get('check-running')).toBeVisible();
  await expect(app.get('check')).toHaveAttribute('aria-disabled', 'true');
  await expect(app.get('live')).toHaveText(/Checking/);
  await app.get('check').press('Enter');
  expect(await app.calls('doctor_check')).toHaveLength(1);
  await app.expectAccessibleInAll('checks-running', { wide: 1700, narrow: 2100 });
});

test('checks and reports that cannot be had say why', async ({ app }) => {
  await openChecks(app, 'checksRefused');
  await check(app);
  await expect(app.get('check-failure')).toContainText('without a result');
  await expect(app.get('live')).toHaveText(/The checks could not be run/);
  await app.get('report-prepare').click();
  await expect(app.get('report-failure')).toHaveText(
    says('The report could not be prepared: the checks did not'),
  );
  await expect(app.get('live')).toHaveText(/The report could not be prepared/);
  await app.expectAccessibleInAll('checks-refused', { wide: 1700, narrow: 2100 });
});

test('a report is saved after a look at what it holds, and its place can be selected', async ({
  app,
  page,
}) => {
  await openChecks(app, 'busy');
  await app.get('report-prepare').press('Enter');
  await expect(app.get('report-save'), 'the question has the focus').toBeFocused();
  await expect(page.getByRole('alertdialog', { name: 'Save this report?' })).toHaveAccessibleDescription(
    /Downloads\/gloria-notify-report-2026-11-25\.tar\.gz.*log\.txt/s,
  );
  await expect(app.get('report-files').getByRole('listitem')).toHaveCount(6);
  expect(await app.calls('support_report_save')).toEqual([]);
  await app.expectAccessibleInAll('report-question', { wide: 1700, narrow: 2100 });
  await page.keyboard.press('Escape');
  await expect(app.get('report-prepare'), 'Escape is a no, and leaves the page open').toBeFocused();
  await page.keyboard.press('Enter');
  await expect(app.get('report-save')).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(app.get('report-cancel')).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(app.get('report-question')).toHaveCount(0);
  expect(await app.calls('support_report_save')).toEqual([]);

  await app.get('report-prepare').press('Enter');
  await expect(app.get('report-save')).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(app.get('live')).toHaveText(says('The report is saved. Look at it before you send it.'));
  await expect(app.get('report-path')).toHaveValue(
    '/home/anna/Downloads/gloria-notify-report-2026-11-25.tar.gz',
  );
  await expect(app.get('report-prepare')).toBeFocused();
  expect(await app.calls('support_report_save')).toEqual([null]);
  await app.get('report-path').focus();
  const chosen = await page.evaluate(() => {
    const field = document.activeElement as HTMLInputElement;
    return field.value.slice(field.selectionStart ?? 0, field.selectionEnd ?? 0);
  });
  expect(chosen).toContain('gloria-notify-report');
  await app.expectAccessibleInAll('report-saved', { wide: 1700, narrow: 2100 });
});

test('a report that could not be saved says why', async ({ app }) => {
  await openChecks(app, 'reportRefused');
  await app.get('report-prepare').click();
  await app.get('report-save').click();
  await expect(app.get('report-failure')).toContainText('No space left on device');
  await expect(app.get('live')).toHaveText(/The report could not be saved/);
  await expect(app.get('report-prepare')).toBeFocused();
});

for (const scenario of ['checksFail', 'checksLong']) {
  test(`the findings of ${scenario} are accessible, also in large text`, async ({ app, page }) => {
    await openChecks(app, scenario);
    await check(app);
    await app.get('check-rest').click();
    await app.get('report-prepare').click();
    await expect(app.get('report-question')).toBeVisible();
    for (const size of [100, 200]) {
      await page.evaluate((percent) => {
        document.documentElement.style.fontSize = `${percent}%`;
      }, size);
      const name = size === 100 ? scenario : `${scenario}-large`;
      await app.expectAccessibleInAll(name, { wide: 1800 * (size / 100), narrow: 2600 * (size / 100) });
    }
  });
}
