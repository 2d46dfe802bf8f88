//! A server of one stream that writes what it is given, at the moment at which it is given it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use serde_json::json;

pub(crate) struct Server(TcpListener);

impl Server {
    pub(crate) fn start() -> Result<Self> {
        Ok(Self(TcpListener::bind("127.0.0.1:0")?))
    }

    /// The API's address.
    pub(crate) fn api(&self) -> Result<String> {
        Ok(format!("http://{}/api/v1", self.0.local_addr()?))
    }

    /// Waits for the client, answers its request and greets it.
    pub(crate) fn accept(&self) -> Result<TcpStream> {
        let (mut stream, _) = self.0.accept()?;
        stream.set_nodelay(true)?;
        let mut head = BufReader::new(stream.try_clone()?);
        loop {
            let mut line = String::new();
            if head.read_line(&mut line)? == 0 {
                anyhow::bail!("the client hung up");
            }
            if line.trim_end().is_empty() {
                break;
            }
        }
        let greeting = json!({"connectionId": "bench", "serverTime": now()?}).to_string();
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n{}",
            frame("connection.established", "e0", &greeting)
        )?;
        Ok(stream)
    }
}

/// Milliseconds since the Unix epoch.
pub(crate) fn now() -> Result<u64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    u64::try_from(since.as_millis()).context("far in the future")
}

pub(crate) fn frame(event: &str, id: &str, data: &str) -> String {
    format!("event: {event}\nid: {id}\ndata: {data}\n\n")
}

/// A notification, with so long a text that its frame has `bytes` in all.
pub(crate) fn notification(number: usize, priority: &str, created_at: u64, bytes: usize) -> String {
    let event = |message: &str| {
        let data = json!({"id": number.to_string(), "title": format!("notification {number}"), "message": message,
            "priority": priority, "createdAt": created_at});
        frame("notification.created", &format!("e{number}"), &data.to_string())
    };
    let bare = event("").len();
    event(&"words and words ".repeat(bytes.div_ceil(16))[..bytes.saturating_sub(bare)])
}
