//! LaunchDarkly's client.

use anyhow::{Result, anyhow};
use bench_peers::Task;
use eventsource_client::{Client as _, ClientBuilder, SSE};
use futures_util::TryStreamExt as _;
use launchdarkly_sdk_transport::HyperTransport;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let task = Task::from_environment()?;
    let transport = HyperTransport::builder().build_http()?;
    let client = ClientBuilder::for_url(&task.url)
        .map_err(|error| anyhow!("{error:?}"))?
        .header("Authorization", &task.authorization)
        .map_err(|error| anyhow!("{error:?}"))?
        .build_with_transport(transport);
    let (mut events, mut bytes) = (0, 0);
    let mut stream = client.stream();
    while events < task.events {
        match stream.try_next().await.map_err(|error| anyhow!("{error:?}"))? {
            Some(SSE::Event(event)) => {
                events += 1;
                bytes += event.data.len();
            }
            Some(SSE::Connected(_) | SSE::Comment(_)) => {}
            None => break,
        }
    }
    task.report(events, bytes);
    Ok(())
}
