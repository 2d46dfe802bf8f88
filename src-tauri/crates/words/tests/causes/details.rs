//! Every detail of a cause, and what people read of it.

use std::time::{Duration, SystemTime};

use gloria_stream::machine::{
    BreakOff, CertificateFileProblem, CertificateProblem, ClientCertificateProblem, NotHttp, NotWebSocket,
    ProxyProblem, TlsProblem,
};

/// What a system, a library or a server says.
pub(crate) const SAID: &str = "as it came";

pub(crate) fn said() -> String {
    SAID.to_owned()
}

/// Noon of a day.
fn noon() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(20_000 * 86_400 + 43_200)
}

pub(crate) fn certificates() -> Vec<(CertificateProblem, &'static str)> {
    use CertificateProblem as Problem;
    vec![
        (
            Problem::Expired { at: Some(noon()) },
            "it expired on 2024-10-04, or this computer's clock is wrong",
        ),
        (
            Problem::Expired { at: None },
            "it has expired, or this computer's clock is wrong",
        ),
        (
            Problem::NotYetValid { from: Some(noon()) },
            "it is not valid before 2024-10-04, or this computer's clock is wrong",
        ),
        (
            Problem::NotYetValid { from: None },
            "it is not valid yet, or this computer's clock is wrong",
        ),
        (Problem::WrongName, "it belongs to another name"),
        (
            Problem::UnknownIssuer,
            "it is not signed by anyone this computer trusts",
        ),
        (
            Problem::OfAuthority,
            "it is the certificate of an authority (CA:TRUE), as many self-signed ones are; the server needs one of \
             its own",
        ),
        (Problem::Revoked, "it was revoked"),
        (Problem::WrongPurpose, "it is not meant for servers"),
        (
            Problem::OldVersion,
            "it has an old form (before version 3 of X.509), which does not say whose it is",
        ),
        (
            Problem::NotAllowed,
            "one of the authorities behind it was not allowed to sign it",
        ),
        (
            Problem::BadSignature,
            "its signature is not valid, or of a kind that is not supported",
        ),
        (Problem::Unreadable, "it cannot be read"),
        (Problem::Other(said()), SAID),
    ]
}

pub(crate) fn files() -> Vec<(CertificateFileProblem, &'static str)> {
    use CertificateFileProblem as Problem;
    vec![
        (Problem::NotThere, "there is no such file"),
        (Problem::NotPermitted, "you are not allowed to read it"),
        (Problem::NotReadable(said()), "it cannot be read (as it came)"),
        (Problem::NoCertificate, "it contains no certificate"),
        (Problem::DamagedCertificate, "it contains a damaged certificate"),
        (Problem::Damaged, "it is damaged"),
        (
            Problem::Pkcs12Unwanted,
            "it is a PKCS#12 file; only certificates are accepted here, as PEM or DER",
        ),
        (
            Problem::KeyUnwanted,
            "it contains a private key, which does not belong here",
        ),
        (
            Problem::Pkcs12NotReadable(said()),
            "it is a PKCS#12 file that cannot be read (as it came)",
        ),
        (Problem::NoKey, "it contains no private key"),
        (Problem::DamagedKey, "it contains a damaged private key"),
        (
            Problem::ForeignKey,
            "it contains a private key that does not belong to the certificate",
        ),
        (
            Problem::UnsupportedKey,
            "it contains a private key of a kind that is not supported",
        ),
        (
            Problem::OldEncryption,
            "it contains a key encrypted in OpenSSL's old format; convert it with \"openssl pkcs8 -topk8\"",
        ),
        (Problem::PasswordWanted, "it needs a password"),
        (Problem::WrongPassword, "it cannot be opened with this password"),
        (Problem::NotUsable, "its certificate and key do not work together"),
    ]
}

pub(crate) fn client_certificates() -> Vec<(ClientCertificateProblem, &'static str)> {
    use ClientCertificateProblem as Problem;
    vec![
        (Problem::Wanted, "the server asks for a client certificate"),
        (
            Problem::Refused,
            "the server does not accept the client certificate",
        ),
        (
            Problem::Expired,
            "the server does not accept the client certificate, because it has expired",
        ),
        (
            Problem::Revoked,
            "the server does not accept the client certificate, because it was revoked",
        ),
        (
            Problem::UnknownIssuer,
            "the server does not accept the client certificate, because it does not know who signed it",
        ),
    ]
}

pub(crate) fn tls() -> Vec<(TlsProblem, &'static str)> {
    use TlsProblem as Problem;
    vec![
        (Problem::Http1Refused, "the server refuses HTTP/1.1"),
        (
            Problem::NotTls,
            "what answers there does not use encryption; perhaps the address has the port of another service",
        ),
        (
            Problem::OldVersion,
            "the server offers only versions of TLS that are no longer secure",
        ),
        (
            Problem::NothingInCommon,
            "the server offers no encryption that is supported here, or asks for a client certificate",
        ),
        (
            Problem::UnknownName,
            "the server does not know the name in this address",
        ),
        (Problem::NoCertificate, "the server presents no certificate"),
        (
            Problem::Alert("InternalError".to_owned()),
            "the server refused it (InternalError)",
        ),
        (Problem::Other(said()), SAID),
    ]
}

pub(crate) fn proxies() -> Vec<(ProxyProblem, &'static str)> {
    use ProxyProblem as Problem;
    vec![
        (Problem::NotThere, "nothing answers there"),
        (Problem::NameNotFound, "its name was not found"),
        (
            Problem::Certificate(CertificateProblem::WrongName),
            "its own certificate is not trusted: it belongs to another name",
        ),
        (
            Problem::Tls(TlsProblem::NoCertificate),
            "no secure connection to the proxy itself could be made: the server presents no certificate",
        ),
        (Problem::HungUp, "it closed the connection"),
        (Problem::Refused, "it refuses to connect to this server"),
        (Problem::NotSocks, "it does not answer as a SOCKS proxy"),
        (Problem::TooLong, "its answer is too long"),
        (Problem::NotAllowed, "its rules do not allow this server"),
        (Problem::Unreachable, "it cannot reach the server"),
        (
            Problem::ServerRefused,
            "the server refused the proxy's connection",
        ),
        (Problem::Failed, "it had an internal error"),
        (
            Problem::Unsupported,
            "it does not support connections of this kind",
        ),
        (Problem::Other(said()), SAID),
    ]
}

pub(crate) fn break_offs() -> Vec<(BreakOff, &'static str)> {
    vec![
        (BreakOff::Reset, "it was reset"),
        (BreakOff::Truncated, "it ended in the middle"),
        (BreakOff::TimedOut, "the other side stopped answering"),
        (BreakOff::Unreachable, "the server cannot be reached any more"),
        (BreakOff::BadHttp, "what came was not valid HTTP"),
        (BreakOff::Unasked, "data came before any request was sent"),
        (
            BreakOff::Http2,
            "the server, or something in front of it, ended the HTTP/2 stream",
        ),
        (
            BreakOff::Tls(TlsProblem::Other(said())),
            "the encryption failed: as it came",
        ),
        (BreakOff::DamagedCompression, "the compressed stream is damaged"),
        (BreakOff::NoClose, "it ended without a close frame"),
        (BreakOff::NotUtf8, "a message was not valid text (UTF-8)"),
        (BreakOff::BadFrame, "what came was not valid WebSocket"),
        (BreakOff::Other(said()), SAID),
        (BreakOff::Unknown, "no reason was given"),
    ]
}

pub(crate) fn not_http() -> Vec<(NotHttp, &'static str)> {
    vec![
        (NotHttp::Beginning, "it does not begin as HTTP does"),
        (NotHttp::Http2, "it is HTTP/2, which was not asked for"),
        (NotHttp::Status, "its status is not valid"),
        (NotHttp::Header, "one of its headers is not valid"),
        (NotHttp::TooLarge, "its headers are too large"),
    ]
}

pub(crate) fn not_web_sockets() -> Vec<(NotWebSocket, &'static str)> {
    vec![
        (
            NotWebSocket::EventStream,
            "it is an event stream's; write https:// instead of wss://",
        ),
        (NotWebSocket::OtherProtocol, "it switches to another protocol"),
        (
            NotWebSocket::WrongAccept,
            "its Sec-WebSocket-Accept header does not match the request",
        ),
        (
            NotWebSocket::Extension,
            "it uses an extension that was not offered",
        ),
        (
            NotWebSocket::Subprotocol,
            "it chose a subprotocol that was not offered",
        ),
    ]
}
