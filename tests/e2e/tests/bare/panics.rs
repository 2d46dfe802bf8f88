//! A bug that ends the window's program.

use gloria_backend::TEST_TOKEN;
use gloria_desktop_session::SessionOptions;

use crate::logs::logged;
use crate::scene::{DEADLINE, Scene};
use crate::starts::dialogs;

/// The exit code of a panic on the main thread.
const PANICKED: i32 = 101;

/// The system has no threads but the first, which writes the log. Without one the async runtime panics. The program
/// that shows the dialog is not concerned.
const WITHOUT_THREADS: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
static int is_concerned, threads;
__attribute__((constructor)) static void remember(void) {
    char line[4096] = {0};
    FILE *file = fopen("/proc/self/cmdline", "r");
    if (!file) return;
    size_t length = fread(line, 1, sizeof line - 1, file);
    fclose(file);
    size_t name = strlen(line);
    const char *own = "gloria-notify";
    is_concerned = name >= strlen(own) && !strcmp(line + name - strlen(own), own)
        && (name + 1 >= length || !strcmp(line + name + 1, "--open"));
}
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *with) {
    if (is_concerned && threads++ > 0) return EAGAIN;
    int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) = dlsym(RTLD_NEXT, "pthread_create");
    return create(thread, attributes, run, with);
}
"#;

#[tokio::test]
async fn a_panic_of_the_windows_program_is_logged_and_shown_and_the_agent_goes_on() {
    let scene = Scene::set(SessionOptions {
        sound: false,
        ..SessionOptions::default()
    })
    .await;
    let mut agent = scene.app();
    scene.connected().await;
    let mut command = scene.command("gloria-notify");
    command
        .arg("--open")
        .env("GLORIA_TOKEN", TEST_TOKEN)
        .env_remove("GLORIA_LOG")
        .env("LD_PRELOAD", scene.library("threads", WITHOUT_THREADS));
    let mut window = scene.session.spawn("window", command).unwrap();
    let status = window.ended(DEADLINE).await.unwrap();
    assert_eq!(status.code(), Some(PANICKED), "{}", window.log());
    // Where nobody reads stderr, the line is there without its message, too.
    assert!(window.log().contains("a panic at "), "{}", window.log());
    let log = logged(&scene.home.join("logs"));
    let panic = log.lines().find(|line| line.contains("a panic"));
    let panic = panic.unwrap_or_else(|| panic!("no panic in {log}"));
    assert!(panic.contains("main") && panic.contains("ERROR"), "{panic}");
    scene.expect_windows(1).await;
    assert_eq!(dialogs("start-panicked").len(), 1);
    scene.push("1");
    scene
        .stored_item("what came after", |item| item["key"] == "n:1")
        .await;
    agent.check_alive().unwrap();
}
