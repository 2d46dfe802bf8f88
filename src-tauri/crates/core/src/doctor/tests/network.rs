//! The way to the server.

use gloria_stream::DialError;
use gloria_stream::machine::{CertificateProblem, ProxyProblem, TlsProblem};

use super::*;

#[test]
fn a_failure_on_the_way_to_the_server_belongs_to_one_step() {
    use Check::{Answer, Proxy, ServerName, Tcp, Tls};
    let failed = |error| Reached::Failed(error);
    let certificate = DialError::Certificate(CertificateProblem::UnknownIssuer);
    let steps = [Proxy, ServerName, Tcp, Tls, Answer];
    for (reached, at, cause, mend) in [
        (
            failed(DialError::NameNotFound),
            ServerName,
            "cause-name-not-found",
            "name",
        ),
        (Reached::NameHangs(SECOND), ServerName, "doctor-hangs", "name"),
        (
            failed(DialError::ConnectionRefused),
            Tcp,
            "cause-connection-refused",
            "tcp",
        ),
        (failed(DialError::Unreachable), Tcp, "cause-unreachable", "tcp"),
        (Reached::ConnectHangs(SECOND), Tcp, "doctor-hangs", "tcp"),
        (
            failed(DialError::ProxyAuthentication),
            Proxy,
            "cause-proxy-sign-in",
            "proxy",
        ),
        (
            failed(DialError::Proxy(ProxyProblem::Refused)),
            Proxy,
            "cause-proxy",
            "proxy",
        ),
        (failed(certificate), Tls, "cause-certificate", "tls"),
        (
            failed(DialError::Tls(TlsProblem::NotTls)),
            Tls,
            "cause-tls",
            "server",
        ),
        (Reached::TlsHangs(SECOND), Tls, "doctor-hangs", "network"),
        (Reached::AnswerHangs(SECOND), Answer, "doctor-hangs", "network"),
        (
            failed(DialError::NetworkSignIn),
            Answer,
            "cause-network-sign-in",
            "network-sign-in",
        ),
    ] {
        let seen = Observed {
            server: Some(server(reached)),
            ..good()
        };
        assert_finds(&seen, at, Outcome::Failed, cause, mend);
        let place = steps.iter().position(|step| *step == at).unwrap();
        for before in &steps[..place] {
            assert_eq!(ids(&seen, *before).0, Outcome::Passed, "{before:?} before {at:?}");
        }
        for after in &steps[place + 1..] {
            assert_finds(&seen, *after, Outcome::Skipped, "doctor-after", "");
        }
        assert_finds(&seen, Check::Clock, Outcome::Skipped, "doctor-after", "");
    }
}

#[test]
fn what_fails_at_a_proxy_or_behind_it_is_not_said_of_the_server() {
    use Check::{Answer, Proxy, Tls};
    let failed = |error| Reached::Failed(error);
    let asks_for_a_sign_in = Reached::Answered {
        status: 407,
        clock_offset: Some(0),
    };
    for (reached, at, cause, mend) in [
        (asks_for_a_sign_in, Proxy, "cause-proxy-sign-in", "proxy"),
        (
            failed(DialError::ProxyAuthentication),
            Proxy,
            "cause-proxy-sign-in",
            "proxy",
        ),
        (
            failed(DialError::Proxy(ProxyProblem::Refused)),
            Proxy,
            "cause-proxy",
            "proxy",
        ),
        // Over plain HTTP a proxy is connected to like a server.
        (
            failed(DialError::ConnectionRefused),
            Proxy,
            "cause-proxy",
            "proxy",
        ),
        (failed(DialError::Unreachable), Proxy, "cause-proxy", "proxy"),
        (failed(DialError::NameNotFound), Proxy, "cause-proxy", "proxy"),
        (
            failed(DialError::ConnectTimedOut(SECOND)),
            Proxy,
            "cause-connect-timeout",
            "network",
        ),
        (
            failed(DialError::Tls(TlsProblem::NotTls)),
            Tls,
            "cause-tls",
            "server",
        ),
        (Reached::AnswerHangs(SECOND), Answer, "doctor-hangs", "network"),
    ] {
        let seen = Observed {
            server: Some(ServerSeen {
                proxy: Some("proxy.example:3128".into()),
                ..server(reached)
            }),
            ..good()
        };
        assert_finds(&seen, at, Outcome::Failed, cause, mend);
        let all = findings(&seen);
        let way = [Check::ServerName, Check::Tcp, Proxy, Tls, Answer, Check::Clock];
        let faults = all
            .iter()
            .filter(|finding| way.contains(&finding.check) && finding.outcome == Outcome::Failed);
        assert_eq!(faults.count(), 1, "{all:?}");
        if at == Proxy {
            for after in [Check::ServerName, Check::Tcp, Tls, Answer, Check::Clock] {
                assert_finds(&seen, after, Outcome::Skipped, "doctor-after", "");
            }
        }
    }
}

#[test]
fn a_proxy_that_hangs_over_plain_http_is_the_fault() {
    let all = [
        Reached::AnswerHangs(SECOND),
        Reached::Failed(DialError::AnswerTimedOut(SECOND)),
    ];
    for reached in all {
        let seen = Observed {
            server: Some(ServerSeen {
                proxy: Some("proxy.example:3128".into()),
                is_encrypted: false,
                ..server(reached)
            }),
            ..good()
        };
        assert_eq!(ids(&seen, Check::Proxy).0, Outcome::Failed);
        for after in [Check::ServerName, Check::Tcp, Check::Answer] {
            assert_finds(&seen, after, Outcome::Skipped, "doctor-after", "");
        }
    }
}

#[test]
fn an_answer_with_any_status_but_a_failure_of_the_server_is_an_answer() {
    for (status, outcome, mend) in [
        (200, Outcome::Passed, ""),
        (401, Outcome::Passed, ""),
        (404, Outcome::Passed, ""),
        (503, Outcome::Failed, "server"),
    ] {
        let seen = Observed {
            server: Some(server(Reached::Answered {
                status,
                clock_offset: None,
            })),
            ..good()
        };
        let cause = if mend.is_empty() {
            "doctor-answered"
        } else {
            "cause-status"
        };
        assert_finds(&seen, Check::Answer, outcome, cause, mend);
        assert_finds(&seen, Check::Clock, Outcome::Skipped, "doctor-clock-unsaid", "");
    }
}

#[test]
fn a_connection_that_others_can_read_is_a_warning_unless_it_stays_on_this_computer() {
    let plain = |is_this_computer| Observed {
        server: Some(ServerSeen {
            is_encrypted: false,
            is_this_computer,
            ..server(Reached::Answered {
                status: 200,
                clock_offset: None,
            })
        }),
        ..good()
    };
    assert_finds(
        &plain(false),
        Check::Tls,
        Outcome::Warning,
        "doctor-tls-insecure",
        "insecure",
    );
    assert_finds(&plain(true), Check::Tls, Outcome::Passed, "doctor-tls-none", "");
}

#[test]
fn a_clock_may_differ_by_a_minute_and_a_half() {
    for (offset, outcome, cause, mend) in [
        (0, Outcome::Passed, "doctor-clock-good", ""),
        (90, Outcome::Passed, "doctor-clock-good", ""),
        (-90, Outcome::Passed, "doctor-clock-good", ""),
        (91, Outcome::Warning, "doctor-clock-behind", "clock"),
        (-91, Outcome::Warning, "doctor-clock-ahead", "clock"),
        (i64::MIN, Outcome::Warning, "doctor-clock-ahead", "clock"),
    ] {
        let seen = Observed {
            server: Some(server(Reached::Answered {
                status: 200,
                clock_offset: Some(offset),
            })),
            ..good()
        };
        assert_finds(&seen, Check::Clock, outcome, cause, mend);
    }
}
