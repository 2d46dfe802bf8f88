//! The role of programs that receive the server's events.

use std::io;
use std::time::Duration;

use futures_util::{Stream, StreamExt as _};
use gloria_core::protocol::ListenerMessage;
use gloria_ipc::lines::{LineReader, write_line};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::sleep;

/// How long a listener may leave its socket full. Meanwhile the core keeps a bounded number of events and counts the
/// rest. A program that reads nothing for this long hangs; if it resumes, it sees the end of its connection.
pub(super) const LISTENER_WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// How often to check whether a listener that has closed its writing side still exists. `nc` does that at the end of
/// its input and continues reading, and without an event to send nothing else shows that it has ended.
const GONE_INTERVAL: Duration = Duration::from_secs(1);

/// Sends events until the core or the connection ends, or the listener does not read. A listener has nothing to send
/// after its first line, so anything it sends ends the connection, as its end does; waiting for that detects a listener
/// that is gone without an event for it.
pub(super) async fn serve(
    lines: &mut LineReader<impl AsyncRead + Unpin>,
    writer: &mut (impl AsyncWrite + Unpin),
    events: impl Stream<Item = ListenerMessage>,
    is_gone: impl Fn() -> bool,
) -> io::Result<()> {
    let send = async {
        tokio::pin!(events);
        while let Some(message) = events.next().await {
            write_line(writer, &message, LISTENER_WRITE_TIMEOUT).await?;
        }
        Ok(())
    };
    let gone = async {
        if lines.until_end().await {
            while !is_gone() {
                sleep(GONE_INTERVAL).await;
            }
        }
    };
    tokio::select! {
        biased;
        () = gone => Ok(()),
        sent = send => sent,
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex, split};
    use tokio::task::JoinHandle;
    use tokio::time::Instant;

    use super::*;

    /// A listener that is sent this many messages, and then waits for more; and its other end, whose socket is small.
    fn listener(messages: usize) -> (JoinHandle<io::Result<()>>, DuplexStream) {
        let (app, client) = duplex(64);
        let events = stream::iter((0..messages).map(|number| ListenerMessage::Missed(number as u64)));
        let serving = tokio::spawn(async move {
            let (reader, mut writer) = split(app);
            serve(
                &mut LineReader::new(reader, 64),
                &mut writer,
                events.chain(stream::pending()),
                || true,
            )
            .await
        });
        (serving, client)
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_never_reads_is_dropped_once_its_socket_has_been_full_for_its_time() {
        let (serving, _client) = listener(100);
        let began = Instant::now();
        let end = serving.await.unwrap().unwrap_err();
        assert_eq!(end.kind(), io::ErrorKind::TimedOut);
        assert_eq!(began.elapsed().as_secs(), LISTENER_WRITE_TIMEOUT.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_reads_slowly_gets_everything() {
        let (serving, mut client) = listener(20);
        let (mut read, mut buffer) = (String::new(), [0; 16]);
        while read.lines().filter(|line| line.ends_with('}')).count() < 20 {
            tokio::time::sleep(LISTENER_WRITE_TIMEOUT / 4).await;
            let length = client.read(&mut buffer).await.unwrap();
            read += std::str::from_utf8(&buffer[..length]).unwrap();
        }
        let numbers: Vec<_> = (0..20)
            .map(|number| format!("{{\"kind\":\"missed\",\"value\":{number}}}"))
            .collect();
        assert_eq!(read.lines().collect::<Vec<_>>(), numbers);
        assert!(!serving.is_finished());
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_is_gone_or_speaks_is_noticed_without_any_event() {
        let (serving, client) = listener(0);
        drop(client);
        assert!(serving.await.unwrap().is_ok());
        let (serving, mut client) = listener(0);
        client.write_all(b"x").await.unwrap();
        assert!(serving.await.unwrap().is_ok());
        let (serving, client) = listener(100);
        drop(client);
        // At once, by its end or by the write that fails.
        let began = Instant::now();
        let _ = serving.await.unwrap();
        assert!(began.elapsed().is_zero());
    }
}
