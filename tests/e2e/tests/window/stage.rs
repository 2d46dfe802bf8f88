//! A desktop, a server, and the app.

use std::ffi::OsString;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use gloria_backend::{Backend, BackendOptions, Observed, TEST_TOKEN};
use gloria_desktop_session::{Process, Screen, Session, SessionOptions, TrayItem, output, wait_until};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::address::unused_address;

/// Longer than anything here takes on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(90);

/// How long the first session of WebDriver may take to begin: it usually takes a tenth of a second. Some requests for
/// one are never answered, so there must be time for the next. Each may take twice as long as the one before it: on a
/// machine that is too slow for the first, a request that is given up would leave the window with a session to end.
const SESSION_TIMEOUT: Duration = Duration::from_secs(12);

/// How long the window has after a session before it is asked for the next one.
const SESSION_INTERVAL: Duration = Duration::from_millis(200);

/// A key press without effect for this long did not arrive.
const KEY_TIMEOUT: Duration = Duration::from_secs(3);

const CREATED: &str = "notification.created";

/// How the account is configured before the app starts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Account {
    /// Address and token, in the environment.
    Given,
    /// Not at all.
    Unknown,
}

pub(crate) struct Stage {
    pub(crate) session: Session,
    pub(crate) backend: Arc<Backend>,
    account: Account,
    path: OsString,
    /// The address where WebDriver reaches the window.
    inspector: SocketAddr,
}

impl Stage {
    pub(crate) async fn set(account: Account) -> Self {
        Self::set_on(SessionOptions::default(), account).await
    }

    /// Like [`Stage::set`], on another desktop.
    pub(crate) async fn set_on(options: SessionOptions, account: Account) -> Self {
        let backend = Backend::start(BackendOptions::default()).await.unwrap();
        Self::set_with(options, account, Arc::new(backend)).await
    }

    /// Returns another device of the same account: a desktop of its own, and the same server.
    pub(crate) async fn beside(&self) -> Self {
        Self::set_with(SessionOptions::default(), self.account, self.backend.clone()).await
    }

    async fn set_with(options: SessionOptions, account: Account, backend: Arc<Backend>) -> Self {
        let session = Session::start(options).await.unwrap();
        let mut path = install_launcher(&session).into_os_string();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap());
        Self {
            session,
            backend,
            account,
            path,
            inspector: unused_address(),
        }
    }

    /// Returns the folder of the app's state.
    pub(crate) fn home(&self) -> PathBuf {
        self.session.dir().join("gloria")
    }

    /// Returns the command of one of the app's programs, configured with the account.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = self.session.command(built(program));
        self.configure(&mut command);
        command
    }

    pub(crate) fn configure(&self, command: &mut Command) {
        command
            .env("GLORIA_HOME", self.home())
            .env("GLORIA_SSE_RECONNECT_INTERVAL", "300ms")
            .env("PATH", &self.path)
            // For WebDriver, also in a window that the agent starts.
            .env("WEBKIT_INSPECTOR_SERVER", self.inspector.to_string())
            .env("TAURI_WEBVIEW_AUTOMATION", "true");
        if self.account == Account::Given {
            command
                .env("GLORIA_API_URL", self.backend.api_url())
                .env("GLORIA_TOKEN", TEST_TOKEN);
        }
    }

    /// Starts the app in the tray: only the agent.
    pub(crate) fn start_in_tray(&self) -> Process {
        self.start_agent(&[])
    }

    fn start_agent(&self, arguments: &[&str]) -> Process {
        let mut agent = self.command("gloria");
        agent.arg("agent").args(arguments);
        self.session.spawn("agent", agent).unwrap()
    }

    /// Starts the app with its window, which the agent starts and WebDriver controls.
    pub(crate) async fn start_with_window(&self) -> Window {
        // Without an account, the window opens automatically.
        let arguments: &[&str] = match self.account {
            Account::Given => &["--open"],
            Account::Unknown => &[],
        };
        let agent = self.start_agent(arguments);
        let mut window = self.drive().await;
        window.agent = Some(agent);
        window
    }

    /// Connects WebDriver to the window that is open or about to open.
    pub(crate) async fn drive(&self) -> Window {
        self.expect_windows(1).await;
        let began = Instant::now();
        let mut last;
        let mut patience = SESSION_TIMEOUT;
        let (driver, client) = loop {
            // A window that has not noticed the end of the former session ignores the request for the next one.
            match timeout(patience, self.new_session()).await {
                Ok(Ok(session)) => break session,
                Ok(Err(error)) => last = format!("{error:#}"),
                Err(_) => {
                    last = format!("no answer in {patience:?}");
                    patience *= 2;
                }
            }
            let processes = ["gloria-notify", "WebKitWebProcess", "WebKitWebDriver"]
                .map(|name| (name, self.session.processes(name)));
            assert!(
                began.elapsed() < DEADLINE,
                "WebDriver does not control the window: {last}; {processes:?}"
            );
            tokio::time::sleep(SESSION_INTERVAL).await;
        };
        Window {
            agent: None,
            driver,
            client,
            process: self.window_process(),
        }
    }

    async fn new_session(&self) -> anyhow::Result<(Process, Client)> {
        let address = unused_address();
        let mut driver = self.session.command("WebKitWebDriver");
        driver
            .arg(format!("--port={}", address.port()))
            .arg(format!("--target={}", self.inspector));
        let mut driver = self.session.spawn("driver", driver)?;
        wait_until("the driver to listen", DEADLINE, async || {
            driver.check_alive()?;
            Ok(tokio::net::TcpStream::connect(address).await.ok())
        })
        .await?;
        let builder = ClientBuilder::new(HttpConnector::new());
        let client = builder.connect(&format!("http://{address}")).await?;
        Ok((driver, client))
    }

    /// Waits until there are this many processes with this name.
    pub(crate) async fn expect_processes(&self, name: &str, count: usize) -> Vec<u32> {
        let mut last = Vec::new();
        let counted = wait_until(&format!("{count} of {name}"), DEADLINE, async || {
            last = self.session.processes(name);
            Ok((last.len() == count).then_some(()))
        })
        .await;
        counted.unwrap_or_else(|error| panic!("{error}: {last:?}"));
        last
    }

    /// Returns the process of the only window.
    pub(crate) fn window_process(&self) -> u32 {
        let processes = self.session.processes("gloria-notify");
        let [process] = processes[..] else {
            panic!("{processes:?} are not one window");
        };
        process
    }

    /// Sends a notification with this id and these additional fields.
    pub(crate) fn push(&self, id: &str, more: Value) {
        let mut data = json!({"id": id, "title": format!("Task {id}"), "message": "Assigned to you"});
        data.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        self.backend.control().push(CREATED, data);
    }

    /// Waits until `wanted` returns true of what the server has seen.
    pub(crate) async fn server_saw(&self, wanted: impl Fn(&Observed) -> bool + Send + Sync) -> Observed {
        self.backend.control().wait_for(wanted, DEADLINE).await.unwrap()
    }

    /// Waits until the app has recorded that an item was shown: from then on, no kill makes it show the item again.
    pub(crate) async fn recorded_as_shown(&self, key: &str) {
        wait_until("the record that it was shown", DEADLINE, async || {
            let items = self.stored("inbox");
            let shown = |item: &Value| item["key"] == key && item["alert"]["state"] == "shown";
            Ok(items.iter().any(shown).then_some(()))
        })
        .await
        .unwrap();
    }

    /// Returns what is stored, read while the app runs: newest first.
    pub(crate) fn stored(&self, filter: &str) -> Vec<Value> {
        let output = output(self.command("gloria").args(["inbox", "list", "--filter", filter])).unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let lines = String::from_utf8(output.stdout).unwrap();
        lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Returns the exit code and the output of `gloria status`.
    pub(crate) fn status(&self) -> (i32, Value) {
        let output = output(self.command("gloria").args(["status", "--json"])).unwrap();
        let said = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
        (output.status.code().unwrap(), said)
    }

    /// Returns the keys of what is stored, oldest first.
    pub(crate) fn stored_keys(&self, filter: &str) -> Vec<String> {
        let keys = self
            .stored(filter)
            .into_iter()
            .map(|item| item["key"].as_str().unwrap().to_owned());
        keys.rev().collect()
    }

    /// Waits until the app's tray icon has this text.
    pub(crate) async fn tray_says(&self, words: &str) -> TrayItem {
        let mut last = Vec::new();
        let found = wait_until(
            &format!("a tray icon that says {words:?}"),
            DEADLINE,
            async || {
                last = self.session.tray_items().await?;
                let item = last.iter().find(|item| item.tooltip.contains(words));
                Ok(item.cloned())
            },
        )
        .await;
        found.unwrap_or_else(|error| panic!("{error}: {last:?}"))
    }

    /// Waits until the app's tray icon has no count.
    pub(crate) async fn badge_gone(&self) {
        wait_until("the badge to go", DEADLINE, async || {
            let items = self.session.tray_items().await?;
            Ok(items
                .iter()
                .all(|item| !item.tooltip.contains("new"))
                .then_some(()))
        })
        .await
        .unwrap();
    }

    /// Returns how many windows of the app are on screen.
    pub(crate) fn windows(&self) -> usize {
        match self.session.screen() {
            Screen::X11 => self.session.windows("Gloria Notify$").unwrap().len(),
            Screen::Sway => self.session.wayland_windows().unwrap().len(),
        }
    }

    /// Closes the window like a user does, through the window manager.
    pub(crate) async fn close_window(&self) {
        if self.session.screen() == Screen::Sway {
            for window in self.session.wayland_windows().unwrap() {
                self.session.close_wayland_window(&window).unwrap();
            }
            return self.expect_windows(0).await;
        }
        let windows = self.session.windows("Gloria Notify$").unwrap();
        let [window] = &windows[..] else {
            panic!("{windows:?} are not one window");
        };
        let none = async || Ok((self.windows() == 0).then_some(()));
        wait_until("the window to close", DEADLINE, async || {
            let mut close = self.session.command("timeout");
            close.args([&DEADLINE.as_secs().to_string(), "xdotool"]).args([
                "windowactivate",
                "--sync",
                window,
                "key",
                "alt+F4",
            ]);
            close.status()?;
            // A window manager that has just started does not handle its keys yet.
            Ok(wait_until("no window", KEY_TIMEOUT, none).await.ok())
        })
        .await
        .unwrap();
    }

    pub(crate) async fn expect_windows(&self, count: usize) {
        let counted = async || Ok((self.windows() == count).then_some(()));
        wait_until(&format!("{count} windows"), DEADLINE, counted)
            .await
            .unwrap();
    }

    /// Returns what the user's browser was asked to open, one link per line.
    pub(crate) fn opened_links(&self) -> String {
        fs::read_to_string(self.session.dir().join("opened-links")).unwrap_or_default()
    }

    /// Returns the environment of the last start of the user's browser.
    pub(crate) fn launcher_environment(&self) -> String {
        fs::read_to_string(self.session.dir().join("launcher-environment")).unwrap_or_default()
    }
}

/// Installs a launcher for the browser that records its arguments and environment. Returns its folder.
fn install_launcher(session: &Session) -> PathBuf {
    let folder = session.dir().join("bin");
    fs::create_dir(&folder).unwrap();
    let script = format!(
        "#!/bin/sh\nenv > {}\necho \"$1\" >> {}\n",
        session.dir().join("launcher-environment").display(),
        session.dir().join("opened-links").display()
    );
    let launcher = folder.join("xdg-open");
    fs::write(&launcher, script).unwrap();
    fs::set_permissions(&launcher, fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

/// The window, controlled by WebDriver.
pub(crate) struct Window {
    /// `None` if another part of the test owns it.
    agent: Option<Process>,
    #[expect(dead_code, reason = "it ends with the window")]
    driver: Process,
    pub(crate) client: Client,
    process: u32,
}

impl Window {
    pub(crate) async fn find(&self, css: &str) -> Element {
        let wait = self.client.wait().at_most(DEADLINE);
        // It checks its limit only between two answers of the driver, which a page that hangs never gives.
        let found = timeout(2 * DEADLINE, wait.for_element(Locator::Css(css))).await;
        match found.unwrap_or_else(|_| panic!("the page hangs, asked for {css}")) {
            Ok(element) => element,
            Err(error) => {
                let page = self.client.find(Locator::Css("body")).await;
                let text = match page {
                    Ok(body) => body.text().await.unwrap_or_default(),
                    Err(error) => error.to_string(),
                };
                panic!("{css} is not there: {error}; the page says:\n{text}")
            }
        }
    }

    pub(crate) async fn click(&self, css: &str) {
        self.find(css).await.click().await.unwrap();
    }

    /// Types into an empty field.
    pub(crate) async fn fill(&self, css: &str, text: &str) {
        let field = self.find(css).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Waits until nothing on the page matches.
    pub(crate) async fn gone(&self, css: &str) {
        wait_until(&format!("{css} to go"), DEADLINE, async || {
            let found = self.client.find_all(Locator::Css(css)).await?;
            Ok(found.is_empty().then_some(()))
        })
        .await
        .unwrap();
    }

    /// Switches to the window that is open now, after the previous one was closed.
    pub(crate) async fn turn_to_open_window(&self) {
        let handle = wait_until("the window to be in reach", DEADLINE, async || {
            Ok(self.client.windows().await?.into_iter().next())
        });
        self.client.switch_to_window(handle.await.unwrap()).await.unwrap();
    }

    /// Returns the agent's process.
    pub(crate) fn agent(&mut self) -> &mut Process {
        self.agent.as_mut().unwrap()
    }

    /// Returns the window's process.
    pub(crate) fn process(&self) -> u32 {
        self.process
    }

    /// Returns the process behind the page.
    pub(crate) fn page(&self) -> PageProcess {
        let parent = format!("PPid:\t{}", self.process());
        let mut processes = fs::read_dir("/proc").unwrap().flatten().filter_map(|process| {
            let id = process.file_name().to_str()?.parse().ok()?;
            let status = fs::read_to_string(process.path().join("status")).ok()?;
            // The kernel keeps 15 bytes of a name.
            let is_page = status.starts_with("Name:\tWebKitWebProces\n");
            (is_page && status.lines().any(|line| line == parent)).then_some(PageProcess(id))
        });
        processes.next().unwrap()
    }

    /// Sends a signal to the agent and waits until the app has ended, including the window.
    pub(crate) async fn end_app(mut self, by: &str) {
        let process = self.process();
        let agent = self.agent();
        signal(agent.id(), by);
        agent.ended(DEADLINE).await.unwrap();
        let ended = || match fs::read_to_string(format!("/proc/{process}/status")) {
            // It may not have been reaped yet.
            Ok(status) => status.lines().any(|line| line.starts_with("State:\tZ")),
            Err(_) => true,
        };
        wait_until("the window to end", DEADLINE, async || Ok(ended().then_some(())))
            .await
            .unwrap();
    }
}

/// Sends a signal to a process that is not a child.
pub(crate) fn signal(process: u32, signal: &str) {
    let sent = Command::new("kill")
        .args(["-s", signal, &process.to_string()])
        .status();
    assert!(sent.unwrap().success());
}

/// The process behind a page.
pub(crate) struct PageProcess(u32);

impl PageProcess {
    /// Stops the page.
    pub(crate) fn stop(&self) {
        signal(self.0, "STOP");
    }

    /// Continues the page.
    pub(crate) fn resume(&self) {
        signal(self.0, "CONT");
    }
}

/// Returns the path of one of the app's programs, which cargo builds next to this test.
pub(crate) fn built(program: &str) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"));
    target.join("debug").join(program)
}
