//! Which server it connects to, and with which token.

use gloria_backend::{Answer, Credentials, Route, TEST_TOKEN};

use crate::harness::{CREATED, Tail, backend, gloria, note, output};

#[tokio::test]
async fn an_address_without_a_path_is_enough() {
    let (backend, control) = backend().await;
    let server = backend.address();
    for (address, by_url) in [
        (format!("http://{server}"), false),
        (format!("\"{server}\" "), false),
        (format!("0.0.0.0:{}", server.port()), false),
        (format!("{}/sse", backend.api_url()), false),
        (format!("ws://{server}"), false),
        (format!("http://{server}"), true),
    ] {
        let home = tempfile::tempdir().unwrap();
        let mut arguments = vec!["tail", "--type", CREATED, "--count", "1"];
        if by_url {
            arguments.extend(["--url", &address]);
        }
        let mut command = gloria(&home, &arguments);
        let named = if by_url {
            "GLORIA_TOKEN_FOR"
        } else {
            "GLORIA_API_URL"
        };
        command.env(named, &address);
        command.env("GLORIA_TOKEN", format!("Bearer {TEST_TOKEN}"));
        let mut tail = Tail::spawn(command, home);
        tail.until("state", Some("connected")).await;
        control.push(CREATED, note("a"));
        tail.until("event", None).await;
        assert_eq!(tail.exit_code().await, Some(0), "{address}");
    }
}

#[tokio::test]
async fn what_is_odd_about_the_address_is_said_before_anything_else() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(
        home.path().join("settings.toml"),
        "[api]\nurl = \"nonsense.invalid\"",
    )
    .unwrap();
    let mut command = gloria(&home, &["tail", "--duration", "20"]);
    command.env("GLORIA_API_URL", "nonsense");
    let mut tail = Tail::spawn(command, home);
    // There is no token, which is not reported, because the server is looked up first.
    let line = tail.until("state", Some("waiting")).await;
    assert_eq!(line["reason"], "no server found under this name", "{line}");
    let _ = tail.child.kill().await;
    let mut errors = String::new();
    let mut stderr = tail.child.stderr.take().unwrap();
    tokio::io::AsyncReadExt::read_to_string(&mut stderr, &mut errors)
        .await
        .unwrap();
    assert!(
        errors.contains("GLORIA_API_URL: https://nonsense is taken for"),
        "{errors}"
    );
}

#[tokio::test]
async fn a_full_url_needs_no_settings_and_no_token() {
    let (backend, control) = backend().await;
    let home = tempfile::tempdir().unwrap();
    let url = format!("{}/sse?token={TEST_TOKEN}", backend.api_url());
    let mut tail = Tail::spawn(
        gloria(&home, &["tail", "--url", &url, "--type", CREATED, "--count", "1"]),
        home,
    );
    tail.until("state", Some("connected")).await;
    control.push(CREATED, note("a"));
    tail.until("event", None).await;
    assert_eq!(tail.exit_code().await, Some(0));
}

#[tokio::test]
async fn the_token_never_shows() {
    let (backend, control) = backend().await;
    control.answer(Route::Stream, 2, Answer::new(401)).unwrap();
    let home = tempfile::tempdir().unwrap();
    let mut command = gloria(&home, &["tail"]);
    command
        .env("GLORIA_API_URL", backend.api_url())
        .env("GLORIA_AUTH_TRANSPORT", "query")
        .env("GLORIA_TOKEN", TEST_TOKEN)
        .env("GLORIA_LOG", "trace");
    let output = output(command).await;
    assert_eq!(output.status.code(), Some(3));
    let all = [output.stdout, output.stderr].concat();
    assert!(
        !String::from_utf8_lossy(&all).contains(TEST_TOKEN),
        "{}",
        String::from_utf8_lossy(&all)
    );
}

#[tokio::test]
async fn another_server_gets_the_environments_token_only_where_it_is_named() {
    let ((ours, _control), (other, seen)) = (backend().await, backend().await);
    let url = format!("{}/sse", other.api_url());
    let run = async |variables: &[(&str, &str)]| {
        let home = tempfile::tempdir().unwrap();
        let mut command = gloria(&home, &["tail", "--no-prompt", "--duration", "1", "--url", &url]);
        command
            .env("GLORIA_TOKEN", TEST_TOKEN)
            .envs(variables.iter().copied());
        output(command).await
    };
    let saw_token = || {
        let requests = seen.observed().requests;
        requests
            .iter()
            .any(|request| request.credentials != Credentials::None)
    };
    let (api, elsewhere) = (ours.api_url(), "https://gloria.example");
    for (variables, words) in [
        (
            &[("GLORIA_API_URL", &*api)][..],
            "and is not sent to http://127.0.0.1:",
        ),
        (
            &[("GLORIA_API_URL", &api), ("GLORIA_AUTH_TRANSPORT", "query")],
            "and is not sent to",
        ),
        (
            &[("GLORIA_TOKEN_FOR", elsewhere)],
            "belongs to https://gloria.example",
        ),
        (&[("GLORIA_TOKEN_FOR", "no address")], "not clear which server"),
        (&[], "not clear which server"),
    ] {
        let output = run(variables).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            said.contains(words) && !said.contains(TEST_TOKEN),
            "{variables:?}: {said}"
        );
        assert!(!saw_token(), "{variables:?}");
    }
    let output = run(&[("GLORIA_API_URL", &*api), ("GLORIA_TOKEN_FOR", &url)]).await;
    assert!(saw_token(), "{}", String::from_utf8_lossy(&output.stderr));
}
