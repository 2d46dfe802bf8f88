import { beforeEach, describe, expect, test } from 'vitest';
import type { Host } from '../../src/host/host';
import type { Revised, Snapshot, Update } from '../../src/host/protocol';
import { Attachment } from '../../src/state/attachment';
import { reduce } from '../../src/state/reducer';

function snapshot(revision: number): Snapshot {
  return {
    revision,
    version: '1',
    connection: {
      state: 'idle',
      reason: '',
      remedy: 'none',
      attempt: 0,
      nextAttemptAt: null,
      connectedSince: null,
      lastHeardAt: null,
    },
    counts: { unseen: 0, unread: 0, total: 0 },
    account: { address: null, addressLocked: false, token: 'present', tokenProblem: '', needsSetup: false },
    preferences: { sounds: true, volume: 50, sound: 'chime', soundsPausedUntil: null, appearance: 'system' },
    notices: [],
    requestedItem: null,
  };
}

function counts(unseen: number): Update {
  return { kind: 'counts', value: { unseen, unread: unseen, total: unseen } };
}

describe('the reducer', () => {
  test('applies the next revision', () => {
    const next = reduce(snapshot(7), { revision: 8, update: counts(3) });
    expect(next).toMatchObject({ revision: 8, counts: { unseen: 3 } });
  });

  test('leaves what the snapshot already shows', () => {
    const before = snapshot(7);
    expect(reduce(before, { revision: 7, update: counts(3) })).toBe(before);
    expect(reduce(before, { revision: 2, update: counts(3) })).toBe(before);
  });

  test('does not trust a state that misses an update', () => {
    expect(reduce(snapshot(7), { revision: 9, update: counts(3) })).toBe('gap');
  });

  test('counts updates of items without keeping them', () => {
    expect(reduce(snapshot(7), { revision: 8, update: { kind: 'inboxChanged' } })).toEqual({
      ...snapshot(7),
      revision: 8,
    });
  });
});

/** A core that answers when the test says so. */
class SlowHost implements Host {
  attached: {
    send: (revised: Revised) => void;
    answer: (snapshot: Snapshot) => void;
    fail: (e: unknown) => void;
  }[] = [];

  call(): Promise<never> {
    return Promise.reject(new Error('not asked for here'));
  }

  attach(onUpdate: (revised: Revised) => void): Promise<Snapshot> {
    return new Promise((answer, fail) => this.attached.push({ send: onUpdate, answer, fail }));
  }

  last() {
    const last = this.attached.at(-1);
    if (last === undefined) throw new Error('nobody attached');
    return last;
  }
}

async function settled(): Promise<void> {
  await new Promise((done) => setImmediate(done));
}

describe('an attachment', () => {
  let host: SlowHost;
  let seen: string[];
  let waits: number[];
  let attachment: Attachment;

  beforeEach(() => {
    host = new SlowHost();
    seen = [];
    waits = [];
    attachment = new Attachment(
      host,
      {
        onSnapshot: ({ revision }) => seen.push(`snapshot ${revision}`),
        onUpdate: ({ revision, counts }) => seen.push(`update ${revision}: ${counts.unseen}`),
        onFailure: (message) => seen.push(`failure: ${message}`),
      },
      (ms) => {
        waits.push(ms);
        return Promise.resolve();
      },
    );
  });

  async function begin(revision: number): Promise<void> {
    void attachment.attach();
    host.last().answer(snapshot(revision));
    await settled();
  }

  test('applies updates in order', async () => {
    await begin(1);
    host.last().send({ revision: 2, update: counts(1) });
    host.last().send({ revision: 3, update: counts(2) });
    expect(seen).toEqual(['snapshot 1', 'update 2: 1', 'update 3: 2']);
  });

  test('keeps what comes before the snapshot, and leaves what the snapshot has', async () => {
    void attachment.attach();
    host.last().send({ revision: 5, update: counts(1) });
    host.last().send({ revision: 6, update: counts(2) });
    host.last().answer(snapshot(5));
    await settled();
    expect(seen).toEqual(['snapshot 5', 'update 6: 2']);
  });

  test('attaches again after a gap, and ignores the former channel', async () => {
    await begin(1);
    const former = host.last();
    former.send({ revision: 4, update: counts(1) });
    await settled();
    expect(host.attached).toHaveLength(2);
    former.send({ revision: 2, update: counts(9) });
    host.last().answer(snapshot(4));
    await settled();
    former.send({ revision: 5, update: counts(9) });
    host.last().send({ revision: 5, update: counts(2) });
    expect(seen).toEqual(['snapshot 1', 'snapshot 4', 'update 5: 2']);
    expect(waits, 'a single gap is mended at once').toEqual([]);
  });

  test('finds a gap among the early updates too', async () => {
    void attachment.attach();
    host.last().send({ revision: 7, update: counts(1) });
    host.last().answer(snapshot(5));
    await settled();
    expect(host.attached).toHaveLength(2);
  });

  test('asks ever more slowly when every attachment begins with a gap', async () => {
    await begin(1);
    for (let round = 1; round <= 9; round += 1) {
      host.last().send({ revision: round * 10 + 5, update: counts(1) });
      await settled();
      host.last().answer(snapshot(round * 10));
      await settled();
    }
    expect(waits).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
    host.last().send({ revision: 91, update: counts(1) });
    host.last().send({ revision: 99, update: counts(1) });
    await settled();
    expect(waits, 'an applied update ends the row of gaps').toHaveLength(8);
  });

  test('says why the core does not answer', async () => {
    void attachment.attach();
    host.last().fail({ message: 'the core has stopped' });
    await settled();
    expect(seen).toEqual(['failure: the core has stopped']);
  });
});
