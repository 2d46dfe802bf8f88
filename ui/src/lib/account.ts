import type { AccountForm, AccountView, TestReport } from '../host/protocol';
import { sentence } from './text';

/** What is wrong with each field, in words; empty where nothing is. */
export interface AccountProblems {
  address: string;
  token: string;
}

/**
 * Checks that there is something to try. What an address and a token may look like is the core's to say: it takes both
 * as they are pasted.
 */
export function accountProblems(form: AccountForm, account: AccountView): AccountProblems {
  return {
    address: form.address.trim() === '' ? 'Enter the address of your server' : '',
    token: form.token === null && account.token !== 'present' ? 'Enter your token' : '',
  };
}

/** The field that the core's words are about, if they are about one. */
export function refusedField(words: string): keyof AccountProblems | null {
  if (/^the token\b/.test(words)) return 'token';
  return /\baddress|^plain (http|ws) |^leave /.test(words) && !/keyring/.test(words) ? 'address' : null;
}

/** What stands below the token field. */
export function tokenHint(account: AccountView): { text: string; tone: 'quiet' | 'warn' } {
  const { token, tokenProblem: problem } = account;
  switch (token) {
    case 'present':
      return { text: 'A token is saved. Leave this empty to keep it.', tone: 'quiet' };
    case 'unknown':
      return { text: 'Asking the keyring for your token…', tone: 'quiet' };
    case 'missing':
      return { text: sentence(problem || 'Your personal token for the Gloria System'), tone: 'quiet' };
    case 'keyringLocked':
      return {
        text: `${sentence(problem || 'The keyring is locked')}. Unlock it and try again, or enter the token anew.`,
        tone: 'warn',
      };
    case 'keyringUnavailable':
      return {
        text: `${sentence(problem || 'This computer has no keyring')}. A token entered here is kept until the app is closed.`,
        tone: 'warn',
      };
  }
}

/** What the live region says of a connection test. */
export function testResult(report: TestReport): string {
  const failed = report.steps.find((step) => !step.passed);
  return failed === undefined ? 'The test passed' : `The test failed. ${failed.title}: ${failed.detail}`;
}
