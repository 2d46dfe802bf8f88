use proptest::prelude::*;

use super::*;

fn parsed(text: &str) -> Result<String, AddressError> {
    Address::parse(text, false).map(|address| address.to_string())
}

fn places(text: &str) -> Vec<String> {
    let address = Address::parse(text, false).expect("a good address");
    address.candidates(&[]).map(String::from).collect()
}

#[test]
fn an_address_is_taken_as_people_paste_it() {
    for (pasted, taken) in [
        (" https://gloria.example/api/ ", "https://gloria.example/api"),
        ("gloria.example", "https://gloria.example"),
        ("gloria.example/api", "https://gloria.example/api"),
        ("gloria.example:8443/api//", "https://gloria.example:8443/api"),
        ("HTTPS://Gloria.Example/Api", "https://gloria.example/Api"),
        ("\"https://gloria.example\"", "https://gloria.example"),
        ("'gloria.example'", "https://gloria.example"),
        ("“https://gloria.example/api”", "https://gloria.example/api"),
        ("„gloria.example“", "https://gloria.example"),
        ("« https://gloria.example »", "https://gloria.example"),
        ("<https://gloria.example>", "https://gloria.example"),
        ("`https://gloria.example`", "https://gloria.example"),
        ("(https://gloria.example/api)", "https://gloria.example/api"),
        (
            "\u{feff}https://gloria\u{200b}.example\r\n",
            "https://gloria.example",
        ),
        ("\u{a0}https://gloria.example\u{2028}\n", "https://gloria.example"),
        ("https://gloria.example.", "https://gloria.example"),
        ("https://gloria.example./api", "https://gloria.example/api"),
        ("https://gloria.example/api,", "https://gloria.example/api"),
        ("https://gloria.example/?", "https://gloria.example"),
        ("https://gloria.example/#", "https://gloria.example"),
        ("https://gloria.example/#/", "https://gloria.example"),
        ("https:/gloria.example/api", "https://gloria.example/api"),
        ("https:gloria.example", "https://gloria.example"),
        ("https//gloria.example", "https://gloria.example"),
        ("https:///gloria.example", "https://gloria.example"),
        ("https:\\\\gloria.example\\api", "https://gloria.example/api"),
        ("https:\\/\\/gloria.example\\/api", "https://gloria.example/api"),
        ("//gloria.example/api", "https://gloria.example/api"),
        ("https://https://gloria.example", "https://gloria.example"),
        ("http://https://gloria.example", "https://gloria.example"),
        (
            "GLORIA_API_URL=https://gloria.example/api",
            "https://gloria.example/api",
        ),
        ("export GLORIA_API_URL='gloria.example'", "https://gloria.example"),
        (
            "$env:GLORIA_API_URL = \"https://gloria.example\"",
            "https://gloria.example",
        ),
        (
            "api.url = \"https://gloria.example/api\"",
            "https://gloria.example/api",
        ),
        ("https://gloria.example/api%20", "https://gloria.example/api"),
        ("[Gloria](https://gloria.example)", "https://gloria.example"),
        (
            r#"{"msg":"Server listening at http://0.0.0.0:3000"}"#,
            "http://127.0.0.1:3000",
        ),
        ("URL: https://gloria.example", "https://gloria.example"),
        (
            "The server is https://gloria.example/api.",
            "https://gloria.example/api",
        ),
        (
            "curl -N https://gloria.example/api/v1/sse -H 'Authorization: Bearer x'",
            "https://gloria.example/api/v1",
        ),
        (
            "curl -H 'Accept: text/event-stream' 'https://gloria.example/api/v1/sse'",
            "https://gloria.example/api/v1",
        ),
        ("https://münchen.example", "https://xn--mnchen-3ya.example"),
        ("wss.example", "https://wss.example"),
        ("https.example/api", "https://https.example/api"),
        ("https:8443/api", "https://https:8443/api"),
    ] {
        assert_eq!(parsed(pasted), Ok(taken.into()), "{pasted}");
    }
}

#[test]
fn this_machine_goes_by_many_names() {
    for (pasted, taken) in [
        ("http://127.0.0.1:8787/api", "http://127.0.0.1:8787/api"),
        ("http://[::1]:1/api", "http://[::1]:1/api"),
        ("http://0.0.0.0:8787", "http://127.0.0.1:8787"),
        ("http://[::]:8787/api/v1", "http://[::1]:8787/api/v1"),
        ("ws://0.0.0.0:8787", "ws://127.0.0.1:8787"),
        ("0.0.0.0:8787", "http://127.0.0.1:8787"),
        ("[::]:8787", "http://[::1]:8787"),
        ("[::1]:8787/api", "http://[::1]:8787/api"),
        ("::1", "http://[::1]"),
        ("::1/api", "http://[::1]/api"),
        ("127.0.0.1:8787", "http://127.0.0.1:8787"),
        ("127.3.2.1:8787", "http://127.3.2.1:8787"),
        ("localhost:8787/api", "http://localhost:8787/api"),
        ("LOCALHOST:8787", "http://localhost:8787"),
        ("http://localhost.:8787/", "http://localhost:8787"),
        ("http://gloria.localhost:8787", "http://gloria.localhost:8787"),
        ("http://gloria.localhost.", "http://gloria.localhost"),
        ("https://localhost:8787", "https://localhost:8787"),
        ("https://0.0.0.0:8787", "https://127.0.0.1:8787"),
        ("http://[::ffff:127.0.0.1]:1", "http://[::ffff:7f00:1]:1"),
    ] {
        assert_eq!(parsed(pasted), Ok(taken.into()), "{pasted}");
    }
}

#[test]
fn what_is_not_taken_names_the_mend_and_repeats_nothing() {
    use AddressError as E;
    for (pasted, error) in [
        ("", E::Empty),
        (" \u{200b}\"\" ", E::Empty),
        ("http://gloria.example/api", E::Unencrypted("http")),
        ("ws://gloria.example/api", E::Unencrypted("ws")),
        ("http://127.0.0.1.evil.example/", E::Unencrypted("http")),
        ("http://localhost.evil.example", E::Unencrypted("http")),
        ("http://notlocalhost", E::Unencrypted("http")),
        ("http://192.168.1.7:8787", E::Unencrypted("http")),
        ("http:\\\\gloria.example", E::Unencrypted("http")),
        ("https://me:s3cret@gloria.example", E::UserInfo),
        ("me:s3cret@gloria.example", E::UserInfo),
        ("https://s3cret@gloria.example", E::UserInfo),
        ("https://gloria.example/api/v1/sse?token=s3cret", E::Token),
        ("https://gloria.example/api?access_token=s3cret&x=1", E::Token),
        ("https://gloria.example/api?types=s3cret", E::Extras),
        ("https://gloria.example/#/inbox/s3cret", E::Extras),
        ("ftp://gloria.example", E::Scheme),
        ("hxxps://gloria.example", E::Scheme),
        ("file:///s3cret", E::Scheme),
        ("https://gloria.exam\nple/s3cret", E::Spaces),
        ("gloria example s3cret", E::Spaces),
        ("https://gloria.example or s3cret", E::Spaces),
        ("https://a.example https://b.example", E::Several),
        ("https://a.example,https://b.example", E::Several),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.s3cret", E::IsToken),
        ("https://gloria.example/ap…", E::CutOff),
        ("https://gloria.exam...", E::CutOff),
    ] {
        assert_eq!(parsed(pasted), Err(error.clone()), "{pasted}");
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
    for pasted in [
        "https://",
        "https://:8787",
        "https://[::1",
        "https://a.example:99999/",
    ] {
        assert!(matches!(parsed(pasted), Err(E::Malformed(_))), "{pasted}");
    }
}

#[test]
fn plain_http_to_another_machine_is_for_laboratories() {
    for (text, plain, insecure) in [
        ("http://lab.example/api", true, true),
        ("ws://lab.example/api", true, true),
        ("ws://localhost/api", true, false),
        ("http://gloria.localhost", true, false),
        ("http://127.0.0.1:8787/api", true, false),
        ("wss://lab.example/api", false, false),
        ("https://gloria.example/api", false, false),
    ] {
        let address = Address::parse(text, true).expect("a good address");
        assert_eq!(
            (address.is_plain_http(), address.is_insecure()),
            (plain, insecure),
            "{text}"
        );
    }
}

#[test]
fn the_streams_own_name_at_the_end_is_left_out() {
    for (pasted, base, streams) in [
        (
            "https://gloria.example/api/v1/sse",
            "https://gloria.example/api/v1",
            &["https://gloria.example/api/v1/sse"][..],
        ),
        (
            "https://gloria.example/api/v1/SSE/",
            "https://gloria.example/api/v1",
            &["https://gloria.example/api/v1/sse"],
        ),
        (
            "wss://gloria.example/api/ws",
            "wss://gloria.example/api",
            &["wss://gloria.example/api/ws"],
        ),
        (
            "wss://gloria.example/api/sse",
            "wss://gloria.example/api",
            &["wss://gloria.example/api/ws"],
        ),
        // Below nothing it says where the stream is, so nothing is looked up.
        (
            "https://gloria.example/sse",
            "https://gloria.example/sse",
            &["https://gloria.example/sse"],
        ),
        (
            "wss://gloria.example/ws/",
            "wss://gloria.example/ws",
            &["wss://gloria.example/ws"],
        ),
        // The stream may have this name, or the base.
        (
            "https://gloria.example/api/events",
            "https://gloria.example/api/events",
            &[
                "https://gloria.example/api/sse",
                "https://gloria.example/api/events",
                "https://gloria.example/api/events/sse",
            ],
        ),
        (
            "https://gloria.example/api/assess",
            "https://gloria.example/api/assess",
            &["https://gloria.example/api/assess/sse"],
        ),
    ] {
        assert_eq!(parsed(pasted), Ok(base.to_owned()), "{pasted}");
        assert_eq!(places(pasted), streams, "{pasted}");
    }
}

#[test]
fn without_a_path_the_stream_is_looked_up() {
    assert_eq!(
        places("gloria.example"),
        [
            "https://gloria.example/api/v1/sse",
            "https://gloria.example/api/sse",
            "https://gloria.example/sse",
        ]
    );
    assert_eq!(
        places("wss://gloria.example/"),
        [
            "wss://gloria.example/api/v1/ws",
            "wss://gloria.example/api/ws",
            "wss://gloria.example/ws",
        ]
    );
    assert_eq!(
        places("https://gloria.example/api"),
        ["https://gloria.example/api/sse"],
        "a path is meant"
    );
    let address = Address::parse("https://gloria.example/api", false).expect("a good address");
    let types = ["notification.created".to_owned(), "heartbeat".to_owned()];
    assert_eq!(
        address.stream(&types).as_str(),
        "https://gloria.example/api/sse?types=notification.created%2Cheartbeat"
    );
}

#[test]
fn a_websocket_is_another_way_to_the_same_server() {
    for (typed, stream) in [
        ("wss://gloria.example/api/", "wss://gloria.example/api/ws"),
        ("ws://127.0.0.1:8787/api", "ws://127.0.0.1:8787/api/ws"),
        ("wss://gloria.example/ws", "wss://gloria.example/ws"),
    ] {
        let address = Address::parse(typed, false).expect("a good address");
        assert!(address.is_websocket());
        assert_eq!(address.to_string(), typed.trim_end_matches('/'));
        assert_eq!(address.stream(&[]).as_str(), stream);
        let other = Address::parse(&typed.replacen("ws", "http", 1), false).expect("a good address");
        assert!(!other.is_websocket());
        assert_eq!(address.server(), other.server());
    }
}

#[test]
fn the_server_keeps_the_name_that_its_token_and_inbox_are_under() {
    for (typed, server) in [
        ("https://gloria.example", "https://gloria.example"),
        ("https://gloria.example/sse", "https://gloria.example"),
        ("https://gloria.example/api", "https://gloria.example/api"),
        ("wss://gloria.example/api/ws", "https://gloria.example/api"),
        ("https://gloria.example/events", "https://gloria.example/events"),
    ] {
        let address = Address::parse(typed, false).expect("a good address");
        assert_eq!(address.server(), server, "{typed}");
    }
}

#[test]
fn a_streams_own_address_is_taken_as_it_is() {
    for (typed, server, stream) in [
        (
            "'https://gloria.example/api/v1/sse?token=x'",
            "https://gloria.example/api/v1",
            Some("https://gloria.example/api/v1/sse?token=x"),
        ),
        (
            "http://0.0.0.0:1/a/b?c",
            "http://127.0.0.1:1/a/b",
            Some("http://127.0.0.1:1/a/b?c"),
        ),
        ("http://[::1]:1/", "http://[::1]:1", Some("http://[::1]:1/")),
        (
            "https://gloria.example?x=1",
            "https://gloria.example",
            Some("https://gloria.example/?x=1"),
        ),
        ("wss://gloria.example", "https://gloria.example", None),
        ("gloria.example", "https://gloria.example", None),
    ] {
        let (address, url) = Address::of_stream(typed, false).expect("a good address");
        assert_eq!(address.server(), server, "{typed}");
        assert_eq!(url.as_ref().map(Url::as_str), stream, "{typed}");
    }
    for (typed, error) in [
        (
            "http://gloria.example/sse?token=x",
            AddressError::Unencrypted("http"),
        ),
        ("https://me:pw@gloria.example/sse", AddressError::UserInfo),
        ("ftp://gloria.example/sse", AddressError::Scheme),
    ] {
        assert_eq!(Address::of_stream(typed, false), Err(error));
    }
}

#[test]
fn the_document_about_the_sign_in_is_below_the_base_and_asked_for_by_http() {
    let documents = |typed: &str| {
        let address = Address::parse(typed, false).unwrap();
        let documents = address.sign_in_documents().into_iter().map(String::from);
        documents.collect::<Vec<_>>().join(" ")
    };
    let guessed =
        "https://gloria.example/api/v1/auth https://gloria.example/api/auth https://gloria.example/auth";
    for (typed, expected) in [
        ("gloria.example", guessed),
        ("wss://gloria.example", guessed),
        ("https://gloria.example/sse", "https://gloria.example/auth"),
        (
            "https://gloria.example/api/v2",
            "https://gloria.example/api/v2/auth",
        ),
        (
            "https://gloria.example/api/v2/sse",
            "https://gloria.example/api/v2/auth",
        ),
        (
            "https://gloria.example/api/events",
            "https://gloria.example/api/auth https://gloria.example/api/events/auth",
        ),
        ("http://127.0.0.1:8787/api", "http://127.0.0.1:8787/api/auth"),
    ] {
        assert_eq!(documents(typed), expected, "{typed}");
    }
}

#[test]
fn a_single_word_is_recognised() {
    for (typed, is_word) in [
        ("nonsense", true),
        ("\"nonsense\"", true),
        ("https://gloria", false),
        ("gloria/api", false),
        ("gloria:8443", false),
        ("gloria.example", false),
        ("localhost", false),
    ] {
        let address = Address::parse(typed, false).expect("taken");
        assert_eq!(address.is_bare_word(typed), is_word, "{typed}");
    }
}

#[test]
fn what_is_kept_of_an_address_is_read_as_the_same_again() {
    for text in ["-/'?", "gloria.example/api.'?", "https://gloria.example/api,?#"] {
        let address = Address::parse(text, false).unwrap();
        assert_eq!(Address::parse(&address.to_string(), false), Ok(address), "{text}");
    }
}

proptest! {
    #[test]
    fn what_stands_around_an_address_changes_nothing(
        host in "[a-z][a-z0-9]{0,8}(\\.[a-z]{2,6}){1,2}",
        port in prop::option::of(1_u16..),
        path in "(/[a-zA-Z0-9_-]{1,8}){0,3}",
        before in "[ \t\"'<“„«\u{feff}\u{200b}\u{a0}]{0,3}",
        after in "[ \r\n\"'>”“»\u{200b}\u{a0}.,;!]{0,3}",
        scheme in prop::sample::select(vec!["", "https://", "HTTPS://", "https:", "https:/", "//", "https:\\\\"]),
    ) {
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let bare = format!("{host}{port}{path}");
        let decorated = format!("{before}{scheme}{bare}{after}");
        prop_assume!(!pasted::is_cut_off(decorated.trim_end()));
        prop_assert_eq!(parsed(&decorated), parsed(&format!("https://{bare}")), "{}", decorated);
    }

    #[test]
    fn an_address_that_was_taken_is_taken_again_as_it_is(text in "\\PC{0,40}", scheme in "(https?://|wss?://)?") {
        if let Ok(address) = Address::parse(&format!("{scheme}{text}"), false) {
            prop_assert_eq!(Address::parse(&address.to_string(), false), Ok(address.clone()));
            prop_assert!(!address.is_insecure(), "{}", address);
            }
    }
}
