import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { EventListeners, type ServerEventOf } from '../../src/host/events';
import { FakeHost } from '../../src/host/fake';
import type { ReceivedEvent } from '../../src/host/protocol';
import { SCENARIOS } from '../../src/host/scenarios';
import { App } from '../../src/state/app.svelte';

function status(word: string): ReceivedEvent {
  return {
    type: 'user.status_changed',
    data: { userId: 'u-1', status: word },
    lastEventId: '7',
    missed: false,
    replayed: false,
  };
}

const deleted: ReceivedEvent = {
  type: 'notification.deleted',
  data: { id: '1', key: 'n:1' },
  lastEventId: null,
  missed: true,
  replayed: false,
};

function busy(): FakeHost {
  const build = SCENARIOS.busy;
  if (build === undefined) throw new Error('there is no such scenario');
  return new FakeHost(build(Date.now()));
}

async function settled(): Promise<void> {
  await new Promise((done) => setImmediate(done));
}

let host: FakeHost;
let listeners: EventListeners;
/** How long was waited, each with what ends it. */
let waits: { ms: number; end: () => void }[];

beforeEach(() => {
  host = busy();
  waits = [];
  listeners = new EventListeners(host, (ms) => new Promise((end) => waits.push({ ms, end })));
});

afterEach(() => {
  vi.unstubAllGlobals();
});

const none = (): void => undefined;

/** A core whose answers to `listen` the test gives. */
function answeredByHand(): { types: readonly string[]; answer: () => void; refuse: () => void }[] {
  const questions: ReturnType<typeof answeredByHand> = [];
  const listen = host.listen.bind(host);
  host.listen = (types, onMessage) =>
    new Promise((done, fail) =>
      questions.push({
        types,
        answer: () => void listen(types, onMessage).then(done),
        refuse: () => fail(new Error('not now')),
      }),
    );
  return questions;
}

test('a listener gets the events of its type, with their data, until it ends', async () => {
  const words: string[] = [];
  const end = listeners.addEventListener('user.status_changed', (event) => words.push(event.data.status));
  await settled();
  expect(host.emit(status('away'))).toBe(true);
  expect(host.emit(deleted), 'nobody listens to it').toBe(false);
  end();
  await settled();
  expect(host.emit(status('back')), 'the core hears that nobody listens any more').toBe(false);
  expect(words).toEqual(['away']);
  expect(host.listened).toEqual([['user.status_changed'], []]);
});

test('what is on its way when the last listener ends reaches nobody', async () => {
  const seen: unknown[] = [];
  const end = listeners.addEventListener('user.status_changed', (event) => seen.push(event));
  await settled();
  end();
  host.emit(status('late'));
  await settled();
  expect(seen).toEqual([]);
});

test('the core is asked for each type once, and one question follows the other', async () => {
  const ends = [
    listeners.addEventListener('workflow.completed', none),
    listeners.addEventListener('workflow.completed', none),
    listeners.addEventListener('heartbeat', none),
  ];
  await settled();
  expect(host.listened.at(-1)).toEqual(['heartbeat', 'workflow.completed']);
  ends[0]?.();
  await settled();
  expect(host.listened.at(-1), 'another one is left').toEqual(['heartbeat', 'workflow.completed']);
  ends[1]?.();
  ends[2]?.();
  await settled();
  expect(host.listened.at(-1)).toEqual([]);
});

test('a listener may end itself and others while it is called', async () => {
  const seen: string[] = [];
  const ends: (() => void)[] = [];
  const listener = (name: string) => (event: ServerEventOf<'user.status_changed'>) => {
    seen.push(`${name} ${event.data.status}`);
    for (const end of ends) end();
  };
  ends.push(listeners.addEventListener('user.status_changed', listener('first')));
  ends.push(listeners.addEventListener('user.status_changed', listener('second')));
  await settled();
  host.emit(status('away'));
  expect(seen).toEqual(['first away']);
});

test('a page that was too slow learns how many it missed', async () => {
  const missed: number[] = [];
  listeners.addEventListener(
    'heartbeat',
    () => undefined,
    (count) => missed.push(count),
  );
  await settled();
  host.omit(12);
  expect(missed).toEqual([12]);
});

test('listeners survive a new attachment', async () => {
  const app = new App(host, (apply) => apply());
  const words: string[] = [];
  await app.attach();
  const end = app.events.addEventListener('user.status_changed', (event) => words.push(event.data.status));
  await settled();
  host.emit(status('one'));
  host.miss();
  await settled();
  expect(host.listened, 'the core is asked again').toEqual([
    ['user.status_changed'],
    ['user.status_changed'],
  ]);
  host.emit(status('two'));
  expect(words).toEqual(['one', 'two']);
  end();
});

test('listeners survive a core that is started again, without being asked for by the page', async () => {
  const app = new App(host, (apply) => apply());
  const words: string[] = [];
  await app.attach();
  const end = app.events.addEventListener('user.status_changed', (event) => words.push(event.data.status));
  await settled();
  host.emit(status('before'));
  for (const word of ['once', 'twice']) {
    host.restart();
    expect(host.emit(status('lost')), 'the new core knows of no listener yet').toBe(false);
    await settled();
    expect(host.emit(status(word))).toBe(true);
    // A state that goes on ends the row of gaps, between which the page waits.
    host.connection({ state: 'connected' });
  }
  expect(words).toEqual(['before', 'once', 'twice']);
  end();
  host.restart();
  await settled();
  expect(host.emit(status('after')), 'nor is it asked for what has ended').toBe(false);
});

test('a core that refused is asked again, ever more slowly, and at once after an attachment', async () => {
  const questions = answeredByHand();
  listeners.addEventListener('heartbeat', none);
  for (const ms of [100, 200, 400]) {
    questions.at(-1)?.refuse();
    await settled();
    expect(waits.at(-1)?.ms).toBe(ms);
    waits.at(-1)?.end();
    await settled();
  }
  expect(questions).toHaveLength(4);
  questions.at(-1)?.refuse();
  await settled();
  listeners.renew();
  expect(questions).toHaveLength(5);
  waits.at(-1)?.end();
  await settled();
  expect(questions, 'the wait of before the attachment asks for nothing').toHaveLength(5);
  questions.at(-1)?.answer();
  await settled();
  expect(host.listened).toEqual([['heartbeat']]);
  expect(questions).toHaveLength(5);
});

test('a question that is never answered holds up no later attachment', async () => {
  const questions = answeredByHand();
  const seen: unknown[] = [];
  listeners.addEventListener('user.status_changed', (event) => seen.push(event.data.status));
  listeners.renew();
  expect(questions).toHaveLength(2);
  questions[1]?.answer();
  await settled();
  host.emit(status('away'));
  expect(seen).toEqual(['away']);
});

test('a question that is answered after a later one is asked anew, for it may have come last', async () => {
  const questions = answeredByHand();
  const end = listeners.addEventListener('heartbeat', none);
  listeners.addEventListener('workflow.failed', none);
  listeners.renew();
  end();
  questions[1]?.answer();
  await settled();
  questions[2]?.answer();
  await settled();
  expect(host.listened.at(-1)).toEqual(['workflow.failed']);
  questions[0]?.answer();
  await settled();
  expect(host.listened.at(-1), 'the core listens to the wrong type').toEqual(['heartbeat']);
  questions[3]?.answer();
  await settled();
  expect(host.listened.at(-1)).toEqual(['workflow.failed']);
  expect(questions).toHaveLength(4);
});

test('a listener that is ended twice takes nothing from another of the same function', async () => {
  const seen: unknown[] = [];
  const onEvent = (event: unknown): number => seen.push(event);
  const end = listeners.addEventListener('user.status_changed', onEvent);
  listeners.addEventListener('user.status_changed', onEvent);
  end();
  end();
  await settled();
  host.emit(status('away'));
  expect(seen).toHaveLength(1);
  expect(host.listened).toEqual([['user.status_changed']]);
});

test('what a listener does wrong is reported, and the others hear all the same', async () => {
  const reported: unknown[] = [];
  vi.stubGlobal('reportError', (error: unknown) => reported.push(error));
  const seen: unknown[] = [];
  const wrong = new Error('of the listener');
  const fail = (): never => {
    throw wrong;
  };
  listeners.addEventListener('user.status_changed', fail, fail);
  listeners.addEventListener(
    'user.status_changed',
    (event) => seen.push(event.data.status),
    (count) => seen.push(count),
  );
  await settled();
  host.emit(status('away'));
  host.omit(3);
  host.emit(status('back'));
  expect(seen).toEqual(['away', 3, 'back']);
  expect(reported).toEqual([wrong, wrong, wrong]);
});

test('a listener that begins in another hears from the next event on', async () => {
  const seen: string[] = [];
  let begun = false;
  listeners.addEventListener('user.status_changed', () => {
    if (begun) return;
    begun = true;
    listeners.addEventListener('user.status_changed', (event) => seen.push(event.data.status));
  });
  await settled();
  host.emit(status('away'));
  host.emit(status('back'));
  expect(seen).toEqual(['back']);
});

test('a listener may begin again and again in itself without an end', async () => {
  let calls = 0;
  const again = (): void => {
    calls += 1;
    listeners.addEventListener('heartbeat', again);
  };
  listeners.addEventListener('heartbeat', again);
  await settled();
  const heartbeat: ReceivedEvent = {
    type: 'heartbeat',
    data: {},
    lastEventId: null,
    missed: false,
    replayed: false,
  };
  for (const all of [1, 3, 7]) {
    host.emit(heartbeat);
    expect(calls).toBe(all);
  }
});

test('ten thousand listeners are one question, and end one by one', async () => {
  let calls = 0;
  const ends = Array.from({ length: 10_000 }, () =>
    listeners.addEventListener('user.status_changed', () => (calls += 1)),
  );
  await settled();
  host.emit(status('away'));
  expect(calls).toBe(10_000);
  for (const end of ends) end();
  await settled();
  expect(host.listened).toEqual([['user.status_changed'], []]);
});

test('a type that there is not is refused at once, and silences no other listener', async () => {
  listeners.addEventListener('heartbeat', none);
  expect(() => listeners.addEventListener('no.such' as 'heartbeat', none)).toThrow('no.such');
  expect(() => listeners.addEventListener('constructor' as 'heartbeat', none)).toThrow(TypeError);
  await settled();
  expect(host.listened).toEqual([['heartbeat']]);
});
