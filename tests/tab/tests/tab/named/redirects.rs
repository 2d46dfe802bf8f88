//! Redirects.

use crate::script::{Answer, End, RETRY, Script};

pub(crate) fn scripts() -> Vec<Script> {
    let stream = || Answer::stream().send(RETRY).send("id: 1\ndata: a\n\n");
    let last = || Answer::stream().send("id: 2\ndata: z\n\n");
    let to = |location: &str| Answer::redirect("302 Found", location);
    let mut scripts = Vec::new();
    for status in [
        "301 Moved Permanently",
        "302 Found",
        "303 See Other",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
    ] {
        scripts.push(Script::new(
            format!("{status}, and the next request goes to the first address"),
            [Answer::redirect(status, "/moved"), stream(), last()],
        ));
        scripts.push(Script::new(
            format!("{status} to another origin"),
            [
                Answer::redirect(status, "{elsewhere}/moved?x=1"),
                stream(),
                Answer::redirect(status, "{elsewhere}/moved?x=2"),
                last(),
            ],
        ));
    }
    for (name, location) in [
        ("a relative address", "moved"),
        ("a relative address with dots", "../a/./b/../moved"),
        ("a query alone", "?x=1"),
        ("an address with a fragment", "/moved#fragment"),
        ("an address with spaces around", "  /moved  "),
        ("an address with spaces within", "/mo ved"),
        ("an address with other letters", "/größe?größe=ä"),
        ("an address with backslashes", "\\moved\\x"),
        ("an address with percents", "/%7Emoved/%2F%zz?%"),
        ("an address without a scheme", "//{elsewhere}/moved"),
        ("an address in capitals", "HTTP://{elsewhere}/moved"),
        ("the same address", "/sse"),
    ] {
        // The origins begin with their scheme.
        let location = location.replace("//{elsewhere}", "//{elsewhere-host}");
        scripts.push(Script::new(
            format!("redirected to {name}"),
            [to(&location), stream(), to(&location), last()],
        ));
    }
    scripts.extend([
        Script::new(
            "redirected in HTTP/1.0",
            [
                Answer::head(&["HTTP/1.0 302 Found", "Location: /moved"]),
                stream(),
                last(),
            ],
        ),
        Script::new(
            "redirected with a body",
            [
                Answer::head(&[
                    "HTTP/1.1 302 Found",
                    "Location: /moved",
                    "Content-Type: text/html",
                ])
                .length()
                .send("<a href=/moved>moved</a>"),
                stream(),
                last(),
            ],
        ),
        Script::new(
            "redirected with a stream as body",
            [
                Answer::head(&[
                    "HTTP/1.1 302 Found",
                    "Location: /moved",
                    "Content-Type: text/event-stream",
                ])
                .chunked()
                .send("data: no\n\n"),
                stream(),
                last(),
            ],
        ),
        Script::new(
            "redirected with the connection kept",
            [
                to("/moved").end(End::Keep),
                stream().length().end(End::Keep),
                to("/moved").end(End::Keep),
                last(),
            ],
        ),
        Script::new(
            "redirected without an address",
            [stream(), Answer::status("302 Found"), last()],
        ),
        Script::new("redirected to an empty address", [stream(), to(""), last()]),
        Script::new("redirected to no address", [stream(), to("http://"), last()]),
        Script::new(
            "redirected to another scheme",
            [stream(), to("ftp://{elsewhere-host}/moved"), last()],
        ),
        Script::new(
            "redirected with two addresses",
            [to("/moved").header("Location: /moved"), stream(), last()],
        ),
        Script::new(
            "redirected with two addresses that differ",
            [stream(), to("/moved").header("Location: /other"), last()],
        ),
        Script::new(
            "a status of redirects and an address",
            [
                stream(),
                Answer::redirect("300 Multiple Choices", "/moved"),
                last(),
            ],
        ),
        Script::new(
            "304 and an address",
            [stream(), Answer::redirect("304 Not Modified", "/moved"), last()],
        ),
        Script::new(
            "five redirects in a row",
            [
                to("/1"),
                to("/2"),
                to("{elsewhere}/3"),
                to("/4"),
                to("{here}/5"),
                stream(),
                last(),
            ],
        ),
        Script::new(
            "fifteen redirects in a row",
            (1..=15).map(|n| to(&format!("/{n}"))).chain([stream(), last()]),
        ),
        Script::new(
            "twenty redirects in a row",
            (1..=20).map(|n| to(&format!("/{n}"))).chain([stream(), last()]),
        ),
        Script::new(
            "redirected with an id",
            [
                stream(),
                to("{elsewhere}/moved"),
                Answer::stream().send("data: b\n\n"),
                last(),
            ],
        ),
        Script::new(
            "a redirect that breaks off",
            [stream(), to("/moved"), Answer::raw("").end(End::Reset), last()],
        ),
        Script::new(
            "redirected to a refusal",
            [stream(), to("/moved"), Answer::status("404 Not Found"), last()],
        ),
        Script::new("redirected to 204", [stream(), to("/moved")]),
        Script::new(
            "redirected with Refresh alone",
            [
                stream(),
                Answer::stream()
                    .header("Refresh: 0; url=/moved")
                    .send("data: b\n\n"),
                last(),
            ],
        ),
    ]);
    scripts
}
