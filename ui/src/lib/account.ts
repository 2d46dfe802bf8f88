import { failureCode } from '../host/host';
import type { AccountForm, AccountView, TestReport } from '../host/protocol';
import { say, sentenceOf, t } from '../words/words';
import { lockWords } from './locks';
import { plainText } from './text';

/** Scheme, host and port; a missing scheme is that of `other`. */
function origin(text: string, other: string): string | null {
  const bare = text.trim().replace(/^["'<“„‘]+|["'>”“’]+$/g, '');
  const scheme = /^[a-z][a-z\d+.-]*:\/\//i.test(bare) ? '' : other.replace(/\/\/.*$/, '//');
  try {
    return new URL((scheme + bare).replace(/^ws(s?):/i, 'http$1:')).origin;
  } catch {
    return null;
  }
}

/** Whether a typed address is the account's server: the saved token is sent only to that one. */
export function isOwnServer(typed: string, account: AccountView): boolean {
  return account.address === null || origin(typed, account.address) === origin(account.address, '');
}

/** Whether the environment sets the token for the typed server. */
export function isTokenLocked(typed: string, account: AccountView): boolean {
  return account.tokenLocked && isOwnServer(typed, account);
}

/** Whether the administrator's command signs in to the typed server, so that there is nothing to enter. */
export function isByCommand(typed: string, account: AccountView): boolean {
  return account.byCommand && isOwnServer(typed, account);
}

/** The server of an address, as it is named to users. */
export function addressHost(address: string): string {
  return plainText(address.replace(/^[a-z][a-z\d+.-]*:\/\//i, '').replace(/\/+$/, ''));
}

/**
 * Why there is nothing to try; empty if there is. What a token may look like is the core's to say: it takes it as it is
 * pasted.
 */
export function tokenProblem(form: AccountForm, account: AccountView, refused: boolean): string {
  if (form.token !== null) return '';
  if (!isOwnServer(form.address, account)) return t('ui-token-missing-other');
  return account.token === 'present' && !refused ? '' : t('ui-token-missing');
}

/** The server was reached, and does not accept the token. */
export function isTokenRefused(report: TestReport): boolean {
  return report.steps.some((step) => !step.passed && step.detail.id === 'check-token-refused');
}

/** The field that a failure is about, if it is about one. */
export function refusedField(error: unknown): 'address' | 'token' | null {
  const code = failureCode(error) ?? '';
  if (code.startsWith('token-')) return 'token';
  return code.startsWith('address-') ? 'address' : null;
}

/** The hint below the token field for this address. */
export function tokenHint(
  account: AccountView,
  address: string,
  refused = false,
): { text: string; tone: 'quiet' | 'warn' } {
  if (address.trim() !== '' && !isOwnServer(address, account)) {
    return { text: t('ui-token-other'), tone: 'quiet' };
  }
  if (isTokenLocked(address, account)) return { text: lockWords('environment'), tone: 'quiet' };
  const { token } = account;
  const problem = sentenceOf(account.tokenProblem);
  switch (token) {
    case 'present':
      return refused
        ? { text: t('ui-token-refused'), tone: 'warn' }
        : { text: t('ui-token-saved'), tone: 'quiet' };
    case 'unknown':
      return { text: t('ui-token-asking'), tone: 'quiet' };
    case 'missing':
      return { text: problem === '' ? t('ui-token-personal') : problem, tone: 'quiet' };
    case 'needsSignIn':
    case 'rejected':
    case 'commandFailed':
      return { text: problem, tone: 'warn' };
    case 'keyringLocked':
      return {
        text: t('ui-token-locked', {
          problem: problem === '' ? t('ui-keyring-is-locked') : problem,
        }),
        tone: 'warn',
      };
    case 'keyringUnavailable':
      return {
        text: t('ui-token-unkept', { problem: problem === '' ? t('ui-keyring-none') : problem }),
        tone: 'warn',
      };
  }
}

/** What the live region announces after a test. */
export function testResult(report: TestReport): string {
  const failed = report.steps.find((step) => !step.passed);
  return failed === undefined
    ? t('ui-test-passed')
    : t('ui-test-failed', { step: say(failed.title), reason: say(failed.detail) });
}

/** Why the test failed, as a sentence; empty if it did not. */
export function failedStep(report: TestReport): string {
  return sentenceOf(report.steps.find((step) => !step.passed)?.detail ?? null);
}
