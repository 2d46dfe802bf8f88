import { expect, test } from 'vitest';
import { failureMessage } from '../../src/host/host';
import type { AccountView, CommandError, TestReport } from '../../src/host/protocol';
import { says } from '../../src/host/scenarios/says';
import {
  addressHost,
  failedStep,
  isByCommand,
  isOwnServer,
  isTokenLocked,
  isTokenRefused,
  refusedField,
  tokenHint,
  tokenProblem,
} from '../../src/lib/account';

const ACCOUNT: AccountView = {
  address: null,
  addressLock: null,
  token: 'missing',
  tokenLocked: false,
  byCommand: false,
  tokenProblem: null,
  needsSetup: true,
  question: null,
  user: { name: null, status: null },
  provider: null,
  signedIn: null,
  accounts: [],
};

test('a server is named without what everybody has in front of it', () => {
  expect(addressHost('https://gloria.example.com/api/')).toBe('gloria.example.com/api');
  expect(addressHost('wss://gloria.example.com:8443')).toBe('gloria.example.com:8443');
});

test('only a token that the server refused is the token’s fault', () => {
  const step = (id: string, passed: boolean): TestReport['steps'][number] => ({
    title: { id: 'check-server', args: {} },
    passed,
    detail: { id, args: {} },
  });
  const refused = {
    succeeded: false,
    steps: [step('check-address', true), step('check-token-refused', false)],
  };
  expect(isTokenRefused(refused)).toBe(true);
  expect(failedStep(refused)).toBe('The server does not accept this token; check it, or ask for a new one');
  const silent = { succeeded: false, steps: [step('check-no-answer', false)] };
  expect(isTokenRefused(silent)).toBe(false);
  expect(failedStep({ succeeded: true, steps: [step('check-server-passed', true)] })).toBe('');
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

test('a token is needed unless one is saved that the server accepts', () => {
  const form = { address: 'https://a.example', token: null };
  expect(tokenProblem(form, ACCOUNT, false)).not.toBe('');
  expect(tokenProblem(form, { ...ACCOUNT, token: 'keyringLocked' }, false)).not.toBe('');
  expect(tokenProblem(form, { ...ACCOUNT, token: 'present' }, false)).toBe('');
  expect(tokenProblem(form, { ...ACCOUNT, token: 'present' }, true)).toBe('Enter your token');
  expect(tokenHint({ ...ACCOUNT, token: 'present' }, '', true).text).toContain('does not accept');
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
  expect(tokenProblem({ address: typed, token: null }, account, false) === '').toBe(own);
  expect(tokenProblem({ address: typed, token: 't' }, account, false)).toBe('');
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
  expect(tokenProblem({ address: 'https://b.example', token: null }, account, false)).toContain(
    'belongs to another',
  );
});

test('the administrator’s command signs in to its own server alone', () => {
  const account: AccountView = { ...ACCOUNT, address: 'https://a.example/api', byCommand: true };
  expect(isByCommand('https://a.example', account)).toBe(true);
  expect(isByCommand('https://b.example', account)).toBe(false);
  expect(isByCommand('https://b.example', { ...account, address: null })).toBe(true);
  expect(isByCommand('https://a.example', { ...account, byCommand: false })).toBe(false);
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
