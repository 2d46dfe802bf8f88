import type { AccountForm, AccountView, TestReport } from '../host/protocol';
import { sentence } from './text';

/** What is wrong with each field, in words; empty where nothing is. */
export interface AccountProblems {
  address: string;
  token: string;
}

/** Scheme, host and port; a scheme that is left out is the one of `other`. */
function origin(text: string, other: string): string | null {
  const bare = text.trim().replace(/^["'<“„‘]+|["'>”“’]+$/g, '');
  const scheme = /^[a-z][a-z\d+.-]*:\/\//i.test(bare) ? '' : other.replace(/\/\/.*$/, '//');
  try {
    return new URL((scheme + bare).replace(/^ws(s?):/i, 'http$1:')).origin;
  } catch {
    return null;
  }
}

/** Whether a typed address is the account's server: the saved token is sent to that one alone. */
export function isOwnServer(typed: string, account: AccountView): boolean {
  return account.address === null || origin(typed, account.address) === origin(account.address, '');
}

/** Whether the environment sets the token for the server that is typed. */
export function isTokenLocked(typed: string, account: AccountView): boolean {
  return account.tokenLocked && isOwnServer(typed, account);
}

/**
 * Checks that there is something to try. What an address and a token may look like is the core's to say: it takes both
 * as they are pasted.
 */
export function accountProblems(form: AccountForm, account: AccountView): AccountProblems {
  const saved = account.token === 'present' && isOwnServer(form.address, account);
  const missing = isOwnServer(form.address, account)
    ? 'Enter your token'
    : 'Enter your token for this server; the saved one belongs to another';
  return {
    address: form.address.trim() === '' ? 'Enter the address of your server' : '',
    token: form.token === null && !saved ? missing : '',
  };
}

/** The field that the core's words are about, if they are about one. */
export function refusedField(words: string): keyof AccountProblems | null {
  if (/^the token\b/.test(words)) return 'token';
  return /\baddress|^plain (http|ws) |^leave /.test(words) && !/keyring/.test(words) ? 'address' : null;
}

/** What stands below the token field, beside this address. */
export function tokenHint(account: AccountView, address: string): { text: string; tone: 'quiet' | 'warn' } {
  if (address.trim() !== '' && !isOwnServer(address, account)) {
    return { text: 'Another server needs a token of its own', tone: 'quiet' };
  }
  if (isTokenLocked(address, account)) return { text: 'Set by your organisation', tone: 'quiet' };
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
