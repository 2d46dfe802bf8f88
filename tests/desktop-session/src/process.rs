//! Child processes that end with their owner, however that ends.

use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{OnceLock, mpsc};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::wait::wait_until;

/// How long a group may take to end after SIGTERM: an application saves its state much faster.
const GRACE: Duration = Duration::from_secs(3);

/// How long a tool or a command of the app may run until it counts as hanging. Each answers within seconds on a busy
/// machine.
const TOOL_TIMEOUT: Duration = Duration::from_secs(30);

/// How much of a log an error contains: the last messages and what led to them.
const MAX_REPORTED_LINES: usize = 20;

/// A child with its process group. Dropping it ends the whole group: with SIGTERM first, then with SIGKILL.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `command` in a separate group, without standard input, with its output in `logs/<name>.log`. Other
    /// streams must be set in `streams`, which is called last.
    ///
    /// The child gets SIGTERM when this process dies, even by SIGKILL.
    pub(crate) fn start(
        name: &str,
        command: Command,
        logs: &Path,
        streams: impl FnOnce(&mut Command),
    ) -> Result<Self> {
        let log = logs.join(format!("{name}.log"));
        let file = File::options().create(true).append(true).open(&log)?;
        let mut wrapped = ending_with_parent(&command);
        wrapped
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .process_group(0);
        streams(&mut wrapped);
        let child = spawn_from_lasting_thread(wrapped)
            .with_context(|| format!("cannot start {}", command.get_program().display()))?;
        Ok(Self {
            name: name.to_owned(),
            child,
            log,
        })
    }

    /// Returns the process id, which is also the group's.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.name == name
    }

    /// Returns the child, with the streams that were set at the start.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Returns how it ended, if it did.
    pub fn exit_status(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Returns its log so far.
    pub fn log(&self) -> String {
        fs::read(&self.log)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    /// Returns an error with the end of the log if the process has ended.
    pub fn check_alive(&mut self) -> Result<()> {
        if let Some(status) = self.exit_status()? {
            bail!("{} ended with {status}:\n{}", self.name, self.end_of_log());
        }
        Ok(())
    }

    /// Waits until the process ends by itself.
    ///
    /// # Errors
    /// When it does not; the error contains the end of the log.
    pub async fn ended(&mut self, within: Duration) -> Result<ExitStatus> {
        let what = format!("{} to end", self.name);
        let ended = wait_until(&what, within, async || self.exit_status()).await;
        ended.with_context(|| format!("{} runs on:\n{}", self.name, self.end_of_log()))
    }

    fn end_of_log(&self) -> String {
        let log = self.log();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(MAX_REPORTED_LINES)..].join("\n")
    }

    /// Sends SIGKILL to the group and waits, as after a crash or a power failure.
    pub fn kill(&mut self) {
        self.signal(Signal::KILL);
        let _ = self.child.wait();
    }

    /// Asks the group to end and waits; kills it if it does not.
    pub fn end(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.signal(Signal::TERM);
            let deadline = Instant::now() + GRACE;
            while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        // The leader may be gone while its children are not.
        self.kill();
    }

    /// Sends a signal to the group.
    pub fn signal(&self, signal: Signal) {
        let group = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(group) = group {
            // An error means that the group is gone, as intended.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// Runs a command to its end and returns what it printed, without giving it input.
///
/// # Errors
/// When it cannot be run, or has not ended after half a minute: a test that hangs would keep all others, and the report
/// that names it, waiting for ever.
pub fn output(command: &Command) -> Result<Output> {
    let seconds = TOOL_TIMEOUT.as_secs().to_string();
    // It sends SIGTERM, and SIGKILL a second later.
    let mut limited = wrapped("timeout", &["--kill-after=1", &seconds], command);
    let program = command.get_program().display();
    let output = limited
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {program}"))?;
    if let Some(124 | 137) = output.status.code() {
        bail!("{program} hung for {seconds} s");
    }
    Ok(output)
}

/// Copies a program that is to be run. Another process does it: a test that forks meanwhile would have the copy open
/// for writing until it executes something, and no program that is open for writing can be run ("text file busy").
///
/// # Errors
/// When it cannot be copied.
pub fn copy_program(from: impl AsRef<Path>, to: impl AsRef<Path>) -> Result<()> {
    let mut copy = Command::new("cp");
    copy.args(["--preserve=mode", "--"])
        .args([from.as_ref(), to.as_ref()])
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    let copied = output(&copy)?;
    let to = to.as_ref().display();
    ensure!(
        copied.status.success(),
        "{to}: {}",
        String::from_utf8_lossy(&copied.stderr)
    );
    Ok(())
}

/// Writes a program that is to be run, as [`copy_program`] does.
///
/// # Errors
/// When it cannot be written.
pub fn write_program(to: impl AsRef<Path>, bytes: &[u8]) -> Result<()> {
    let draft = to.as_ref().with_extension("draft");
    fs::write(&draft, bytes)?;
    fs::set_permissions(&draft, fs::Permissions::from_mode(0o755))?;
    copy_program(&draft, to)?;
    Ok(fs::remove_file(draft)?)
}

/// Wraps the command in `setpriv`, which makes the kernel end it with its parent.
fn ending_with_parent(command: &Command) -> Command {
    wrapped("setpriv", &["--pdeathsig", "TERM", "--"], command)
}

/// Returns a command that runs `wrapper`, which runs `command` in the same environment and folder.
fn wrapped(wrapper: &str, arguments: &[&str], command: &Command) -> Command {
    let mut wrapped = Command::new(wrapper);
    wrapped
        .args(arguments)
        .arg(command.get_program())
        .args(command.get_args());
    wrapped.env_clear();
    for (key, value) in command.get_envs() {
        if let Some(value) = value {
            wrapped.env(key, value);
        }
    }
    if let Some(dir) = command.get_current_dir() {
        wrapped.current_dir(dir);
    }
    wrapped
}

/// Returns the processes with this environment variable, with their names, of which the kernel keeps 15 bytes. Includes
/// those whose parents have ended.
pub(crate) fn with_variable(name: &str, value: &Path) -> Vec<(u32, String)> {
    let wanted = [name.as_bytes(), b"=", value.as_os_str().as_bytes()].concat();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let found = processes.filter_map(|process| {
        let id = process.file_name().to_str()?.parse().ok()?;
        let environment = fs::read(process.path().join("environ")).ok()?;
        let has = environment.split(|byte| *byte == 0).any(|line| line == wanted);
        let name = has.then(|| fs::read_to_string(process.path().join("comm")).ok())??;
        Some((id, name.trim_end().to_owned()))
    });
    found.collect()
}

/// Kills a process that is not a child, and the group that it leads, if it does: some programs write over their
/// environment, as Chromium does, and are known only by that.
pub(crate) fn kill_with_group(id: u32) {
    signal(id, Signal::KILL);
    if let Some(id) = i32::try_from(id).ok().and_then(Pid::from_raw) {
        // An error means that it leads none.
        let _ = kill_process_group(id, Signal::KILL);
    }
}

/// Sends a signal to a process that is not a child.
pub(crate) fn signal(id: u32, signal: Signal) {
    if let Some(id) = i32::try_from(id).ok().and_then(Pid::from_raw) {
        // An error means that it is gone, as is right after SIGKILL.
        let _ = kill_process(id, signal);
    }
}

type SpawnRequest = (Command, mpsc::SyncSender<std::io::Result<Child>>);

/// For the kernel, the parent is the *thread* that forked: a worker of an async runtime may end at any time, and that
/// would end the child. This thread lives as long as the process.
fn spawn_from_lasting_thread(command: Command) -> Result<Child> {
    static REQUESTS: OnceLock<mpsc::Sender<SpawnRequest>> = OnceLock::new();
    let requests = REQUESTS.get_or_init(|| {
        let (requests, inbox) = mpsc::channel::<SpawnRequest>();
        std::thread::spawn(move || {
            for (mut command, answer) in inbox {
                let _ = answer.send(command.spawn());
            }
        });
        requests
    });
    let (answer, child) = mpsc::sync_channel(1);
    requests
        .send((command, answer))
        .ok()
        .context("the spawning thread is gone")?;
    Ok(child.recv()??)
}
