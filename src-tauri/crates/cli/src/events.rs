//! `gloria events`: the server's events as the running app gets them, without another connection to the server. Scripts
//! depend on its lines and exit codes.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use gloria_core::message;
use gloria_core::protocol::EventType;
use gloria_ipc::{AppEvents, AskError};
use gloria_program::process;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::interruption::{end_anyway, ending};
use crate::output::{Lines, failure as failed};
use crate::running::failure;
use crate::tail::count;

/// How often to check whether the app runs again, which costs a few system calls.
const REATTACH_INTERVAL: Duration = Duration::from_millis(250);

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[arg(long = "type", value_name = "T", value_parser = event_types())]
    types: Vec<EventType>,
    #[arg(long, value_name = "N", value_parser = count)]
    count: Option<u64>,
}

pub(crate) fn event_types() -> impl TypedValueParser<Value = EventType> {
    let names = EventType::ALL.iter().map(|event_type| event_type.name());
    PossibleValuesParser::new(names).try_map(|name| {
        let found = EventType::ALL.iter().find(|event_type| event_type.name() == name);
        found.copied().ok_or("unknown")
    })
}

pub(crate) async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let paths = gloria_program::paths(process::variable)?;
    end_anyway(None).map_err(|error| failed(&message::cli_no_thread(error.to_string())))?;
    let ending = ending();
    tokio::pin!(ending);
    let mut lines = Lines::new();
    let types: Vec<_> = options.types.iter().map(|event_type| event_type.name()).collect();
    let mut left = options.count;
    let mut opened = tokio::select! {
        opened = AppEvents::open(&paths.data, &types) => opened,
        () = &mut ending => return Ok(ExitCode::SUCCESS),
    };
    loop {
        let mut events = match opened {
            Ok(events) => events,
            Err(error) => return Ok(failure(&error)),
        };
        print(&mut lines, &state("listening"))?;
        loop {
            let next = tokio::select! {
                biased;
                () = &mut ending => return Ok(ExitCode::SUCCESS),
                next = events.next() => next,
            };
            match next {
                Ok(message) => {
                    let is_event = message["kind"] == "event";
                    print(&mut lines, &flattened(message))?;
                    if is_event && let Some(left) = &mut left {
                        *left -= 1;
                        if *left == 0 {
                            return Ok(ExitCode::SUCCESS);
                        }
                    }
                }
                Err(AskError::NotRunning) => break,
                Err(error) => return Ok(failure(&error)),
            }
        }
        print(&mut lines, &state("waiting"))?;
        opened = loop {
            tokio::select! {
                biased;
                () = &mut ending => return Ok(ExitCode::SUCCESS),
                () = sleep(REATTACH_INTERVAL) => {}
            }
            let again = tokio::select! {
                biased;
                () = &mut ending => return Ok(ExitCode::SUCCESS),
                again = AppEvents::open(&paths.data, &types) => again,
            };
            match again {
                // It has ended, or is just starting.
                Err(AskError::NotRunning | AskError::Silent) => {}
                opened => break opened,
            }
        };
    }
}

/// Reports whether events arrive now, or the app does not run.
fn state(state: &str) -> Value {
    json!({"kind": "state", "state": state})
}

/// Returns a message as a flat object.
pub(crate) fn flattened(mut message: Value) -> Value {
    let (kind, mut value) = (message["kind"].take(), message["value"].take());
    match value.as_object_mut() {
        Some(event) => {
            event.insert("kind".to_owned(), kind);
            value
        }
        None => json!({"kind": kind, "count": value}),
    }
}

fn print(lines: &mut Lines, line: &Value) -> std::io::Result<()> {
    lines.write(line)?;
    // The reader waits for it.
    lines.flush()
}

#[cfg(test)]
mod tests {
    use gloria_core::protocol::{HeartbeatData, ListenerMessage, ReceivedEvent, ServerEvent};

    use super::*;

    #[test]
    fn a_message_is_one_flat_line() {
        let event = ListenerMessage::Event(Box::new(ReceivedEvent {
            event: ServerEvent::Heartbeat(HeartbeatData {}),
            last_event_id: Some("7".into()),
            missed: false,
            replayed: false,
        }));
        assert_eq!(
            flattened(serde_json::to_value(event).unwrap()),
            json!({
                "kind": "event", "type": "heartbeat", "data": {}, "lastEventId": "7", "missed": false,
                "replayed": false,
            })
        );
        assert_eq!(
            flattened(serde_json::to_value(ListenerMessage::Missed(3)).unwrap()),
            json!({"kind": "missed", "count": 3})
        );
    }
}
