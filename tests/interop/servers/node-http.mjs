// Node's own http, with writeHead alone: the head leaves with the first bytes of the body.

import { createServer } from 'node:http';

import { allowed, follow, frame, onStop, port } from './common.mjs';

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost');
  if (pathname !== '/api/v1/sse') return response.writeHead(404).end();
  if (!allowed(request.headers.authorization, searchParams.get('token'))) return response.writeHead(401).end();
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
  const unfollow = follow(request.headers['last-event-id'], {
    send: (event) => response.write(frame(event)),
    beat: () => response.write(':\n\n'),
    end: () => response.end(),
  });
  response.on('close', unfollow);
});

server.listen(port, '127.0.0.1');
onStop(() => new Promise((closed) => server.close(closed)));
