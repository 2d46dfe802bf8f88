// Fastify with fastify-sse-v2.

import Fastify from 'fastify';
import { FastifySSEPlugin } from 'fastify-sse-v2';

import { allowed, follow, onStop, port } from './common.mjs';

const app = Fastify();
await app.register(FastifySSEPlugin, { retryDelay: 250 });

app.addHook('onRequest', async (request, reply) => {
  if (!allowed(request.headers.authorization, request.query.token)) return reply.code(401).send();
});

app.get('/api/v1/sse', (request, reply) => {
  // The first call writes the head.
  reply.sse({ comment: 'welcome' });
  const unfollow = follow(request.headers['last-event-id'], {
    send: (event) => reply.sse(event),
    beat: () => reply.sse({ comment: 'beat' }),
    end: () => reply.sseContext.source.end(),
  });
  reply.raw.on('close', unfollow);
});

await app.listen({ host: '127.0.0.1', port });
onStop(() => app.close());
