//! The servers.

use gloria_interop_tests::folder;
use gloria_interop_tests::server::Program;

/// The protocol of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    /// Server-sent events over HTTP/1.1.
    Sse,
    /// Server-sent events over HTTP/2 only, with TLS.
    Http2,
    /// The protocol described in ARCHITECTURE.md.
    WebSocket,
}

/// One server.
#[derive(Debug)]
pub(crate) struct Make {
    /// Its name on the page. `{name}` is replaced by the pinned version of that package.
    pub(crate) title: &'static str,
    pub(crate) program: Program,
    pub(crate) transport: Transport,
    /// Whether it is only tested manually.
    pub(crate) is_heavy: bool,
    /// Advice for the people who run it.
    pub(crate) advice: &'static str,
}

/// The certificate authority of the servers with TLS.
pub(crate) fn authority() -> String {
    let file = folder().join("../chaos/certificates/authority.pem");
    file.display().to_string()
}

const CERTIFICATE: &[(&str, &str)] = &[
    ("CERTIFICATE", "../../chaos/certificates/good.der"),
    ("KEY", "../../chaos/certificates/server.key.der"),
];

const GUNICORN: &[&str] = &[
    "python",
    "-m",
    "gunicorn",
    "--worker-class",
    "gthread",
    "--threads",
    "32",
    "--graceful-timeout",
    "1",
    "--bind",
    "127.0.0.1:{port}",
    "django_sse:application",
];

const NEXT: &[&str] = &[
    "node",
    "../node_modules/next/dist/bin/next",
    "start",
    "--hostname",
    "127.0.0.1",
    "--port",
    "{port}",
];

macro_rules! makes {
    ($($(#[$heavy:meta])? $name:ident: $title:literal, $transport:ident, $program:expr, $advice:literal;)+) => {
        /// All servers, in the order of the page.
        pub(crate) const ALL: &[Make] = &[$(Make {
            title: $title,
            program: $program,
            transport: Transport::$transport,
            is_heavy: !stringify!($($heavy)?).is_empty(),
            advice: $advice,
        }),+];

        $(#[tokio::test]
        $(#[$heavy])?
        async fn $name() {
            let make = ALL.iter().find(|make| make.title == $title).unwrap();
            crate::check(make).await;
        })+
    };
}

makes! {
    node_http: "Node.js `http`, `writeHead` only", Sse, Program::node(&["node", "node-http.mjs"]),
        "`writeHead` does not send anything by itself; call `response.flushHeaders()` after it to send the head at \
         once. `server.close()` waits for open streams: end them first on SIGTERM. This applies to every framework \
         that runs on Node.js.";
    express: "Express {express}", Sse, Program::node(&["node", "express.mjs"]),
        "Call `response.flushHeaders()` before the first event. Behind nginx with its defaults, send \
         `X-Accel-Buffering: no`.";
    express_with_compression: "Express {express} with compression {compression}", Sse,
        Program::node(&["node", "express.mjs"]).with(&[("COMPRESSION", "1")]),
        "This client requests no compression and gets none. For browsers, call `response.flush()` after each event, or \
         send `Cache-Control: no-transform`.";
    fastify_sse: "Fastify {fastify} with @fastify/sse {@fastify/sse}", Sse,
        Program::node(&["node", "fastify-sse.mjs"]),
        "Nothing to configure: it sends heartbeats and `X-Accel-Buffering: no`. At shutdown, end the streams and let \
         them close before `app.close()`, which otherwise waits for their connections for up to `keepAliveTimeout` \
         (72 s).";
    fastify_by_http2: "Fastify {fastify}, HTTP/2 only", Http2,
        Program::node(&["node", "fastify-sse.mjs"]).with(CERTIFICATE),
        "Nothing to configure: the client tries HTTP/1.1 first, then HTTP/2 if that is rejected. `allowHTTP1: true` \
         supports both.";
    fastify_sse_v2: "Fastify {fastify} with fastify-sse-v2 {fastify-sse-v2}", Sse,
        Program::node(&["node", "fastify-sse-v2.mjs"]),
        "Send heartbeats with `reply.sse({ comment: … })`; it sends none by itself. Behind nginx with its defaults, \
         send `X-Accel-Buffering: no`.";
    #[ignore = "it takes long to install: `cargo xtask test interop --full`"]
    nest: "NestJS {@nestjs/core}, `@Sse`", Sse, Program::built(&["node", "main.js"], "full/nest-built"),
        "Send heartbeats as `{ comment: … }`; it sends none by itself. It numbers events that have no id, and the \
         client would then resume after those numbers.";
    #[ignore = "it takes long to install: `cargo xtask test interop --full`"]
    next: "Next.js {next}, a route handler", Sse,
        Program::built(NEXT, "full/next").with(&[("NEXT_TELEMETRY_DISABLED", "1")]),
        "Use `export const dynamic = 'force-dynamic'` and send heartbeats. On SIGTERM end the streams, because `next \
         start` waits for them. Behind nginx with its defaults, send `X-Accel-Buffering: no`. `Content-Encoding: \
         none`, often recommended to prevent compression, does no harm.";
    hono: "Hono {hono} on Node.js", Sse, Program::node(&["node", "hono.mjs"]),
        "Send heartbeats with `stream.writeSSE` at an interval; it sends none by itself.";
    koa: "Koa {koa}", Sse, Program::node(&["node", "koa.mjs"]),
        "`context.flushHeaders()` sends the head at once. Behind nginx with its defaults, send \
         `X-Accel-Buffering: no`.";
    ws: "ws {ws}, a WebSocket", WebSocket, Program::node(&["node", "ws.mjs"]),
        "Send a ping every heartbeat interval, and call `client.close(1001)` for each client on SIGTERM. The protocol \
         is described in ARCHITECTURE.md.";
    fastapi: "FastAPI {fastapi} with sse-starlette {sse-starlette}", Sse,
        Program::node(&["python", "fastapi_sse.py"]),
        "Nothing to configure: it sends a ping every 15 s and `X-Accel-Buffering: no`. It cuts streams off when it \
         stops.";
    django_asgi: "Django {Django} under uvicorn {uvicorn}", Sse,
        Program::node(&["python", "django_sse.py", "asgi"]),
        "Use an asynchronous view. Set `--timeout-graceful-shutdown`, because uvicorn otherwise waits for open streams \
         indefinitely. Behind nginx with its defaults, send `X-Accel-Buffering: no`.";
    django_wsgi: "Django {Django} under gunicorn {gunicorn}", Sse, Program::node(GUNICORN),
        "Use `--worker-class gthread` with as many `--threads` as clients: each stream occupies one, and the default \
         worker serves one request at a time. Yield an empty comment first to send the head at once. Behind nginx with \
         its defaults, send `X-Accel-Buffering: no`.";
    flask: "Flask {Flask}, development server", Sse, Program::node(&["python", "flask_sse.py"]),
        "This server is for development: it uses a thread for each stream and cuts streams off when it stops. In \
         production, run it under gunicorn, as Django above. Yield an empty comment first to send the head at once.";
}
