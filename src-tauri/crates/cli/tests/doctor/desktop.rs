//! A desktop with an agent, or a computer without one, and `gloria doctor` there.

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use gloria_backend::{Backend, BackendOptions, TEST_TOKEN};
use gloria_desktop_session::{Keyring, Process, Session, SessionOptions, wait_until};
use serde_json::Value;
use tokio::process::Command;

/// What `gloria doctor --help` promises.
pub(crate) const REPORT_TIMEOUT: Duration = Duration::from_secs(15);

/// What a report found.
pub(crate) struct Report {
    pub(crate) code: i32,
    pub(crate) checks: Vec<Value>,
}

impl Report {
    pub(crate) fn of(output: Output) -> Self {
        let text = String::from_utf8(output.stdout).unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            !text.contains(TEST_TOKEN) && !said.contains(TEST_TOKEN),
            "{text}{said}"
        );
        Self {
            code: output.status.code().unwrap(),
            checks: text
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect(),
        }
    }

    /// The outcome of a check, and the code of its cause.
    pub(crate) fn found(&self, check: &str) -> (&str, &str) {
        let found = self.checks.iter().find(|line| line["check"] == check).unwrap();
        for message in [&found["cause"], &found["mend"]] {
            assert_eq!(message.is_object(), message["words"].is_string(), "{found}");
        }
        (
            found["outcome"].as_str().unwrap(),
            found["cause"]["id"].as_str().unwrap(),
        )
    }

    #[track_caller]
    pub(crate) fn assert_found(&self, expected: &[(&str, &str, &str)]) {
        for (check, outcome, cause) in expected {
            assert_eq!(self.found(check), (*outcome, *cause), "{check}");
        }
    }
}

pub(crate) fn doctor(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gloria"));
    command
        .args(["doctor", "--json"])
        .env_clear()
        .env("GLORIA_HOME", home)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// A computer without a desktop session, on which this server is set up.
pub(crate) async fn report(address: &str, variables: &[(&str, &str)]) -> Report {
    let home = tempfile::tempdir().unwrap();
    let mut command = doctor(home.path());
    command
        .env("GLORIA_API_URL", address)
        .envs(variables.iter().copied());
    let began = Instant::now();
    let report = Report::of(command.output().await.unwrap());
    assert!(began.elapsed() < REPORT_TIMEOUT, "{:?}", began.elapsed());
    report
}

/// A desktop with an agent that is connected to a server.
pub(crate) struct Desktop {
    pub(crate) session: Session,
    pub(crate) backend: Backend,
    token: String,
    person: String,
    _agent: Process,
}

impl Desktop {
    pub(crate) async fn start(options: SessionOptions) -> Self {
        Self::with(options, BackendOptions::default()).await
    }

    pub(crate) async fn with(options: SessionOptions, server: BackendOptions) -> Self {
        Self::of_person(options, server, "gloria").await
    }

    /// Of the user with this name, who has the server's first token.
    pub(crate) async fn of_person(options: SessionOptions, server: BackendOptions, person: &str) -> Self {
        let session = Session::start(options).await.unwrap();
        let token = server.tokens[0].clone();
        let backend = Backend::start(server).await.unwrap();
        let mut command = session.command(env!("CARGO_BIN_EXE_gloria"));
        command
            .arg("agent")
            .env("USER", person)
            .env("GLORIA_API_URL", backend.api_url())
            .env("GLORIA_TOKEN", &token);
        let agent = session.spawn("agent", command).unwrap();
        let control = backend.control();
        let open = async || Ok((control.observed().streams == 1).then_some(()));
        wait_until("the stream is open", REPORT_TIMEOUT, open)
            .await
            .unwrap();
        Self {
            session,
            backend,
            token,
            person: person.to_owned(),
            _agent: agent,
        }
    }

    /// `gloria` with these arguments, as its user runs it.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::from(self.session.command(env!("CARGO_BIN_EXE_gloria")));
        command
            .args(arguments)
            .env("USER", &self.person)
            .env("GLORIA_API_URL", self.backend.api_url())
            .env("GLORIA_TOKEN", &self.token);
        command
    }

    pub(crate) async fn report(&self) -> Report {
        self.report_with(&[]).await
    }

    pub(crate) async fn report_with(&self, options: &[&str]) -> Report {
        let mut command = self.command(&["doctor", "--json"]);
        Report::of(command.args(options).output().await.unwrap())
    }

    /// Waits until an item with this text is in the inbox.
    pub(crate) async fn until_listed(&self, text: &str) {
        let listed = async || {
            let output = self.command(&["inbox", "list", "--json"]).output().await?;
            let items = String::from_utf8(output.stdout)?;
            Ok(items.contains(&format!("\"title\":\"{text}\"")).then_some(()))
        };
        wait_until("the item is stored", REPORT_TIMEOUT, listed)
            .await
            .unwrap();
    }
}

pub(crate) fn bare() -> SessionOptions {
    SessionOptions {
        tray_host: false,
        notifications: false,
        sound: false,
        keyring: Keyring::None,
        ..SessionOptions::default()
    }
}
