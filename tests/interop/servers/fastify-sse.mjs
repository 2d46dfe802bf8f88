// Fastify with @fastify/sse; by HTTP/2 alone if given a certificate. Says on standard output what happens, one JSON
// object a line, and takes one command more: {"drop": "end" | "cut"} closes every stream, politely or not.

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';

import sse from '@fastify/sse';
import Fastify from 'fastify';

import { allowed, commands, endStreams, follow, heartbeat, newest, onStop, port } from './common.mjs';

const say = (fact) => process.stdout.write(`${JSON.stringify(fact)}\n`);

const { CERTIFICATE, KEY } = process.env;
const secure = () => ({
  // Without allowHTTP1: a client that speaks HTTP/1.1 alone is refused.
  http2: true,
  // Sessions stay open without a stream, and closing would wait for them.
  forceCloseConnections: true,
  https: {
    cert: new X509Certificate(readFileSync(CERTIFICATE)).toString(),
    key: createPrivateKey({ key: readFileSync(KEY), format: 'der', type: 'pkcs8' }).export({
      format: 'pem',
      type: 'pkcs8',
    }),
  },
});

const app = Fastify({ ...(CERTIFICATE && secure()) });
await app.register(sse, { heartbeatInterval: heartbeat });

app.addHook('onRequest', async (request, reply) => {
  if (!allowed(request.headers.authorization, request.query.token)) {
    say({ refused: 401 });
    return reply
      .code(401)
      .type('application/problem+json')
      .send({ type: 'about:blank', title: 'Unauthorized', status: 401 });
  }
});

const replies = new Set();

app.get('/api/v1/sse', { sse: 'only' }, async (request, reply) => {
  reply.sse.keepAlive();
  // One after the other, so that nothing overtakes the greeting.
  let sent = reply.sse.send({
    event: 'connection_established',
    // A newcomer is given its place, so that a connection that breaks before the first event costs none.
    ...(reply.sse.lastEventId === null && { id: newest() }),
    data: { connectionId: request.id, heartbeatInterval: heartbeat },
    retry: 250,
  });
  const send = ({ data, ...event }) => {
    sent = sent.then(() => reply.sse.isConnected && reply.sse.send({ ...event, data: JSON.parse(data) }));
  };
  // Its heartbeats are its own.
  const unfollow = follow(reply.sse.lastEventId, { send, end: () => void sent.then(() => reply.sse.close()) });
  replies.add(reply);
  reply.sse.onClose(() => {
    unfollow();
    replies.delete(reply);
    say({ disconnected: true });
  });
  say({ connected: { lastEventId: reply.sse.lastEventId } });
  await sent;
});

commands.drop = (how) => {
  if (how === 'end') return endStreams();
  for (const reply of replies) reply.raw.socket.resetAndDestroy();
};

await app.listen({ host: '127.0.0.1', port });
say({ listening: app.server.address().port });
onStop(() => app.close());
