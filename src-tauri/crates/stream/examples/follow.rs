//! Follows an event stream and prints what comes, until Ctrl-C:
//!
//! ```sh
//! TOKEN=… cargo run -p gloria-stream --example follow -- https://gloria.example/api/v1/sse [LAST_EVENT_ID]
//! ```

use std::io::{self, Write};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::future::BoxFuture;
use gloria_stream::{
    Command, Credential, CredentialError, CredentialProvider, Delivery, StreamHandle, StreamOptions,
};
use tokio::sync::mpsc;
use url::Url;

/// Deliveries that may wait to be printed. While they do, nothing more is read from the server.
const DELIVERY_CAPACITY: usize = 16;

/// The token of the environment, if there is one.
struct FromEnvironment(Option<String>);

impl CredentialProvider for FromEnvironment {
    fn credential(&self) -> BoxFuture<'_, Result<Credential, CredentialError>> {
        let credential = self
            .0
            .clone()
            .map_or(Credential::ANONYMOUS, |token| Credential::bearer(token.into()));
        Box::pin(async { Ok(credential) })
    }
}

/// Prints what the stream delivers, and ends after `count` events.
async fn follow(
    url: Url,
    cursor: Option<String>,
    token: Option<String>,
    count: usize,
    out: &mut impl Write,
) -> io::Result<()> {
    // Clients whose waits are equally long would all come back at the same moment.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let seed = u64::from(now.subsec_nanos());
    let options = StreamOptions::new(url, concat!("gloria-stream/", env!("CARGO_PKG_VERSION")), seed);
    let (deliveries, mut delivered) = mpsc::channel(DELIVERY_CAPACITY);
    let stream = StreamHandle::spawn(options, Arc::new(FromEnvironment(token)), deliveries);
    stream.send(Command::Start { cursor });
    let mut left = count;
    while left > 0 {
        let Some(delivery) = delivered.recv().await else {
            break;
        };
        match delivery {
            Delivery::Frames(frames) => {
                for frame in frames.iter().take(left) {
                    writeln!(out, "{} {} {}", frame.id, frame.event, frame.data)?;
                }
                left = left.saturating_sub(frames.len());
            }
            Delivery::Status(status) => writeln!(out, "# {status:?}")?,
            Delivery::Skipped { bytes, .. } => writeln!(out, "# an event of {bytes} bytes was too large")?,
            Delivery::PositionLost { id } => writeln!(out, "# the server knows nothing of {id:?} any more")?,
        }
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments
        .next()
        .ok_or("the stream's address is missing")?
        .parse()?;
    let token = std::env::var("TOKEN").ok();
    follow(url, arguments.next(), token, usize::MAX, &mut io::stdout()).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn it_shows_its_token_and_its_position_and_prints_what_comes() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = async {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                socket.read_buf(&mut request).await.unwrap();
            }
            let answer = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n\
                          id: 42\ndata: Release is out\n\nid: 43\nevent: lunch\ndata: Soup\n\n";
            socket.write_all(answer.as_bytes()).await.unwrap();
            // Kept open until what was sent is read.
            (socket, String::from_utf8(request).unwrap().to_lowercase())
        };
        let mut printed = Vec::new();
        let url = format!("http://{address}/sse").parse().unwrap();
        let client = follow(
            url,
            Some("41".to_owned()),
            Some("s3cret".to_owned()),
            2,
            &mut printed,
        );
        let (followed, (_socket, request)) = tokio::join!(client, server);
        followed.unwrap();
        assert!(request.contains("\nlast-event-id: 41\r"), "{request}");
        assert!(request.contains("\nauthorization: bearer s3cret\r"), "{request}");
        let printed = String::from_utf8(printed).unwrap();
        let events: Vec<_> = printed.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(events, ["42 message Release is out", "43 lunch Soup"]);
    }
}
