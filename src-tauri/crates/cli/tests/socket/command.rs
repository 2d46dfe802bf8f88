//! An app whose token is printed by a real command.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use gloria_backend::TEST_TOKEN;
use gloria_core::paths::Paths;
use gloria_core::protocol::TokenState;
use gloria_core::{Ports, testing};
use gloria_desktop::Processes;
use serde_json::json;

use crate::app;
use crate::scene::{Running, Scene};

#[tokio::test(flavor = "multi_thread")]
async fn what_a_command_fails_with_is_in_the_status_and_its_token_connects() {
    let scene = Scene::set().await;
    let program = scene.home.path().join("token");
    let write = |script: &str| {
        // A program that is being written cannot be run.
        let new = scene.home.path().join("new");
        fs::write(&new, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&new, fs::Permissions::from_mode(0o700)).unwrap();
        fs::rename(&new, &program).unwrap();
    };
    write("echo s3cret >&2; exit 7");
    let settings = format!(
        "[api]\nurl = \"{}\"\n[auth]\ncommand = [{}]\n",
        scene.backend.api_url(),
        json!(program)
    );
    fs::write(scene.home.path().join("settings.toml"), settings).unwrap();
    let ports = Ports {
        commands: Arc::new(Processes::default()),
        ..testing::ports()
    };
    let setup = testing::setup(Paths::within(scene.home.path()), HashMap::new(), ports);
    let core = gloria_core::start(setup).unwrap().0;
    let served = app::serve(scene.home.path(), &core, None, |_| {});
    let running = Running { core, served };
    running
        .until(|state| {
            state.account.token == TokenState::CommandFailed && state.connection.next_attempt_at.is_some()
        })
        .await;
    let (code, said, words) = scene.outcome(&["status"]).await;
    assert_ne!(code, 0, "{said} {words}");
    assert!(
        said.contains("failed with exit code 7") && !said.contains("s3cret"),
        "{said}"
    );

    write(&format!("echo {TEST_TOKEN}"));
    assert_eq!(scene.outcome(&["retry"]).await.0, 0);
    running
        .until(|state| state.connection.connected_since.is_some())
        .await;
    let (code, said, _) = scene.outcome(&["status"]).await;
    assert_eq!(code, 0, "{said}");
    running.end().await;
}
