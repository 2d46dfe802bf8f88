import { says } from '../../src/host/scenarios/says';
import { expect, test } from 'vitest';
import type { ConnectionView, Remedy } from '../../src/host/protocol';
import { connectionWords, emptyInbox } from '../../src/lib/connection';

const NOW = 1_800_000_000_000;

function view(change: Partial<ConnectionView>): ConnectionView {
  return {
    state: 'connected',
    reason: null,
    remedy: 'none',
    needsUser: false,
    longOutage: false,
    attempt: 0,
    nextAttemptAt: null,
    connectedSince: null,
    lastHeardAt: null,
    network: 'online',
    transport: 'sse',
    insecure: false,
    storage: null,
    historySince: null,
    filling: null,
    proxy: null,
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

test('what was missed and is being fetched is said, and that it fails', () => {
  const at = { lastHeardAt: NOW - 4_000 };
  expect(connectionWords(view({ ...at, filling: { items: 200, isFailing: false } }), NOW)).toMatchObject({
    tone: 'good',
    state: 'Connected · fetching what was missed, 200 so far',
  });
  expect(connectionWords(view({ ...at, filling: { items: 0, isFailing: true } }), NOW)).toMatchObject({
    tone: 'busy',
    state: 'Connected · what was missed could not be fetched yet, trying again',
  });
});

test('a connection whose notifications cannot be stored is not shown as healthy', () => {
  const full = view({
    reason: says('the disk is full; free some space'),
    storage: says('the disk is full; free some space'),
  });
  expect(connectionWords(full, NOW)).toMatchObject({
    tone: 'bad',
    title: 'Connected, but nothing can be stored',
    reason: 'The disk is full; free some space',
    buttons: [{ does: 'retry', label: 'Try again' }],
  });
});

test('waiting counts down and offers a way round', () => {
  const waiting = view({
    state: 'waiting',
    reason: says('the server answered 503'),
    remedy: 'retry',
    nextAttemptAt: NOW + 12_000,
  });
  expect(connectionWords(waiting, NOW)).toMatchObject({
    tone: 'busy',
    state: 'Reconnecting in 12 s',
    reason: 'The server answered 503',
    buttons: [{ does: 'retry', label: 'Reconnect now' }],
  });
  expect(connectionWords(waiting, NOW + 12_000).state).toBe('Reconnecting now');
});

test('an open circuit says that it still tries', () => {
  const open = view({ state: 'circuitOpen', remedy: 'retry', nextAttemptAt: NOW + 250_000 });
  expect(connectionWords(open, NOW).state).toBe('Not connected · next try in 5 min');
});

test.each([
  ['signIn', 'Signed out', { does: 'setup', label: 'Sign in' }],
  ['checkAddress', 'Needs you', { does: 'setup', label: 'Check address' }],
  ['unlockKeyring', 'Keyring locked', { does: 'retry', label: 'Unlock keyring' }],
  ['proxySignIn', 'Needs you', { does: 'proxy', label: 'Proxy settings' }],
  ['checkCertificate', 'Needs you', { does: 'retry', label: 'Connect again' }],
  ['networkSignIn', 'Needs you', { does: 'retry', label: 'Connect again' }],
  ['checkNetwork', 'Needs you', { does: 'retry', label: 'Connect again' }],
  ['none', 'Needs you', { does: 'retry', label: 'Connect again' }],
] as const)('halted with the remedy %s says %s', (remedy, state, button) => {
  expect(connectionWords(view({ state: 'halted', remedy }), NOW)).toMatchObject({
    tone: 'bad',
    state,
    buttons: [button],
  });
});

test('who disconnected sees it, and can connect', () => {
  const ended = view({ state: 'disconnected', reason: says('disconnected by you') });
  expect(connectionWords(ended, NOW)).toMatchObject({
    tone: 'quiet',
    title: 'Disconnected by you',
    state: 'Disconnected by you',
    reason: '',
    buttons: [{ does: 'retry', label: 'Connect' }],
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
    'Reconnect now',
  ]);
});

test('the window calls for the user where the tray does', () => {
  const needed = (remedy: Remedy) =>
    connectionWords(view({ state: 'waiting', remedy, needsUser: true, nextAttemptAt: NOW + 42_000 }), NOW);
  expect(needed('networkSignIn')).toMatchObject({
    tone: 'bad',
    title: 'Needs you',
    state: 'Needs you · next try in 42 s',
  });
  expect(needed('unlockKeyring')).toMatchObject({
    title: 'Keyring locked',
    buttons: [{ does: 'retry', label: 'Unlock keyring' }],
  });
  expect(needed('clientCertificate').advice).not.toContain('who it says it is');
});

test('a long outage does not look like a short one', () => {
  const long = view({ state: 'waiting', longOutage: true, nextAttemptAt: NOW + 42_000 });
  expect(connectionWords(long, NOW)).toMatchObject({ tone: 'bad', title: 'Not connected' });
});

test('a storage problem is shown while disconnected as well', () => {
  const both = view({
    state: 'waiting',
    reason: says('the server answered 503'),
    storage: says('the disk is full; free some space'),
    needsUser: true,
  });
  expect(connectionWords(both, NOW)).toMatchObject({
    title: 'Needs you',
    reason: 'The disk is full; free some space. The server answered 503',
  });
});

test('what is given up says whether it is tried again', () => {
  const halted = view({ state: 'halted', remedy: 'retry', nextAttemptAt: NOW + 540_000 });
  expect(connectionWords(halted, NOW).progress).toBe('Next attempt in 9 min');
  expect(connectionWords(halted, NOW).advice).toContain('Gloria Notify keeps trying');
});

test('how long it is connected ticks', () => {
  const connected = view({ connectedSince: NOW - 59_000 });
  expect(connectionWords(connected, NOW)).toMatchObject({ title: 'Connected', progress: 'For 59 s' });
  expect(connectionWords(connected, NOW + 2_000).progress).toBe('For 1 min 1 s');
  expect(connectionWords(view({ connectedSince: NOW + 5_000 }), NOW).progress, 'a clock set back').toBe(
    'For 0 s',
  );
});

test('the next attempt has its number and its time', () => {
  const waiting = view({ state: 'waiting', attempt: 3, nextAttemptAt: NOW + 12_000 });
  expect(connectionWords(waiting, NOW).progress).toBe('Attempt 4 in 12 s');
  expect(connectionWords(waiting, NOW + 11_001).progress).toBe('Attempt 4 in 1 s');
  expect(connectionWords(waiting, NOW + 30_000).progress).toBe('Attempt 4 now');
});

test('without a network it is offline, whatever the last failure was', () => {
  const offline = view({ state: 'circuitOpen', network: 'offline', nextAttemptAt: NOW + 480_000 });
  expect(connectionWords(offline, NOW)).toMatchObject({
    title: 'Offline',
    state: 'Offline · next try in 8 min',
    buttons: [{ does: 'retry', label: 'Reconnect now' }],
  });
  // An open stream is the better witness.
  expect(connectionWords(view({ network: 'offline' }), NOW).title).toBe('Connected');
});

test('an open stream with something wrong is not shown as good', () => {
  const buffered = view({ reason: says('a proxy holds back what the server sends'), remedy: 'checkNetwork' });
  expect(connectionWords(buffered, NOW)).toMatchObject({ tone: 'busy', title: 'Connected' });
  expect(connectionWords(buffered, NOW).advice).toContain('another network');
});

test('every remedy that asks for something says what', () => {
  const remedies = [
    'signIn',
    'checkAddress',
    'unlockKeyring',
    'checkNetwork',
    'proxySignIn',
    'checkCertificate',
    'clientCertificate',
    'networkSignIn',
  ] as const;
  const advice = remedies.map((remedy) => connectionWords(view({ state: 'halted', remedy }), NOW).advice);
  expect(advice.every((text) => text !== '')).toBe(true);
  expect(new Set(advice).size).toBe(remedies.length);
});

test('what no program here can do by itself is named with what to set', () => {
  const advice = (remedy: Remedy) => connectionWords(view({ state: 'waiting', remedy }), NOW).advice;
  expect(advice('proxySignIn')).toMatch(/NTLM, Kerberos.*helper.*as the proxy/);
  expect(advice('checkNetwork')).toMatch(/script \(PAC\), enter that proxy/);
});

test('a proxy that wants a name leads to its settings while trying goes on', () => {
  const waiting = view({ state: 'waiting', remedy: 'proxySignIn', nextAttemptAt: NOW + 60_000 });
  expect(connectionWords(waiting, NOW).buttons.map((button) => button.does)).toEqual(['proxy', 'retry']);
});

test('an empty inbox says from when on there is a history', () => {
  const since = new Date(2026, 10, 26, 14, 3).getTime();
  expect(emptyInbox(true, since)).toMatch(/^New notifications appear here, from 14:03 on\./);
  expect(emptyInbox(true, null)).toBe('New notifications appear here as they arrive.');
  expect(emptyInbox(false, null)).toBe('New notifications appear here once connected.');
});
