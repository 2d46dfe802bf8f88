//! The administrator's policy as the built program finds it: in a single place, which no variable changes.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

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

#[test]
#[expect(clippy::print_stderr, reason = "the reader of the output should know")]
fn each_setting_is_shown_with_who_set_it_and_no_secret() {
    let policy = "[api]\nurl = \"https://gloria.example\"\n[auth]\ncommand = [\"/bin/token\", \"s3cret\"]\n\
                  [network]\nproxy = \"http://anna:s3cret@proxy.example:1\"\nclient_certificate = \"/c\"\n\
                  client_certificate_password = \"s3cret\"\n";
    let variables = [
        ("GLORIA_SOUND_VOLUME", "9"),
        ("GLORIA_API_URL", "https://mine.example"),
    ];
    let Some(output) = gloria(policy, &["policy", "--json"], &variables) else {
        eprintln!("skipped: this user may not make a mount namespace");
        return;
    };
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(!said.contains("s3cret"), "{said}");
    let lines: Vec<Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let shown = |name: &str| {
        let found = lines.iter().find(|line| line["setting"] == name).unwrap();
        (found["value"].clone(), found["origin"].clone())
    };
    assert_eq!(
        shown("api.url"),
        (json!("https://gloria.example"), json!("policy"))
    );
    assert_eq!(
        shown("network.client_certificate_password"),
        (json!("[REDACTED]"), json!("policy"))
    );
    assert_eq!(shown("sounds.volume"), (json!(9), json!("environment")));
    assert_eq!(
        shown("sse.reconnect_interval"),
        (json!("5000ms"), json!("program"))
    );
    assert_eq!(shown("auth.issuer"), (Value::Null, json!("program")));

    let words = gloria(policy, &["policy"], &variables).unwrap();
    let words = String::from_utf8(words.stdout).unwrap();
    assert!(!words.contains("s3cret"), "{words}");
    for line in [
        "api.url = https://gloria.example (set by your organisation)",
        "sounds.volume = 9 (the variable GLORIA_SOUND_VOLUME)",
        "sounds.enabled = true (default)",
        "auth.issuer is not set (default)",
    ] {
        assert!(words.contains(line), "{line}: {words}");
    }
}

fn check(file: &Path, options: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_gloria"))
        .args(["policy", "check"])
        .arg(file)
        .args(options)
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn a_policy_is_checked_before_it_is_rolled_out() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("draft.toml");
    fs::write(&file, "[sounds]\nvolume = 30\n[log]\nlevel = \"warn\"\n").unwrap();
    let (code, said, mistakes) = check(&file, &[]);
    assert_eq!((code, &*mistakes), (Some(0), ""));
    assert_eq!(
        said,
        "No mistakes: it sets 2 settings: sounds.volume, log.level\n"
    );

    fs::write(
        &file,
        "[sounds]\nvolume = 300\n[auth]\ntoken_for = \"https://a.example\"\n[log]\nlevel = \"warn\nlevle = 1\n",
    )
    .unwrap();
    let (code, said, mistakes) = check(&file, &[]);
    assert_eq!((code, &*said), (Some(1), ""));
    for reason in [
        "sounds.volume in line 2",
        "auth.token_for in line 4",
        "there is a mistake in line 6",
    ] {
        assert!(mistakes.contains(reason), "{reason}: {mistakes}");
    }
    let (code, said, _) = check(&file, &["--json"]);
    let found = said
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let volume = found
        .into_iter()
        .find(|line| line["setting"] == "sounds.volume")
        .unwrap();
    assert_eq!((code, &volume["line"]), (Some(1), &json!(2)));
    assert_eq!(volume["problem"]["id"], "settings-ignored");

    fs::write(&file, "# Ours.\n").unwrap();
    let (code, said, _) = check(&file, &[]);
    assert_eq!(
        (code, &*said),
        (
            Some(0),
            "No mistakes: it sets nothing, and ends an earlier policy\n"
        )
    );
    fs::write(&file, "\n").unwrap();
    let (code, said, mistakes) = check(&file, &[]);
    assert_eq!((code, &*said), (Some(1), ""));
    assert!(
        mistakes.contains("it is empty; a policy ends when its file is removed"),
        "{mistakes}"
    );

    let (code, _, mistakes) = check(&folder.path().join("nothing.toml"), &[]);
    assert_eq!(code, Some(1));
    assert!(mistakes.contains("it does not exist"), "{mistakes}");
}
