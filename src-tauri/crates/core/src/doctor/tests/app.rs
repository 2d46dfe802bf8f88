//! The app, and what only it knows.

use gloria_stream::http::RequestError;
use gloria_stream::{CredentialError, DialError};
use serde_json::json;

use super::*;

#[test]
fn the_stream_and_the_sign_in_are_as_the_app_says() {
    use Outcome::{Failed, Passed, Skipped, Warning};
    for (app, stream, sign_in) in [
        (
            running(json!({})),
            (Passed, "doctor-stream-open", ""),
            (Passed, "doctor-signed-in", ""),
        ),
        (
            connection("waiting", "retry"),
            (Failed, "cause-closed", "stream"),
            (Skipped, "doctor-after", ""),
        ),
        (
            connection("circuitOpen", "checkCertificate"),
            (Failed, "cause-closed", "tls"),
            (Skipped, "doctor-after", ""),
        ),
        (
            connection("halted", "signIn"),
            (Failed, "cause-closed", "sign-in"),
            (Failed, "cause-closed", "sign-in"),
        ),
        (
            connection("halted", "confirmPerson"),
            (Failed, "cause-closed", "person"),
            (Failed, "cause-closed", "person"),
        ),
        (
            connection("disconnected", "none"),
            (Failed, "cause-closed", "retry"),
            (Skipped, "doctor-after", ""),
        ),
        (
            connection("connecting", "none"),
            (Warning, "doctor-stream-trying", "stream"),
            (Skipped, "doctor-after", ""),
        ),
    ] {
        let seen = Observed { app, ..good() };
        assert_finds(&seen, Check::Stream, stream.0, stream.1, stream.2);
        assert_finds(&seen, Check::SignIn, sign_in.0, sign_in.1, sign_in.2);
        assert_finds(&seen, Check::App, Passed, "doctor-app-runs", "");
    }
}

#[test]
fn without_an_app_a_token_is_tried_and_a_sign_in_is_not() {
    use Outcome::{Failed, Passed, Skipped};
    let token = Probed::Seen(SavedSignIn::Token);
    let unknown = || Some(Acceptance::Unknown(message::cause_closed()));
    for (saved, acceptance, sign_in, stream) in [
        (
            token.clone(),
            Some(Acceptance::Accepted),
            (Passed, "doctor-signed-in", ""),
            (Passed, "doctor-stream-open", ""),
        ),
        (
            token.clone(),
            Some(Acceptance::Refused(message::cause_forbidden())),
            (Failed, "cause-forbidden", "sign-in"),
            (Skipped, "doctor-after", ""),
        ),
        (
            token,
            unknown(),
            (Skipped, "doctor-after", ""),
            (Failed, "cause-closed", "server"),
        ),
        (
            Probed::Seen(SavedSignIn::Variable),
            Some(Acceptance::Accepted),
            (Passed, "doctor-signed-in", ""),
            (Passed, "doctor-stream-open", ""),
        ),
        (
            Probed::Seen(SavedSignIn::Grant),
            None,
            (Skipped, "doctor-sign-in-saved", ""),
            (Skipped, "doctor-app-only", ""),
        ),
        (
            Probed::Seen(SavedSignIn::Command),
            None,
            (Skipped, "doctor-sign-in-by-command", ""),
            (Skipped, "doctor-app-only", ""),
        ),
        (
            Probed::Seen(SavedSignIn::Nothing),
            None,
            (Failed, "cause-no-token", "sign-in"),
            (Skipped, "doctor-app-only", ""),
        ),
        (
            Probed::Hangs(SECOND),
            None,
            (Skipped, "doctor-after", ""),
            (Skipped, "doctor-app-only", ""),
        ),
    ] {
        let seen = Observed {
            app: AppSeen::NotRunning,
            sign_in: saved,
            acceptance,
            ..good()
        };
        assert_finds(&seen, Check::SignIn, sign_in.0, sign_in.1, sign_in.2);
        assert_finds(&seen, Check::Stream, stream.0, stream.1, stream.2);
        assert_finds(&seen, Check::App, Failed, "doctor-app-absent", "app");
        assert_finds(&seen, Check::Heartbeat, Skipped, "doctor-app-only", "");
        assert_finds(&seen, Check::Event, Skipped, "doctor-app-only", "");
    }
}

/// The check that has to work before this one.
#[track_caller]
fn assert_after(seen: &Observed, check: Check, first: Check) {
    let finding = findings(seen).into_iter().find(|finding| finding.check == check);
    let finding = finding.unwrap();
    let after = (Outcome::Skipped, message::doctor_after(first.title()), None);
    assert_eq!(
        (finding.outcome, finding.cause, finding.mend),
        after,
        "{check:?} after {first:?}"
    );
}

#[test]
fn without_an_app_the_first_fault_on_the_way_is_the_only_one() {
    let answered = |status| Reached::Answered {
        status,
        clock_offset: None,
    };
    for (reached, first) in [
        (Reached::Failed(DialError::NameNotFound), Check::ServerName),
        (Reached::Failed(DialError::ConnectionRefused), Check::Tcp),
        (Reached::TlsHangs(SECOND), Check::Tls),
        (Reached::AnswerHangs(SECOND), Check::Answer),
        (answered(503), Check::Answer),
    ] {
        let seen = Observed {
            app: AppSeen::NotRunning,
            server: Some(server(reached)),
            sign_in: Probed::Seen(SavedSignIn::Token),
            acceptance: Some(Acceptance::Unknown(message::cause_closed())),
            ..good()
        };
        assert_after(&seen, Check::SignIn, first);
        assert_after(&seen, Check::Stream, first);
    }
    // Such as a redirect of the stream alone.
    let seen = Observed {
        app: AppSeen::NotRunning,
        server: Some(server(answered(200))),
        acceptance: Some(Acceptance::Unknown(message::cause_closed())),
        ..good()
    };
    assert_after(&seen, Check::SignIn, Check::Stream);
    assert_finds(&seen, Check::Stream, Outcome::Failed, "cause-closed", "server");
}

#[test]
fn an_app_that_does_not_answer_is_the_only_fault() {
    let seen = Observed {
        app: AppSeen::Unreachable(message::app_silent()),
        acceptance: None,
        test_alert: Some(TestAlertSeen {
            event: TestEventSeen::AppUnreachable,
            alert: None,
        }),
        ..good()
    };
    assert_finds(
        &seen,
        Check::App,
        Outcome::Failed,
        "doctor-app-unreachable",
        "app-anew",
    );
    for check in [Check::SignIn, Check::Stream, Check::TestEvent, Check::TestAlert] {
        assert_after(&seen, check, Check::App);
    }
}

#[test]
fn a_test_event_that_cannot_arrive_is_not_asked_for() {
    for (event, first) in [
        (TestEventSeen::NoApp, Check::App),
        (TestEventSeen::NotConnected, Check::Stream),
        (TestEventSeen::NotSubscribed, Check::Policy),
    ] {
        let alert = None;
        let seen = Observed {
            test_alert: Some(TestAlertSeen { event, alert }),
            ..good()
        };
        assert_after(&seen, Check::TestEvent, first);
        assert_after(&seen, Check::TestAlert, first);
    }
}

#[test]
fn a_test_event_that_was_refused_names_who_can_mend_it() {
    let locked = CredentialError::Unavailable(SecretError::Locked.into());
    let dial = |error| TestEventSeen::unanswered(RequestError::Dial(error));
    for (event, cause, mend) in [
        (TestEventSeen::Refused(401), "check-token-refused", "sign-in"),
        (TestEventSeen::Refused(403), "cause-status", "server"),
        (TestEventSeen::Refused(409), "doctor-event-no-stream", "retry"),
        (TestEventSeen::Refused(429), "cause-status", "wait"),
        (TestEventSeen::Refused(500), "cause-status", "server"),
        (TestEventSeen::Refused(503), "cause-status", "wait"),
        (dial(DialError::Credential(locked)), "keyring-locked", "unlock"),
        (
            dial(DialError::Credential(CredentialError::Missing)),
            "cause-no-token",
            "sign-in",
        ),
        (
            dial(DialError::ProxyAuthentication),
            "cause-proxy-sign-in",
            "proxy",
        ),
        (
            TestEventSeen::unanswered(RequestError::TimedOut(SECOND)),
            "cause-answer-timeout",
            "network",
        ),
        (
            TestEventSeen::AppSilent(message::app_silent()),
            "app-silent",
            "app-anew",
        ),
    ] {
        let alert = None;
        let seen = Observed {
            test_alert: Some(TestAlertSeen { event, alert }),
            ..good()
        };
        assert_finds(&seen, Check::TestEvent, Outcome::Failed, cause, mend);
        assert_after(&seen, Check::TestAlert, Check::TestEvent);
    }
}

#[test]
fn heartbeats_and_events_are_as_the_app_says() {
    let heard = |at: Option<i64>| {
        running(json!({"connection": {"state": "connected", "remedy": "none", "lastHeardAt": at}}))
    };
    let counted =
        |events: u64, failed: u64| running(json!({"metrics": {"events": events, "failedEvents": failed}}));
    for (app, check, outcome, cause, mend) in [
        (
            heard(Some(3_420_000)),
            Check::Heartbeat,
            Outcome::Passed,
            "doctor-heard",
            "",
        ),
        (
            heard(Some(3_419_000)),
            Check::Heartbeat,
            Outcome::Warning,
            "doctor-silent",
            "retry",
        ),
        // The clock was set back since.
        (
            heard(Some(9_000_000)),
            Check::Heartbeat,
            Outcome::Passed,
            "doctor-heard",
            "",
        ),
        (
            heard(None),
            Check::Heartbeat,
            Outcome::Skipped,
            "doctor-nothing-heard-yet",
            "",
        ),
        (
            connection("waiting", "retry"),
            Check::Heartbeat,
            Outcome::Skipped,
            "doctor-not-heard",
            "",
        ),
        (
            counted(0, 0),
            Check::Event,
            Outcome::Skipped,
            "check-no-event",
            "",
        ),
        (counted(1, 0), Check::Event, Outcome::Passed, "doctor-events", ""),
        (
            counted(9, 1),
            Check::Event,
            Outcome::Warning,
            "doctor-events-unreadable",
            "unreadable",
        ),
    ] {
        assert_finds(&Observed { app, ..good() }, check, outcome, cause, mend);
    }
}

#[test]
fn a_test_event_is_followed_to_the_screen() {
    use Outcome::{Failed, Passed, Skipped};
    let of_item = |state: &str| {
        let alert =
            json!({"state": state, "reason": {"why": "burst"}, "words": {"id": "alert-shown", "args": {}}});
        Some(AlertSeen::OfItem(serde_json::from_value(alert).unwrap()))
    };
    let of_app = |succeeded| {
        Some(AlertSeen::OfApp {
            succeeded,
            detail: message::check_notification_shown(),
        })
    };
    let arrived = (Passed, "doctor-event-arrived", "");
    let not_offered = (Skipped, "doctor-event-not-offered", "");
    for (event, alert, first, second) in [
        (
            TestEventSeen::Arrived,
            of_item("shown"),
            arrived,
            (Passed, "alert-shown", ""),
        ),
        (
            TestEventSeen::Arrived,
            of_item("inDigest"),
            arrived,
            (Passed, "alert-shown", ""),
        ),
        (
            TestEventSeen::Arrived,
            of_item("suppressed"),
            arrived,
            (Skipped, "alert-shown", ""),
        ),
        (
            TestEventSeen::Arrived,
            of_item("failed"),
            arrived,
            (Failed, "alert-shown", "notifications"),
        ),
        (
            TestEventSeen::Arrived,
            Some(AlertSeen::Hangs(SECOND)),
            arrived,
            (Failed, "doctor-hangs", "hangs"),
        ),
        (
            TestEventSeen::NotOffered,
            of_app(true),
            not_offered,
            (Passed, "check-notification-shown", ""),
        ),
        (
            TestEventSeen::NotOffered,
            of_app(false),
            not_offered,
            (Failed, "check-notification-shown", "notifications"),
        ),
        (
            TestEventSeen::NoApp,
            None,
            (Skipped, "doctor-after", ""),
            (Skipped, "doctor-after", ""),
        ),
        (
            TestEventSeen::Refused(403),
            None,
            (Failed, "cause-status", "server"),
            (Skipped, "doctor-after", ""),
        ),
        (
            TestEventSeen::NotArrived(SECOND),
            None,
            (Failed, "doctor-event-not-arrived", "network"),
            (Skipped, "doctor-after", ""),
        ),
    ] {
        let seen = Observed {
            test_alert: Some(TestAlertSeen { event, alert }),
            ..good()
        };
        assert_finds(&seen, Check::TestEvent, first.0, first.1, first.2);
        assert_finds(&seen, Check::TestAlert, second.0, second.1, second.2);
    }
}

#[test]
fn marks_that_the_server_does_not_know_are_named() {
    use Outcome::{Passed, Skipped, Warning};
    let seen = Observed {
        app: running(json!({"keptHere": ["flagged", "snoozedUntil"]})),
        ..good()
    };
    assert_finds(&seen, Check::Marks, Warning, "doctor-marks-kept", "marks");
    let finding = findings(&seen)
        .into_iter()
        .find(|finding| finding.check == Check::Marks)
        .unwrap();
    assert_eq!(finding.cause, message::doctor_marks_kept("flagged, snoozedUntil"));
    assert_finds(&good(), Check::Marks, Passed, "doctor-marks-sent", "");
    let absent = Observed {
        app: AppSeen::NotRunning,
        ..good()
    };
    assert_finds(&absent, Check::Marks, Skipped, "doctor-app-only", "");
}
