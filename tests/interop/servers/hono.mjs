// Hono on Node, with its streamSSE, and heartbeats that are events.

import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';

import { allowed, follow, onStop, port } from './common.mjs';

const app = new Hono();

app.use(async (context, next) => {
  if (allowed(context.req.header('Authorization'), context.req.query('token'))) await next();
  else return context.text('Unauthorized', 401);
});

app.get('/api/v1/sse', (context) =>
  streamSSE(context, async (stream) => {
    let unfollow;
    await new Promise((over) => {
      unfollow = follow(context.req.header('Last-Event-ID'), {
        send: (event) => stream.writeSSE(event),
        beat: () => stream.writeSSE({ event: 'heartbeat', data: '' }),
        end: over,
      });
      stream.onAbort(over);
    });
    unfollow();
  }),
);

const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port });
onStop(() => new Promise((closed) => server.close(closed)));
