//! A Windows of Wine for one test: a folder with its disk and its registry, copied from one that is made once.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::commands::{PROGRAM_TIMEOUT, expect, limited};

/// How long the end of something is waited for that ends by itself.
const END_TIMEOUT: Duration = Duration::from_secs(20);

/// How often to look.
const END_INTERVAL: Duration = Duration::from_millis(50);

/// How long the server of a machine outlives the last program, in seconds. It has the registry in memory: an end
/// between two programs would write and read all of it, and start Windows's services again.
const SERVER_TIMEOUT: u32 = 120;

/// The exit code of `timeout` for a program that it has ended.
const TIMED_OUT: i32 = 124;

/// Where the machine's variables are.
const ENVIRONMENT: &str = r"HKLM\System\CurrentControlSet\Control\Session Manager\Environment";

/// Where all of them are. The one that is copied stays there for the next run.
const FOLDER: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/wine");

/// A Windows without the app.
static TEMPLATE: LazyLock<PathBuf> = LazyLock::new(|| {
    let prefix = Path::new(FOLDER).join("template");
    // Written last, so that one which is not complete has none.
    let complete = Path::new(FOLDER).join("complete");
    if complete.exists() {
        return prefix;
    }
    let _ = fs::remove_dir_all(FOLDER);
    fs::create_dir_all(Path::new(FOLDER).join("home")).unwrap();
    let run = |program: &str, arguments: &[&str]| {
        let log = Path::new(FOLDER).join("template.log");
        let output = File::create(&log).unwrap();
        let mut command = wine(&prefix, limited(program));
        command
            .args(arguments)
            .stderr(output.try_clone().unwrap())
            .stdout(output);
        let status = command.status().unwrap();
        let said = fs::read_to_string(&log).unwrap_or_default();
        assert!(status.success(), "{program} {arguments:?}: {status}: {said}");
    };
    run("wineboot", &["--init"]);
    // Debian's Wine is Windows 7 otherwise.
    run(
        "wine",
        &[
            "reg",
            "add",
            r"HKCU\Software\Wine",
            "/v",
            "Version",
            "/d",
            "win10",
            "/f",
        ],
    );
    stop(&prefix);
    File::create(complete).unwrap();
    prefix
});

/// A Windows, which ends when this is dropped.
pub(crate) struct Machine {
    prefix: PathBuf,
}

/// The result of a program on it.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) text: String,
}

/// A command that runs in this prefix, on no screen, and changes nothing in the user's own folders: Wine adds entries
/// to the desktop's menu otherwise.
fn wine(prefix: &Path, mut command: Command) -> Command {
    command
        .env("WINEPREFIX", prefix)
        .env("HOME", prefix.with_file_name("home"))
        .env("WINEDEBUG", "-all")
        .env("WINEDLLOVERRIDES", "winemenubuilder.exe=d;mscoree=d;mshtml=d")
        .env_remove("DISPLAY")
        .stdin(Stdio::null());
    command
}

/// Ends everything that runs in a prefix. It writes the registry to the disk.
fn stop(prefix: &Path) {
    for argument in ["-k", "-w"] {
        let mut server = wine(prefix, limited("wineserver"));
        // It fails if nothing runs any more.
        let _ = server
            .arg(argument)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}

impl Machine {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let template = &*TEMPLATE;
        let prefix = Path::new(FOLDER).join(format!("machine-{number}"));
        // One of a run that was interrupted.
        let _ = fs::remove_dir_all(&prefix);
        // Links are as good as copies of 700 MB, but for the registry's files, which Wine overwrites.
        expect(
            limited("cp")
                .args(["--archive", "--link"])
                .arg(template)
                .arg(&prefix),
        );
        for file in ["system.reg", "user.reg", "userdef.reg"] {
            let copy = prefix.join("copy.reg");
            fs::copy(prefix.join(file), &copy).unwrap();
            fs::rename(&copy, prefix.join(file)).unwrap();
        }
        let mut server = wine(&prefix, limited("wineserver"));
        server.arg(format!("--persistent={SERVER_TIMEOUT}"));
        let status = server
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success(), "{server:?}: {status}");
        Self { prefix }
    }

    fn log(&self) -> PathBuf {
        self.prefix.with_extension("log")
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> Command {
        let mut command = wine(&self.prefix, limited("wine"));
        command.arg(program).args(arguments);
        command
    }

    /// Runs a program to its end. Its output goes through a file: what it started would keep a pipe open.
    pub(crate) fn run(&self, program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> Ended {
        let log = File::create(self.log()).unwrap();
        let mut command = self.command(program, arguments);
        command.stderr(log.try_clone().unwrap()).stdout(log);
        let code = command.status().unwrap().code();
        let text = String::from_utf8_lossy(&fs::read(self.log()).unwrap()).into_owned();
        assert_ne!(
            code,
            Some(TIMED_OUT),
            "{command:?} took {PROGRAM_TIMEOUT} s: {text}"
        );
        Ended { code, text }
    }

    /// Runs a program that has to succeed.
    pub(crate) fn expect(&self, program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> String {
        let ended = self.run(&program, arguments);
        assert_eq!(
            ended.code,
            Some(0),
            "{:?} {arguments:?}: {}",
            program.as_ref(),
            ended.text
        );
        ended.text
    }

    /// Starts a program that goes on.
    pub(crate) fn start(&self, program: &Path, arguments: &[&str]) -> Child {
        let mut command = self.command(program, arguments);
        command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// The file on the disk of this path below `C:\`, with slashes.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.prefix.join("drive_c").join(path)
    }

    /// The files and folders of the app on the disk, sorted.
    pub(crate) fn files(&self) -> Vec<String> {
        let text = expect(limited("find").arg(self.path("")).args(["-ipath", "*gloria*"]));
        let root = self.path("");
        let mut files: Vec<_> = text
            .lines()
            .map(|line| line.trim_start_matches(root.to_str().unwrap()).to_owned())
            .collect();
        files.sort();
        files
    }

    /// The text of a value in the registry's 64-bit part.
    pub(crate) fn value(&self, key: &str, name: &str) -> Option<String> {
        let which: &[&str] = if name.is_empty() { &["/ve"] } else { &["/v", name] };
        let ended = self.run("reg", &[&["query", key], which, &["/reg:64"]].concat());
        // 1 is the code for a key or a value that is not there.
        assert!(
            ended.code == Some(0) || ended.text.contains("Unable to find"),
            "{key} {name}: {ended:?}"
        );
        let line = ended.text.lines().find(|line| line.contains("    REG_"))?;
        let (_, value) = line.split_once("    REG_")?;
        Some(
            value
                .split_once("    ")
                .map_or("", |(_, value)| value)
                .trim()
                .to_owned(),
        )
    }

    /// Every line of the registry that has to do with the app.
    pub(crate) fn registry(&self) -> Vec<String> {
        let mut found = Vec::new();
        let path = self.value(ENVIRONMENT, "PATH").unwrap_or_default();
        if path.contains("Gloria") {
            found.push(format!("PATH={path}"));
        }
        for key in [r"HKLM\Software", r"HKCU\Software"] {
            let file = r"C:\registry.reg";
            self.expect("reg", &["export", key, file, "/y", "/reg:64"]);
            let bytes = fs::read(self.path("registry.reg")).unwrap();
            let units = bytes
                .chunks_exact(2)
                .map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
            let text: String = char::decode_utf16(units).map(|c| c.unwrap_or('?')).collect();
            let ours = text.lines().filter(|line| line.to_lowercase().contains("gloria"));
            found.extend(ours.map(|line| line.trim().to_owned()));
        }
        found
    }

    /// Fails if anything of the app is left.
    pub(crate) fn expect_nothing_left(&self) {
        assert_eq!(self.files(), [""; 0]);
        assert_eq!(self.registry(), [""; 0]);
    }

    /// Waits until the stand-in for the app runs, which makes a file.
    pub(crate) fn wait_for_app(&self) {
        self.wait("the app runs", || {
            fs::remove_file(self.path("running.txt")).is_ok()
        });
    }

    /// Waits until something is so.
    pub(crate) fn wait(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let end = Instant::now() + END_TIMEOUT;
        while !is_so() {
            assert!(Instant::now() < end, "not within {END_TIMEOUT:?}: {what}");
            thread::sleep(END_INTERVAL);
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        stop(&self.prefix);
        let _ = fs::remove_dir_all(&self.prefix);
    }
}
