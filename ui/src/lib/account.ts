import { failureCode } from '../host/host';
import type { AccountForm, AccountView, TestReport } from '../host/protocol';
import { say, sentenceOf, t } from '../words/words';
import { lockWords } from './locks';

/** The problem of each field, as text; empty without one. */
export interface AccountProblems {
  address: string;
  token: string;
}

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

/**
 * Checks that there is something to try. What an address and a token may look like is the core's to say: it takes both
 * as they are pasted.
 */
export function accountProblems(form: AccountForm, account: AccountView): AccountProblems {
  const saved = account.token === 'present' && isOwnServer(form.address, account);
  const missing = isOwnServer(form.address, account) ? t('ui-token-missing') : t('ui-token-missing-other');
  return {
    address: form.address.trim() === '' ? t('ui-address-missing') : '',
    token: form.token === null && !saved ? missing : '',
  };
}

/** The field that a failure is about, if it is about one. */
export function refusedField(error: unknown): keyof AccountProblems | null {
  const code = failureCode(error) ?? '';
  if (code.startsWith('token-')) return 'token';
  return code.startsWith('address-') ? 'address' : null;
}

/** The hint below the token field for this address. */
export function tokenHint(account: AccountView, address: string): { text: string; tone: 'quiet' | 'warn' } {
  if (address.trim() !== '' && !isOwnServer(address, account)) {
    return { text: t('ui-token-other'), tone: 'quiet' };
  }
  if (isTokenLocked(address, account)) return { text: lockWords('environment'), tone: 'quiet' };
  const { token } = account;
  const problem = sentenceOf(account.tokenProblem);
  switch (token) {
    case 'present':
      return { text: t('ui-token-saved'), tone: 'quiet' };
    case 'unknown':
      return { text: t('ui-token-asking'), tone: 'quiet' };
    case 'missing':
      return { text: problem === '' ? t('ui-token-personal') : problem, tone: 'quiet' };
    case 'needsSignIn':
    case 'rejected':
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

/** What the live region announces during a connection test. */
export function testResult(report: TestReport): string {
  const failed = report.steps.find((step) => !step.passed);
  return failed === undefined
    ? t('ui-test-passed')
    : t('ui-test-failed', { step: say(failed.title), reason: say(failed.detail) });
}
