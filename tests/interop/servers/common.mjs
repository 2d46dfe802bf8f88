// The part of a Gloria backend that is independent of its framework: notifications, listeners and access.
//
// PORT, TOKEN, HEARTBEAT (milliseconds) and HISTORY (the file of the notifications so far) are its environment.
// Standard input is its other end: one JSON command a line.
//   {"push": [{"id": …, "title": …, "message": …}, …]}   creates notifications
//   {"end": true}                                        ends every stream in good order

import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setImmediate } from 'node:timers/promises';

export const port = Number(process.env.PORT);
export const heartbeat = Number(process.env.HEARTBEAT);

const file = process.env.HISTORY;
const history = existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n').map(JSON.parse) : [];
const streams = new Set();

/** Whether a request may listen, by either way that the token travels. */
export function allowed(authorization, token) {
  return authorization === `Bearer ${process.env.TOKEN}` || token === process.env.TOKEN;
}

/**
 * Gives the events after the last one seen to `send`, then each new one, and calls `beat` each heartbeat; all that
 * until `end` was called or the answer is.
 */
export function follow(lastEventId, { send, beat, end }) {
  if (lastEventId) {
    const last = history.findIndex((event) => event.id === lastEventId);
    for (const event of history.slice(last + 1)) send(event);
  }
  const beats = beat && setInterval(beat, heartbeat);
  const stream = {
    send,
    end() {
      clearInterval(beats);
      stream.send = () => {};
      end();
    },
  };
  streams.add(stream);
  return () => {
    clearInterval(beats);
    streams.delete(stream);
  };
}

/** The position of a new client: after the newest event. */
export function newest() {
  return history.at(-1)?.id ?? 'e-0';
}

/** An event as it is sent, for frameworks that leave that to their users. */
export function frame({ id, event, data }) {
  return `id: ${id}\nevent: ${event}\ndata: ${data}\n\n`;
}

/** Ends every stream in good order. */
export function endStreams() {
  for (const stream of [...streams]) stream.end();
}

/** How long the connections may take to close before it stops without them, in milliseconds. */
const grace = 2000;

/** Stops in good order when the system asks: no new connections, the open ones ended. */
export function onStop(close) {
  process.once('SIGTERM', async () => {
    setTimeout(() => process.exit(0), grace);
    endStreams();
    // A server that closes keeps connections that are not idle yet.
    while (streams.size > 0) await setImmediate();
    await close();
    process.exit(0);
  });
}

/** What the other end may say. */
export const commands = {
  push(notifications) {
    for (const data of notifications) {
      const id = `e-${history.length + 1}`;
      const event = { id, event: 'notification.created', data: JSON.stringify(data) };
      history.push(event);
      appendFileSync(file, `${JSON.stringify(event)}\n`);
      for (const stream of streams) stream.send(event);
    }
  },
  end: endStreams,
};

createInterface({ input: process.stdin }).on('line', (line) => {
  for (const [name, argument] of Object.entries(JSON.parse(line))) commands[name](argument);
});
