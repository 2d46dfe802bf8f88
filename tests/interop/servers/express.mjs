// Express, with the compression that most apps have if asked for.

import compression from 'compression';
import express from 'express';

import { allowed, follow, frame, onStop, port } from './common.mjs';

const app = express();
if (process.env.COMPRESSION) app.use(compression());

app.use((request, response, next) => {
  if (allowed(request.get('Authorization'), request.query.token)) next();
  else response.sendStatus(401);
});

app.get('/api/v1/sse', (request, response) => {
  response.set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
  response.flushHeaders();
  // Compression keeps what is written until it is flushed.
  const write = (text) => {
    response.write(text);
    response.flush?.();
  };
  const unfollow = follow(request.get('Last-Event-ID'), {
    send: (event) => write(frame(event)),
    beat: () => write(':\n\n'),
    end: () => response.end(),
  });
  response.on('close', unfollow);
});

const server = app.listen(port, '127.0.0.1');
onStop(() => new Promise((closed) => server.close(closed)));
