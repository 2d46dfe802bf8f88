//! `gloria-backend` on a host, controlled through its control port.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::ChildStdout;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use super::process::{Process, built};
use super::{DEADLINE, Host};

/// The port of the API on its host, at all addresses.
pub(crate) const API_PORT: u16 = 8787;

/// The address for commands, on its host's loopback.
const CONTROL: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8788);

pub(crate) const TOKEN: &str = "netns-token";

pub(crate) struct Backend {
    process: Process,
    // Kept open, because the backend must not see a closed pipe.
    _stdout: BufReader<ChildStdout>,
    host: Arc<Host>,
}

impl Backend {
    /// Starts it, and returns once it listens.
    pub(crate) fn start(host: Arc<Host>, heartbeat: Duration, logs: &Path) -> Self {
        let mut command = host.command(built("gloria-backend"));
        command.env_clear().args([
            "--listen",
            &format!("[::]:{API_PORT}"),
            "--control",
            &CONTROL.to_string(),
            "--heartbeat",
            &heartbeat.as_millis().to_string(),
        ]);
        command.env("GLORIA_BACKEND_TOKEN", TOKEN);
        let (process, stdout) = Process::start(command, &logs.join("backend.log"));
        let mut stdout = BufReader::new(stdout);
        let mut ready = String::new();
        stdout.read_line(&mut ready).unwrap();
        assert!(ready.contains("control"), "the backend did not start: {ready:?}");
        Self {
            process,
            _stdout: stdout,
            host,
        }
    }

    /// Pushes a notification. Returns its event's id.
    pub(crate) fn push(&self, title: &str, bytes: usize) -> String {
        let data = json!({ "id": title, "title": title, "message": "x".repeat(bytes) });
        let pushed = self.send(&json!({ "do": "push", "event": "notification.created", "data": data }));
        pushed["id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn send(&self, command: &Value) -> Value {
        self.request("POST", "/", &command.to_string())
    }

    /// Returns what it has observed.
    pub(crate) fn observed(&self) -> Value {
        self.request("GET", "/observed", "")
    }

    /// Returns how often the stream was requested.
    pub(crate) fn stream_requests(&self) -> usize {
        let observed = self.observed();
        let requests = observed["requests"].as_array().unwrap().iter();
        requests
            .filter(|request| request["path"] == "/api/v1/sse")
            .count()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    fn request(&self, method: &str, path: &str, body: &str) -> Value {
        let mut stream = self
            .host
            .within(|| TcpStream::connect_timeout(&CONTROL, DEADLINE).unwrap());
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        // HTTP/1.0 responses are not chunked, and end with the connection.
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(" 200 "), "{method} {path}: {answer}");
        serde_json::from_str(body).unwrap()
    }
}
