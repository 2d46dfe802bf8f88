import type { AccountForm, AccountView, TestReport } from '../host/protocol';
import { parseUrl, sentence } from './text';

/** What is wrong with each field, in words; empty where nothing is. */
export interface AccountProblems {
  address: string;
  token: string;
}

/** Checks what can be told without the server. */
export function accountProblems(form: AccountForm, account: AccountView): AccountProblems {
  return { address: addressProblem(form.address), token: tokenProblem(form.token, account) };
}

function addressProblem(address: string): string {
  const typed = address.trim();
  if (typed === '') return 'Enter the address of your server';
  // With `wss` the same server is reached over a WebSocket.
  if (!/^(https?|wss?):\/\//i.test(typed)) return 'The address begins with https:// or wss://';
  const url = parseUrl(typed);
  if (url === null) return 'This is not a web address';
  if (url.username !== '' || url.password !== '') return 'Leave name and password out of the address';
  return '';
}

function tokenProblem(token: string | null, account: AccountView): string {
  if (token === null) return account.token === 'present' ? '' : 'Enter your token';
  // A token travels in an HTTP header, which takes visible ASCII characters only.
  return /^[\x21-\x7e]+$/.test(token) ? '' : 'The token has characters that no token has: copy it again';
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
