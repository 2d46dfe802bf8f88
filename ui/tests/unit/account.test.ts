import { expect, test } from 'vitest';
import type { AccountView } from '../../src/host/protocol';
import { accountProblems, tokenHint } from '../../src/lib/account';

const ACCOUNT: AccountView = {
  address: null,
  addressLocked: false,
  token: 'missing',
  tokenProblem: '',
  needsSetup: true,
};

test.each([
  ['', 'Enter the address of your server'],
  ['wss://gloria.example.com/api', ''],
  ['gloria.example.com', 'The address begins with https:// or wss://'],
  ['ftp://gloria.example.com', 'The address begins with https:// or wss://'],
  ['https://', 'This is not a web address'],
  ['https://user:pass@gloria.example.com', 'Leave name and password out of the address'],
  ['https://gloria.example.com/api', ''],
  ['http://127.0.0.1:8080', ''],
  ['  https://gloria.example.com  ', ''],
])('the address "%s": "%s"', (address, problem) => {
  expect(accountProblems({ address, token: 't' }, ACCOUNT).address).toBe(problem);
});

test('a token is needed unless one is saved', () => {
  const form = { address: 'https://a.example', token: null };
  expect(accountProblems(form, ACCOUNT).token).not.toBe('');
  expect(accountProblems(form, { ...ACCOUNT, token: 'keyringLocked' }).token).not.toBe('');
  expect(accountProblems(form, { ...ACCOUNT, token: 'present' }).token).toBe('');
});

test('a token with a space or a letter that no header takes is refused', () => {
  const token = (text: string): string => accountProblems({ address: '', token: text }, ACCOUNT).token;
  expect(token('eyJhbGciOi.x_y-z=')).toBe('');
  expect(token('two words')).not.toBe('');
  expect(token('tökén')).not.toBe('');
});

test('a keyring that cannot be used is said in words, with the core’s own', () => {
  expect(tokenHint({ ...ACCOUNT, token: 'keyringLocked', tokenProblem: 'GNOME Keyring is locked' })).toEqual({
    text: 'GNOME Keyring is locked. Unlock it and try again, or enter the token anew.',
    tone: 'warn',
  });
  expect(tokenHint({ ...ACCOUNT, token: 'keyringUnavailable' }).text).toContain('until the app is closed');
});
