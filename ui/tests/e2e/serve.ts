import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../target/ui-test/', import.meta.url));
const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};
const CONFIGURATION = fileURLToPath(new URL('../../../tauri.conf.json', import.meta.url));

/** The content security policy that the app is shipped with. */
async function shippedPolicy(): Promise<string> {
  const { app } = JSON.parse(await readFile(CONFIGURATION, 'utf8')) as { app: { security: { csp: string } } };
  return app.security.csp;
}

/** Serves the built UI on a free loopback port, at `UI_URL`. */
export default async function serve(): Promise<() => Promise<void>> {
  const policy = await shippedPolicy();
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    // Chromium asks for it by itself, which no web view does.
    if (pathname === '/favicon.ico') {
      response.writeHead(204).end();
      return;
    }
    const path = normalize(pathname === '/' ? '/index.html' : pathname);
    readFile(join(ROOT, path)).then(
      (content) => {
        response.writeHead(200, {
          'Content-Type': TYPES[extname(path)] ?? 'application/octet-stream',
          'Content-Security-Policy': policy,
        });
        response.end(content);
      },
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  process.env.UI_URL = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return () =>
    new Promise((closed) => {
      server.closeAllConnections();
      server.close(() => closed());
    });
}
