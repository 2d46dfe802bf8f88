use std::os::unix::fs::PermissionsExt;

use crate::session::{Session, until};

/// A session whose only launcher is this script.
fn session_with_launcher(script: Option<&str>) -> Session {
    let mut session = Session::new();
    let folder = session.path("bin");
    std::fs::create_dir(&folder).unwrap();
    if let Some(script) = script {
        let launcher = folder.join("xdg-open");
        std::fs::write(&launcher, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&launcher, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    session.set("PATH", folder.display().to_string());
    session
}

#[test]
fn a_web_link_reaches_the_launcher_unharmed() {
    let session = session_with_launcher(Some("printf '%s|' \"$@\" > \"$HOME/opened\""));
    let link = "https://gloria.example/tasks/1?a=$(id)&b='%20';c#`x`";
    let mut probe = session.probe();
    assert_eq!(probe.ask(&format!("open {link}")), "Ok(())");
    let opened = until("the launcher has run", || {
        let text = std::fs::read_to_string(session.path("home/opened")).ok()?;
        text.ends_with('|').then_some(text)
    });
    assert_eq!(
        opened,
        "https://gloria.example/tasks/1?a=$(id)&b=%27%20%27;c#%60x%60|"
    );
    probe.finish();
}

#[test]
fn a_launcher_that_stays_does_not_hold_the_caller() {
    let session = session_with_launcher(Some(
        "echo $$. > \"$HOME/launcher\"; exec /bin/sleep 600 >/dev/null",
    ));
    let mut probe = session.probe();
    let (answer, took) = probe.time("open https://gloria.example/");
    assert_eq!(answer, "Ok(())");
    assert!(took.as_millis() < 5_000, "{took:?}");
    probe.finish();
    // It would outlive the tests.
    let launcher = until("the launcher has said who it is", || {
        let text = std::fs::read_to_string(session.path("home/launcher")).ok()?;
        text.strip_suffix(".\n").map(str::to_owned)
    });
    let ended = std::process::Command::new("kill")
        .arg(&launcher)
        .status()
        .unwrap();
    assert!(ended.success(), "{launcher}");
}

#[test]
fn without_a_launcher_there_is_an_error() {
    let session = session_with_launcher(None);
    let mut probe = session.probe();
    // A busy machine may be slower to fail than the browser waits.
    until("the failure is told", || {
        probe
            .ask("open https://gloria.example/")
            .starts_with("Err(Failed(")
            .then_some(())
    });
    probe.finish();
}

#[test]
fn other_links_never_reach_the_launcher() {
    let session = session_with_launcher(Some("/bin/touch \"$HOME/opened\""));
    let mut probe = session.probe();
    assert_eq!(probe.ask("open file:///etc/passwd"), "Err(NotAWebLink)");
    // The launcher runs for the second link alone.
    std::fs::write(
        session.path("bin/xdg-open"),
        "#!/bin/sh\n: > \"$HOME/$(/usr/bin/basename \"$1\")\"\n",
    )
    .unwrap();
    assert_eq!(probe.ask("open https://gloria.example/second"), "Ok(())");
    until("the launcher has run", || {
        session.path("home/second").exists().then_some(())
    });
    assert!(!session.path("home/opened").exists());
    probe.finish();
}
