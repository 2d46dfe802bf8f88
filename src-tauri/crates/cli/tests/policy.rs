//! The administrator's policy as the built program finds it: in a single place, which no variable changes.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs;
use std::net::TcpListener;
use std::process::{Command, Output};

/// Runs `gloria` in a separate mount namespace in which `/etc` contains only this policy. `None` if that requires more
/// permissions than the user has.
fn gloria(policy: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Option<Output> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.toml");
    fs::write(&file, policy).unwrap();
    // The system's certificates are copied, because no client can be created without any.
    let script = "mkdir \"$3\" && mount -t tmpfs -o mode=755 none \"$3\" && mkdir -m 755 \"$3/gloria-notify\" \
                  && cp -a /etc/ssl \"$3\" && cp \"$1\" \"$3/gloria-notify/policy.toml\" \
                  && chmod 644 \"$3/gloria-notify/policy.toml\" && mount --bind \"$3\" /etc || exit 99; \
                  program=$2; shift 3; exec \"$program\" \"$@\"";
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-c", script, "sh"])
        .arg(&file)
        .arg(env!("CARGO_BIN_EXE_gloria"))
        .arg(folder.path().join("etc"))
        .args(arguments)
        .env("GLORIA_HOME", folder.path())
        .envs(variables.iter().copied())
        .output()
        .ok()?;
    let ran =
        output.status.code() != Some(99) && !String::from_utf8_lossy(&output.stderr).contains("unshare");
    ran.then_some(output)
}

#[test]
#[expect(clippy::print_stderr, reason = "the reader of the output should know")]
fn no_variable_overrides_or_moves_the_policy() {
    let (theirs, mine) = (
        TcpListener::bind("127.0.0.1:0").unwrap(),
        TcpListener::bind("127.0.0.1:0").unwrap(),
    );
    let address = |listener: &TcpListener| format!("http://{}/api", listener.local_addr().unwrap());
    let policy = format!("[api]\nurl = \"{}\"\ncolour = 1\n", address(&theirs));
    let (theirs_at, mine_at) = (address(&theirs), address(&mine));
    let variables = [
        ("GLORIA_API_URL", mine_at.as_str()),
        ("GLORIA_TOKEN", "s3cret"),
        ("GLORIA_TOKEN_FOR", theirs_at.as_str()),
    ];
    let arguments = ["tail", "--no-prompt", "--duration", "1"];
    let Some(output) = gloria(&policy, &arguments, &variables) else {
        eprintln!("skipped: this user may not make a mount namespace");
        return;
    };
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("api.colour in line 3 of /etc/gloria-notify/policy.toml"),
        "{said}"
    );
    theirs.set_nonblocking(true).unwrap();
    mine.set_nonblocking(true).unwrap();
    assert!(theirs.accept().is_ok(), "the policy's server is asked: {said}");
    assert!(mine.accept().is_err(), "the environment's is not: {said}");
}
