//! The servers.

use gloria_interop_tests::folder;
use gloria_interop_tests::server::Program;

/// How a server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    /// Server-sent events by HTTP/1.1.
    Sse,
    /// Server-sent events by HTTP/2 alone, encrypted.
    Http2,
    /// The contract in ARCHITECTURE.md.
    WebSocket,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct Make {
    /// What it is called. `{name}` stands for the pinned version of that package.
    pub(crate) title: &'static str,
    pub(crate) program: Program,
    pub(crate) transport: Transport,
    /// Whether it is tried by hand alone.
    pub(crate) is_heavy: bool,
    /// What whoever runs it has to know.
    pub(crate) advice: &'static str,
}

/// The authority behind the certificate of those that encrypt.
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
        /// All, in the order of the page.
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
    node_http: "Node.js `http`, `writeHead` alone", Sse, Program::node(&["node", "node-http.mjs"]),
        "`writeHead` sends nothing by itself: `response.flushHeaders()` after it sends the head at once. \
         `server.close()` waits for open streams: on SIGTERM end them first, as in all that stand on Node.js.";
    express: "Express {express}", Sse, Program::node(&["node", "express.mjs"]),
        "`response.flushHeaders()` before the first event. Behind nginx as it comes: `X-Accel-Buffering: no`.";
    express_with_compression: "Express {express} with compression {compression}", Sse,
        Program::node(&["node", "express.mjs"]).with(&[("COMPRESSION", "1")]),
        "This client asks for no compression and gets none. For browsers: `response.flush()` after each event, or \
         `Cache-Control: no-transform`.";
    fastify_sse: "Fastify {fastify} with @fastify/sse {@fastify/sse}", Sse,
        Program::node(&["node", "fastify-sse.mjs"]),
        "Nothing: heartbeats and `X-Accel-Buffering: no` are its own. End the streams and let them close before \
         `app.close()`, which otherwise waits for their connections up to `keepAliveTimeout` (72 s).";
    fastify_by_http2: "Fastify {fastify} by HTTP/2 alone", Http2,
        Program::node(&["node", "fastify-sse.mjs"]).with(CERTIFICATE),
        "Nothing: the client asks by HTTP/1.1 first and by HTTP/2 when that is refused. `allowHTTP1: true` serves \
         both.";
    fastify_sse_v2: "Fastify {fastify} with fastify-sse-v2 {fastify-sse-v2}", Sse,
        Program::node(&["node", "fastify-sse-v2.mjs"]),
        "Heartbeats, as `reply.sse({ comment: … })`: it has none of its own. Behind nginx as it comes: \
         `X-Accel-Buffering: no`.";
    #[ignore = "it takes long to install: `cargo xtask test interop --full`"]
    nest: "NestJS {@nestjs/core}, `@Sse`", Sse, Program::built(&["node", "main.js"], "full/nest-built"),
        "Heartbeats as `{ comment: … }`: it has none of its own, and numbers events that have no id, \
         which the client would then resume after.";
    #[ignore = "it takes long to install: `cargo xtask test interop --full`"]
    next: "Next.js {next}, a route handler", Sse,
        Program::built(NEXT, "full/next").with(&[("NEXT_TELEMETRY_DISABLED", "1")]),
        "`export const dynamic = 'force-dynamic'`; heartbeats; on SIGTERM end the streams, which `next start` waits \
         for. Behind nginx as it comes: `X-Accel-Buffering: no`. `Content-Encoding: none`, often advised against its \
         compression, does no harm.";
    hono: "Hono {hono} on Node.js", Sse, Program::node(&["node", "hono.mjs"]),
        "Heartbeats, by `stream.writeSSE` in an interval: it has none of its own.";
    koa: "Koa {koa}", Sse, Program::node(&["node", "koa.mjs"]),
        "`context.flushHeaders()` sends the head at once. Behind nginx as it comes: `X-Accel-Buffering: no`.";
    ws: "ws {ws}, a WebSocket", WebSocket, Program::node(&["node", "ws.mjs"]),
        "A ping each heartbeat, and `client.close(1001)` for each client on SIGTERM. The contract is in \
         ARCHITECTURE.md.";
    fastapi: "FastAPI {fastapi} with sse-starlette {sse-starlette}", Sse,
        Program::node(&["python", "fastapi_sse.py"]),
        "Nothing: a ping every 15 s and `X-Accel-Buffering: no` are its own. When it stops it cuts streams off.";
    django_asgi: "Django {Django} under uvicorn {uvicorn}", Sse,
        Program::node(&["python", "django_sse.py", "asgi"]),
        "An asynchronous view. `--timeout-graceful-shutdown`: uvicorn otherwise waits for open streams for ever. \
         Behind nginx as it comes: `X-Accel-Buffering: no`.";
    django_wsgi: "Django {Django} under gunicorn {gunicorn}", Sse, Program::node(GUNICORN),
        "`--worker-class gthread` with as many `--threads` as clients: each stream holds one, and the worker that it \
         comes with serves one request at a time. An empty comment as the first thing that is yielded brings the \
         head at once. Behind nginx as it comes: `X-Accel-Buffering: no`.";
    flask: "Flask {Flask} on its own server", Sse, Program::node(&["python", "flask_sse.py"]),
        "This server is for development: a thread for each stream, cut off when it stops. In production as Django \
         under gunicorn. An empty comment as the first thing that is yielded brings the head at once.";
}
