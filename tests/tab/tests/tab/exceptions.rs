//! Servers with which we deliberately differ from the tab.

/// Servers from which we do not receive what the tab receives.
pub(crate) struct Exception {
    pub(crate) servers: &'static [&'static str],
    /// The reason, as in ARCHITECTURE.md.
    pub(crate) reason: &'static str,
}

/// Whether a server is an exception.
pub(crate) fn is_exception(server: &str) -> bool {
    EXCEPTIONS
        .iter()
        .any(|exception| exception.servers.contains(&server))
}

/// The exceptions; the same list is in ARCHITECTURE.md.
pub(crate) const EXCEPTIONS: &[Exception] = &[
    Exception {
        servers: &["a byte order mark on a line of its own"],
        reason: "Chromium loses the line after it, which the standard keeps: we receive more",
    },
    Exception {
        servers: &[
            "content encoding \"*\", and a plain stream",
            "content encoding \"identity;q=1\", and a plain stream",
            "gzip and an unknown one",
            "gzip and identity",
        ],
        reason: "Chromium rejects some unusual lists of encodings; we ignore every name that encodes nothing, and \
                 receive more",
    },
    Exception {
        servers: &["gzip in two members"],
        reason: "Chromium reads only the first member; we read all, as gzip specifies, and receive more",
    },
    Exception {
        servers: &["content encoding \"zstd\", and a plain stream", "zstd"],
        reason: "its window needs more memory than the whole client; we never request it, and report it as an error",
    },
    Exception {
        servers: &["an event of 6 MiB"],
        reason: "events are limited to 4 MiB, so that a broken server cannot exhaust the computer's memory",
    },
    Exception {
        servers: &["an id of 20000 letters"],
        reason: "ids are limited to 8 KiB, which is what servers accept in a header",
    },
    Exception {
        servers: &["an id with DEL", "an id with control characters"],
        reason: "such a header is invalid (RFC 9110, 5.5), and our HTTP library does not send it; the query contains \
                 the id anyway",
    },
    Exception {
        servers: &[
            "a length below nought",
            "a length beyond numbers",
            "a length that is no number",
            "a length with a sign",
            "an empty length",
            "chunks whose lines end with LF",
        ],
        reason: "our HTTP library rejects an invalid length or chunk (RFC 9112, 6.3), because proxies and clients \
                 would read different streams",
    },
    Exception {
        servers: &[
            "head with HTTP/1.2",
            "head with HTTP/2.0 in words",
            "head with lower case in its first line",
            "head with two spaces in its first line",
        ],
        reason: "our HTTP library accepts only status lines that conform to RFC 9112; no server is known that sends \
                 others",
    },
    Exception {
        servers: &[
            "407 Proxy Authentication Required after an event",
            "head with 101",
            "head with no HTTP",
            "no head at all",
            "redirected to no address",
        ],
        reason: "somebody has to fix it: we retry as well, but after a minute instead of seconds",
    },
    Exception {
        servers: &["redirected with two addresses that differ"],
        reason: "Chromium rejects it and retries; we follow the first address",
    },
];

#[test]
fn the_architecture_lists_the_exceptions() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ARCHITECTURE.md");
    let document = std::fs::read_to_string(path).unwrap();
    let section = document
        .split("### Differences from a browser tab\n")
        .nth(1)
        .unwrap();
    let section = section.split("\n#").next().unwrap();
    let rows: Vec<_> = section
        .lines()
        .filter(|line| line.starts_with("| "))
        .skip(2)
        .collect();
    let listed: Vec<_> = EXCEPTIONS
        .iter()
        .map(|Exception { servers, reason }| format!("| `{}` | {reason} |", servers.join("`, `")))
        .collect();
    assert_eq!(rows, listed, "the rows should be:\n{}", listed.join("\n"));
}
