import { expect, test } from 'vitest';
import { failureMessage } from '../../src/host/host';
import type { AccountView, CommandError } from '../../src/host/protocol';
import { says } from '../../src/host/scenarios/says';
import { accountProblems, isOwnServer, isTokenLocked, refusedField, tokenHint } from '../../src/lib/account';

const ACCOUNT: AccountView = {
  address: null,
  addressLock: null,
  token: 'missing',
  tokenLocked: false,
  tokenProblem: null,
  needsSetup: true,
  question: null,
  user: { name: null, status: null },
  provider: null,
  signedIn: null,
};

test('an address is needed, and what it looks like is the core’s to say', () => {
  const problem = (address: string): string => accountProblems({ address, token: 't' }, ACCOUNT).address;
  expect(problem(' ')).toBe('Enter the address of your server');
  for (const pasted of [
    'gloria.example.com',
    '“https://gloria.example.com”',
    'http://0.0.0.0:8787',
    'ftp://x',
  ]) {
    expect(problem(pasted)).toBe('');
  }
});

test.each([
  ['token-cut-off', 'token'],
  ['token-is-address', 'token'],
  ['address-scheme', 'address'],
  ['address-is-token', 'address'],
  ['address-unencrypted', 'address'],
  ['keyring-hangs', null],
  ['error-stopped', null],
  ['error-invalid-request', null],
])('“%s” is about %s', (id, field) => {
  expect(refusedField({ message: { id, args: {} } })).toBe(field);
});

test('a token is needed unless one is saved', () => {
  const form = { address: 'https://a.example', token: null };
  expect(accountProblems(form, ACCOUNT).token).not.toBe('');
  expect(accountProblems(form, { ...ACCOUNT, token: 'keyringLocked' }).token).not.toBe('');
  expect(accountProblems(form, { ...ACCOUNT, token: 'present' }).token).toBe('');
});

test.each([
  ['https://a.example', true],
  ['https://A.example:443/api/v1/sse', true],
  ['wss://a.example', true],
  ['a.example', true],
  [' “https://a.example” ', true],
  ['https://b.example', false],
  ['https://a.example:8443', false],
  ['http://a.example', false],
  ['https://a.example.evil.test', false],
  ['https://a.example@evil.test', false],
  ['a.example evil', false],
])('“%s” is the saved server: %s', (typed, own) => {
  const account: AccountView = { ...ACCOUNT, address: 'https://a.example/api', token: 'present' };
  expect(isOwnServer(typed, account)).toBe(own);
  expect(accountProblems({ address: typed, token: null }, account).token === '').toBe(own);
  expect(accountProblems({ address: typed, token: 't' }, account).token).toBe('');
  expect(tokenHint(account, typed).text.includes('Another server')).toBe(!own);
});

test('a token from the environment is locked for its own server alone', () => {
  const account: AccountView = {
    ...ACCOUNT,
    address: 'https://a.example',
    token: 'present',
    tokenLocked: true,
  };
  expect(isTokenLocked('https://a.example', account)).toBe(true);
  expect(tokenHint(account, 'https://a.example').text).toBe('Set by the environment');
  expect(isTokenLocked('https://b.example', account)).toBe(false);
  expect(accountProblems({ address: 'https://b.example', token: null }, account).token).toContain(
    'belongs to another',
  );
});

test('a keyring that cannot be used is said in words, with the core’s own', () => {
  expect(
    tokenHint(
      {
        ...ACCOUNT,
        token: 'keyringLocked',
        tokenLocked: false,
        tokenProblem: says('GNOME Keyring is locked'),
      },
      '',
    ),
  ).toEqual({
    text: 'GNOME Keyring is locked. Unlock it and try again, or enter the token anew.',
    tone: 'warn',
  });
  expect(tokenHint({ ...ACCOUNT, token: 'keyringUnavailable' }, '').text).toContain(
    'until the app is closed',
  );
});

test('of whatever a command failed with, the words are shown', () => {
  const status = { id: 'cause-status', args: { status: 503 } };
  const failed: CommandError = { code: 'refused', message: status };
  expect(failureMessage(failed)).toBe('the server answered 503');
  const refused: CommandError = { code: 'invalidRequest', message: says('the token is too long') };
  expect(failureMessage(refused)).toBe('the token is too long');
  expect(failureMessage('call not allowed'), 'Tauri refuses by a string').toBe('call not allowed');
  expect(failureMessage(undefined)).toBe('Something unexpected happened');
});
