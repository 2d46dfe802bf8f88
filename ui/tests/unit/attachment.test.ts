import { beforeEach, describe, expect, test } from 'vitest';
import type { Host } from '../../src/host/host';
import { PROTOCOL_VERSION, type Revised, type Snapshot, type Update } from '../../src/host/protocol';
import { Attachment } from '../../src/state/attachment';
import { join, reduce } from '../../src/state/reducer';
import { item } from '../../src/host/scenarios/item';

function snapshot(revision: number): Snapshot {
  return {
    protocol: PROTOCOL_VERSION,
    revision,
    version: '1',
    connection: {
      state: 'idle',
      reason: null,
      remedy: 'none',
      needsUser: false,
      longOutage: false,
      attempt: 0,
      nextAttemptAt: null,
      connectedSince: null,
      lastHeardAt: null,
      network: 'unknown',
      transport: 'sse',
      insecure: false,
      storage: null,
      historySince: null,
      filling: null,
      proxy: null,
    },
    counts: { unseen: 0, unread: 0, total: 0 },
    account: {
      address: null,
      addressLock: null,
      token: 'present',
      tokenLocked: false,
      byCommand: false,
      tokenProblem: null,
      needsSetup: false,
      question: null,
      user: { name: null, status: null },
      provider: null,
      signedIn: null,
      accounts: [],
    },
    signIn: { step: 'none' },
    preferences: {
      sounds: true,
      volume: 50,
      sound: 'chime',
      soundsPausedUntil: null,
      debugLogUntil: null,
      appearance: 'system',
      proxy: 'system',
      autoConnect: true,
      logLevel: 'info',
      locks: {},
    },
    notices: [],
    release: null,
    requestedItem: null,
    requestedView: null,
    inView: false,
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

test('neighbours that store items are joined, and nothing changes places', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((key) => item({ key, createdAt: 1 }));
  const stored = (...items: (typeof a)[]): Update => ({
    kind: 'itemsStored',
    value: items.flatMap((each) => each ?? []),
  });
  const updates = [stored(a), stored(b), counts(2), stored(c), { kind: 'inboxChanged' } as const];
  expect(join(updates)).toEqual([stored(a, b), counts(2), stored(c), { kind: 'inboxChanged' }]);
  expect(updates[0], 'what came is left as it was').toEqual(stored(a));
});

/** A core that answers when the test says so. */
class SlowHost implements Host {
  attached: {
    send: (revised: Revised) => void;
    answer: (snapshot: Snapshot) => void;
    fail: (e: unknown) => void;
  }[] = [];

  listen(): Promise<never> {
    return Promise.reject(new Error('not asked for here'));
  }

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
  let frames: (() => void)[];
  /** The ends of the patience with each attachment. */
  let patience: (() => void)[];
  let attachment: Attachment;

  beforeEach(() => {
    host = new SlowHost();
    seen = [];
    waits = [];
    frames = [];
    patience = [];
    attachment = new Attachment(
      host,
      {
        onSnapshot: ({ revision }) => seen.push(`snapshot ${revision}`),
        onUpdates: ({ revision, counts }, updates) =>
          seen.push(`${updates.length} to ${revision}: ${counts.unseen}`),
        onFailure: (message) => seen.push(`failure: ${message}`),
      },
      (ms) => {
        if (ms === 10_000) return new Promise((end) => patience.push(end));
        waits.push(ms);
        return Promise.resolve();
      },
      (apply) => frames.push(apply),
    );
  });

  function paint(): void {
    const due = frames;
    frames = [];
    for (const apply of due) apply();
  }

  async function begin(revision: number): Promise<void> {
    void attachment.attach();
    host.last().answer(snapshot(revision));
    await settled();
  }

  test('applies what came since the last frame together, and in order', async () => {
    await begin(1);
    host.last().send({ revision: 2, update: counts(1) });
    host.last().send({ revision: 3, update: counts(2) });
    expect(seen, 'nothing before the frame').toEqual(['snapshot 1']);
    expect(frames, 'one frame is asked for').toHaveLength(1);
    paint();
    expect(seen).toEqual(['snapshot 1', '2 to 3: 2']);
    host.last().send({ revision: 4, update: counts(5) });
    paint();
    expect(seen.at(-1)).toBe('1 to 4: 5');
  });

  test('does not show a core of another version, and says so', async () => {
    void attachment.attach();
    host.last().answer({ ...snapshot(1), protocol: PROTOCOL_VERSION + 1 });
    host.last().send({ revision: 2, update: counts(1) });
    await settled();
    paint();
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatch(/^failure: .*different versions/);
    await begin(3);
    expect(seen.at(-1), 'another call may find the right one').toBe('snapshot 3');
  });

  test('a thousand updates are one change of the state', async () => {
    await begin(1);
    for (let revision = 2; revision <= 1_001; revision += 1) {
      host.last().send({ revision, update: counts(revision) });
    }
    paint();
    expect(seen).toEqual(['snapshot 1', '1000 to 1001: 1001']);
  });

  test('keeps what comes before the snapshot, and leaves what the snapshot has', async () => {
    void attachment.attach();
    host.last().send({ revision: 5, update: counts(1) });
    host.last().send({ revision: 6, update: counts(2) });
    host.last().answer(snapshot(5));
    await settled();
    expect(seen, 'without waiting for a frame').toEqual(['snapshot 5', '1 to 6: 2']);
  });

  test('attaches again after a gap, and ignores the former channel', async () => {
    await begin(1);
    const former = host.last();
    former.send({ revision: 2, update: counts(7) });
    former.send({ revision: 4, update: counts(1) });
    paint();
    await settled();
    expect(host.attached).toHaveLength(2);
    former.send({ revision: 2, update: counts(9) });
    host.last().answer(snapshot(4));
    await settled();
    former.send({ revision: 5, update: counts(9) });
    host.last().send({ revision: 5, update: counts(2) });
    paint();
    expect(seen).toEqual(['snapshot 1', '1 to 2: 7', 'snapshot 4', '1 to 5: 2']);
    expect(waits, 'a single gap is mended at once').toEqual([]);
  });

  test('a frame that was asked for before a new attachment applies nothing of the old one', async () => {
    await begin(1);
    host.last().send({ revision: 2, update: counts(1) });
    const old = frames;
    frames = [];
    await begin(8);
    host.last().send({ revision: 9, update: counts(3) });
    for (const apply of old) apply();
    expect(seen).toEqual(['snapshot 1', 'snapshot 8']);
    paint();
    expect(seen.at(-1)).toBe('1 to 9: 3');
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
      paint();
      await settled();
      host.last().answer(snapshot(round * 10));
      await settled();
    }
    expect(waits).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
    host.last().send({ revision: 91, update: counts(1) });
    host.last().send({ revision: 99, update: counts(1) });
    paint();
    expect(waits, 'an applied update ends the row of gaps').toHaveLength(8);
  });

  test('says why the core does not answer, and asks again ever more slowly', async () => {
    void attachment.attach();
    for (const ms of [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]) {
      host.last().fail({ message: 'the core has stopped' });
      await settled();
      expect(seen.at(-1)).toBe('failure: the core has stopped');
      expect(waits.at(-1)).toBe(ms);
    }
    expect(host.attached).toHaveLength(9);
    host.last().answer(snapshot(3));
    await settled();
    expect(seen.at(-1)).toBe('snapshot 3');
  });

  test('says that the core is silent, and takes its answer however late', async () => {
    void attachment.attach();
    patience[0]?.();
    await settled();
    expect(seen).toEqual([expect.stringMatching(/^failure: It may only be busy/)]);
    expect(host.attached, 'a second question would make a slow core slower').toHaveLength(1);
    host.last().answer(snapshot(3));
    await settled();
    host.last().send({ revision: 4, update: counts(1) });
    paint();
    expect(seen.slice(1)).toEqual(['snapshot 3', '1 to 4: 1']);
  });

  test('says nothing of an answer that came in time, or of an attachment that another followed', async () => {
    await begin(1);
    void attachment.attach();
    for (const end of patience.slice(0, 1)) end();
    await begin(2);
    for (const end of patience) end();
    await settled();
    expect(seen).toEqual(['snapshot 1', 'snapshot 2']);
  });

  test('says so when the core is silent after a gap: what is on screen is old', async () => {
    await begin(1);
    host.last().send({ revision: 9, update: counts(1) });
    paint();
    await settled();
    expect(host.attached).toHaveLength(2);
    patience.at(-1)?.();
    await settled();
    expect(seen.at(-1)).toMatch(/^failure: It may only be busy/);
  });

  test('a core that sends everything twice is shown once', async () => {
    await begin(1);
    for (const revision of [2, 2, 3, 2, 3, 1]) host.last().send({ revision, update: counts(revision) });
    paint();
    expect(seen).toEqual(['snapshot 1', '2 to 3: 3']);
    expect(host.attached).toHaveLength(1);
  });
});
