//! Chromium, driven by its own protocol over a WebSocket.

use std::path::Path;
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

/// The options of a Chromium that tests drive, besides the folder of its profile.
const OPTIONS: [&str; 12] = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-sync",
    "--no-default-browser-check",
    "--no-first-run",
    "--no-proxy-server",
    // Its own passwords are none of the keyring's under test.
    "--password-store=basic",
    "--remote-debugging-port=0",
    // The provider's pages ask for a font of another site.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

/// One page in Chromium.
#[derive(Debug)]
pub struct Browser {
    socket: WebSocketStream<TcpStream>,
    session: String,
    asked: u64,
    /// `None` for one that something else started.
    _started: Option<(Child, TempDir)>,
}

impl Browser {
    /// The program and its options for this profile, without a page.
    pub fn command_line(profile: &Path) -> Vec<String> {
        let program = std::env::var("CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".to_owned());
        let mut line = vec![program];
        line.extend(OPTIONS.map(str::to_owned));
        line.push(format!("--user-data-dir={}", profile.display()));
        line
    }

    /// Starts one without a screen, with an empty page.
    pub async fn start() -> Self {
        let profile = tempfile::tempdir().unwrap();
        let line = Self::command_line(profile.path());
        let chromium = Command::new(&line[0])
            .args(&line[1..])
            .args(["--headless=new", "about:blank"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}; `cargo xtask test sign-in` installs it", line[0]));
        let mut browser = Self::connect(profile.path()).await;
        browser._started = Some((chromium, profile));
        let target = browser
            .ask("Target.createTarget", json!({"url": "about:blank"}))
            .await;
        browser.attach(&target["targetId"]).await;
        browser
    }

    /// Joins the one with this profile, which something else started, at the page that it shows.
    pub async fn join(profile: &Path) -> Self {
        let mut browser = Self::connect(profile).await;
        let until = Instant::now() + PAGE_TIMEOUT;
        let page = loop {
            let targets = browser.ask("Target.getTargets", json!({})).await;
            let mut targets = targets["targetInfos"].as_array().unwrap().iter();
            if let Some(page) = targets.find(|target| target["type"] == "page") {
                break page["targetId"].clone();
            }
            assert!(Instant::now() < until, "Chromium shows no page");
            sleep(POLL_INTERVAL).await;
        };
        browser.attach(&page).await;
        browser
    }

    async fn connect(profile: &Path) -> Self {
        let listening = profile.join("DevToolsActivePort");
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
        Self {
            socket,
            session: String::new(),
            asked: 0,
            _started: None,
        }
    }

    async fn attach(&mut self, target: &Value) {
        let attached = json!({"targetId": target, "flatten": true});
        let session = self.ask("Target.attachToTarget", attached).await;
        self.session = session["sessionId"].as_str().unwrap().to_owned();
    }

    /// Goes to this address.
    pub async fn open(&mut self, url: &Url) {
        self.ask("Page.navigate", json!({"url": url.as_str()})).await;
    }

    /// Waits until this expression is true of the page, which may be another one by now.
    pub async fn wait_for(&mut self, expression: &str) {
        let until = Instant::now() + PAGE_TIMEOUT;
        while self.evaluate(expression).await != Value::Bool(true) {
            if Instant::now() > until {
                let page = self.evaluate("document.documentElement.outerHTML").await;
                panic!("not {expression}: {page}");
            }
            sleep(POLL_INTERVAL).await;
        }
    }

    /// The value of this expression in the page.
    pub async fn evaluate(&mut self, expression: &str) -> Value {
        let asked = json!({"expression": expression, "returnByValue": true});
        let answer = self.ask("Runtime.evaluate", asked).await;
        answer["result"]["value"].clone()
    }

    /// Signs in and consents at the pages of the [`Provider`](crate::Provider).
    pub async fn walk(&mut self, name: &str) {
        const SUBMIT: &str = "document.querySelector('form button[type=submit]').click()";
        self.wait_for("document.querySelector('input[name=password]') !== null")
            .await;
        for (field, value) in [("login", name), ("password", "pass")] {
            let set = format!("document.querySelector('input[name={field}]').value = '{value}'");
            self.evaluate(&set).await;
        }
        self.evaluate(SUBMIT).await;
        self.wait_for("document.querySelector('input[name=prompt][value=consent]') !== null")
            .await;
        self.evaluate(SUBMIT).await;
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
