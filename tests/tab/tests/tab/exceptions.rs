//! Where we are on purpose not what the tab is.

/// Named servers of which we do not get what the tab gets.
pub(crate) struct Exception {
    pub(crate) servers: &'static [&'static str],
    /// Why, as ARCHITECTURE.md says it.
    pub(crate) reason: &'static str,
}

/// Whether a server is on the list.
pub(crate) fn is_exception(server: &str) -> bool {
    EXCEPTIONS
        .iter()
        .any(|exception| exception.servers.contains(&server))
}

/// ARCHITECTURE.md has the same list.
pub(crate) const EXCEPTIONS: &[Exception] = &[
    Exception {
        servers: &["a byte order mark on a line of its own"],
        reason: "Chromium loses the line behind it, which the standard keeps: we get more",
    },
    Exception {
        servers: &[
            "content encoding \"*\", and a plain stream",
            "content encoding \"identity;q=1\", and a plain stream",
            "gzip and an unknown one",
            "gzip and identity",
        ],
        reason: "Chromium refuses some odd lists of encodings; we pass over every name that encodes nothing, and \
                 get more",
    },
    Exception {
        servers: &["gzip in two members"],
        reason: "Chromium reads the first member alone; we read all, as gzip means it, and get more",
    },
    Exception {
        servers: &["content encoding \"zstd\", and a plain stream", "zstd"],
        reason: "its window takes more memory than the whole client; nobody is asked for it, and it is \
                 refused with words",
    },
    Exception {
        servers: &["an event of 6 MiB"],
        reason: "events are limited to 4 MiB: a broken server must not eat the machine",
    },
    Exception {
        servers: &["an id of 20000 letters"],
        reason: "ids are limited to 8 KiB, which is what servers take in a header",
    },
    Exception {
        servers: &["an id with DEL", "an id with control characters"],
        reason: "such a header is invalid (RFC 9110, 5.5), and our HTTP library sends none; the query \
                 carries the id all the same",
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
        reason: "our HTTP library refuses an invalid length or chunk (RFC 9112, 6.3), where proxies and \
                 clients would read different streams",
    },
    Exception {
        servers: &[
            "head with HTTP/1.2",
            "head with HTTP/2.0 in words",
            "head with lower case in its first line",
            "head with two spaces in its first line",
        ],
        reason: "our HTTP library takes the first line as RFC 9112 has it alone; no server is known that \
                 writes another",
    },
    Exception {
        servers: &[
            "407 Proxy Authentication Required after an event",
            "head with 101",
            "head with no HTTP",
            "no head at all",
            "redirected to no address",
        ],
        reason: "somebody has to mend it: we ask again as well, but after a minute and not after seconds",
    },
    Exception {
        servers: &["redirected with two addresses that differ"],
        reason: "Chromium refuses it and asks again; we follow the first address",
    },
];

#[test]
fn the_architecture_lists_the_exceptions() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ARCHITECTURE.md");
    let document = std::fs::read_to_string(path).unwrap();
    let section = document.split("### Where it is not the tab\n").nth(1).unwrap();
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
    assert_eq!(rows, listed, "they should be:\n{}", listed.join("\n"));
}
