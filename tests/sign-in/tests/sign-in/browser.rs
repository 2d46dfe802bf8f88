//! Chromium, driven by its own protocol over a WebSocket.

use std::process::Stdio;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use url::Url;

/// Far beyond what a page takes; reached only when something is wrong.
const PAGE_TIMEOUT: Duration = Duration::from_secs(60);

/// How often a page is looked at. The protocol has events for this, which come before the page's own scripts ran.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

pub(crate) struct Browser {
    socket: WebSocketStream<TcpStream>,
    session: String,
    asked: u64,
    _chromium: Child,
    _profile: TempDir,
}

impl Browser {
    pub(crate) async fn start() -> Self {
        let profile = tempfile::tempdir().unwrap();
        let program = std::env::var("CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".to_owned());
        let chromium = Command::new(&program)
            .args([
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-dev-shm-usage",
                "--disable-sync",
                "--no-default-browser-check",
                "--no-first-run",
                "--no-proxy-server",
                "--remote-debugging-port=0",
                // The provider's pages ask for a font of another site.
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}; `cargo xtask test sign-in` installs it"));
        let listening = profile.path().join("DevToolsActivePort");
        let until = Instant::now() + PAGE_TIMEOUT;
        let (port, path) = loop {
            if let Ok(text) = std::fs::read_to_string(&listening)
                && let Some((port, path)) = text.split_once('\n')
            {
                break (port.trim().parse::<u16>().unwrap(), path.trim().to_owned());
            }
            assert!(Instant::now() < until, "Chromium does not start");
            sleep(POLL_INTERVAL).await;
        };
        let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let address = format!("ws://127.0.0.1:{port}{path}");
        let (socket, _) = tokio_tungstenite::client_async(address, stream).await.unwrap();
        let mut browser = Self {
            socket,
            session: String::new(),
            asked: 0,
            _chromium: chromium,
            _profile: profile,
        };
        let target = browser
            .ask("Target.createTarget", json!({"url": "about:blank"}))
            .await;
        let attached = json!({"targetId": target["targetId"], "flatten": true});
        let session = browser.ask("Target.attachToTarget", attached).await;
        browser.session = session["sessionId"].as_str().unwrap().to_owned();
        browser
    }

    pub(crate) async fn open(&mut self, url: &Url) {
        self.ask("Page.navigate", json!({"url": url.as_str()})).await;
    }

    /// Waits until this expression is true of the page, which may be another one by now.
    pub(crate) async fn wait_for(&mut self, expression: &str) {
        let until = Instant::now() + PAGE_TIMEOUT;
        while self.evaluate(expression).await != Value::Bool(true) {
            if Instant::now() > until {
                let page = self.evaluate("document.documentElement.outerHTML").await;
                panic!("not {expression}: {page}");
            }
            sleep(POLL_INTERVAL).await;
        }
    }

    pub(crate) async fn evaluate(&mut self, expression: &str) -> Value {
        let asked = json!({"expression": expression, "returnByValue": true});
        let answer = self.ask("Runtime.evaluate", asked).await;
        answer["result"]["value"].clone()
    }

    async fn ask(&mut self, method: &str, parameters: Value) -> Value {
        self.asked += 1;
        let mut message = json!({"id": self.asked, "method": method, "params": parameters});
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        self.socket
            .send(Message::text(message.to_string()))
            .await
            .unwrap();
        loop {
            let Message::Text(text) = self.socket.next().await.unwrap().unwrap() else {
                continue;
            };
            let mut answer: Value = serde_json::from_str(&text).unwrap();
            if answer["id"] == self.asked {
                return answer["result"].take();
            }
        }
    }
}
