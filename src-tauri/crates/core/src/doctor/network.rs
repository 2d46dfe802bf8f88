//! Checks of the way to the server. Each failure of a request belongs to one of them; those before it passed, and those
//! after it could not be tried.

use gloria_stream::machine::ProxyProblem;
use gloria_stream::{Cause, DialError};

use super::{Check, Outcome, Reached, ServerSeen, Verdict};
use crate::connection;
use crate::message::{self, Message};

/// Half of this is usual without time service. Sign-ins and certificates that were issued a moment ago begin to fail
/// with more than a minute or two.
const MAX_CLOCK_OFFSET: u64 = 90;

/// The status by which a proxy asks for a sign-in (RFC 9110, 15.5.8).
const PROXY_AUTHENTICATION: u16 = 407;

/// The steps of a request, in their order. A proxy is what is connected to first, and it looks the name up.
const STEPS: [Check; 5] = [
    Check::Proxy,
    Check::ServerName,
    Check::Tcp,
    Check::Tls,
    Check::Answer,
];

fn place(check: Check) -> usize {
    STEPS
        .iter()
        .position(|step| *step == check)
        .unwrap_or(STEPS.len())
}

/// Whether the request came past a step, and what is known about it if not.
fn passed(server: Option<&ServerSeen>, check: Check) -> Result<&ServerSeen, Verdict> {
    let Some(server) = server else {
        let cause = message::doctor_no_address();
        return Err(if check == Check::ServerName {
            Verdict::failed(cause, Some(message::doctor_mend_address()))
        } else {
            Verdict::skipped(cause)
        });
    };
    let Some((step, cause, mend)) = failure(server) else {
        return Ok(server);
    };
    if step == check {
        Err(Verdict::failed(cause, Some(mend)))
    } else if place(step) < place(check) {
        Err(Verdict::after(step))
    } else {
        Ok(server)
    }
}

/// Whether a proxy answers in the server's place, as over plain HTTP. What is no answer of a server then fails at the
/// proxy, because nothing says whether it reached the server.
fn is_by_plain_proxy(server: &ServerSeen) -> bool {
    server.proxy.is_some() && !server.is_encrypted
}

/// The step that failed, why, and what mends it.
fn failure(server: &ServerSeen) -> Option<(Check, Message, Message)> {
    let hangs = |limit| message::doctor_hangs(limit);
    match &server.reached {
        // Over plain HTTP the proxy answers in the server's place.
        Reached::Answered {
            status: PROXY_AUTHENTICATION,
            ..
        } if server.proxy.is_some() => {
            let cause = connection::cause(&Cause::Dial(DialError::ProxyAuthentication));
            Some((Check::Proxy, cause, message::doctor_mend_proxy()))
        }
        Reached::Answered { .. } => None,
        Reached::NameHangs(limit) => Some((Check::ServerName, hangs(*limit), message::doctor_mend_name())),
        Reached::ConnectHangs(limit) => Some((Check::Tcp, hangs(*limit), message::doctor_mend_tcp())),
        Reached::TlsHangs(limit) => Some((Check::Tls, hangs(*limit), message::doctor_mend_network())),
        Reached::AnswerHangs(limit) => {
            let step = if is_by_plain_proxy(server) {
                Check::Proxy
            } else {
                Check::Answer
            };
            Some((step, hangs(*limit), message::doctor_mend_network()))
        }
        Reached::Failed(error) => {
            let error = match &server.proxy {
                Some(_) => by_proxy(error),
                None => error.clone(),
            };
            let is_unanswered = matches!(
                error,
                DialError::AnswerTimedOut(_) | DialError::BrokenOff(_) | DialError::NotHttp(_)
            );
            let (step, mend) = if is_unanswered && is_by_plain_proxy(server) {
                (Check::Proxy, message::doctor_mend_network())
            } else {
                step_of(&error, server.proxy.is_some())
            };
            let cause = connection::cause(&Cause::Dial(error));
            Some((step, cause, mend))
        }
    }
}

/// The step that keeps everything after it from being tried.
pub(super) fn failed_step(server: Option<&ServerSeen>) -> Option<Check> {
    let is_failed = |step: &Check| {
        passed(server, *step).is_err_and(|verdict| verdict.outcome == Outcome::Failed)
            || *step == Check::Answer && answer(server).outcome == Outcome::Failed
    };
    STEPS.into_iter().find(is_failed)
}

/// Over plain HTTP a proxy is connected to like a server: what fails is the way to the proxy.
fn by_proxy(error: &DialError) -> DialError {
    match error {
        DialError::NameNotFound => DialError::Proxy(ProxyProblem::NameNotFound),
        DialError::ConnectionRefused | DialError::Unreachable => DialError::Proxy(ProxyProblem::NotThere),
        DialError::ConnectTimedOut(_)
        | DialError::AnswerTimedOut(_)
        | DialError::ProxyAuthentication
        | DialError::Proxy(_)
        | DialError::Certificate(_)
        | DialError::CertificateFile { .. }
        | DialError::ClientCertificate(_)
        | DialError::Tls(_)
        | DialError::NetworkSignIn
        | DialError::BrokenOff(_)
        | DialError::Credential(_)
        | DialError::NotFound(_)
        | DialError::NotHttp(_)
        | DialError::NotWebSocket(_)
        | DialError::RedirectToNowhere
        | DialError::RedirectNotSecure
        | DialError::TooManyRedirects
        | DialError::Setup(_) => error.clone(),
    }
}

fn step_of(error: &DialError, is_by_proxy: bool) -> (Check, Message) {
    match error {
        // Whether the proxy or something behind it hangs is not seen from here.
        DialError::ConnectTimedOut(_) if is_by_proxy => (Check::Proxy, message::doctor_mend_network()),
        DialError::NameNotFound => (Check::ServerName, message::doctor_mend_name()),
        DialError::ConnectionRefused | DialError::Unreachable | DialError::ConnectTimedOut(_) => {
            (Check::Tcp, message::doctor_mend_tcp())
        }
        DialError::ProxyAuthentication | DialError::Proxy(_) => (Check::Proxy, message::doctor_mend_proxy()),
        DialError::Certificate(_) | DialError::CertificateFile { .. } => {
            (Check::Tls, message::doctor_mend_tls())
        }
        DialError::Tls(_) => (Check::Tls, message::doctor_mend_server()),
        DialError::ClientCertificate(_) => (Check::Tls, message::doctor_mend_client_certificate()),
        DialError::NetworkSignIn => (Check::Answer, message::doctor_mend_network_sign_in()),
        DialError::AnswerTimedOut(_) | DialError::BrokenOff(_) => {
            (Check::Answer, message::doctor_mend_network())
        }
        DialError::Credential(_)
        | DialError::NotFound(_)
        | DialError::NotHttp(_)
        | DialError::NotWebSocket(_)
        | DialError::RedirectToNowhere
        | DialError::RedirectNotSecure
        | DialError::TooManyRedirects
        | DialError::Setup(_) => (Check::Answer, message::doctor_mend_server()),
    }
}

pub(super) fn name(server: Option<&ServerSeen>) -> Verdict {
    match passed(server, Check::ServerName) {
        Err(verdict) => verdict,
        Ok(server) => Verdict::passed(match &server.proxy {
            _ if server.is_number => message::doctor_name_unneeded(&server.name),
            Some(proxy) => message::doctor_name_by_proxy(&server.name, proxy),
            None => message::doctor_name_found(&server.name),
        }),
    }
}

pub(super) fn tcp(server: Option<&ServerSeen>) -> Verdict {
    match passed(server, Check::Tcp) {
        Err(verdict) => verdict,
        Ok(server) => Verdict::passed(match &server.proxy {
            Some(proxy) => message::doctor_tcp_by_proxy(proxy),
            None => message::doctor_tcp_open(&server.name, server.port),
        }),
    }
}

pub(super) fn proxy(server: Option<&ServerSeen>) -> Verdict {
    match passed(server, Check::Proxy) {
        Err(verdict) => verdict,
        Ok(server) => Verdict::passed(match &server.proxy {
            Some(proxy) => message::doctor_proxy_used(proxy),
            None => message::doctor_proxy_none(),
        }),
    }
}

pub(super) fn tls(server: Option<&ServerSeen>) -> Verdict {
    match passed(server, Check::Tls) {
        Err(verdict) => verdict,
        Ok(server) if server.is_encrypted => Verdict::passed(message::doctor_tls_trusted()),
        Ok(server) if server.is_this_computer => Verdict::passed(message::doctor_tls_none()),
        Ok(_) => Verdict::warning(message::doctor_tls_insecure(), message::doctor_mend_insecure()),
    }
}

pub(super) fn answer(server: Option<&ServerSeen>) -> Verdict {
    match passed(server, Check::Answer) {
        Err(verdict) => verdict,
        Ok(server) => match server.reached {
            Reached::Answered { status, .. } if status >= 500 => {
                Verdict::failed(message::cause_status(status), Some(message::doctor_mend_server()))
            }
            Reached::Answered { status, .. } => Verdict::passed(message::doctor_answered(status)),
            Reached::NameHangs(_)
            | Reached::ConnectHangs(_)
            | Reached::TlsHangs(_)
            | Reached::AnswerHangs(_)
            | Reached::Failed(_) => Verdict::after(Check::Answer),
        },
    }
}

pub(super) fn clock(server: Option<&ServerSeen>) -> Verdict {
    match passed(server, Check::Clock) {
        Err(verdict) => verdict,
        Ok(server) => match server.reached {
            Reached::Answered {
                clock_offset: Some(offset),
                ..
            } => of_offset(offset),
            Reached::Answered {
                clock_offset: None, ..
            } => Verdict::skipped(message::doctor_clock_unsaid()),
            Reached::NameHangs(_)
            | Reached::ConnectHangs(_)
            | Reached::TlsHangs(_)
            | Reached::AnswerHangs(_)
            | Reached::Failed(_) => Verdict::after(Check::Answer),
        },
    }
}

fn of_offset(offset: i64) -> Verdict {
    let seconds = offset.unsigned_abs();
    if seconds <= MAX_CLOCK_OFFSET {
        return Verdict::passed(message::doctor_clock_good());
    }
    let cause = if offset > 0 {
        message::doctor_clock_behind(seconds)
    } else {
        message::doctor_clock_ahead(seconds)
    };
    Verdict::warning(cause, message::doctor_mend_clock())
}
