//! Every input in every phase.

use std::time::Duration;

use gloria_stream::machine::{
    BreakOff, CertificateProblem, Chunk, ClientCertificateProblem, ContentType, Effect, Epoch, Head, Input,
    NotHttp, Phase, ProxyProblem, SetupProblem, TlsProblem,
};
use gloria_stream::{Cause, CredentialError, DialError, EndCause, Frame, HaltReason, Reachability};

use crate::{Rig, status_head, stream};

fn stream_report(rig: &Rig, status: u16) -> Input {
    Input::StreamReport(current(rig), Head::of(status))
}

/// Returns the effects of an input as `effects > phase`, without status reports that equal the phase.
fn seen(rig: &mut Rig, input: Input) -> String {
    let mut words: Vec<&str> = rig
        .send(input)
        .iter()
        .filter_map(|effect| match effect {
            Effect::Dial(_) => Some("dial"),
            Effect::Hangup(_) => Some("hangup"),
            Effect::Deliver(..) => Some("deliver"),
            Effect::Report(_) => Some("report"),
            Effect::DropCursor(_) => Some("drop-cursor"),
            Effect::Publish(_) => None,
        })
        .collect();
    words.extend([">", phase(rig.machine.phase())]);
    words.join(" ")
}

fn phase(phase: &Phase) -> &'static str {
    match phase {
        Phase::Idle(_) => "idle",
        Phase::Connecting { .. } => "connecting",
        Phase::Connected { .. } => "connected",
        Phase::Waiting { .. } => "waiting",
        Phase::CircuitOpen { .. } => "circuit",
        Phase::Halted { .. } => "halted",
    }
}

fn reset() -> DialError {
    DialError::BrokenOff(BreakOff::Reset)
}

fn idle() -> Rig {
    Rig::new()
}

fn stopped() -> Rig {
    let mut rig = connected();
    rig.send(Input::Stop);
    rig
}

fn connecting() -> Rig {
    let mut rig = Rig::new();
    rig.start();
    rig
}

fn connected() -> Rig {
    let mut rig = connecting();
    rig.open();
    rig
}

fn waiting() -> Rig {
    let mut rig = connected();
    rig.end(EndCause::Closed);
    rig
}

fn circuit() -> Rig {
    let mut rig = connecting();
    loop {
        let epoch = rig.epoch();
        rig.send(Input::Refused(epoch, reset()));
        if matches!(rig.machine.phase(), Phase::CircuitOpen { .. }) {
            return rig;
        }
        rig.tick();
    }
}

fn halted() -> Rig {
    let mut rig = connecting();
    rig.answer(403);
    rig
}

/// Status reports are counted separately: one for each change, none otherwise.
#[test]
fn every_change_of_phase_is_published_once() {
    for (name, make) in phases() {
        for (input, make_input) in inputs() {
            let mut rig = make();
            let before = rig.machine.status();
            let input_now = make_input(&rig);
            rig.send(input_now);
            let published: Vec<_> = rig
                .effects
                .iter()
                .filter_map(|effect| match effect {
                    Effect::Publish(status) => Some(status.clone()),
                    Effect::Dial(_)
                    | Effect::Hangup(_)
                    | Effect::Deliver(..)
                    | Effect::Report(_)
                    | Effect::DropCursor(_) => None,
                })
                .collect();
            let after = rig.machine.status();
            let wanted = if before == after { vec![] } else { vec![after] };
            assert_eq!(published, wanted, "{input} while {name}");
        }
    }
}

type MakeRig = fn() -> Rig;
type MakeInput = fn(&Rig) -> Input;

fn phases() -> [(&'static str, MakeRig); 7] {
    [
        ("idle", idle),
        ("stopped", stopped),
        ("connecting", connecting),
        ("connected", connected),
        ("waiting", waiting),
        ("circuit", circuit),
        ("halted", halted),
    ]
}

/// Returns the last epoch, or one that a machine may reach.
fn current(rig: &Rig) -> Epoch {
    rig.last.unwrap_or_else(|| connecting().epoch())
}

fn frame() -> Chunk {
    let frame = Frame {
        event: "message".into(),
        data: "a".to_owned(),
        id: "8".into(),
    };
    Chunk {
        frames: vec![frame],
        last_id: "8".into(),
        ..Chunk::default()
    }
}

fn inputs() -> Vec<(&'static str, MakeInput)> {
    vec![
        ("start again", |_| Input::Start {
            cursor: Some("7".to_owned()),
        }),
        ("start elsewhere", |_| Input::Start { cursor: None }),
        ("stop", |_| Input::Stop),
        ("retry", |_| Input::RetryNow),
        ("online", |_| Input::Network(Reachability::Online)),
        ("offline", |_| Input::Network(Reachability::Offline)),
        ("woke", |_| Input::Woke(Duration::ZERO)),
        ("attention", |_| Input::Attention(true)),
        ("credentials", |_| Input::Credentials),
        ("heartbeat", |_| Input::Heartbeat(Duration::from_secs(20))),
        ("credential", |rig| Input::SentCredential(current(rig), 1)),
        ("opened", |rig| Input::Opened(current(rig), stream())),
        ("401", |rig| Input::Opened(current(rig), status_head(401))),
        ("503", |rig| Input::Opened(current(rig), status_head(503))),
        ("204", |rig| Input::Opened(current(rig), status_head(204))),
        ("refused", |rig| Input::Refused(current(rig), reset())),
        ("missing", |rig| {
            Input::Refused(current(rig), DialError::Credential(CredentialError::Missing))
        }),
        ("heard", |rig| Input::Heard(current(rig), frame())),
        ("resumed", |rig| Input::ReadingResumed(current(rig))),
        ("closed", |rig| Input::Ended(current(rig), EndCause::Closed)),
        ("route", |rig| {
            Input::Ended(current(rig), EndCause::NetworkChanged)
        }),
        ("report 401", |rig| stream_report(rig, 401)),
        ("report 503", |rig| stream_report(rig, 503)),
        ("early tick", |_| Input::Tick),
    ]
}

#[test]
fn every_phase_answers_every_input() {
    #[rustfmt::skip] // a table
    let table = [
        // input             idle & stopped        connecting                   connected
        //                   waiting               circuit                      halted
        ("start again",     ["dial > connecting",  "> connecting",              "> connected",
                             "dial > connecting",  "dial > connecting",         "dial > connecting"]),
        ("start elsewhere", ["dial > connecting",  "hangup dial > connecting",  "hangup dial > connecting",
                             "dial > connecting",  "dial > connecting",         "dial > connecting"]),
        ("stop",            ["> idle",             "hangup > idle",             "hangup > idle",
                             "> idle",             "> idle",                    "> idle"]),
        ("retry",           ["> idle",             "> connecting",              "> connected",
                             "> waiting",          "> waiting",                 "> waiting"]),
        ("online",          ["> idle",             "> connecting",              "> connected",
                             "> waiting",          "> waiting",                 "> halted"]),
        ("offline",         ["> idle",             "> connecting",              "> connected",
                             "> waiting",          "> circuit",                 "> halted"]),
        ("woke",            ["> idle",             "hangup > waiting",          "hangup > waiting",
                             "> waiting",          "> waiting",                 "> halted"]),
        ("attention",       ["> idle",             "> connecting",              "> connected",
                             "> waiting",          "> waiting",                 "> halted"]),
        ("credentials",     ["> idle",             "hangup > waiting",          "> connected",
                             "> waiting",          "> waiting",                 "> waiting"]),
        ("heartbeat",       ["> idle",             "> connecting",              "> connected",
                             "> waiting",          "> circuit",                 "> halted"]),
        ("credential",      ["> idle",             "> connecting",              "> connected",
                             "> waiting",          "> circuit",                 "> halted"]),
        ("opened",          ["> idle",             "> connected",               "> connected",
                             "> waiting",          "> circuit",                 "> halted"]),
        ("401",             ["> idle",             "hangup dial > connecting",  "> connected",
                             "> waiting",          "> circuit",                 "> halted"]),
        ("503",             ["> idle",             "hangup > waiting",          "> connected",
                             "> waiting",          "> circuit",                 "> halted"]),
        ("204",             ["> idle",             "hangup > halted",           "> connected",
                             "> waiting",          "> circuit",                 "> halted"]),
        ("refused",         ["> idle",             "> waiting",                 "> connected",
                             "> waiting",          "> circuit",                 "> halted"]),
        ("missing",         ["> idle",             "> halted",                  "> connected",
                             "> waiting",          "> circuit",                 "> halted"]),
        ("heard",           ["> idle",             "> connecting",              "deliver > connected",
                             "> waiting",          "> circuit",                 "> halted"]),
        ("resumed",         ["> idle",             "> connecting",              "> connected",
                             "> waiting",          "> circuit",                 "> halted"]),
        ("closed",          ["> idle",             "> connecting",              "> waiting",
                             "> waiting",          "> circuit",                 "> halted"]),
        ("route",           ["> idle",             "> connecting",              "> waiting",
                             "> waiting",          "> circuit",                 "> halted"]),
        ("report 401",      ["> idle",             "> connecting",              "> connected",
                             "dial > connecting",  "dial > connecting",         "> halted"]),
        ("report 503",      ["> idle",             "> connecting",              "> connected",
                             "> waiting",          "> circuit",                 "> halted"]),
        ("early tick",      ["> idle",             "> connecting",              "> connected",
                             "> waiting",          "> circuit",                 "> halted"]),
    ];
    let inputs = inputs();
    assert_eq!(
        table.map(|(name, _)| name).to_vec(),
        inputs.iter().map(|(name, _)| *name).collect::<Vec<_>>()
    );
    for ((input, wanted), (_, make_input)) in table.iter().zip(inputs) {
        for (index, (name, make)) in phases().into_iter().enumerate() {
            let mut rig = make();
            let input_now = make_input(&rig);
            // Both idle phases share a column.
            assert_eq!(
                seen(&mut rig, input_now),
                wanted[index.saturating_sub(1)],
                "{input} while {name}"
            );
        }
    }
}

#[test]
fn an_epoch_that_is_over_has_nothing_more_to_say() {
    for open in [false, true] {
        for (name, make_input) in inputs() {
            let mut rig = connecting();
            let input = make_input(&rig);
            let names_epoch = matches!(
                input,
                Input::Opened(..)
                    | Input::Refused(..)
                    | Input::Heard(..)
                    | Input::ReadingResumed(_)
                    | Input::Ended(..)
            );
            if !names_epoch {
                continue;
            }
            rig.send(Input::Stop);
            rig.start();
            if open {
                rig.open();
            }
            let phase = rig.machine.phase().clone();
            assert!(rig.send(input).is_empty(), "{name}");
            assert_eq!(*rig.machine.phase(), phase, "{name}");
        }
    }
}

#[test]
fn time_leads_out_of_every_phase_but_idle() {
    for (name, make, wanted) in [
        ("connecting", connecting as MakeRig, "hangup > waiting"),
        ("connected", connected, "hangup > waiting"),
        ("waiting", waiting, "dial > connecting"),
        ("circuit", circuit, "dial > connecting"),
        ("halted", halted, "dial > connecting"),
    ] {
        let mut rig = make();
        rig.now = rig.machine.deadline().unwrap();
        assert_eq!(seen(&mut rig, Input::Tick), wanted, "{name}");
    }
    for make in [idle as MakeRig, stopped] {
        assert_eq!(make().machine.deadline(), None);
    }
}

#[test]
fn every_answer_has_its_row() {
    let status = |code| Some(Cause::Status(code));
    for (code, phase_name, cause, slow) in [
        (
            200,
            "waiting",
            Some(Cause::NotAStream {
                content_type: ContentType::Missing,
            }),
            true,
        ),
        (205, "waiting", status(205), true),
        (299, "waiting", status(299), true),
        (300, "waiting", status(300), true),
        (304, "waiting", status(304), true),
        (400, "waiting", status(400), true),
        (404, "waiting", status(404), true),
        (405, "waiting", status(405), true),
        (
            407,
            "waiting",
            Some(Cause::Dial(DialError::ProxyAuthentication)),
            true,
        ),
        (408, "waiting", status(408), false),
        (409, "waiting", status(409), false),
        (412, "waiting", status(412), true),
        (421, "waiting", status(421), false),
        (423, "waiting", status(423), false),
        (424, "waiting", status(424), true),
        (425, "waiting", status(425), false),
        (429, "waiting", status(429), false),
        (500, "waiting", status(500), false),
        (502, "waiting", status(502), false),
        (503, "waiting", status(503), false),
        (504, "waiting", status(504), false),
        (511, "waiting", Some(Cause::NetworkSignIn), true),
        (204, "halted", None, false),
        (410, "halted", None, false),
        (403, "halted", None, false),
    ] {
        let mut rig = Rig::new();
        rig.send(Input::Start { cursor: None });
        rig.answer(code);
        assert_eq!(phase(rig.machine.phase()), phase_name, "{code}");
        if let Some(cause) = cause {
            let (wait, why) = rig.wait();
            assert_eq!(*why, cause);
            assert_eq!(wait.as_secs() >= 60, slow, "{code}: {wait:?}");
        }
    }
}

#[test]
fn every_failed_dial_has_its_pace() {
    let ten = Duration::from_secs(10);
    for (error, slow) in [
        (DialError::NameNotFound, false),
        (DialError::ConnectionRefused, false),
        (DialError::Unreachable, false),
        (DialError::ConnectTimedOut(ten), false),
        (DialError::AnswerTimedOut(ten), false),
        (DialError::Tls(TlsProblem::NotTls), false),
        (
            DialError::ClientCertificate(ClientCertificateProblem::Wanted),
            true,
        ),
        (DialError::Proxy(ProxyProblem::Refused), false),
        (DialError::BrokenOff(BreakOff::Reset), false),
        (
            DialError::Credential(CredentialError::Unavailable("".into())),
            true,
        ),
        (DialError::Certificate(CertificateProblem::WrongName), true),
        (DialError::ProxyAuthentication, true),
        (DialError::NotHttp(NotHttp::Beginning), true),
        (DialError::RedirectToNowhere, true),
        (DialError::RedirectNotSecure, true),
        (DialError::TooManyRedirects, true),
        (DialError::Setup(SetupProblem::Internal), true),
    ] {
        let mut rig = connecting();
        let epoch = rig.epoch();
        rig.send(Input::Refused(epoch, error.clone()));
        let (wait, why) = rig.wait();
        assert_eq!(*why, Cause::Dial(error));
        assert_eq!(wait.as_secs() >= 60, slow, "{why}: {wait:?}");
    }
}

#[test]
fn a_401_asks_for_another_credential_once() {
    let mut rig = connecting();
    rig.answer(401);
    let dial = rig.dial().unwrap();
    assert!(dial.rejected);
    assert_eq!(&*dial.cursor, "7", "the cursor is kept");
    rig.answer(401);
    assert_eq!(rig.halt(), HaltReason::Unauthorized);
}

#[test]
fn a_401_long_after_another_asks_again() {
    let mut rig = connecting();
    rig.answer(401);
    rig.open();
    rig.end(EndCause::Closed);
    rig.tick();
    assert!(!rig.dial().unwrap().rejected, "the credential was good");
    rig.answer(401);
    assert!(rig.dial().unwrap().rejected);
}

#[test]
fn a_credential_that_could_not_be_replaced_is_still_rejected() {
    let mut rig = connecting();
    rig.answer(401);
    let epoch = rig.epoch();
    let unavailable = CredentialError::Unavailable("the sign-in server is down".into());
    rig.send(Input::Refused(epoch, DialError::Credential(unavailable)));
    rig.tick();
    assert!(rig.dial().unwrap().rejected);
    let epoch = rig.epoch();
    rig.send(Input::Refused(epoch, DialError::NameNotFound));
    rig.tick();
    assert!(
        !rig.dial().unwrap().rejected,
        "there was another one to dial with"
    );
}

#[test]
fn new_credentials_and_the_user_lead_out_of_a_halt() {
    for input in [Input::Credentials, Input::RetryNow] {
        let mut rig = connecting();
        rig.answer(401);
        rig.answer(401);
        rig.pass(3600.0);
        rig.send(input);
        assert_eq!(rig.wait().1, &Cause::Halted(HaltReason::Unauthorized));
        assert!(rig.wait().0.as_secs_f64() <= 1.0);
        rig.tick();
        assert!(!rig.dial().unwrap().rejected, "it is a new beginning");
    }
}

#[test]
fn a_halt_that_comes_back_at_once_does_not_spin() {
    let mut rig = connecting();
    let began = rig.now;
    for _ in 0..9 {
        rig.answer(403);
        rig.send(Input::Credentials);
        rig.tick();
    }
    let spent = (rig.now - began).as_secs_f64();
    assert!(
        spent >= 60.0,
        "three short-circuits at once, then one in ten seconds"
    );
}

#[test]
fn the_position_and_the_servers_pace_outlive_connections() {
    let mut rig = connected();
    let epoch = rig.epoch();
    let chunk = Chunk {
        retry: Some(Duration::from_secs(40)),
        ..frame()
    };
    rig.send(Input::Heard(epoch, chunk));
    rig.end(EndCause::Closed);
    assert!(rig.wait().0.as_secs() >= 40);
    rig.tick();
    assert_eq!(&*rig.dial().unwrap().cursor, "8");
    rig.open();
    rig.hear("8");
    rig.end(EndCause::Closed);
    assert!(rig.wait().0.as_secs() >= 40, "it was not said again, and holds");
    rig.tick();
    rig.open();
    rig.hear("");
    rig.end(EndCause::Closed);
    rig.tick();
    assert_eq!(&*rig.dial().unwrap().cursor, "", "the server cleared it");
}
