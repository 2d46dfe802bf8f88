//! `gloria login`, `tail` and `logout` on a desktop with a keyring, at the provider and a backend with Clerk's SDK:
//! with the server's address alone, and without a secret in anything that stays or that others see.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use gloria_desktop_session::{Keyring, Session, SessionOptions};
use serde_json::{Value, json};
use url::Url;

use crate::clerk::Clerk;
use crate::person::Person;
use crate::provider::Provider;

/// How a sign-in ended.
struct Login {
    state: String,
    /// The address to which the provider sent the browser.
    callback: Url,
    /// What the browser showed then.
    page: String,
    /// The command's exit code.
    code: i32,
    /// What the command printed.
    said: String,
}

/// A desktop with only what the command line needs.
struct Desktop {
    session: Session,
    home: PathBuf,
    /// What all commands printed.
    printed: String,
}

impl Desktop {
    async fn start() -> Self {
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

    fn command(&self, program: impl AsRef<std::ffi::OsStr>, server: &str) -> Command {
        let mut command = self.session.command(program);
        let path = std::env::var("PATH").unwrap();
        let path = format!("{}:{path}", self.session.dir().join("bin").display());
        command
            .env("PATH", path)
            .env("GLORIA_HOME", &self.home)
            .env("GLORIA_API_URL", server)
            .env("GLORIA_LOG", "trace")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        command
    }

    /// Signs in. Returns the state of the sign-in, and the callback's address.
    async fn log_in(&mut self, server: &str, person: &Person) -> (String, Url) {
        let login = self.run_login(server, person).await;
        assert!(login.page.contains("You are signed in"), "{}", login.page);
        assert_eq!(login.code, 0, "{}", login.said);
        assert!(login.said.contains("signed in as Person anna"), "{}", login.said);
        (login.state, login.callback)
    }

    /// Runs `gloria login` on a terminal, and goes through the provider's pages.
    async fn run_login(&mut self, server: &str, person: &Person) -> Login {
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
    fn run(&mut self, server: &str, arguments: &[&str], variables: &[(&str, &str)]) -> (i32, String, String) {
        let mut command = self.command(gloria(), server);
        command.args(arguments).envs(variables.iter().copied());
        let output = command.stderr(Stdio::piped()).output().unwrap();
        let [said, log] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        self.printed += &said;
        self.printed += &log;
        (output.status.code().unwrap(), said, log)
    }

    /// Receives from the stream until it is open. Returns the greeting.
    fn tail(&mut self, server: &str, variables: &[(&str, &str)]) -> Value {
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
}

/// What other processes of the user can see of one: its arguments and its environment.
fn seen_by_others(pid: u32) -> String {
    let read = |name: &str| {
        let bytes = fs::read(format!("/proc/{pid}/{name}")).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    read("cmdline") + &read("environ")
}

fn gloria() -> PathBuf {
    // In the parent of the folder that contains the tests.
    let built = std::env::current_exe().unwrap();
    built.ancestors().nth(2).unwrap().join("gloria")
}

fn parameter(url: &Url, name: &str) -> String {
    let mut pairs = url.query_pairs();
    let found = pairs
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned());
    found.unwrap_or_else(|| panic!("no {name}"))
}

/// All files of a folder, with their contents.
fn files(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            found.extend(files(&path));
        } else if kind.is_file() {
            let bytes = fs::read(&path).unwrap_or_default();
            found.push((path, String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn the_servers_address_is_enough_and_no_secret_stays_anywhere() {
    let provider = Provider::usual().await;
    let clerk = Clerk::start(&provider, json!({"lift": true})).await;
    let mut desktop = Desktop::start().await;
    let server = clerk.server().to_owned();
    let (state, callback) = desktop.log_in(&server, &Person::new("anna")).await;
    let named = format!("{server} names {} as its sign-in service", provider.issuer);
    assert!(desktop.printed.contains(&named), "{}", desktop.printed);
    assert_eq!(desktop.tail(&server, &[])["userId"], "anna");
    // In the query, where every library that prints an address would print the token.
    assert_eq!(
        desktop.tail(&server, &[("GLORIA_AUTH_TRANSPORT", "query")])["userId"],
        "anna"
    );
    // A network that changes meanwhile causes more than one connection.
    let seen = clerk.seen().await;
    let seen = seen.as_array().unwrap();
    assert!(
        seen.len() >= 2 && seen.iter().all(|status| status == 200),
        "{seen:?}"
    );
    let (code, said, _) = desktop.run(&server, &["logout"], &[]);
    assert_eq!(code, 0);
    assert!(said.contains("loggedOut"), "{said}");
    assert_eq!(
        provider.count("POST /token").await,
        3,
        "one exchange and two renewals"
    );
    assert_eq!(provider.count("POST /token/revocation").await, 1);

    let secrets = provider.order(json!({"do": "secrets"})).await;
    let mut secrets: Vec<_> = secrets
        .as_array()
        .unwrap()
        .iter()
        .map(|secret| secret.as_str().unwrap().to_owned())
        .collect();
    assert!(secrets.len() >= 12, "{}", secrets.len());
    secrets.push(state);
    secrets.push(parameter(&callback, "code"));
    let mut places = files(&desktop.home);
    assert!(
        places
            .iter()
            .any(|(path, text)| path.ends_with("sign-in.json") && text.contains(&provider.issuer)),
        "{places:?}"
    );
    let environment = desktop.session.dir().join("browser-environment");
    let opened = fs::read_to_string(environment).expect("no browser was opened");
    places.push(("the browser's environment".into(), opened));
    assert!(desktop.printed.contains("TRACE"), "nothing was logged in full");
    places.push(("what was printed".into(), std::mem::take(&mut desktop.printed)));
    for secret in &secrets {
        assert!(secret.len() > 20);
        // Signatures alone would be enough to forge a log entry's token, so a part counts as well.
        let part = &secret[secret.len() - 20..];
        for (place, text) in &places {
            let at = text.find(part);
            let before = at.and_then(|at| text[..at].lines().last());
            assert!(at.is_none(), "a secret is in {}: {before:?}", place.display());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_accepts_only_tokens_of_web_pages_is_the_administrators_matter() {
    const REFUSED: &str =
        "the server does not accept this sign-in although it is new; ask your administrator";
    let provider = Provider::usual().await;
    let clerk = Clerk::start(&provider, json!({"stock": true})).await;
    let mut desktop = Desktop::start().await;
    let (server, anna) = (clerk.server().to_owned(), Person::new("anna"));
    let refused = desktop.run_login(&server, &anna).await;
    assert!(refused.page.contains("You are not signed in"), "{}", refused.page);
    assert!(refused.page.contains(REFUSED), "{}", refused.page);
    assert!(refused.said.contains(REFUSED), "{}", refused.said);
    assert_eq!(refused.code, 5, "{}", refused.said);
    // A backend that an update changed after somebody has signed in.
    clerk.set_accepting(true).await;
    desktop.log_in(&server, &anna).await;
    clerk.set_accepting(false).await;
    let exchanges = provider.count("POST /token").await;
    let (code, said, log) = desktop.run(&server, &["tail"], &[]);
    assert_eq!(code, 3, "{said}");
    assert!(log.contains(REFUSED), "{log}");
    // One renewal for the new process; the refusal of its token causes none.
    assert_eq!(provider.count("POST /token").await, exchanges + 1);
}
