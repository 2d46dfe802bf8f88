//! How bodies are framed, how connections end, and statuses.

use crate::script::{Answer, End, Framing, RETRY, Script};

pub(crate) fn scripts() -> Vec<Script> {
    let first = || Answer::stream().send(RETRY).send("id: 1\ndata: a\n\n");
    let last = || Answer::stream().send("id: 2\ndata: z\n\n");
    let mut scripts = vec![
        Script::new("ends by the connection", [first(), last()]),
        Script::new("ends by the last chunk", [first().chunked(), last().chunked()]),
        Script::new(
            "ends by the last chunk, and is asked on the same connection",
            [first().chunked().end(End::Keep), last().chunked().end(End::Keep)],
        ),
        Script::new("ends by its length", [first().length(), last().length()]),
        Script::new(
            "ends by its length, and is asked on the same connection",
            [first().length().end(End::Keep), last().length().end(End::Keep)],
        ),
        Script::new(
            "ends within its chunks",
            [first().chunked().end(End::Cut), last()],
        ),
        Script::new("ends before its length", [first().length().end(End::Cut), last()]),
        Script::new(
            "ends within an event",
            [first().send("id: 2\ndata: b").chunked().end(End::Cut), last()],
        ),
        Script::new(
            "ends within a chunk",
            [
                first().chunked().send_raw("ff\r\ndata: b\n\n").end(End::Cut),
                last(),
            ],
        ),
        Script::new(
            "ends within a chunk's size",
            [first().chunked().send_raw("f").end(End::Cut), last()],
        ),
        Script::new(
            "reset when all is read",
            [first().until("a").end(End::Reset), last()],
        ),
        Script::new(
            "reset within an event",
            [first().send("data: b\n").until("a").end(End::Reset), last()],
        ),
        Script::new(
            "reset before a head",
            [first(), Answer::raw("").end(End::Reset), last()],
        ),
        Script::new("closed before a head", [first(), Answer::raw(""), last()]),
        Script::new(
            "closed within a head",
            [first(), Answer::raw("HTTP/1.1 200 OK\r\nContent-"), last()],
        ),
        Script::new("an empty stream", [first(), Answer::stream(), last()]),
        Script::new(
            "an empty stream in chunks",
            [first(), Answer::stream().chunked(), last()],
        ),
        Script::new(
            "a stream of no length",
            [first(), Answer::stream().length(), last()],
        ),
        Script::new(
            "six streams one after the other",
            (1..=6).map(|n| {
                Answer::stream()
                    .send(RETRY)
                    .send(format!("id: {n}\ndata: {n}\n\n"))
            }),
        ),
        Script::new(
            "more than its length",
            [first().header("Content-Length: 30"), last()],
        ),
        Script::new(
            "a length of nought and a stream",
            [
                first(),
                Answer::stream().header("Content-Length: 0").send("data: b\n\n"),
                last(),
            ],
        ),
        Script::new(
            "the same length twice",
            [
                first()
                    .header("Content-Length: 27")
                    .header("Content-Length: 27")
                    .framing(Framing::Length),
                last(),
            ],
        ),
        Script::new(
            "the same length twice in one line",
            [
                first().header("Content-Length: 27, 27").framing(Framing::Length),
                last(),
            ],
        ),
        Script::new(
            "two lengths",
            [
                first(),
                Answer::stream()
                    .header("Content-Length: 9")
                    .header("Content-Length: 12")
                    .send("data: b\n\n"),
                last(),
            ],
        ),
        Script::new(
            "a length that is no number",
            [
                first(),
                Answer::stream()
                    .header("Content-Length: many")
                    .send("data: b\n\n"),
                last(),
            ],
        ),
        Script::new(
            "a length with a sign",
            [
                first(),
                Answer::stream().header("Content-Length: +9").send("data: b\n\n"),
                last(),
            ],
        ),
        Script::new(
            "a length below nought",
            [
                first(),
                Answer::stream().header("Content-Length: -1").send("data: b\n\n"),
                last(),
            ],
        ),
        Script::new(
            "an empty length",
            [
                first(),
                Answer::stream().header("Content-Length:").send("data: b\n\n"),
                last(),
            ],
        ),
        Script::new(
            "an endless length",
            [first().header("Content-Length: 9223372036854775807"), last()],
        ),
        Script::new(
            "a length beyond numbers",
            [
                first(),
                Answer::stream()
                    .header("Content-Length: 99999999999999999999999")
                    .send("data: b\n\n"),
                last(),
            ],
        ),
        Script::new(
            "length and chunks",
            [first().header("Content-Length: 5").chunked(), last()],
        ),
        Script::new(
            "chunks and length",
            [first().chunked().header("Content-Length: 5"), last()],
        ),
        Script::new(
            "chunks in capitals",
            [
                first()
                    .header("Transfer-Encoding: Chunked")
                    .framing(Framing::Chunked),
                last(),
            ],
        ),
        Script::new(
            "chunks and identity",
            [
                first(),
                Answer::stream()
                    .header("Transfer-Encoding: identity")
                    .send("data: b\n\n"),
                last(),
            ],
        ),
        Script::new(
            "chunks twice",
            [
                first(),
                Answer::stream()
                    .header("Transfer-Encoding: chunked")
                    .chunked()
                    .send("data: b\n\n"),
                last(),
            ],
        ),
        Script::new(
            "chunks with extensions",
            [
                first(),
                Answer::stream()
                    .chunked()
                    .send_raw("9;name=value;x=\"y\"\r\ndata: b\n\n\r\n"),
                last(),
            ],
        ),
        Script::new(
            "chunks with sizes in capitals and noughts",
            [
                first(),
                Answer::stream().chunked().send_raw("0000A\r\ndata: bb\n\n\r\n"),
                last(),
            ],
        ),
        Script::new(
            "chunks with spaces behind their sizes",
            [
                first(),
                Answer::stream().chunked().send_raw("9  \r\ndata: b\n\n\r\n"),
                last(),
            ],
        ),
        Script::new(
            "chunks whose lines end with LF",
            [
                first(),
                Answer::stream()
                    .header("Transfer-Encoding: chunked")
                    .send_raw("9\ndata: b\n\n\n0\n\n"),
                last(),
            ],
        ),
        Script::new(
            "chunks with trailers",
            [
                first(),
                Answer::stream()
                    .header("Transfer-Encoding: chunked")
                    .header("Trailer: X-Sum")
                    .send_raw("9\r\ndata: b\n\n\r\n0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n"),
                last(),
            ],
        ),
        Script::new(
            "chunks of no size in the middle end it",
            [
                first(),
                Answer::stream()
                    .header("Transfer-Encoding: chunked")
                    .send_raw("9\r\ndata: b\n\n\r\n0\r\n\r\n9\r\ndata: c\n\n\r\n"),
                last(),
            ],
        ),
        Script::new(
            "a chunk's size that is none",
            [
                first(),
                Answer::stream()
                    .chunked()
                    .send("data: b\n\n")
                    .until("b")
                    .send_raw("xyz\r\n")
                    .end(End::Cut),
                last(),
            ],
        ),
        Script::new(
            "a last chunk without its line",
            [
                first(),
                Answer::stream()
                    .header("Transfer-Encoding: chunked")
                    .send_raw("9\r\ndata: b\n\n\r\n0\r\n"),
                last(),
            ],
        ),
        Script::new(
            "each event at once in chunks",
            [Answer::stream()
                .chunked()
                .send(RETRY)
                .send("data: a\n\n")
                .until("a")
                .send("data: b\n\n")
                .until("b")
                .send("data: c\n")
                .send("\n")
                .until("c")],
        ),
        Script::new(
            "each event at once with a length",
            [Answer::stream()
                .length()
                .send(RETRY)
                .send("data: a\n\n")
                .until("a")
                .send("data: b\n\n")
                .until("b")
                .send("data: c\n")
                .send("\n")
                .until("c")],
        ),
        Script::new(
            "each event at once by HTTP/1.0",
            [
                Answer::head(&["HTTP/1.0 200 OK", "Content-Type: text/event-stream"])
                    .send(RETRY)
                    .send("data: a\n\n")
                    .until("a")
                    .send("data: b\n\n")
                    .until("b"),
            ],
        ),
        Script::new(
            "a head long before its stream",
            [
                first(),
                Answer::stream().gap().gap().gap().send("data: b\n\n"),
                last(),
            ],
        ),
        Script::new(
            "a head that comes late",
            [first(), Answer::stream().late().send("data: b\n\n"), last()],
        ),
        Script::new(
            "a stream that comes late after its head",
            [first(), Answer::stream().gap().late().send("data: b\n\n"), last()],
        ),
        Script::new(
            "a pause within an event",
            [
                first(),
                Answer::stream()
                    .send("id: 7\ndata: b\n")
                    .late()
                    .send("data: c\n\n"),
                last(),
            ],
        ),
        Script::new(
            "a reset while a retry is waited for",
            [
                first().until("a").end(End::Reset),
                Answer::raw("").end(End::Reset),
                last(),
            ],
        ),
        Script::new(
            "nobody but resets for a while",
            [
                first().until("a").end(End::Reset),
                Answer::raw("").end(End::Reset),
                Answer::raw("").end(End::Reset),
                last(),
            ],
        ),
    ];
    for status in [
        "201 Created",
        "202 Accepted",
        "203 Non-Authoritative Information",
        "205 Reset Content",
        "206 Partial Content",
        "300 Multiple Choices",
        "304 Not Modified",
        "305 Use Proxy",
        "400 Bad Request",
        "401 Unauthorized",
        "402 Payment Required",
        "403 Forbidden",
        "404 Not Found",
        "405 Method Not Allowed",
        "406 Not Acceptable",
        "407 Proxy Authentication Required",
        "408 Request Timeout",
        "409 Conflict",
        "410 Gone",
        "412 Precondition Failed",
        "421 Misdirected Request",
        "423 Locked",
        "425 Too Early",
        "429 Too Many Requests",
        "451 Unavailable For Legal Reasons",
        "500 Internal Server Error",
        "501 Not Implemented",
        "502 Bad Gateway",
        "503 Service Unavailable",
        "504 Gateway Timeout",
        "505 HTTP Version Not Supported",
        "511 Network Authentication Required",
        "520 Unknown",
        "599 X",
        "600 X",
        "999 X",
    ] {
        scripts.push(Script::new(
            format!("{status} after an event"),
            [first(), Answer::status(status), last()],
        ));
    }
    for status in ["204 No Content", "404 Not Found", "503 Service Unavailable"] {
        scripts.push(Script::new(
            format!("{status} first"),
            [Answer::status(status), first(), last()],
        ));
    }
    scripts.push(Script::new(
        "a stream under another status",
        [
            first(),
            Answer::head(&["HTTP/1.1 201 Created", "Content-Type: text/event-stream"]).send("data: b\n\n"),
            last(),
        ],
    ));
    scripts.push(Script::new(
        "a stream under 500",
        [
            first(),
            Answer::head(&["HTTP/1.1 500 Oops", "Content-Type: text/event-stream"]).send("data: b\n\n"),
            last(),
        ],
    ));
    scripts
}
