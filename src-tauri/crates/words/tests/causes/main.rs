//! Why there is no connection, as people read it: a sentence for each cause and each detail within it.

use std::collections::BTreeSet;
use std::time::Duration;

use gloria_core::connection::{advised, cause};
use gloria_core::message::{self, Message, MessageArg};
use gloria_core::protocol::Transport;
use gloria_stream::machine::{ContentType, SetupProblem, TlsProblem, UnknownCoding};
use gloria_stream::{Cause, CredentialError, DialError, EndCause, HaltReason, Overflow};
use gloria_words::Words;

use self::details::{
    SAID, break_offs, certificates, client_certificates, files, not_http, not_web_sockets, proxies, said, tls,
};

mod details;

/// Each within its cause, whose sentence begins so.
fn within<P>(
    details: Vec<(P, &'static str)>,
    begin: &str,
    of: impl Fn(P) -> Cause,
) -> impl Iterator<Item = (Cause, String)> {
    details
        .into_iter()
        .map(move |(detail, words)| (of(detail), format!("{begin}{words}")))
}

/// Every cause with every detail, and what people read of it.
fn causes() -> Vec<(Cause, String)> {
    let span = Duration::from_millis(12_500);
    let plain = [
        (Cause::Status(503), "the server answered 503"),
        (
            Cause::Status(431),
            "the token is too long for the server (431); your administrator can shorten it or raise the limit",
        ),
        (
            Cause::NotAStream {
                content_type: ContentType::Essence("text/html".to_owned()),
            },
            "this address answered with a web page (text/html), not an event stream",
        ),
        (
            Cause::NotAStream {
                content_type: ContentType::Essence("application/json".to_owned()),
            },
            "this address answered with application/json, not an event stream",
        ),
        (
            Cause::NotAStream {
                content_type: ContentType::Unreadable,
            },
            "this address answered with an unreadable content type, not an event stream",
        ),
        (
            Cause::NotAStream {
                content_type: ContentType::Missing,
            },
            "this address answered without saying that it is an event stream",
        ),
        (
            Cause::Encoded(UnknownCoding::Named("zstd".to_owned())),
            "the answer is compressed in a way that is not supported (zstd); the server should send it uncompressed",
        ),
        (
            Cause::Encoded(UnknownCoding::Layers(5)),
            "the answer is compressed 5 times over; the server should send it uncompressed",
        ),
        (Cause::NetworkSignIn, "this network requires you to sign in"),
        (
            Cause::Dial(DialError::Credential(CredentialError::Missing)),
            "no token is saved",
        ),
        (
            Cause::Dial(DialError::Credential(CredentialError::Unavailable(SAID.into()))),
            SAID,
        ),
        (
            Cause::Dial(DialError::Credential(CredentialError::TimedOut)),
            "the keyring did not answer",
        ),
        (
            Cause::Dial(DialError::Credential(CredentialError::Unsendable)),
            "the token contains characters that cannot be sent",
        ),
        (
            Cause::Dial(DialError::NameNotFound),
            "no server found under this name",
        ),
        (
            Cause::Dial(DialError::ConnectionRefused),
            "the server refused the connection",
        ),
        (
            Cause::Dial(DialError::Unreachable),
            "the server cannot be reached from this network",
        ),
        (
            Cause::Dial(DialError::ConnectTimedOut(span)),
            "no connection within 12.5 s",
        ),
        (
            Cause::Dial(DialError::AnswerTimedOut(span)),
            "no answer within 12.5 s",
        ),
        (
            Cause::Dial(DialError::ProxyAuthentication),
            "the proxy asks for a sign-in",
        ),
        (
            Cause::Dial(DialError::NotFound(vec!["/a".to_owned(), "/b".to_owned()])),
            "no event stream was found at this server: tried /a, /b",
        ),
        (
            Cause::Dial(DialError::RedirectToNowhere),
            "the server redirects to nowhere",
        ),
        (
            Cause::Dial(DialError::RedirectNotSecure),
            "the server redirects to an address that is not secure",
        ),
        (
            Cause::Dial(DialError::TooManyRedirects),
            "the server redirects in a circle",
        ),
        (
            Cause::Dial(DialError::NetworkSignIn),
            "this network requires you to sign in",
        ),
        (
            Cause::Dial(DialError::Setup(SetupProblem::Internal)),
            "the connection could not be set up: Gloria Notify had an internal error",
        ),
        (
            Cause::Dial(DialError::Setup(SetupProblem::Other(said()))),
            "the connection could not be set up: as it came",
        ),
        (Cause::Ended(EndCause::Closed), "the server closed the connection"),
        (
            Cause::Ended(EndCause::ClosedWith(1011)),
            "the server closed the connection because of an internal error (1011)",
        ),
        (
            Cause::Ended(EndCause::ClosedWith(1012)),
            "the server is restarting (1012)",
        ),
        (
            Cause::Ended(EndCause::ClosedWith(1013)),
            "the server asks clients to try again later (1013)",
        ),
        (
            Cause::Ended(EndCause::ClosedWith(4000)),
            "the server closed the connection with code 4000",
        ),
        (
            Cause::Ended(EndCause::AgainstPolicy),
            "the server closed the connection because of its policy (1008)",
        ),
        (
            Cause::Ended(EndCause::Rejected(HaltReason::Forbidden)),
            "this account has no access to the stream",
        ),
        (Cause::Ended(EndCause::Silent(span)), "nothing heard for 12.5 s"),
        (
            Cause::Ended(EndCause::Buffered(3)),
            "something between here and the server, such as a proxy, is buffering the stream: 3 times no byte arrived",
        ),
        (
            Cause::Ended(EndCause::Overflow(Overflow::Line { limit: 1 << 20 })),
            "a line is longer than 1024 KiB",
        ),
        (
            Cause::Ended(EndCause::OverflowRepeated(Overflow::Event { limit: 4 << 20 }, 3)),
            "an event is larger than 4096 KiB, 3 times in a row; it will be skipped",
        ),
        (Cause::Ended(EndCause::NetworkChanged), "the network changed"),
        (Cause::Ended(EndCause::Slept), "the computer was asleep"),
        (Cause::Ended(EndCause::CredentialChanged), "there is a new token"),
        (
            Cause::Halted(HaltReason::StoppedByServer),
            "the server asked this client to stop",
        ),
        (
            Cause::Halted(HaltReason::Unauthorized),
            "the server does not accept the token; sign in again",
        ),
        (
            Cause::Halted(HaltReason::Expired),
            "the token has expired or was withdrawn; sign in again",
        ),
        (
            Cause::Halted(HaltReason::NoCredential),
            "no token is saved; sign in first",
        ),
    ];
    let file = |problem| {
        Cause::Dial(DialError::CertificateFile {
            path: "/etc/ca.pem".into(),
            problem,
        })
    };
    let dial = |of: fn(TlsProblem) -> DialError| move |problem| Cause::Dial(of(problem));
    let plain = plain.map(|(cause, words)| (cause, words.to_owned()));
    plain
        .into_iter()
        .chain(within(
            certificates(),
            "the certificate is not trusted: ",
            |problem| Cause::Dial(DialError::Certificate(problem)),
        ))
        .chain(within(
            files(),
            "the certificate file /etc/ca.pem cannot be used: ",
            file,
        ))
        .chain(within(client_certificates(), "", |problem| {
            Cause::Dial(DialError::ClientCertificate(problem))
        }))
        .chain(within(
            tls(),
            "no secure connection could be made: ",
            dial(DialError::Tls),
        ))
        .chain(within(
            proxies(),
            "the proxy did not let the connection through: ",
            |problem| Cause::Dial(DialError::Proxy(problem)),
        ))
        .chain(within(
            break_offs(),
            "the connection was lost before an answer: ",
            |problem| Cause::Dial(DialError::BrokenOff(problem)),
        ))
        .chain(within(break_offs(), "the connection was lost: ", |problem| {
            Cause::Ended(EndCause::BrokenOff(problem))
        }))
        .chain(within(not_http(), "the answer is not HTTP: ", |problem| {
            Cause::Dial(DialError::NotHttp(problem))
        }))
        .chain(within(
            not_web_sockets(),
            "this address does not answer as a WebSocket: ",
            |problem| Cause::Dial(DialError::NotWebSocket(problem)),
        ))
        .collect()
}

#[test]
fn every_cause_and_every_detail_of_it_is_one_sentence() {
    for (of, words) in causes() {
        assert_eq!(Words::english().say(&cause(&of)), words, "{of:?}");
        // What goes to logs is about the same, and no code is missing from there.
        assert!(!of.to_string().is_empty());
    }
}

/// The ids of a message and of what is within it.
fn ids(message: &Message, found: &mut BTreeSet<String>) {
    found.insert(message.id.clone().into_owned());
    for arg in message.args.values() {
        if let MessageArg::Message(inner) = arg {
            ids(inner, found);
        }
    }
}

#[test]
fn every_message_about_the_connection_belongs_to_a_cause_of_this_table() {
    let mut found = BTreeSet::new();
    for (of, _) in causes() {
        for transport in [Transport::Sse, Transport::WebSocket] {
            ids(&advised(&of, transport), &mut found);
        }
    }
    // Those that are no cause of the stream.
    let others = [
        "cause-other-person",
        "cause-other-application",
        "cause-greeting-unknown",
        "cause-greeting-differs",
        "cause-restarting",
        "cause-disconnected",
        "cause-not-at-start",
    ];
    let listed: BTreeSet<_> = message::CAUSES
        .iter()
        .map(|entry| entry.id.to_owned())
        .filter(|id| !others.contains(&&**id))
        .collect();
    assert_eq!(found, listed);
}

#[test]
fn text_from_elsewhere_is_the_parameter_of_a_message_and_never_the_message() {
    for (of, _) in causes() {
        let message = cause(&of);
        if let Some(MessageArg::Text(text)) = message.args.get("problem") {
            assert_eq!((&*message.id, &**text), ("cause-token-unavailable", SAID));
        }
    }
}
