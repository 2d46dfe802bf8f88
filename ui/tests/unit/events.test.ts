import { beforeEach, expect, test } from 'vitest';
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
  };
}

const deleted: ReceivedEvent = {
  type: 'notification.deleted',
  data: { id: '1', key: 'n:1' },
  lastEventId: null,
  missed: true,
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

beforeEach(() => {
  host = busy();
  listeners = new EventListeners(host);
});

test('a listener gets the events of its type, with their data, until it ends', async () => {
  const words: string[] = [];
  const end = listeners.addEventListener('user.status_changed', (event) => words.push(event.data.status));
  await settled();
  expect(host.emit(status('away'))).toBe(true);
  expect(host.emit(deleted), 'nobody listens to it').toBe(false);
  end();
  await settled();
  expect(host.emit(status('back')), 'the core is told that nobody listens any more').toBe(false);
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
  const none = (): void => undefined;
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

test('a core that did not answer is asked again at the next attachment', async () => {
  const listen = host.listen.bind(host);
  host.listen = () => Promise.reject(new Error('not now'));
  listeners.addEventListener('heartbeat', () => undefined);
  await settled();
  host.listen = listen;
  listeners.renew();
  await settled();
  expect(host.listened).toEqual([['heartbeat']]);
});
