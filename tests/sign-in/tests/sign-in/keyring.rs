//! The keyring fails between the two things that a renewal wants of it, or is not there when the app starts: the app
//! goes on with what it has, stores it once it can, and deletes nothing.

use gloria_desktop_session::{Part, Process, Signal, wait_until};

use crate::scene::{DEADLINE, Scene};

/// What happens to the keyring after the app has read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    /// It is locked, and its prompt is not answered.
    Locked,
    /// It stops, and goes on after the app has given it up.
    Slow,
    /// It is killed, and starts again later.
    Killed,
}

impl Scene {
    /// Starts the app, and lets this happen before it can store what its renewal brings.
    async fn renew_during(&mut self, trouble: Trouble) -> Process {
        self.provider.fault("/token", "kept").await;
        let mut app = self.start();
        self.provider_has("kept", |kept| *kept == 1).await;
        let session = &mut self.desktop.session;
        match trouble {
            Trouble::Locked => session.lock_keyring().await.unwrap(),
            Trouble::Slow => session.signal_part(Part::Keyring, Signal::STOP),
            Trouble::Killed => session.kill_part(Part::Keyring),
        }
        self.release().await;
        self.logged(&mut app, "the sign-in was renewed saved=false").await;
        app
    }

    async fn end(&mut self, trouble: Trouble) {
        let session = &mut self.desktop.session;
        match trouble {
            Trouble::Locked => session.unlock_keyring().await.unwrap(),
            Trouble::Slow => session.signal_part(Part::Keyring, Signal::CONT),
            Trouble::Killed => session.start_part(Part::Keyring).await.unwrap(),
        }
    }
}

async fn a_renewal_survives(trouble: Trouble) {
    let mut scene = Scene::set().await;
    let before = scene.desktop.kept();
    assert!(before.contains("refreshToken"), "{before}");
    let mut app = scene.renew_during(trouble).await;
    // With the new access token: there is no other.
    scene.status(&mut app, &[0]).await;

    scene.end(trouble).await;
    wait_until("the next refresh token in the keyring", DEADLINE, async || {
        app.check_alive()?;
        let kept = scene.desktop.kept();
        Ok((kept.contains("refreshToken") && kept != before).then_some(()))
    })
    .await
    .unwrap();
    // It is the right one: all that another process has is what the keyring gives.
    app.kill();
    let mut app = scene.start();
    let (code, said) = scene.settled(&mut app).await;
    assert_eq!(code, 0, "{said}");
    scene.no_token_was_sent_twice(&format!("{trouble:?}")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_survives_that_the_keyring_is_locked_meanwhile() {
    a_renewal_survives(Trouble::Locked).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_survives_that_the_keyring_stops_meanwhile() {
    a_renewal_survives(Trouble::Slow).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_survives_that_the_keyring_is_killed_meanwhile() {
    a_renewal_survives(Trouble::Killed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyring_that_is_locked_slow_or_away_at_the_start_has_lost_nothing() {
    let mut scene = Scene::set().await;
    for trouble in [Trouble::Locked, Trouble::Slow, Trouble::Killed] {
        let before = scene.desktop.kept();
        let sent = scene.provider.count("POST /token").await;
        let session = &mut scene.desktop.session;
        match trouble {
            Trouble::Locked => session.lock_keyring().await.unwrap(),
            Trouble::Slow => session.signal_part(Part::Keyring, Signal::STOP),
            Trouble::Killed => session.stop_part(Part::Keyring),
        }
        let mut app = scene.start();
        scene.logged(&mut app, "the keyring did not do as asked").await;
        let (_, said) = scene.desktop.status(scene.clerk.server());
        assert!(
            said.contains("keyring") && !said.contains("sign in"),
            "{trouble:?}: {said}"
        );
        assert_eq!(scene.provider.count("POST /token").await, sent, "{trouble:?}");

        scene.end(trouble).await;
        scene.status(&mut app, &[0]).await;
        app.end();
        assert_ne!(scene.desktop.kept(), before, "the renewal's is stored");
    }
    scene.no_token_was_sent_twice("with every trouble").await;
}
