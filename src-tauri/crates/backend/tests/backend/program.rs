use std::process::Stdio;

use gloria_backend::TEST_TOKEN;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::client::{DEADLINE, Events, data, http};

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gloria-backend"));
    command
        .args(arguments)
        .env_remove("GLORIA_BACKEND_TOKEN")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

async fn ready(child: &mut Child) -> Value {
    let mut line = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    timeout(DEADLINE, out.read_line(&mut line))
        .await
        .unwrap()
        .unwrap();
    serde_json::from_str(&line).unwrap()
}

#[tokio::test]
async fn it_says_where_it_is_plays_the_demo_and_ends_on_ctrl_c() {
    let arguments = [
        "--listen",
        "127.0.0.1:0",
        "--control",
        "127.0.0.1:0",
        "--demo",
        "--pace",
        "20",
    ];
    let mut child = program(&arguments)
        .env("GLORIA_BACKEND_TOKEN", TEST_TOKEN)
        .spawn()
        .unwrap();
    let ready = ready(&mut child).await;
    let (api, control) = (ready["api"].as_str().unwrap(), ready["control"].as_str().unwrap());

    let request = http().get(format!("{api}/sse")).bearer_auth(TEST_TOKEN);
    let mut events = Events::open(request).await.greeted().await;
    assert_eq!(data(&events.event().await)["id"], "survey-1");
    let push = r#"{"do":"push","event":"notification.created","data":{"id":"mine"}}"#;
    let pushed = http().post(control).body(push).send().await.unwrap();
    assert_eq!(pushed.status(), 200);
    while data(&events.event().await)["id"] != "mine" {}

    let pid = child.id().unwrap().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .await
            .unwrap()
            .success()
    );
    assert!(timeout(DEADLINE, child.wait()).await.unwrap().unwrap().success());
    while events.next().await.is_some_and(|event| event.is_ok()) {}
}

#[tokio::test]
async fn wrong_arguments_are_refused_with_the_reason() {
    for (arguments, reason) in [
        (&["--listen", "127.0.0.1:0"][..], "--token"),
        (
            &["--token", "t", "--heartbeat", "soon"],
            "a number with a unit such as 4s",
        ),
        (&["--token", "t", "--demo", "--pace", "0"], "more than nothing"),
        (
            &[
                "--token",
                "t",
                "--listen",
                "127.0.0.1:0",
                "--control",
                "0.0.0.0:0",
            ],
            "loopback",
        ),
        (&["--token", "", "--listen", "127.0.0.1:0"], "no token was given"),
    ] {
        let mut child = program(arguments).spawn().unwrap();
        let mut said = String::new();
        let mut stderr = child.stderr.take().unwrap();
        timeout(DEADLINE, stderr.read_to_string(&mut said))
            .await
            .unwrap()
            .unwrap();
        assert!(!child.wait().await.unwrap().success(), "{arguments:?}");
        assert!(said.contains(reason), "{arguments:?}: {said}");
    }
}
