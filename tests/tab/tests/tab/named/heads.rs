//! Heads of answers: content types, versions, and headers as some servers write them.

use crate::script::{Answer, Framing, RETRY, Script};

pub(crate) fn scripts() -> Vec<Script> {
    let body = |answer: Answer| answer.send(RETRY).send("id: 1\ndata: a\n\n");
    let first = || body(Answer::stream());
    let last = || Answer::stream().send("id: 2\ndata: z\n\n");
    let mut scripts = Vec::new();
    for content_type in [
        "text/event-stream; charset=utf-8",
        "text/event-stream;charset=UTF-8",
        "text/event-stream; charset=\"utf-8\"",
        "text/event-stream; charset='utf-8'",
        "text/event-stream; charset=utf8",
        "text/event-stream; charset=iso-8859-1",
        "text/event-stream; charset=",
        "text/event-stream; charset",
        "text/event-stream; charset=utf-8; charset=latin1",
        "Text/Event-Stream",
        "TEXT/EVENT-STREAM;CHARSET=UTF-8",
        "text/event-stream;",
        "text/event-stream ; x=y",
        "text/event-stream; boundary=x; q=0.5",
        "  text/event-stream  ",
        "\ttext/event-stream",
        "text/event-stream, text/event-stream",
        "text/html, text/event-stream",
        "text/event-stream, text/html",
        "text/event-stream, */*",
        "text/event-stream, ",
        ", text/event-stream",
        "text/event-stream charset=utf-8",
        "text/event-stream x",
        "text/event-stream, charset=utf-8",
        "text/event-stream; name=\"größe\"",
        "text/event-streams",
        "text / event-stream",
        "text/plain",
        "application/octet-stream",
        "application/x-ndjson",
        "application/event-stream",
        "text/html; charset=utf-8",
        "*/*",
        "event-stream",
        "",
    ] {
        let answer = || Answer::with(&format!("Content-Type: {content_type}"));
        scripts.push(Script::new(
            format!("content type {content_type:?}"),
            [first(), answer().send("id: 5\ndata: b\n\n"), last()],
        ));
    }
    for (name, headers) in [
        ("no content type", "X: y"),
        (
            "the content type twice",
            "Content-Type: text/event-stream\r\nContent-Type: text/event-stream",
        ),
        (
            "another content type before",
            "Content-Type: text/plain\r\nContent-Type: text/event-stream",
        ),
        (
            "another content type after",
            "Content-Type: text/event-stream\r\nContent-Type: text/plain",
        ),
        (
            "an empty content type after",
            "Content-Type: text/event-stream\r\nContent-Type: ",
        ),
        (
            "a content type and another with a charset",
            "Content-Type: text/event-stream; charset=utf-8\r\nContent-Type: text/event-stream",
        ),
        (
            "nosniff",
            "Content-Type: text/event-stream\r\nX-Content-Type-Options: nosniff",
        ),
        (
            "an attachment",
            "Content-Type: text/event-stream\r\nContent-Disposition: attachment; filename=x.txt",
        ),
        (
            "names in lower case",
            "content-type: text/event-stream\r\ncache-control: no-cache",
        ),
        ("names in capitals", "CONTENT-TYPE: text/event-stream"),
        (
            "no space after the colon",
            "Content-Type:text/event-stream\r\nX:y",
        ),
        (
            "spaces before the colon",
            "Content-Type : text/event-stream\r\nX-Other : y",
        ),
        (
            "a folded header",
            "Content-Type: text/event-stream\r\nX-Folded: a\r\n b\r\n\tc",
        ),
        ("a folded content type", "Content-Type:\r\n text/event-stream"),
        (
            "a line without a colon",
            "Content-Type: text/event-stream\r\nthis is no header",
        ),
        (
            "a header without a name",
            "Content-Type: text/event-stream\r\n: nameless",
        ),
        (
            "a name with odd letters",
            "Content-Type: text/event-stream\r\nX (odd) näme: y",
        ),
        (
            "a value with odd letters",
            "Content-Type: text/event-stream\r\nX: größe 🔔",
        ),
        (
            "a value with control characters",
            "Content-Type: text/event-stream\r\nX: a\x01b\x7Fc",
        ),
        ("an empty header", "Content-Type: text/event-stream\r\nX:"),
        (
            "cookies",
            "Content-Type: text/event-stream\r\nSet-Cookie: a=b; Path=/; HttpOnly\r\nSet-Cookie: c=d",
        ),
        (
            "caching",
            "Content-Type: text/event-stream\r\nCache-Control: public, max-age=3600\r\nETag: \"x\"\r\n\
             Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT",
        ),
        (
            "keep-alive in words",
            "Content-Type: text/event-stream\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5, max=100",
        ),
        (
            "a connection that closes",
            "Content-Type: text/event-stream\r\nConnection: close",
        ),
        (
            "an upgrade offered",
            "Content-Type: text/event-stream\r\nConnection: Upgrade\r\nUpgrade: h2c",
        ),
        (
            "h2 offered",
            "Content-Type: text/event-stream\r\nAlt-Svc: h3=\":443\"; ma=86400",
        ),
        (
            "headers of a framework",
            "Content-Type: text/event-stream\r\nX-Accel-Buffering: no\r\nServer: nginx\r\n\
             Vary: Accept-Encoding, Origin\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT",
        ),
        (
            "Retry-After with 200",
            "Content-Type: text/event-stream\r\nRetry-After: 100",
        ),
        (
            "a reporting endpoint",
            "Content-Type: text/event-stream\r\nNEL: {\"report_to\":\"x\"}\r\nReport-To: {}",
        ),
        (
            "a range",
            "Content-Type: text/event-stream\r\nAccept-Ranges: bytes\r\nContent-Range: bytes 0-1/2",
        ),
        (
            "a language",
            "Content-Type: text/event-stream\r\nContent-Language: de\r\nContent-Location: /x",
        ),
    ] {
        scripts.push(Script::new(
            format!("head with {name}"),
            [body(Answer::with(headers)), last()],
        ));
    }
    let many: Vec<_> = (0..150).map(|n| format!("X-{n}: {n}")).collect();
    let one_long = format!("X: {}", "y".repeat(20_000));
    let much: Vec<_> = (0..20).map(|n| format!("X-{n}: {}", "y".repeat(4_000))).collect();
    scripts.extend([
        Script::new(
            "head with 150 headers",
            [body(Answer::stream().header(&many.join("\r\n"))), last()],
        ),
        Script::new(
            "head with a header of 20 kB",
            [body(Answer::stream().header(&one_long)), last()],
        ),
        Script::new(
            "head with 80 kB",
            [body(Answer::stream().header(&much.join("\r\n"))), last()],
        ),
    ]);
    for (name, head) in [
        (
            "HTTP/1.0",
            "HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n{cors}\r\n",
        ),
        (
            "HTTP/1.0 and keep-alive",
            "HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\nConnection: keep-alive\r\n{cors}\r\n",
        ),
        (
            "no reason",
            "HTTP/1.1 200 \r\nContent-Type: text/event-stream\r\n{cors}\r\n",
        ),
        (
            "no reason and no space",
            "HTTP/1.1 200\r\nContent-Type: text/event-stream\r\n{cors}\r\n",
        ),
        (
            "another reason",
            "HTTP/1.1 200 Größe, \"Okay\"!\r\nContent-Type: text/event-stream\r\n{cors}\r\n",
        ),
        (
            "two spaces in its first line",
            "HTTP/1.1  200  OK\r\nContent-Type: text/event-stream\r\n{cors}\r\n",
        ),
        (
            "lower case in its first line",
            "http/1.1 200 OK\r\nContent-Type: text/event-stream\r\n{cors}\r\n",
        ),
        (
            "lines that end with LF",
            "HTTP/1.1 200 OK\nContent-Type: text/event-stream\nAccess-Control-Allow-Origin: *\n\n",
        ),
        (
            "some lines that end with LF",
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\nAccess-Control-Allow-Origin: *\r\n\n",
        ),
        (
            "an empty line before",
            "\r\nHTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n{cors}\r\n",
        ),
        (
            "HTTP/1.2",
            "HTTP/1.2 200 OK\r\nContent-Type: text/event-stream\r\n{cors}\r\n",
        ),
        (
            "HTTP/2.0 in words",
            "HTTP/2.0 200 OK\r\nContent-Type: text/event-stream\r\n{cors}\r\n",
        ),
        (
            "ICY",
            "ICY 200 OK\r\nContent-Type: text/event-stream\r\n{cors}\r\n",
        ),
        (
            "100 before",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n{cors}\r\n",
        ),
        (
            "102 twice before",
            "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 102 Processing\r\nX: y\r\n\r\n\
             HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n{cors}\r\n",
        ),
        (
            "103 before",
            "HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n\
             HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n{cors}\r\n",
        ),
        (
            "101",
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
        ),
        ("no HTTP", "SSH-2.0-OpenSSH_9.2\r\n"),
    ] {
        scripts.push(Script::new(
            format!("head with {name}"),
            [first(), Answer::raw(head).send("id: 5\ndata: b\n\n"), last()],
        ));
    }
    scripts.push(Script::new(
        "no head at all",
        [
            first(),
            Answer::raw("data: b\n\n").framing(Framing::Connection),
            last(),
        ],
    ));
    scripts
}
