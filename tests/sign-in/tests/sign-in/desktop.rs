//! A desktop with a keyring, on which the app's programs run as their users start them.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use gloria_desktop_session::{Keyring, Process, Session, SessionOptions};
use gloria_sign_in::PORTS;
use serde_json::Value;
use url::Url;

use crate::person::Person;

/// How a sign-in ended.
pub(crate) struct Login {
    pub(crate) state: String,
    /// The address to which the provider sent the browser.
    pub(crate) callback: Url,
    /// What the browser showed then.
    pub(crate) page: String,
    /// The command's exit code.
    pub(crate) code: i32,
    /// What the command printed.
    pub(crate) said: String,
}

/// A desktop with only what the command line needs.
pub(crate) struct Desktop {
    pub(crate) session: Session,
    pub(crate) home: PathBuf,
    /// What all commands printed.
    pub(crate) printed: String,
}

impl Desktop {
    pub(crate) async fn start() -> Self {
        let options = SessionOptions {
            tray_host: false,
            notifications: false,
            sound: false,
            keyring: Keyring::Unlocked,
            ..SessionOptions::default()
        };
        let session = Session::start(options).await.unwrap();
        let home = session.dir().join("gloria");
        fs::create_dir(&home).unwrap();
        let desktop = Self {
            session,
            home,
            printed: String::new(),
        };
        // Whatever opens a browser leaves here how it was started.
        let bin = desktop.session.dir().join("bin");
        fs::create_dir(&bin).unwrap();
        let record = desktop.session.dir().join("browser-environment");
        let script = format!("#!/bin/sh\nenv > {}\n", record.display());
        for name in ["xdg-open", "gio", "gnome-open", "kde-open", "wslview"] {
            fs::write(bin.join(name), &script).unwrap();
            fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).unwrap();
        }
        desktop
    }

    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>, server: &str) -> Command {
        let mut command = self.session.command(program);
        let path = std::env::var("PATH").unwrap();
        let path = format!("{}:{path}", self.session.dir().join("bin").display());
        command
            .env("PATH", path)
            .env("GLORIA_HOME", &self.home)
            .env("GLORIA_API_URL", server)
            .env("GLORIA_LOG", "trace")
            // None of the usual ones, which other tests take one after another.
            .env("GLORIA_AUTH_PORTS", ",")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        command
    }

    /// Signs in. Returns the state of the sign-in, and the callback's address.
    pub(crate) async fn log_in(&mut self, server: &str, person: &Person) -> (String, Url) {
        let login = self.run_login(server, person).await;
        assert!(login.page.contains("You are signed in"), "{}", login.page);
        assert_eq!(login.code, 0, "{}", login.said);
        assert!(
            !PORTS.contains(&login.callback.port().unwrap()),
            "{}",
            login.callback
        );
        assert!(login.said.contains("signed in as Person anna"), "{}", login.said);
        (login.state, login.callback)
    }

    /// Runs `gloria login` on a terminal, and goes through the provider's pages.
    pub(crate) async fn run_login(&mut self, server: &str, person: &Person) -> Login {
        let line = format!("{} login", gloria().display());
        let mut child = self
            .command("script", server)
            .args(["--quiet", "--return", "--command", &line, "/dev/null"])
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let (mut said, mut callback) = (String::new(), None);
        while lines.read_line(&mut said).unwrap() > 0 {
            let line = said.lines().last().unwrap_or_default();
            let link = line.split_whitespace().find(|word| word.contains("/auth?"));
            let Some(link) = link else { continue };
            let link: Url = link.parse().unwrap();
            let found = person.walk(&link).await;
            let page = tokio::spawn({
                let (person, found) = (Person::new("anna"), found.clone());
                async move { person.open(&found).await }
            });
            let mut rest = String::new();
            // The page waits for the keyring, so both have to be read.
            let reading = tokio::task::spawn_blocking(move || lines.read_to_string(&mut rest).map(|_| rest));
            let page = page.await.unwrap();
            let rest = reading.await.unwrap().unwrap();
            // The link is for the user's eyes; nothing else of it may be printed.
            said = said.replace(link.as_str(), "LINK") + &rest;
            callback = Some((parameter(&link, "state"), found, page));
            break;
        }
        let code = child.wait().unwrap().code().unwrap();
        let (state, callback, page) = callback.expect(&said);
        self.printed += &said;
        Login {
            state,
            callback,
            page,
            code,
            said,
        }
    }

    /// Runs a command to its end. Returns its exit code, its stdout and its stderr.
    pub(crate) fn run(
        &mut self,
        server: &str,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> (i32, String, String) {
        let mut command = self.command(gloria(), server);
        command.args(arguments).envs(variables.iter().copied());
        let output = command.stderr(Stdio::piped()).output().unwrap();
        let [said, log] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        self.printed += &said;
        self.printed += &log;
        (output.status.code().unwrap(), said, log)
    }

    /// Receives from the stream until it is open. Returns the greeting.
    pub(crate) fn tail(&mut self, server: &str, variables: &[(&str, &str)]) -> Value {
        let mut command = self.command(gloria(), server);
        let mut child = command
            .arg("tail")
            .envs(variables.iter().copied())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = child.stderr.take().unwrap();
        let reading = std::thread::spawn(move || {
            let mut text = String::new();
            log.read_to_string(&mut text).map(|_| text)
        });
        let mut greeting = None;
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            self.printed += &line;
            let value: Value = serde_json::from_str(&line).unwrap();
            if value["event"] == "connection_established" {
                self.printed += &seen_by_others(child.id());
                greeting = Some(value["data"].clone());
                break;
            }
            assert!(value["reason"].is_null(), "{value}");
        }
        child.kill().unwrap();
        child.wait().unwrap();
        self.printed += &reading.join().unwrap().unwrap();
        greeting.expect("the stream opened")
    }

    /// Starts the app without a window. Its log has everything, and nothing of earlier starts.
    pub(crate) fn agent(&self, server: &str) -> Process {
        static STARTS: AtomicU32 = AtomicU32::new(0);
        let mut command = self.command(gloria(), server);
        command.arg("agent");
        let name = format!("agent-{}", STARTS.fetch_add(1, Ordering::Relaxed));
        self.session.spawn(&name, command).unwrap()
    }

    /// What `gloria status` says, in words, and its exit code.
    pub(crate) fn status(&self, server: &str) -> (i32, String) {
        let mut status = self.command(gloria(), server);
        let output = status.arg("status").output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        (output.status.code().unwrap(), said)
    }

    /// The app's entries in the keyring, as another program reads them.
    pub(crate) fn kept(&self) -> String {
        let mut search = self.session.command("secret-tool");
        let found = search
            .args(["search", "--all", "service", "com.gloriasystem.notify"])
            .output()
            .unwrap();
        String::from_utf8(found.stdout).unwrap()
    }
}

/// What other processes of the user can see of one: its arguments and its environment.
fn seen_by_others(pid: u32) -> String {
    let read = |name: &str| {
        let bytes = fs::read(format!("/proc/{pid}/{name}")).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    read("cmdline") + &read("environ")
}

pub(crate) fn gloria() -> PathBuf {
    // In the parent of the folder that contains the tests.
    let built = std::env::current_exe().unwrap();
    built.ancestors().nth(2).unwrap().join("gloria")
}

pub(crate) fn parameter(url: &Url, name: &str) -> String {
    let mut pairs = url.query_pairs();
    let found = pairs
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned());
    found.unwrap_or_else(|| panic!("no {name}"))
}
