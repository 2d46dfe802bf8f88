//! The rpm, in a root of its own.

use std::fs;
use std::process::Command;

use crate::commands::{expect, limited, root};
use crate::packages::{NEXT, PACKAGES, THIS};

#[test]
fn rpmlint_finds_nothing_but_what_is_listed_with_its_reason() {
    let mut lint = limited("rpmlint");
    lint.arg("--config")
        .arg(root().join("tests/install/rpmlint.toml"));
    let text = expect(lint.arg(PACKAGES.rpm(THIS)).env("LC_ALL", "C.UTF-8"));
    assert!(text.contains("0 errors, 0 warnings"), "{text}");
}

#[test]
fn the_rpm_needs_the_libraries_by_their_files() {
    let needed = expect(limited("rpm").args(["-qp", "--requires"]).arg(PACKAGES.rpm(THIS)));
    for name in [
        "libwebkit2gtk-4.1.so.0()(64bit)",
        "libgtk-3.so.0()(64bit)",
        "libasound.so.2()(64bit)",
        "ca-certificates",
    ] {
        assert!(
            needed.lines().any(|line| line == name),
            "{name} is not in {needed}"
        );
    }
    assert!(!needed.contains("appindicator"), "{needed}");
    assert_eq!(
        expect(limited("rpm").args(["-qp", "--scripts"]).arg(PACKAGES.rpm(THIS))),
        ""
    );
}

mod machine {
    use super::*;

    /// rpm refuses to install on Debian otherwise; the libraries are Debian's, which rpm does not know.
    const ON_DEBIAN: [&str; 2] = ["--force-debian", "--nodeps"];

    #[test]
    fn the_rpm_is_installed_upgraded_and_erased() {
        let root = tempfile::tempdir().unwrap();
        let rpm = |task: &str| {
            let mut rpm: Command = limited("rpm");
            rpm.arg("--root").arg(root.path()).arg(task);
            rpm
        };
        expect(&mut rpm("--initdb"));
        expect(rpm("--install").args(ON_DEBIAN).arg(PACKAGES.rpm(THIS)));
        assert_eq!(expect(rpm("--verify").args(["--nodeps", "gloria-notify"])), "");
        let program = root.path().join("usr/bin/gloria");
        let version = || expect(limited(&program).arg("--version").env("HOME", root.path()));
        assert_eq!(version(), format!("gloria {THIS}\n"));
        let autostart = root
            .path()
            .join("etc/xdg/autostart/com.gloriasystem.notify.desktop");
        let edited = fs::read_to_string(&autostart).unwrap() + "Hidden=true\n";
        fs::write(&autostart, &edited).unwrap();
        expect(rpm("--upgrade").args(ON_DEBIAN).arg(PACKAGES.rpm(NEXT)));
        assert_eq!(version(), format!("gloria {NEXT}\n"));
        assert_eq!(fs::read_to_string(&autostart).unwrap(), edited);
        expect(rpm("--erase").args(ON_DEBIAN).arg("gloria-notify"));
        let mut left = limited("find");
        left.arg(root.path()).args([
            "-iname",
            "*gloria*",
            "-not",
            "-name",
            "*.rpmsave",
            "-printf",
            "%P\n",
        ]);
        assert_eq!(expect(&mut left), "");
        // What the administrator changed is put aside, and starts nothing.
        assert_eq!(
            fs::read_to_string(autostart.with_extension("desktop.rpmsave")).unwrap(),
            edited
        );
    }
}
