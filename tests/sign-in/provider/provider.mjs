// An OpenID provider as companies run them, on loopback, with faults on request.
//
// Its one argument is a JSON object of options: `prefix` (a path for the issuer), `access`, `refresh`, `code`, `device`
// (lives in seconds), `opaque`, `rotate` (false: refresh tokens stay), `algorithm` of its signatures.
// It prints one line of JSON when it listens, `{"issuer"}`, and one for each line of JSON that it reads:
//
//   {"do":"fault","route":"/token","kind":"lost","times":1}    see `FAULTS`
//   {"do":"rotate"}       signs with a new key from now on; "forget" takes the old ones out of the set
//   {"do":"revoke"}       every grant and session of everybody is gone
//   {"do":"clock","seconds":7200}    its clock is wrong by that
//   {"do":"log"}          what came in: method and path, never a value
//   {"do":"kept"}         how many answers wait because of the fault "kept"; "release" lets them go
//   {"do":"uses"}         the refresh tokens that came, numbered in their order: [[0, true], [0, false]] is one that
//                         came twice and was accepted once
//   {"do":"exchanges"}    each exchange of tokens: its kind, and the error if it was refused
//   {"do":"secrets"}      what nobody may log: codes, verifiers and tokens of all exchanges
//   {"do":"key"}          the public key of its signatures, as PEM
//   {"do":"sign","header":{},"claims":{}}    a token of these, with its signature
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

import { Provider } from 'oidc-provider';

const options = {
  prefix: '',
  access: 60,
  refresh: 600,
  code: 60,
  device: 60,
  opaque: false,
  rotate: true,
  algorithm: 'RS256',
  ...JSON.parse(process.argv[2] ?? '{}'),
};

const server = createServer();
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const issuer = `http://127.0.0.1:${server.address().port}${options.prefix}`;

const state = { late: 0, faults: [], log: [], exchanges: [], secrets: [], uses: [], kept: [], keys: [newKey()] };
const systemTime = Date.now;
Date.now = () => systemTime() + state.late;

// Encoded while it is generated: `export` afterwards hangs for ever if the garbage collector happens to run then,
// because the generator that it frees waits for the lock that `export` has (Node.js 20).
function newKey() {
  const format = { format: 'jwk' };
  const encoding = { publicKeyEncoding: format, privateKeyEncoding: format };
  const { privateKey } =
    options.algorithm === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256', ...encoding })
      : generateKeyPairSync('rsa', { modulusLength: 2048, ...encoding });
  return { ...privateKey, alg: options.algorithm, use: 'sig', kid: randomUUID() };
}

// What the provider knows. A rotation of keys needs a new provider, which must know the same.
const models = new Map();

class Store {
  constructor(name) {
    if (!models.has(name)) models.set(name, new Map());
    this.entries = models.get(name);
  }
  async upsert(id, payload, seconds) {
    this.entries.set(id, { payload, ends: seconds ? Date.now() + seconds * 1000 : Number.POSITIVE_INFINITY });
  }
  async find(id) {
    const entry = this.entries.get(id);
    return entry !== undefined && entry.ends > Date.now() ? entry.payload : undefined;
  }
  async first(matches) {
    const found = [...this.entries.entries()].find(([, entry]) => matches(entry.payload));
    return found && this.find(found[0]);
  }
  findByUid(uid) {
    return this.first((payload) => payload.uid === uid);
  }
  findByUserCode(code) {
    return this.first((payload) => payload.userCode === code);
  }
  async consume(id) {
    const payload = await this.find(id);
    if (payload) payload.consumed = Math.floor(Date.now() / 1000);
  }
  async destroy(id) {
    this.entries.delete(id);
  }
  async revokeByGrantId(grant) {
    for (const [id, entry] of this.entries) if (entry.payload.grantId === grant) this.entries.delete(id);
  }
}

function client(id, type, uris) {
  return {
    client_id: id,
    application_type: type,
    redirect_uris: uris,
    token_endpoint_auth_method: 'none',
    id_token_signed_response_alg: options.algorithm,
    response_types: ['code'],
    grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
  };
}

const audience = 'https://gloria.example/api';
const resources = {
  enabled: !options.opaque,
  defaultResource: () => audience,
  useGrantedResource: () => true,
  getResourceServerInfo: () => ({
    audience,
    scope: 'openid profile email offline_access',
    accessTokenFormat: 'jwt',
    accessTokenTTL: options.access,
    jwt: { sign: { alg: options.algorithm } },
  }),
};

function newProvider() {
  state.provider = new Provider(issuer, {
    adapter: Store,
    jwks: { keys: state.keys },
    clients: [
      // Any port of this machine, as RFC 8252 says, and ports that are compared, as some providers do it.
      client('any-port', 'native', ['http://127.0.0.1/callback', 'http://[::1]/callback']),
      client('listed-ports', 'web', [21947, 23917, 28451].map((port) => `http://127.0.0.1:${port}/callback`)),
    ],
    claims: { openid: ['sub'], profile: ['name'], email: ['email'] },
    scopes: ['openid', 'profile', 'email', 'offline_access'],
    // As most providers do, the id_token says who it is.
    conformIdTokenClaims: false,
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, name: `Person ${id}`, email: `${id}@gloria.example` }),
    }),
    enabledJWA: { idTokenSigningAlgValues: [options.algorithm] },
    pkce: { required: () => true },
    rotateRefreshToken: () => options.rotate,
    features: {
      devInteractions: { enabled: true },
      deviceFlow: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: resources,
    },
    cookies: { keys: ['for tests'] },
    ttl: {
      AccessToken: options.access,
      RefreshToken: options.refresh,
      AuthorizationCode: options.code,
      DeviceCode: options.device,
      IdToken: 60,
      Grant: 3600,
      Interaction: 600,
      Session: 3600,
    },
  });
  state.provider.on('grant.error', ({ oidc: { params } }, { error }) => {
    used(params?.refresh_token, false);
    state.exchanges.push(`${params?.grant_type}: ${error}`);
  });
  state.provider.on('grant.success', ({ oidc: { params }, body }) => {
    used(params.refresh_token, true);
    state.exchanges.push(params.grant_type);
    const values = [params.code, params.code_verifier, params.refresh_token];
    values.push(body.access_token, body.refresh_token, body.id_token);
    state.secrets.push(...values.filter((value) => value !== undefined));
  });
}

function used(token, accepted) {
  if (token !== undefined) state.uses.push({ token, accepted });
}

function uses() {
  const numbers = [...new Set(state.uses.map(({ token }) => token))];
  return state.uses.map(({ token, accepted }) => [numbers.indexOf(token), accepted]);
}

function signed({ header, claims }) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'RS256', kid: state.keys[0].kid, ...header })}.${part(claims)}`;
  const key = createPrivateKey({ key: state.keys[0], format: 'jwk' });
  return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`;
}

function send(res, status, type, text, headers = {}) {
  res.writeHead(status, { 'content-type': type, ...headers });
  res.end(text);
}

const json = (res, status, value, headers) => send(res, status, 'application/json', JSON.stringify(value), headers);

// What answers in the provider's place. Without a value the provider itself answers after all.
const FAULTS = {
  'not-found': (_, res) => json(res, 404, {}),
  broken: (_, res) => send(res, 500, 'text/plain', 'broken'),
  busy: (_, res) => json(res, 429, { error: 'invalid_grant' }, { 'retry-after': '2' }),
  gateway: (_, res) => send(res, 502, 'text/html', '<html><script>alert(1)</script></html>'),
  portal: (_, res) => send(res, 200, 'text/html', '<html>Welcome to the guest network</html>'),
  elsewhere: (_, res) => send(res, 302, 'text/plain', '', { location: `${issuer}/elsewhere` }),
  large: (_, res) => send(res, 200, 'application/json', `{"access_token":"${'a'.repeat(4_000_000)}"}`),
  cut: (req) => req.socket.destroy(),
  silent: () => true,
  'invalid-grant': (_, res) => json(res, 400, { error: 'invalid_grant', error_description: '<b>gone</b>' }),
  'invalid-scope': (_, res) => json(res, 400, { error: 'invalid_scope' }),
  'slow-down': (_, res) => json(res, 400, { error: 'slow_down' }),
  // Everything is done, and the answer never arrives.
  lost: (req, res) => {
    res.write = () => true;
    res.end = () => req.socket.destroy();
  },
  // Everything is done, and the answer waits.
  kept: (_, res) => {
    const { end } = res;
    res.end = (...body) => state.kept.push(() => end.apply(res, body));
  },
  // The metadata with other values.
  metadata: (_, res, { changes }) => {
    const { end } = res;
    res.end = (body) => {
      const text = JSON.stringify({ ...JSON.parse(body), ...changes });
      res.removeHeader('content-length');
      return end.call(res, text);
    };
  },
};

function fault(req, res, route) {
  const found = state.faults.find((each) => each.route === route && each.times > 0);
  if (found === undefined) return false;
  found.times -= 1;
  return FAULTS[found.kind](req, res, found) !== undefined || res.writableEnded || found.kind === 'silent';
}

server.on('request', (req, res) => {
  const { pathname } = new URL(req.url, issuer);
  state.log.push(`${req.method} ${pathname}`);
  if (state.late !== 0) res.setHeader('date', new Date(Date.now()).toUTCString());
  if (!pathname.startsWith(options.prefix)) return json(res, 404, {});
  if (fault(req, res, pathname.slice(options.prefix.length))) return undefined;
  req.originalUrl = req.url;
  req.url = req.url.slice(options.prefix.length) || '/';
  return state.provider.callback()(req, res);
});

const COMMANDS = {
  fault: ({ route, kind, times = 1, changes }) => state.faults.push({ route, kind, times, changes }),
  rotate: () => {
    state.keys.unshift(newKey());
    newProvider();
  },
  forget: () => {
    state.keys.splice(1);
    newProvider();
  },
  revoke: () => models.forEach((entries) => entries.clear()),
  clock: ({ seconds }) => {
    state.late = seconds * 1000;
  },
  log: () => state.log,
  kept: () => state.kept.length,
  release: () => state.kept.splice(0).forEach((send) => send()),
  uses,
  exchanges: () => state.exchanges,
  secrets: () => state.secrets,
  key: () => createPublicKey({ key: state.keys[0], format: 'jwk' }).export({ type: 'spki', format: 'pem' }),
  sign: signed,
};

// The library's own notices do not belong among the answers.
console.info = console.error;
newProvider();
console.log(JSON.stringify({ issuer }));
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  console.log(JSON.stringify(COMMANDS[command.do](command) ?? null));
}
process.exit();
