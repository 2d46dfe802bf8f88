import { describe, expect, test } from 'vitest';
import type { ConnectionView, Notice, Snapshot } from '../../src/host/protocol';
import { busy } from '../../src/host/scenarios/busy';
import { says } from '../../src/host/scenarios/says';
import { statuses, stillAside } from '../../src/lib/status';

const NOW = new Date('2026-11-25T14:30:00').getTime();
const MINUTE = 60_000;

function snapshot(connection: Partial<ConnectionView>, rest: Partial<Snapshot> = {}): Snapshot {
  const scenario = busy(NOW);
  const state = { ...scenario, connection: { ...scenario.connection, ...connection }, ...rest };
  return state as unknown as Snapshot;
}

function said(connection: Partial<ConnectionView>, rest: Partial<Snapshot> = {}): string[] {
  return statuses(snapshot(connection, rest), NOW).map(({ id, tone }) => `${id} ${tone}`);
}

describe('what is said above the list', () => {
  test('is nothing while all is well, or away for a moment', () => {
    expect(said({})).toEqual([]);
    expect(said({ state: 'waiting', longOutage: false, nextAttemptAt: NOW + MINUTE })).toEqual([]);
  });

  test('is what only the user can do, and what lasts', () => {
    expect(said({ state: 'halted', needsUser: true, remedy: 'signIn' })).toEqual(['signed-out bad']);
    expect(said({ state: 'halted', needsUser: true, remedy: 'unlockKeyring' })).toEqual(['needs-user bad']);
    expect(said({ state: 'waiting', needsUser: true, remedy: 'proxySignIn' })).toEqual(['needs-user bad']);
    // While it dials again, it is still away.
    expect(said({ state: 'waiting', longOutage: true })).toEqual(['outage busy']);
    expect(said({ state: 'connecting', longOutage: true })).toEqual(['outage busy']);
    expect(said({ state: 'disconnected', reason: says('disconnected by you') })).toEqual(['idle quiet']);
    // The question above the inbox says it.
    expect(said({ state: 'halted', needsUser: true, remedy: 'confirmPerson' })).toEqual([]);
  });

  test('says since when nothing has arrived', () => {
    const [outage] = statuses(
      snapshot({ state: 'waiting', longOutage: true, lastHeardAt: NOW - 28 * MINUTE }),
      NOW,
    );
    expect(outage?.title).toMatch(/Nothing has arrived since \W*14:02/);
  });

  test('comes in the order of its weight', () => {
    const notices: Notice[] = [{ kind: 'sound', message: says('no sound') }];
    const preferences = { ...busy(NOW).preferences, soundsPausedUntil: NOW + MINUTE };
    expect(said({ state: 'halted', remedy: 'signIn', insecure: true }, { notices, preferences })).toEqual([
      'signed-out bad',
      'insecure bad',
      'sound busy',
      'pause quiet',
    ]);
    expect(said({}, { preferences: { ...preferences, soundsPausedUntil: NOW } })).toEqual([]);
  });

  test('can be put aside where nothing gets lost', () => {
    const kinds = ['storage', 'keyring', 'lock', 'sound', 'action'] as const;
    const notices = kinds.map((kind) => ({ kind, message: says(kind) }));
    const dismissible = statuses(snapshot({}, { notices }), NOW).filter((status) => status.dismissible);
    expect(dismissible.map(({ id }) => id)).toEqual(['sound', 'action']);
  });

  test('is back where it ended in between', () => {
    const withSound = statuses(
      snapshot({}, { notices: [{ kind: 'sound', message: says('no sound') }] }),
      NOW,
    );
    const aside = { sound: 'no sound' };
    expect(stillAside(aside, withSound)).toBe(aside);
    expect(stillAside(aside, statuses(snapshot({}, { notices: [] }), NOW))).toEqual({});
  });
});
