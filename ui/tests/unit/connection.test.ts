import { expect, test } from 'vitest';
import type { ConnectionView } from '../../src/host/protocol';
import { connectionWords } from '../../src/lib/connection';

const NOW = 1_800_000_000_000;

function view(change: Partial<ConnectionView>): ConnectionView {
  return {
    state: 'connected',
    reason: '',
    remedy: 'none',
    attempt: 0,
    nextAttemptAt: null,
    connectedSince: null,
    lastHeardAt: null,
    ...change,
  };
}

test('connected says when it last heard, as long as it is connected', () => {
  expect(connectionWords(view({ lastHeardAt: NOW - 4_000 }), NOW)).toMatchObject({
    tone: 'good',
    state: 'Connected · last heard 4 s ago',
    buttons: [],
  });
  expect(connectionWords(view({}), NOW).state).toBe('Connected');
});

test('waiting counts down and offers a way round', () => {
  const waiting = view({
    state: 'waiting',
    reason: 'the server answered 503',
    remedy: 'retry',
    nextAttemptAt: NOW + 12_000,
  });
  expect(connectionWords(waiting, NOW)).toEqual({
    tone: 'busy',
    state: 'Reconnecting in 12 s',
    reason: 'The server answered 503',
    buttons: [{ does: 'retry', label: 'Retry now' }],
  });
  expect(connectionWords(waiting, NOW + 12_000).state).toBe('Reconnecting now');
});

test('an open circuit says that it still tries', () => {
  const open = view({ state: 'circuitOpen', remedy: 'retry', nextAttemptAt: NOW + 250_000 });
  expect(connectionWords(open, NOW).state).toBe('Server out of reach · next try in 5 min');
});

test.each([
  ['signIn', 'Signed out', { does: 'setup', label: 'Sign in' }],
  ['checkAddress', 'Disconnected', { does: 'setup', label: 'Check address' }],
  ['unlockKeyring', 'Keyring locked', { does: 'retry', label: 'Try again' }],
  ['checkNetwork', 'Disconnected', { does: 'retry', label: 'Connect again' }],
  ['none', 'Disconnected', { does: 'retry', label: 'Connect again' }],
] as const)('halted with the remedy %s says %s', (remedy, state, button) => {
  expect(connectionWords(view({ state: 'halted', remedy }), NOW)).toMatchObject({
    tone: 'bad',
    state,
    buttons: [button],
  });
});

test('an attempt after failures says which it is', () => {
  expect(connectionWords(view({ state: 'connecting' }), NOW).state).toBe('Connecting…');
  expect(connectionWords(view({ state: 'connecting', attempt: 2 }), NOW).state).toBe(
    'Connecting, attempt 3…',
  );
});

test('waiting for a server that is not there offers the address, and trying at once', () => {
  const waiting = view({ state: 'waiting', remedy: 'checkAddress', nextAttemptAt: NOW + 60_000 });
  expect(connectionWords(waiting, NOW).buttons.map((button) => button.label)).toEqual([
    'Check address',
    'Retry now',
  ]);
});
