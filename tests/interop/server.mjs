// A Gloria backend as one would write it with Fastify: the stream, and nothing that the client could count on besides.
//
// Reads one JSON command a line from standard input, writes one JSON line for what happens, and ends with its input.
//   {"push": [{"id": …, "title": …, "message": …}, …]}   creates notifications
//   {"drop": "end" | "cut"}                              closes every stream, politely or not

import { createInterface } from 'node:readline';

import sse from '@fastify/sse';
import Fastify from 'fastify';

const [token, heartbeat, retry] = process.argv.slice(2);

const say = (fact) => process.stdout.write(`${JSON.stringify(fact)}\n`);

const history = [];
const streams = new Set();

const app = Fastify();
await app.register(sse, { heartbeatInterval: Number(heartbeat) });

app.addHook('onRequest', async (request, reply) => {
  if (request.headers.authorization !== `Bearer ${token}`) {
    say({ refused: 401 });
    return reply
      .code(401)
      .type('application/problem+json')
      .send({ type: 'about:blank', title: 'Unauthorized', status: 401 });
  }
});

app.get('/api/v1/sse', { sse: 'only' }, async (request, reply) => {
  reply.sse.keepAlive();
  say({ connected: { lastEventId: reply.sse.lastEventId } });
  reply.sse.onClose(() => {
    streams.delete(stream);
    say({ disconnected: true });
  });
  const stream = { reply, sent: reply.sse.lastEventId === null ? history.length : 0 };
  await reply.sse.send({
    event: 'connection_established',
    data: { connectionId: request.id, heartbeatInterval: Number(heartbeat) },
    retry: Number(retry),
  });
  await reply.sse.replay(async (lastEventId) => {
    stream.sent = history.findIndex((event) => event.id === lastEventId) + 1;
  });
  streams.add(stream);
  await flush(stream);
});

// One writer for what was missed and what is new, so that neither overtakes the other.
async function flush(stream) {
  if (stream.busy) return;
  stream.busy = true;
  while (stream.sent < history.length && stream.reply.sse.isConnected) {
    const event = history[stream.sent];
    stream.sent += 1;
    await stream.reply.sse.send(event);
  }
  stream.busy = false;
}

const commands = {
  push(notifications) {
    for (const data of notifications) {
      history.push({ id: `e-${history.length + 1}`, event: 'notification.created', data });
    }
    for (const stream of streams) void flush(stream);
  },
  drop(how) {
    for (const { reply } of [...streams]) {
      if (how === 'end') reply.sse.close();
      else reply.raw.socket.resetAndDestroy();
    }
  },
};

await app.listen({ host: '127.0.0.1', port: 0 });
say({ listening: `http://127.0.0.1:${app.server.address().port}/api/v1` });

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  for (const [name, argument] of Object.entries(command)) commands[name](argument);
}
process.exit(0);
