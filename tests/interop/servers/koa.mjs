// Koa, whose body is a stream.

import { PassThrough } from 'node:stream';

import Koa from 'koa';

import { allowed, follow, frame, onStop, port } from './common.mjs';

const app = new Koa();

app.use(async (context, next) => {
  if (allowed(context.get('Authorization'), context.query.token)) await next();
  else context.status = 401;
});

app.use(async (context) => {
  if (context.path !== '/api/v1/sse') return;
  const body = new PassThrough();
  context.type = 'text/event-stream';
  context.set('Cache-Control', 'no-cache');
  context.body = body;
  const unfollow = follow(context.get('Last-Event-ID'), {
    send: (event) => body.write(frame(event)),
    beat: () => body.write(':\n\n'),
    end: () => body.end(),
  });
  context.res.on('close', unfollow);
});

const server = app.listen(port, '127.0.0.1');
onStop(() => new Promise((closed) => server.close(closed)));
