// A Fastify backend with Clerk's own `@clerk/fastify`, as docs/sign-in.md describes it, and as teams have it before
// they read that. It checks tokens with a local public key, so Clerk itself is never asked.
//
// Its one argument is a JSON object: `key` (the public key, as PEM), `issuer` and `clientId` (for `/api/v1/auth`),
// `stock` (true: accepts what `getAuth` accepts by itself), `lift` (true: a token in the query is moved to the header).
// It prints `{"api"}` when it listens, and answers each line that it reads: {"do":"seen"} with the requests to the
// stream that had a token, each with its status, {"do":"push","event","data"} by sending an event over the streams,
// {"do":"end"} by ending them, and {"do":"accept"} and {"do":"refuse"} by setting `stock` to false and true.
import { clerkPlugin, getAuth, verifyToken } from '@clerk/fastify';
import Fastify from 'fastify';
import { createInterface } from 'node:readline';

const options = { stock: false, lift: false, ...JSON.parse(process.argv[2]) };

const app = Fastify({ forceCloseConnections: true });

// Where users sign in. Public, so before everything that wants a token.
app.get('/api/v1/auth', async () => ({ issuer: options.issuer, client_id: options.clientId, prompt: 'consent' }));

// No SDK of Clerk reads `?token=`. Moved to the header before the plugin looks, it is like any other token.
app.addHook('onRequest', async (request) => {
  const { token } = request.query;
  if (options.lift && token && !request.headers.authorization) request.headers.authorization = `Bearer ${token}`;
});

await app.register(clerkPlugin, {
  // Keys of no instance: with `jwtKey`, nothing is looked up.
  publishableKey: `pk_test_${Buffer.from('clerk.gloria.example$').toString('base64')}`,
  secretKey: 'sk_test_nobody',
  jwtKey: options.key,
  telemetry: { disabled: true },
});

function userOf(request) {
  if (options.stock) return getAuth(request).userId;
  const auth = getAuth(request, { acceptsToken: ['session_token', 'oauth_token'] });
  // A token of any OAuth application of the instance gets here, so the application is compared.
  if (auth.tokenType === 'oauth_token' && auth.clientId !== options.clientId) return null;
  return auth.userId;
}

// What each of the usual ways makes of a token, for the table in docs/sign-in.md.
app.get('/ways', async (request) => {
  const token = request.headers.authorization?.slice('Bearer '.length) ?? '';
  const verified = await verifyToken(token, { jwtKey: options.key }).then(
    () => true,
    () => false,
  );
  const both = getAuth(request, { acceptsToken: ['session_token', 'oauth_token'] });
  return {
    default: getAuth(request).isAuthenticated === true,
    both: both.isAuthenticated === true,
    client: both.clientId ?? null,
    verifyToken: verified,
  };
});

const seen = [];
const streams = new Set();

app.get('/api/v1/sse', async (request, reply) => {
  const user = userOf(request);
  if (request.headers.authorization) seen.push(user ? 200 : 401);
  if (!user) return reply.code(401).type('application/problem+json').send({ title: 'Unauthorized', status: 401 });
  reply.hijack();
  reply.raw.writeHead(200, { 'content-type': 'text/event-stream' });
  const data = JSON.stringify({ connectionId: request.id, userId: user, heartbeatInterval: 30000 });
  reply.raw.write(`retry: 100\nid: 0\nevent: connection_established\ndata: ${data}\n\n`);
  streams.add(reply.raw);
  request.raw.on('close', () => streams.delete(reply.raw));
});

await app.listen({ host: '127.0.0.1', port: 0 });
console.log(JSON.stringify({ api: `http://127.0.0.1:${app.server.address().port}/api/v1` }));

let last = 0;

function push({ event, data }) {
  last += 1;
  streams.forEach((stream) => stream.write(`id: ${last}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`));
}

const COMMANDS = {
  seen: () => seen,
  push,
  end: () => streams.forEach((stream) => stream.end()),
  accept: () => void (options.stock = false),
  refuse: () => void (options.stock = true),
};
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  console.log(JSON.stringify(COMMANDS[command.do](command) ?? null));
}
process.exit();
