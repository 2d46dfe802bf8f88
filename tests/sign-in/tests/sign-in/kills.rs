//! The app is killed at each step of a renewal. Started again, it is signed in, or says that its user has to sign in;
//! no refresh token that was answered is sent twice, and none that was refused.

use std::fs::{self, File, TryLockError};
use std::path::PathBuf;

use gloria_desktop_session::Signal;

use crate::scene::{METADATA, Scene};

/// Where the app is when it is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// It waits for another process that renews.
    Locking,
    /// It alone renews, and reads the keyring.
    Finding,
    /// It waits for the provider's metadata.
    Proving,
    /// It sent the refresh token, which the provider has not looked at.
    Sending,
    /// The provider replaced the refresh token, and its answer is under way.
    Answered,
    /// It has the next one, and the keyring does not store it.
    Storing,
    /// The keyring has the next one.
    Stored,
}

impl Scene {
    /// Has the lock, as another process that renews.
    fn lock(&self) -> File {
        let path = self.lock_file();
        let file = File::options().write(true).open(&path).unwrap();
        loop {
            match file.try_lock() {
                Ok(()) => return file,
                // A program that was killed has not ended yet.
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => panic!("{}: {error}", path.display()),
            }
        }
    }

    fn lock_file(&self) -> PathBuf {
        let mut folders = vec![self.desktop.home.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap().flatten() {
                match entry.file_type().unwrap() {
                    kind if kind.is_dir() => folders.push(entry.path()),
                    _ if entry.file_name() == "sign-in.lock" => return entry.path(),
                    _ => {}
                }
            }
        }
        panic!("signing in leaves a lock");
    }

    /// Starts the app, and kills it at this step of its renewal.
    async fn kill_at(&self, step: Step) {
        let metadata = format!("GET {METADATA}");
        let asked = self.provider.count(&metadata).await;
        let sent = self.provider.count("POST /token").await;
        let lock = [Step::Locking, Step::Finding]
            .contains(&step)
            .then(|| self.lock());
        match step {
            Step::Proving => self.provider.fault(METADATA, "silent").await,
            Step::Sending => self.provider.fault("/token", "silent").await,
            Step::Answered | Step::Storing => self.provider.fault("/token", "kept").await,
            Step::Locking | Step::Finding | Step::Stored => {}
        }
        let mut app = self.start();
        match step {
            Step::Locking => self.at(&mut app, "lock").await,
            Step::Finding => {
                self.at(&mut app, "lock").await;
                self.signal_keyring(Signal::STOP);
                drop(lock);
                self.at(&mut app, "find").await;
            }
            Step::Proving => self.provider_was_asked(&metadata, asked + 1).await,
            Step::Sending => self.provider_was_asked("POST /token", sent + 1).await,
            Step::Answered => self.provider_has("kept", |kept| *kept == 1).await,
            Step::Storing => {
                self.provider_has("kept", |kept| *kept == 1).await;
                self.signal_keyring(Signal::STOP);
                self.release().await;
                self.at(&mut app, "store").await;
            }
            Step::Stored => self.at(&mut app, "end").await,
        }
        app.kill();
        self.signal_keyring(Signal::CONT);
        // What is still kept is for nobody.
        self.release().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_while_the_refresh_token_is_here_or_the_next_one_stored_costs_nothing() {
    let scene = Scene::set().await;
    for step in [
        Step::Locking,
        Step::Finding,
        Step::Proving,
        Step::Sending,
        Step::Stored,
    ] {
        scene.kill_at(step).await;
        let mut app = scene.start();
        let (code, said) = scene.settled(&mut app).await;
        assert_eq!(code, 0, "{step:?}: {said}");
        app.end();
        scene.no_token_was_sent_twice(&format!("{step:?}")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_that_loses_the_answer_ends_the_sign_in_in_words_and_nothing_is_tried_again() {
    let mut scene = Scene::set().await;
    for step in [Step::Answered, Step::Storing] {
        let before = scene.uses().await;
        scene.kill_at(step).await;
        let mut app = scene.start();
        let (code, said) = scene.settled(&mut app).await;
        let uses = scene.uses().await.split_off(before.len());
        if step == Step::Storing && code == 0 {
            // What the killed process had said to the keyring was enough.
            assert!(uses.iter().all(|(_, accepted)| *accepted), "{uses:?}");
            app.end();
            continue;
        }
        assert_eq!(code, 4, "{step:?}: {said}");
        assert!(said.contains("sign in again"), "{said}");
        let [(first, true), (second, false)] = uses[..] else {
            panic!("{step:?}: {uses:?}");
        };
        assert_eq!(first, second, "it cannot know that it was answered");
        app.end();

        // Nothing is left that could be sent.
        assert!(!scene.desktop.kept().contains("refreshToken"), "{step:?}");
        let mut app = scene.start();
        let (code, said) = scene.settled(&mut app).await;
        assert_eq!(code, 4, "{step:?}: {said}");
        assert!(said.contains("sign in"), "{said}");
        assert_eq!(scene.uses().await.len(), before.len() + 2, "{step:?}");
        app.end();
        scene.sign_in().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_to_the_running_app_is_asked_for_once_more_and_said() {
    let scene = Scene::set().await;
    scene.provider.fault("/token", "lost").await;
    let mut app = scene.start();
    let (code, said) = scene.settled(&mut app).await;
    assert_eq!(code, 4, "{said}");
    assert!(
        said.contains("broke off while your sign-in was renewed"),
        "{said}"
    );
    assert_eq!(scene.uses().await, [(0, true), (0, false)]);
    assert!(!scene.desktop.kept().contains("refreshToken"));
    app.check_alive().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_to_anything_else_costs_nothing() {
    let scene = Scene::set().await;
    for route in [METADATA, "/jwks"] {
        let before = scene.uses().await.len();
        scene.provider.fault(route, "lost").await;
        let mut app = scene.start();
        let (code, said) = scene.settled(&mut app).await;
        assert_eq!(code, 0, "{route}: {said}");
        let uses = scene.uses().await.split_off(before);
        assert!(matches!(uses[..], [(_, true)]), "{route}: {uses:?}");
        app.end();
    }
}
