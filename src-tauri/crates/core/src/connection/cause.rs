//! The stream's causes as messages: each variant has a separate code.

use gloria_stream::machine::{
    BreakOff, CertificateFileProblem, CertificateProblem, ClientCertificateProblem, ContentType, NotHttp,
    NotWebSocket, ProxyProblem, SetupProblem, TlsProblem, UnknownCoding,
};
use gloria_stream::{Cause, CredentialError, DialError, EndCause, HaltReason, Overflow};

use crate::account::session::{CommandFailed, NotRenewed};
use crate::message::{self, Message};
use crate::ports::SecretError;
use crate::protocol::Transport;

/// Returns why an attempt failed or a connection ended, with advice if the cause does not imply it.
pub fn advised(cause: &Cause, transport: Transport) -> Message {
    let message = self::cause(cause);
    match cause {
        Cause::Ended(EndCause::Buffered(_)) if transport == Transport::Sse => {
            message::advised_web_socket(message)
        }
        Cause::Dial(DialError::ConnectionRefused) => message::advised_server(message),
        Cause::Dial(_)
        | Cause::Status(_)
        | Cause::NotAStream { .. }
        | Cause::Encoded(_)
        | Cause::NetworkSignIn
        | Cause::Ended(_)
        | Cause::Halted(_) => message,
    }
}

/// Returns why an attempt failed or a connection ended.
pub fn cause(cause: &Cause) -> Message {
    match cause {
        Cause::Dial(error) => dial(error),
        // Of all headers, only the token grows, for example with the groups of its user.
        Cause::Status(431) => message::cause_token_too_large(),
        Cause::Status(status) => message::cause_status(*status),
        Cause::NotAStream { content_type } => match content_type {
            ContentType::Essence(page) if matches!(&**page, "text/html" | "application/xhtml+xml") => {
                message::cause_web_page(page)
            }
            ContentType::Essence(other) => message::cause_other_type(other),
            ContentType::Unreadable => message::cause_unreadable_type(),
            ContentType::Missing => message::cause_no_type(),
        },
        Cause::Encoded(UnknownCoding::Named(coding)) => message::cause_encoded(coding),
        Cause::Encoded(UnknownCoding::Layers(count)) => message::cause_encoded_often(*count),
        Cause::NetworkSignIn => message::cause_network_sign_in(),
        Cause::Ended(end) => ended(end),
        Cause::Halted(reason) => halted(*reason),
    }
}

/// Returns why there is no credential.
pub(crate) fn credential(error: &CredentialError) -> Message {
    match error {
        CredentialError::Missing => message::cause_no_token(),
        CredentialError::Unavailable(error) | CredentialError::NotRenewed(error) => {
            let secret = error.downcast_ref::<SecretError>().map(SecretError::message);
            let renewal = || error.downcast_ref::<NotRenewed>().map(|error| error.why.clone());
            let command = || error.downcast_ref::<CommandFailed>().map(|error| error.0.clone());
            secret
                .or_else(renewal)
                .or_else(command)
                .unwrap_or_else(|| message::cause_token_unavailable(error.to_string()))
        }
        CredentialError::TimedOut => message::cause_token_timeout(),
        CredentialError::Unsendable => message::cause_token_unsendable(),
    }
}

fn dial(error: &DialError) -> Message {
    match error {
        DialError::Credential(error) => credential(error),
        DialError::NameNotFound => message::cause_name_not_found(),
        DialError::ConnectionRefused => message::cause_connection_refused(),
        DialError::Unreachable => message::cause_unreachable(),
        DialError::ConnectTimedOut(limit) => message::cause_connect_timeout(*limit),
        DialError::AnswerTimedOut(limit) => message::cause_answer_timeout(*limit),
        DialError::Certificate(problem) => message::cause_certificate(certificate(problem)),
        DialError::CertificateFile { path, problem } => {
            message::cause_certificate_file(path.display().to_string(), certificate_file(problem))
        }
        DialError::ClientCertificate(problem) => {
            message::cause_client_certificate(client_certificate(*problem))
        }
        DialError::Tls(problem) => message::cause_tls(tls(problem)),
        DialError::ProxyAuthentication => message::cause_proxy_sign_in(),
        DialError::Proxy(problem) => message::cause_proxy(proxy(problem)),
        DialError::BrokenOff(problem) => message::cause_no_answer(break_off(problem)),
        DialError::NotFound(places) => message::cause_not_found(places.join(", ")),
        DialError::NotHttp(problem) => message::cause_not_http(not_http(*problem)),
        DialError::NotWebSocket(problem) => message::cause_not_web_socket(not_web_socket(*problem)),
        DialError::RedirectToNowhere => message::cause_redirect_nowhere(),
        DialError::RedirectNotSecure => message::cause_redirect_insecure(),
        DialError::TooManyRedirects => message::cause_redirect_circle(),
        DialError::NetworkSignIn => message::cause_network_sign_in(),
        DialError::Setup(problem) => message::cause_set_up(set_up(problem)),
    }
}

fn certificate(problem: &CertificateProblem) -> Message {
    match problem {
        CertificateProblem::Expired { at: Some(at) } => message::certificate_expired_at(*at),
        CertificateProblem::Expired { at: None } => message::certificate_expired(),
        CertificateProblem::NotYetValid { from: Some(from) } => message::certificate_valid_from(*from),
        CertificateProblem::NotYetValid { from: None } => message::certificate_not_yet_valid(),
        CertificateProblem::WrongName => message::certificate_wrong_name(),
        CertificateProblem::UnknownIssuer => message::certificate_unknown_issuer(),
        CertificateProblem::OfAuthority => message::certificate_of_authority(),
        CertificateProblem::Revoked => message::certificate_revoked(),
        CertificateProblem::WrongPurpose => message::certificate_wrong_purpose(),
        CertificateProblem::OldVersion => message::certificate_old_version(),
        CertificateProblem::NotAllowed => message::certificate_not_allowed(),
        CertificateProblem::BadSignature => message::certificate_bad_signature(),
        CertificateProblem::Unreadable => message::certificate_unreadable(),
        CertificateProblem::Other(text) => message::certificate_other(text),
    }
}

fn certificate_file(problem: &CertificateFileProblem) -> Message {
    match problem {
        CertificateFileProblem::NotThere => message::file_not_there(),
        CertificateFileProblem::NotPermitted => message::file_not_permitted(),
        CertificateFileProblem::NotReadable(text) => message::file_not_readable(text),
        CertificateFileProblem::NoCertificate => message::file_no_certificate(),
        CertificateFileProblem::DamagedCertificate => message::file_damaged_certificate(),
        CertificateFileProblem::Damaged => message::file_damaged(),
        CertificateFileProblem::Pkcs12Unwanted => message::file_pkcs12_unwanted(),
        CertificateFileProblem::KeyUnwanted => message::file_key_unwanted(),
        CertificateFileProblem::Pkcs12NotReadable(text) => message::file_pkcs12_not_readable(text),
        CertificateFileProblem::NoKey => message::file_no_key(),
        CertificateFileProblem::DamagedKey => message::file_damaged_key(),
        CertificateFileProblem::ForeignKey => message::file_foreign_key(),
        CertificateFileProblem::UnsupportedKey => message::file_unsupported_key(),
        CertificateFileProblem::OldEncryption => message::file_old_encryption(),
        CertificateFileProblem::PasswordWanted => message::file_password_wanted(),
        CertificateFileProblem::WrongPassword => message::file_wrong_password(),
        CertificateFileProblem::NotUsable => message::file_not_usable(),
    }
}

fn client_certificate(problem: ClientCertificateProblem) -> Message {
    match problem {
        ClientCertificateProblem::Wanted => message::client_certificate_wanted(),
        ClientCertificateProblem::Refused => message::client_certificate_refused(),
        ClientCertificateProblem::Expired => message::client_certificate_expired(),
        ClientCertificateProblem::Revoked => message::client_certificate_revoked(),
        ClientCertificateProblem::UnknownIssuer => message::client_certificate_unknown_issuer(),
    }
}

fn tls(problem: &TlsProblem) -> Message {
    match problem {
        TlsProblem::Http1Refused => message::tls_http1_refused(),
        TlsProblem::NotTls => message::tls_not_tls(),
        TlsProblem::OldVersion => message::tls_old_version(),
        TlsProblem::NothingInCommon => message::tls_nothing_in_common(),
        TlsProblem::UnknownName => message::tls_unknown_name(),
        TlsProblem::NoCertificate => message::tls_no_certificate(),
        TlsProblem::Alert(name) => message::tls_alert(name),
        TlsProblem::Other(text) => message::tls_other(text),
    }
}

fn proxy(problem: &ProxyProblem) -> Message {
    match problem {
        ProxyProblem::NotThere => message::proxy_not_there(),
        ProxyProblem::NameNotFound => message::proxy_name_not_found(),
        ProxyProblem::Certificate(problem) => message::proxy_certificate(certificate(problem)),
        ProxyProblem::Tls(problem) => message::proxy_tls(tls(problem)),
        ProxyProblem::HungUp => message::proxy_hung_up(),
        ProxyProblem::Refused => message::proxy_refused(),
        ProxyProblem::NotSocks => message::proxy_not_socks(),
        ProxyProblem::TooLong => message::proxy_too_long(),
        ProxyProblem::NotAllowed => message::proxy_not_allowed(),
        ProxyProblem::Unreachable => message::proxy_unreachable(),
        ProxyProblem::ServerRefused => message::proxy_server_refused(),
        ProxyProblem::Failed => message::proxy_failed(),
        ProxyProblem::Unsupported => message::proxy_unsupported(),
        ProxyProblem::Other(text) => message::proxy_other(text),
    }
}

fn break_off(problem: &BreakOff) -> Message {
    match problem {
        BreakOff::Reset => message::break_reset(),
        BreakOff::Truncated => message::break_truncated(),
        BreakOff::TimedOut => message::break_timed_out(),
        BreakOff::Unreachable => message::break_unreachable(),
        BreakOff::BadHttp => message::break_bad_http(),
        BreakOff::Unasked => message::break_unasked(),
        BreakOff::Http2 => message::break_http2(),
        BreakOff::Tls(problem) => message::break_tls(tls(problem)),
        BreakOff::DamagedCompression => message::break_damaged_compression(),
        BreakOff::NoClose => message::break_no_close(),
        BreakOff::NotUtf8 => message::break_not_utf8(),
        BreakOff::BadFrame => message::break_bad_frame(),
        BreakOff::Other(text) => message::break_other(text),
        BreakOff::Unknown => message::break_unknown(),
    }
}

fn not_http(problem: NotHttp) -> Message {
    match problem {
        NotHttp::Beginning => message::not_http_beginning(),
        NotHttp::Http2 => message::not_http_http2(),
        NotHttp::Status => message::not_http_status(),
        NotHttp::Header => message::not_http_header(),
        NotHttp::TooLarge => message::not_http_too_large(),
    }
}

fn not_web_socket(problem: NotWebSocket) -> Message {
    match problem {
        NotWebSocket::EventStream => message::not_web_socket_event_stream(),
        NotWebSocket::OtherProtocol => message::not_web_socket_other_protocol(),
        NotWebSocket::WrongAccept => message::not_web_socket_wrong_accept(),
        NotWebSocket::Extension => message::not_web_socket_extension(),
        NotWebSocket::Subprotocol => message::not_web_socket_subprotocol(),
    }
}

fn set_up(problem: &SetupProblem) -> Message {
    match problem {
        SetupProblem::Internal => message::set_up_internal(),
        SetupProblem::Other(text) => message::set_up_other(text),
    }
}

fn ended(end: &EndCause) -> Message {
    match end {
        EndCause::Closed => message::cause_closed(),
        EndCause::ClosedWith(code) => message::cause_closed_with(*code),
        EndCause::AgainstPolicy => message::cause_against_policy(),
        EndCause::Rejected(reason) => halted(*reason),
        EndCause::BrokenOff(problem) => message::cause_broken_off(break_off(problem)),
        EndCause::Silent(span) => message::cause_silent(*span),
        EndCause::Buffered(times) => message::cause_buffered(*times),
        EndCause::Overflow(overflow) => over_limits(*overflow),
        EndCause::OverflowRepeated(overflow, times) => {
            message::cause_over_limits_again(over_limits(*overflow), *times)
        }
        EndCause::NetworkChanged => message::cause_network_changed(),
        EndCause::Slept => message::cause_slept(),
        EndCause::CredentialChanged => message::cause_token_changed(),
    }
}

fn over_limits(overflow: Overflow) -> Message {
    match overflow {
        Overflow::Line { limit } => message::cause_long_line(limit >> 10),
        Overflow::Event { limit } => message::cause_large_event(limit >> 10),
    }
}

/// Returns why there is no stream.
pub fn halted(reason: HaltReason) -> Message {
    match reason {
        HaltReason::StoppedByServer => message::cause_stopped(),
        HaltReason::Unauthorized => message::cause_unauthorized(),
        HaltReason::Expired => message::cause_token_expired(),
        HaltReason::Forbidden => message::cause_forbidden(),
        HaltReason::NoCredential => message::cause_sign_in_first(),
    }
}
