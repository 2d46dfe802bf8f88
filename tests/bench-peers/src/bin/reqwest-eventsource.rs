//! reqwest-eventsource, which is eventsource-stream over reqwest.

use anyhow::Result;
use bench_peers::Task;
use futures_util::TryStreamExt as _;
use reqwest::header::AUTHORIZATION;
use reqwest_eventsource::{Event, EventSource};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let task = Task::from_environment()?;
    let request = reqwest::Client::builder()
        .no_proxy()
        .build()?
        .get(&task.url)
        .header(AUTHORIZATION, &task.authorization);
    let mut stream = EventSource::new(request)?;
    let (mut events, mut bytes) = (0, 0);
    while events < task.events {
        match stream.try_next().await? {
            Some(Event::Message(message)) => {
                events += 1;
                bytes += message.data.len();
            }
            Some(Event::Open) => {}
            None => break,
        }
    }
    task.report(events, bytes);
    Ok(())
}
