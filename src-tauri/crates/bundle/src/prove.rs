//! The proof of a package on the machine that it was made on: it is installed with a server's address, the app is
//! started, answers and knows the address, ends, and is removed. Build servers do this with every package; it changes
//! the machine, so nobody else should.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::command::{line, output, run};
use crate::plan::{APP_ID, Kind, Plan};
use crate::windows::SCHEME;

/// The address that is given at the installation. Nobody listens there, so the app has a server to look for.
const SERVER: &str = "http://127.0.0.1:9/api";

/// How `gloria doctor` ends when it has made its checks, whatever it found.
const DOCTOR_CODES: [Option<i32>; 3] = [Some(0), Some(1), Some(4)];

/// How long the app may take to answer, and to end: many times what it needs on a busy build server.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// How often to look.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// Where administrators keep defaults on Linux.
const DEFAULTS: &str = "/etc/gloria-notify/defaults.toml";

/// Where they keep them on macOS, without the ending.
const PREFERENCES: &str = "/Library/Preferences/com.gloriasystem.notify";

/// A line of words, the first of which is the program.
type Words = Vec<String>;

/// What to do with one package.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Proof {
    /// Installs it, and the server's address with it.
    install: Vec<Words>,
    /// What starts the app, as at login.
    start: Words,
    /// The command line, where it is installed.
    cli: PathBuf,
    /// What the system has to know about the installed app: commands, and what they print.
    known: Vec<(Words, String)>,
    uninstall: Vec<Words>,
}

/// Proves one package. Returns whether its kind can be: an rpm only where rpm installs, which is not where it is made.
/// `cargo xtask test install` proves those, in a root of their own.
///
/// # Errors
/// When anything is not as it should be. The package may then still be installed.
pub fn prove(plan: &Plan, kind: Kind, file: &Path) -> Result<bool> {
    let folder = tempfile::tempdir()?;
    let Some(proof) = proof(plan, kind, file, folder.path()) else {
        return Ok(false);
    };
    prove_by(&proof, plan, folder.path()).with_context(|| format!("{} is not proved", file.display()))?;
    Ok(true)
}

fn prove_by(proof: &Proof, plan: &Plan, folder: &Path) -> Result<()> {
    ensure!(!proof.cli.exists(), "{} is there already", proof.cli.display());
    for words in &proof.install {
        run(&mut as_administrator(words)?)?;
    }
    for (words, expected) in &proof.known {
        let found = output(&mut as_administrator(words)?)?;
        ensure!(found.trim() == expected, "{}: {found}", words.join(" "));
    }
    let app = start(proof, folder)?;
    let answered = ask(proof, plan, folder);
    // Also after a failure: the next package needs the machine.
    let ended = end(proof, app, folder);
    answered.and(ended)?;
    for words in &proof.uninstall {
        run(&mut as_administrator(words)?)?;
    }
    // The uninstaller of Windows goes on in a copy of itself.
    wait("it is gone", || Ok((!proof.cli.exists()).then_some(())))
}

fn words(line: &[&str]) -> Words {
    line.iter().map(|word| (*word).to_owned()).collect()
}

/// What to do with a package of this kind; `folder` is for what needs no installation.
fn proof(plan: &Plan, kind: Kind, file: &Path, folder: &Path) -> Option<Proof> {
    let file = &*file.to_string_lossy();
    let into = &*folder.to_string_lossy();
    let set_defaults =
        format!("mkdir -p /etc/gloria-notify; printf '[api]\\nurl = \"{SERVER}\"\\n' > {DEFAULTS}");
    let set_defaults = words(&["sh", "-ec", &set_defaults]);
    let unset_defaults = words(&["sh", "-ec", &format!("rm {DEFAULTS}; rmdir /etc/gloria-notify")]);
    let of_windows = |install: &[&str], uninstall: &[&str]| Proof {
        install: vec![words(install)],
        start: words(&[
            &format!("{}\\gloria-notify.exe", windows_folder()),
            "--background",
        ]),
        cli: PathBuf::from(format!("{}\\gloria.exe", windows_folder())),
        known: Vec::new(),
        uninstall: vec![words(uninstall)],
    };
    let app = "/Applications/Gloria Notify.app";
    let of_macos = |copy: Vec<Words>| Proof {
        install: [
            copy,
            vec![words(&["defaults", "write", PREFERENCES, "ApiUrl", SERVER])],
        ]
        .concat(),
        start: words(&[&format!("{app}/Contents/MacOS/gloria-notify"), "--background"]),
        cli: PathBuf::from(format!("{app}/Contents/MacOS/gloria")),
        known: [
            ("CFBundleIdentifier", APP_ID),
            ("CFBundleShortVersionString", &*plan.version),
            ("CFBundleURLTypes.0.CFBundleURLSchemes.0", SCHEME),
        ]
        .map(|(key, value)| {
            let plist = format!("{app}/Contents/Info.plist");
            let read = ["plutil", "-extract", key, "raw", "-o", "-", &plist];
            (words(&read), value.to_owned())
        })
        .to_vec(),
        uninstall: vec![
            words(&["rm", "-r", app]),
            words(&["defaults", "delete", PREFERENCES]),
        ],
    };
    Some(match kind {
        Kind::Deb => Proof {
            install: vec![set_defaults, words(&["apt-get", "install", "--yes", file])],
            start: words(&["/usr/bin/gloria", "agent"]),
            cli: PathBuf::from("/usr/bin/gloria"),
            known: Vec::new(),
            uninstall: vec![
                words(&["apt-get", "purge", "--yes", "gloria-notify"]),
                unset_defaults,
            ],
        },
        Kind::Tar => {
            let unpacked = folder.join("unpacked");
            let at = &*unpacked.to_string_lossy();
            let cli = unpacked.join("bin/gloria");
            Proof {
                install: vec![
                    set_defaults,
                    words(&["mkdir", at]),
                    words(&["tar", "-xzf", file, "-C", at, "--strip-components=1"]),
                ],
                start: words(&[&cli.to_string_lossy(), "agent"]),
                cli,
                known: Vec::new(),
                uninstall: vec![unset_defaults, words(&["rm", "-r", at])],
            }
        }
        Kind::Msi => of_windows(
            &["msiexec", "/i", file, "/qn", &format!("SERVER={SERVER}")],
            &["msiexec", "/x", file, "/qn"],
        ),
        Kind::Nsis => of_windows(
            &[file, "/S", "/AllUsers", &format!("/SERVER={SERVER}")],
            &[&format!("{}\\uninstall.exe", windows_folder()), "/AllUsers", "/S"],
        ),
        Kind::App => of_macos(vec![words(&["cp", "-R", file, "/Applications/"])]),
        Kind::Dmg => {
            let mounted = format!("{into}/mounted");
            of_macos(vec![
                words(&["hdiutil", "attach", file, "-nobrowse", "-mountpoint", &mounted]),
                words(&[
                    "cp",
                    "-R",
                    &format!("{mounted}/Gloria Notify.app"),
                    "/Applications/",
                ]),
                words(&["hdiutil", "detach", &mounted]),
            ])
        }
        Kind::Rpm => return None,
    })
}

fn windows_folder() -> String {
    let programs = std::env::var("ProgramFiles").unwrap_or_else(|_| r"C:\Program Files".to_owned());
    format!(r"{programs}\Gloria Notify")
}

/// A command with the rights to install. Build servers are administrators on Windows, and may use sudo elsewhere.
fn as_administrator(words: &[String]) -> Result<Command> {
    let (program, arguments) = words.split_first().context("there is no program")?;
    let is_user = cfg!(unix) && output(Command::new("id").arg("-u"))?.trim() != "0";
    let mut command = Command::new(if is_user { "sudo" } else { program });
    if is_user {
        command.arg(program);
    }
    command.args(arguments);
    Ok(command)
}

/// A program with the user's folders here.
fn of_user(program: impl AsRef<OsStr>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.env("GLORIA_HOME", folder.join("home"));
    command
}

/// Starts the app of a user whose folders are empty.
fn start(proof: &Proof, folder: &Path) -> Result<Child> {
    let (program, arguments) = proof.start.split_first().context("there is no program")?;
    let log = fs::File::create(folder.join("app.log"))?;
    let mut command = of_user(program, folder);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log);
    let app = command.spawn();
    app.with_context(|| format!("{} does not start", line(&command)))
}

/// Waits for the app's answer: it is this version, and has the address from the installation.
fn ask(proof: &Proof, plan: &Plan, folder: &Path) -> Result<()> {
    let status = wait("the app answers", || {
        // Its exit code says how the connection is, of which there is none.
        let status = of_user(&proof.cli, folder).args(["status", "--json"]).output()?;
        Ok(serde_json::from_slice::<Value>(&status.stdout).ok())
    })?;
    let version = &status["version"];
    ensure!(*version == *plan.version, "it is version {version}: {status}");
    let policy = output(of_user(&proof.cli, folder).args(["policy", "--json"]))?;
    let settings = policy
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let address = settings.into_iter().find(|line| line["setting"] == "api.url");
    let address = address.context("there is no address")?;
    ensure!(
        address["value"] == SERVER && address["origin"] == "machine",
        "the address is not the one from the installation: {address}"
    );
    examine(proof, folder)
}

/// Has `gloria doctor` make its checks. Nobody is signed in and nothing listens at the address, so some of them fail;
/// but each has an outcome, and the doctor finishes.
fn examine(proof: &Proof, folder: &Path) -> Result<()> {
    let doctor = of_user(&proof.cli, folder).args(["doctor", "--json"]).output()?;
    let printed = String::from_utf8_lossy(&doctor.stdout);
    let is_check = |line: &str| {
        let check = serde_json::from_str::<Value>(line).unwrap_or_default();
        check["check"].is_string() && check["outcome"].is_string()
    };
    ensure!(
        DOCTOR_CODES.contains(&doctor.status.code()) && !printed.is_empty() && printed.lines().all(is_check),
        "gloria doctor ended with {}: {printed}{}",
        doctor.status,
        String::from_utf8_lossy(&doctor.stderr)
    );
    Ok(())
}

/// Ends the app, and waits for its end. An error has what it printed.
fn end(proof: &Proof, mut app: Child, folder: &Path) -> Result<()> {
    let quit = run(of_user(&proof.cli, folder).arg("quit"));
    let ended = quit.and_then(|()| wait("the app ends", || Ok(app.try_wait()?)));
    match ended {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => bail!("the app ended with {status}: {}", printed(folder)),
        Err(error) => {
            // It has ended by itself if that fails.
            let _ = app.kill();
            Err(error.context(printed(folder)))
        }
    }
}

fn printed(folder: &Path) -> String {
    fs::read_to_string(folder.join("app.log")).unwrap_or_default()
}

fn wait<T>(what: &str, mut look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let deadline = Instant::now() + ANSWER_TIMEOUT;
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        ensure!(Instant::now() < deadline, "not within {ANSWER_TIMEOUT:?}: {what}");
        thread::sleep(POLL_INTERVAL);
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;

    #[test]
    fn every_kind_but_the_rpm_is_installed_with_a_server_and_removed() {
        let plan = Plan::for_tests(Path::new("/gloria"));
        for kind in Kind::value_variants() {
            let file = Path::new("/out/package");
            let Some(proof) = proof(&plan, *kind, file, Path::new("/folder")) else {
                assert_eq!(*kind, Kind::Rpm);
                continue;
            };
            let install = proof.install.concat();
            let has = |part: &str| install.iter().any(|word| word.contains(part));
            assert!(has(SERVER) && has("/out/package"), "{kind:?}: {install:?}");
            assert!(!proof.uninstall.is_empty(), "{kind:?}");
            assert!(proof.cli.to_string_lossy().contains("gloria"), "{kind:?}");
        }
    }

    #[test]
    fn what_macos_knows_of_the_app_is_its_id_its_version_and_its_scheme() {
        let plan = Plan::for_tests(Path::new("/gloria"));
        let proof = proof(&plan, Kind::Dmg, Path::new("/x.dmg"), Path::new("/folder")).unwrap();
        let values: Vec<_> = proof.known.iter().map(|(_, value)| &**value).collect();
        assert_eq!(values, [APP_ID, &*plan.version, SCHEME]);
    }
}
