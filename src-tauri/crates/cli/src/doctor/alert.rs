//! `gloria doctor --test-alert`: has the server send one event to this user, and follows it through the app to the
//! notification service's answer.

use std::time::Duration;

use gloria_core::account::address::Address;
use gloria_core::connection;
use gloria_core::doctor::{AlertSeen, ItemAlertSeen, TestAlertSeen, TestEventSeen};
use gloria_core::item::AlertState;
use gloria_core::message::{self, Message};
use gloria_core::protocol::CommandError;
use gloria_core::settings::{Layers, Settings};
use gloria_desktop::socket::ask_failure;
use gloria_ipc::{AppConnection, AskError, CallError};
use gloria_program::process;
use gloria_stream::Cause;
use gloria_stream::http::{Http, Request, RequestError};
use serde::Deserialize as _;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout_at};

use crate::session::{self, CommandTokens};

/// An event takes milliseconds, and a service that is started for it a second or two; one that has not answered after
/// five is reported as hanging by the app, which this sees as well.
const ARRIVAL_TIMEOUT: Duration = Duration::from_secs(8);

/// How often the app is asked for the item meanwhile, which costs it a look at the inbox.
const ASK_INTERVAL: Duration = Duration::from_millis(100);

/// Asks for the event and follows it.
///
/// # Errors
/// When there is no place for the app's files, or the system refuses a thread for the keyring.
pub(super) async fn test_alert() -> anyhow::Result<TestAlertSeen> {
    let paths = gloria_program::paths(process::variable)?;
    let settings = Settings::resolve(&Layers::of(&paths), process::text_variable).settings;
    let mut app = match AppConnection::open(&paths.data).await {
        Ok(app) => app,
        Err(AskError::NotRunning) => return Ok(without_alert(TestEventSeen::NoApp)),
        Err(error) => return Ok(without_alert(TestEventSeen::NotAsked(ask_failure(&error)))),
    };
    let Some(address) = &settings.address else {
        return Ok(without_alert(TestEventSeen::NotAsked(
            message::doctor_no_address(),
        )));
    };
    Ok(match request(address, &settings).await? {
        Asked::Sent(id) => follow(&mut app, &id).await,
        Asked::NotOffered => TestAlertSeen {
            event: TestEventSeen::NotOffered,
            alert: Some(own_test(&mut app).await),
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

async fn request(address: &Address, settings: &Settings) -> anyhow::Result<Asked> {
    let options = session::http(settings, false).await?;
    let http = Http::new(options.clone());
    let tokens = match CommandTokens::new(address, settings, options, false, false)? {
        Ok(tokens) => tokens,
        Err(error) => return Ok(Asked::Failed(TestEventSeen::NotAsked(error.message()))),
    };
    let mut asked = Asked::NotOffered;
    for place in address.test_event_places() {
        let request = Request::post(place).without_redirects();
        asked = match http.send_as(request, &tokens).await {
            Ok(reply) => of_reply(reply.status.as_u16(), &reply.body),
            Err(error) => Asked::Failed(TestEventSeen::NotAsked(words(error))),
        };
        if !matches!(asked, Asked::NotOffered) {
            break;
        }
    }
    if let Some(session) = tokens.session() {
        session.until_saved().await;
    }
    Ok(asked)
}

fn of_reply(status: u16, body: &[u8]) -> Asked {
    match status {
        // Not found, not with this method, not implemented.
        404 | 405 | 501 => Asked::NotOffered,
        200..300 => {
            let answer = serde_json::from_slice::<Value>(body).unwrap_or_default();
            match answer["id"].as_str() {
                Some(id) => Asked::Sent(id.to_owned()),
                // It does not say what to look for, as a server does not that means something else by this address.
                None => Asked::NotOffered,
            }
        }
        status => Asked::Failed(TestEventSeen::Refused(status)),
    }
}

fn words(error: RequestError) -> Message {
    match error {
        RequestError::Dial(error) => connection::cause(&Cause::Dial(error)),
        RequestError::TimedOut(limit) => message::check_timeout(limit),
        RequestError::TooLarge(_) | RequestError::BrokenOff(_) | RequestError::Encoded(_) => {
            message::check_no_answer()
        }
    }
}

/// Waits until the item is in the inbox and its alert is decided.
async fn follow(app: &mut AppConnection, id: &str) -> TestAlertSeen {
    let deadline = Instant::now() + ARRIVAL_TIMEOUT;
    let mut arrived = false;
    loop {
        match timeout_at(deadline, app.call("inbox_item", json!(format!("n:{id}")))).await {
            Ok(Ok(Value::Null)) => {}
            Ok(Ok(item)) => {
                arrived = true;
                if let Ok(alert) = ItemAlertSeen::deserialize(&item["alert"])
                    && alert.state != AlertState::Pending
                {
                    return of_alert(AlertSeen::OfItem(alert));
                }
            }
            Ok(Err(error)) => return of_alert(AlertSeen::NotAsked(call_words(&error))),
            Err(_) => break,
        }
        if Instant::now() >= deadline {
            break;
        }
        sleep(ASK_INTERVAL).await;
    }
    if arrived {
        of_alert(AlertSeen::Hangs(ARRIVAL_TIMEOUT))
    } else {
        without_alert(TestEventSeen::NotArrived(ARRIVAL_TIMEOUT))
    }
}

fn of_alert(alert: AlertSeen) -> TestAlertSeen {
    TestAlertSeen {
        event: TestEventSeen::Arrived,
        alert: Some(alert),
    }
}

/// The app's own test, which begins at its alerts.
async fn own_test(app: &mut AppConnection) -> AlertSeen {
    match app.call("notification_test", Value::Null).await {
        Ok(report) => {
            let step = &report["steps"][0];
            match Message::deserialize(&step["detail"]) {
                Ok(detail) => AlertSeen::OfApp {
                    succeeded: step["passed"] == true,
                    detail,
                },
                Err(_) => AlertSeen::NotAsked(message::cli_app_senseless()),
            }
        }
        Err(error) => AlertSeen::NotAsked(call_words(&error)),
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
