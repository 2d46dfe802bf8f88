//! A desktop session of a test's own: folders, programs that end with it, and a probe that runs inside.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Far beyond what anything here takes on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(90);

/// Looks again and again until there is something to see.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// A program that has left the bus and still runs after this did not leave it by ending.
const END_TIMEOUT: Duration = Duration::from_secs(5);

/// A program that ends with the test.
#[derive(Debug)]
pub(crate) struct Program(Child);

impl Program {
    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.0.id().to_string();
        let status = Command::new("kill").args([signal, &pid]).status().unwrap();
        assert!(status.success());
    }

    /// Whether it ended by itself. It leaves the bus before the system says that it has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        let deadline = Instant::now() + END_TIMEOUT;
        loop {
            if self.0.try_wait().unwrap().is_some() {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl From<Child> for Program {
    fn from(child: Child) -> Self {
        Self(child)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // SIGKILL, which a stopped program obeys too.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a program, or says which Debian package has it.
pub(crate) fn spawn(mut command: Command, package: &str) -> Child {
    let name = command.get_program().to_owned();
    command.spawn().unwrap_or_else(|error| {
        panic!(
            "cannot start {}: {error}; apt-get install {package}",
            name.display()
        )
    })
}

pub(crate) struct Session {
    home: TempDir,
    variables: Vec<(&'static str, String)>,
}

impl Session {
    pub(crate) fn new() -> Self {
        let home = TempDir::new().unwrap();
        let folder = |name: &str| {
            let path = home.path().join(name);
            std::fs::create_dir(&path).unwrap();
            path.display().to_string()
        };
        let variables = vec![
            ("HOME", folder("home")),
            ("XDG_RUNTIME_DIR", folder("run")),
            ("XDG_DATA_HOME", folder("data")),
            ("XDG_CONFIG_HOME", folder("config")),
            ("XDG_CACHE_HOME", folder("cache")),
        ];
        Self { home, variables }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub(crate) fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.variables.retain(|(known, _)| *known != name);
        self.variables.push((name, value.into()));
    }

    /// A command that knows of nothing but this session.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("LC_ALL", "C.UTF-8")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    pub(crate) fn start(&self, command: Command, package: &str) -> Program {
        Program(spawn(command, package))
    }

    pub(crate) fn probe(&self) -> Probe {
        self.probe_under(&[])
    }

    /// A probe that another program starts, by becoming it.
    pub(crate) fn probe_under(&self, starter: &[&str]) -> Probe {
        let mut words = starter
            .iter()
            .map(OsString::from)
            .chain([probe_program().into_os_string()]);
        let mut command = self.command(words.next().unwrap());
        command.args(words);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let requests = child.stdin.take();
        let answers = lines(child.stdout.take().unwrap());
        Probe {
            program: Program(child),
            requests,
            answers,
        }
    }
}

/// Cargo builds a crate's examples along with its tests, and puts them beside them.
fn probe_program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(Path::parent).unwrap();
    let probe = folder.join("examples/probe");
    assert!(
        probe.exists(),
        "{} is missing; cargo build -p gloria-desktop --example probe",
        probe.display()
    );
    probe
}

/// The lines of a pipe, so that a test can wait for one with a deadline.
pub(crate) fn lines(pipe: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// `examples/probe.rs` at work.
pub(crate) struct Probe {
    program: Program,
    requests: Option<ChildStdin>,
    answers: Receiver<String>,
}

impl Probe {
    pub(crate) fn process(&self) -> u32 {
        self.program.0.id()
    }

    pub(crate) fn request(&mut self, line: &str) {
        writeln!(self.requests.as_mut().unwrap(), "{line}").unwrap();
    }

    pub(crate) fn answer(&self) -> String {
        self.answers.recv_timeout(DEADLINE).unwrap()
    }

    pub(crate) fn ask(&mut self, line: &str) -> String {
        self.request(line);
        self.answer()
    }

    /// Asks, and tells how long the answer took.
    pub(crate) fn time(&mut self, line: &str) -> (String, Duration) {
        let asked = Instant::now();
        let answer = self.ask(line);
        (answer, asked.elapsed())
    }

    /// Ends the input and looks that the process ends well.
    pub(crate) fn finish(mut self) {
        self.requests = None;
        assert_eq!(self.answer(), "bye");
        let status = until("the probe ends", || self.program.0.try_wait().unwrap());
        assert!(status.success(), "{status}");
    }
}
