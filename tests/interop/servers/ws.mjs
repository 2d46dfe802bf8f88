// A WebSocket with ws, by the contract in ARCHITECTURE.md.

import { createServer } from 'node:http';

import { WebSocketServer } from 'ws';

import { allowed, follow, onStop, port } from './common.mjs';

const server = createServer((request, response) => response.writeHead(426).end());
const sockets = new WebSocketServer({ noServer: true });

server.on('upgrade', (request, socket, head) => {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost');
  if (pathname !== '/api/v1/ws') return socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
  if (!allowed(request.headers.authorization, searchParams.get('token'))) {
    return socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n');
  }
  sockets.handleUpgrade(request, socket, head, (client) => {
    const unfollow = follow(searchParams.get('lastEventId'), {
      send: (event) => client.send(JSON.stringify(event)),
      beat: () => client.ping(),
      end: () => client.close(1001),
    });
    client.on('close', unfollow);
  });
});

server.listen(port, '127.0.0.1');
onStop(() => new Promise((closed) => server.close(closed)));
