//! `gloria doctor --test-alert`: has the server send one event to this user, and follows it through the app to the
//! notification service's answer.

use std::time::Duration;

use gloria_core::account::address::Address;
use gloria_core::doctor::{AlertSeen, AppSeen, ItemAlertSeen, TestAlertSeen, TestEventSeen};
use gloria_core::item::AlertState;
use gloria_core::message::{self, Message};
use gloria_core::protocol::{CommandError, Remedy};
use gloria_core::settings::{Layers, Settings};
use gloria_desktop::socket::ask_failure;
use gloria_ipc::{AppConnection, AskError, CallError};
use gloria_program::process;
use gloria_stream::http::{Http, Request, RequestError};
use gloria_stream::{CredentialError, CredentialProvider as _, DialError};
use serde::Deserialize as _;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout_at};

use super::probes::{APP_TIMEOUT, http, whole_seconds};
use crate::session::CommandTokens;

/// An event takes milliseconds, and a service that is started for it a second or two; one that has not answered after
/// five is reported as hanging by the app, which this sees as well.
const ARRIVAL_TIMEOUT: Duration = Duration::from_secs(8);

/// How often the app is asked for the item meanwhile, which costs it a look at the inbox.
const ASK_INTERVAL: Duration = Duration::from_millis(100);

/// The deadline's last part, in which an app that stopped meanwhile is found out.
const LAST_TIMEOUT: Duration = Duration::from_secs(1);

/// Asks for the event and follows it, until the deadline. An app without a stream receives none, so none is asked for.
///
/// # Errors
/// When there is no place for the app's files, or the system refuses a thread for the keyring.
pub(super) async fn test_alert(seen: &AppSeen, deadline: Instant) -> anyhow::Result<TestAlertSeen> {
    match seen {
        AppSeen::Running(status) if status.is_connected() => {}
        AppSeen::Running(_) => return Ok(without_alert(TestEventSeen::NotConnected)),
        AppSeen::NotRunning => return Ok(without_alert(TestEventSeen::NoApp)),
        AppSeen::Unreachable(_) => return Ok(without_alert(TestEventSeen::AppUnreachable)),
    }
    let paths = gloria_program::paths(process::variable)?;
    let settings = Settings::resolve(&Layers::of(&paths), process::text_variable).settings;
    if !settings.receives_notifications() {
        return Ok(without_alert(TestEventSeen::NotSubscribed));
    }
    let mut app = match timeout_at(by(deadline, APP_TIMEOUT), AppConnection::open(&paths.data)).await {
        Ok(Ok(app)) => app,
        Ok(Err(AskError::NotRunning)) => return Ok(without_alert(TestEventSeen::NoApp)),
        Ok(Err(error)) => return Ok(without_alert(TestEventSeen::AppSilent(ask_failure(&error)))),
        Err(_) => return Ok(without_alert(TestEventSeen::AppSilent(message::app_silent()))),
    };
    let Some(address) = &settings.address else {
        return Ok(without_alert(TestEventSeen::NotAsked {
            why: message::doctor_no_address(),
            remedy: Remedy::CheckAddress,
        }));
    };
    Ok(match request(address, &settings, deadline).await? {
        Asked::Sent(id) => follow(&mut app, &id, deadline).await,
        Asked::NotOffered => TestAlertSeen {
            event: TestEventSeen::NotOffered,
            alert: Some(own_test(&mut app, deadline).await),
        },
        Asked::Failed(event) => without_alert(event),
    })
}

fn without_alert(event: TestEventSeen) -> TestAlertSeen {
    TestAlertSeen { event, alert: None }
}

/// What the server made of the request.
enum Asked {
    /// It sent a notification with this id.
    Sent(String),
    NotOffered,
    Failed(TestEventSeen),
}

async fn request(address: &Address, settings: &Settings, deadline: Instant) -> anyhow::Result<Asked> {
    let options = http(settings).await;
    let requests = Http::new(options.clone());
    let tokens = match CommandTokens::new(address, settings, options, false, false)? {
        Ok(tokens) => tokens,
        Err(error) => {
            let (why, remedy) = (error.message(), Remedy::SignIn);
            return Ok(Asked::Failed(TestEventSeen::NotAsked { why, remedy }));
        }
    };
    // Time is left to ask the app's own test, where the server sends none.
    let asked = post(address, &requests, &tokens, deadline - LAST_TIMEOUT).await;
    if let Some(session) = tokens.session() {
        // A keyring that gave a sign-in a moment ago takes the renewed one, too.
        let _ = timeout_at(deadline, session.until_saved()).await;
    }
    Ok(asked)
}

async fn post(address: &Address, http: &Http, tokens: &CommandTokens, deadline: Instant) -> Asked {
    // By itself, so that a keyring that hangs is not taken for a server that does.
    let credential = timeout_at(deadline, tokens.credential()).await;
    if let Err(error) = credential.unwrap_or(Err(CredentialError::TimedOut)) {
        let error = RequestError::Dial(DialError::Credential(error));
        return Asked::Failed(TestEventSeen::unanswered(error));
    }
    for place in address.test_event_places() {
        let request = Request::post(place).without_redirects();
        let began = Instant::now();
        let asked = match timeout_at(deadline, http.send_as(request, tokens)).await {
            Ok(Ok(reply)) => of_reply(reply.status.as_u16(), &reply.body),
            Ok(Err(error)) => Asked::Failed(TestEventSeen::unanswered(error)),
            Err(_) => Asked::Failed(TestEventSeen::unanswered(RequestError::TimedOut(whole_seconds(
                began,
            )))),
        };
        if !matches!(asked, Asked::NotOffered) {
            return asked;
        }
    }
    Asked::NotOffered
}

/// The moment after this time, and not after the deadline.
fn by(deadline: Instant, limit: Duration) -> Instant {
    deadline.min(Instant::now() + limit)
}

fn of_reply(status: u16, body: &[u8]) -> Asked {
    match status {
        // Not found, not with this method, not implemented.
        404 | 405 | 501 => Asked::NotOffered,
        200..300 => {
            let answer = serde_json::from_slice::<Value>(body).unwrap_or_default();
            match &answer["id"] {
                Value::String(id) if !id.is_empty() => Asked::Sent(id.clone()),
                Value::Number(id) => Asked::Sent(id.to_string()),
                // It does not say what to look for, as a server does not that means something else by this address.
                Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) | Value::String(_) => {
                    Asked::NotOffered
                }
            }
        }
        status => Asked::Failed(TestEventSeen::Refused(status)),
    }
}

/// Waits until the item is in the inbox and its alert is decided.
async fn follow(app: &mut AppConnection, id: &str, deadline: Instant) -> TestAlertSeen {
    let began = Instant::now();
    let arrival = by(deadline - LAST_TIMEOUT, ARRIVAL_TIMEOUT);
    let mut arrived = false;
    while Instant::now() < arrival {
        let asked = app.call("inbox_item", json!(format!("n:{id}")));
        match timeout_at(by(deadline, APP_TIMEOUT), asked).await {
            Ok(Ok(Value::Null)) => {}
            Ok(Ok(item)) => {
                arrived = true;
                if let Ok(alert) = ItemAlertSeen::deserialize(&item["alert"])
                    && alert.state != AlertState::Pending
                {
                    return of_alert(AlertSeen::OfItem(alert));
                }
            }
            Ok(Err(error)) => return silent(arrived, call_words(&error)),
            Err(_) => return silent(arrived, message::app_silent()),
        }
        sleep(ASK_INTERVAL).await;
    }
    let waited = whole_seconds(began);
    if arrived {
        of_alert(AlertSeen::Hangs(waited))
    } else {
        without_alert(TestEventSeen::NotArrived(waited))
    }
}

/// The app did not say what became of it.
fn silent(arrived: bool, why: Message) -> TestAlertSeen {
    if arrived {
        of_alert(AlertSeen::NotAsked(why))
    } else {
        without_alert(TestEventSeen::AppSilent(why))
    }
}

fn of_alert(alert: AlertSeen) -> TestAlertSeen {
    TestAlertSeen {
        event: TestEventSeen::Arrived,
        alert: Some(alert),
    }
}

/// The app's own test, which begins at its alerts.
async fn own_test(app: &mut AppConnection, deadline: Instant) -> AlertSeen {
    let began = Instant::now();
    match timeout_at(deadline, app.call("notification_test", Value::Null)).await {
        Ok(Ok(report)) => {
            let step = &report["steps"][0];
            match Message::deserialize(&step["detail"]) {
                Ok(detail) => AlertSeen::OfApp {
                    succeeded: step["passed"] == true,
                    detail,
                },
                Err(_) => AlertSeen::NotAsked(message::cli_app_senseless()),
            }
        }
        Ok(Err(error)) => AlertSeen::NotAsked(call_words(&error)),
        Err(_) => AlertSeen::Hangs(whole_seconds(began)),
    }
}

fn call_words(error: &CallError) -> Message {
    match error {
        CallError::Ask(error) => ask_failure(error),
        CallError::Command(error) => match CommandError::deserialize(error) {
            Ok(error) => error.message,
            Err(_) => message::cli_app_senseless(),
        },
    }
}
