//! One user and one folder, with more than one session.

use gloria_desktop_session::{Process, Session, SessionOptions, wait_until};

use crate::scene::{DEADLINE, Scene, expect_no_tray, expect_tray, program, titles};

impl Scene {
    /// Starts `gloria agent` again, in this session.
    async fn start_again(&self, session: &Session) {
        let mut command = self.command(session, &program("gloria"));
        command.arg("agent");
        let mut second = session.spawn("second", command).unwrap();
        let status = second.ended(DEADLINE).await.unwrap();
        assert!(status.success(), "{status}: {}", second.log());
    }
}

async fn shown(session: &Session, title: &str) {
    session
        .wait_for_notification(DEADLINE, |shown| shown.summary.contains(title))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agent_serves_the_session_in_which_the_app_was_started_last() {
    let scene = Scene::set(SessionOptions::default()).await;
    let mut agent = scene.agent();
    scene.connected().await;
    expect_tray(&scene.session).await;
    scene.push("a");
    shown(&scene.session, "title a").await;
    scene.recorded("n:a").await;

    let second = Session::start(SessionOptions::default()).await.unwrap();
    scene.start_again(&second).await;
    expect_tray(&second).await;
    expect_no_tray(&scene.session).await;
    scene.connected().await;
    scene.push("b");
    shown(&second, "title b").await;
    scene.recorded("n:b").await;
    assert_eq!(titles(&scene.session), ["title a"]);
    assert_eq!(titles(&second), ["title b"]);
    agent.check_alive().unwrap();

    // The window opens there as well, and a start in the same session changes nothing.
    let mut window = scene.command(&second, &program("gloria-notify"));
    window.arg("--open");
    let _window = second.spawn("window", window).unwrap();
    expect_window(&second).await;
    assert!(scene.session.windows("Gloria Notify$").unwrap().is_empty());
    assert_eq!(agent.log().matches("moves there").count(), 1, "{}", agent.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_in_the_session_that_was_left_ends_and_opens_in_the_new_one() {
    let scene = Scene::set(SessionOptions::default()).await;
    let mut command = scene.command(&scene.session, &program("gloria"));
    command.args(["agent", "--open"]);
    let mut agent = scene.session.spawn("agent", command).unwrap();
    expect_window(&scene.session).await;

    let second = Session::start(SessionOptions::default()).await.unwrap();
    let window = scene.command(&second, &program("gloria-notify"));
    let _window = second.spawn("window", window).unwrap();
    expect_window(&second).await;
    wait_until("the first window to end", DEADLINE, async || {
        Ok(scene.session.windows("Gloria Notify$")?.is_empty().then_some(()))
    })
    .await
    .unwrap();
    scene.connected().await;
    scene.push("a");
    scene.recorded("n:a").await;
    agent.check_alive().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn after_logout_and_login_it_is_on_the_new_desktop() {
    let mut scene = Scene::set(SessionOptions::default()).await;
    let mut command = scene.command(&scene.session, &program("gloria"));
    // As with a user who is also logged in elsewhere: the user's files outlive those of the session.
    command.arg("agent").env("XDG_RUNTIME_DIR", &scene.home);
    let mut agent = scene.session.spawn("agent", command).unwrap();
    scene.connected().await;
    expect_tray(&scene.session).await;
    let second = Session::start(SessionOptions::default()).await.unwrap();
    // Display, bus and everything else are gone.
    drop(std::mem::replace(&mut scene.session, second));
    still_there(&scene, &mut agent).await;
    scene.start_again(&scene.session).await;
    expect_tray(&scene.session).await;
    scene.connected().await;
    scene.push("a");
    shown(&scene.session, "title a").await;
    agent.check_alive().unwrap();
}

async fn still_there(scene: &Scene, agent: &mut Process) {
    scene.connected().await;
    agent.check_alive().unwrap();
}

async fn expect_window(session: &Session) {
    wait_until("a window", DEADLINE, async || {
        Ok((session.windows("Gloria Notify$")?.len() == 1).then_some(()))
    })
    .await
    .unwrap();
}
