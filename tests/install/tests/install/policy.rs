//! The policy of an organisation on a machine, changed while the app runs.

mod machine {
    use std::time::{Duration, Instant};

    use gloria_backend::{Backend, BackendOptions, TEST_TOKEN};
    use gloria_desktop_session::wait_until;
    use serde_json::{Value, json};

    use crate::commands::expect;
    use crate::packages::THIS;
    use crate::scene::{DEADLINE, Scene};

    const POLICY: &str = "/etc/gloria-notify/policy.toml";

    /// Longer than any sound.
    const SILENCE: Duration = Duration::from_secs(3);

    /// A person's desktop under a policy that changes.
    struct Managed {
        scene: Scene,
        /// The server that the organisation wants.
        theirs: Backend,
    }

    impl Managed {
        async fn set() -> Self {
            let mut scene = Scene::set().await;
            // What a user would try against the policy.
            scene.variables = vec![("GLORIA_SOUNDS", "true".to_owned())];
            let theirs = Backend::start(BackendOptions::default()).await.unwrap();
            scene.install(THIS);
            expect(
                scene
                    .machine
                    .command("mkdir")
                    .args(["-m", "755", "/etc/gloria-notify"]),
            );
            Self { scene, theirs }
        }

        fn shell(&self, script: &str, arguments: &[&str]) {
            let mut shell = self.scene.machine.command("sh");
            expect(shell.args(["-ec", script, "sh", POLICY]).args(arguments));
        }

        /// Replaces the policy as configuration management does.
        fn roll_out(&self, text: &str) {
            let script = "printf %s \"$2\" > $1.new; chmod 644 $1.new; mv $1.new $1";
            self.shell(script, &[text]);
        }

        /// The settings of this policy: the organisation's server with its own command for the token, and no sounds.
        fn text(&self) -> String {
            format!(
                "[api]\nurl = \"{}\"\n[auth]\ncommand = [\"/bin/echo\", \"{TEST_TOKEN}\"]\n\
                 [sounds]\nenabled = false\n",
                self.theirs.api_url()
            )
        }

        /// Waits until the app says that exactly these settings are locked, and what it says of them, if anything.
        async fn locked(&self, settings: &[&str], note: Option<&str>) {
            wait_until(&format!("the locks of {settings:?}"), DEADLINE, async || {
                let status = self.scene.status();
                let is_locked = status["setByPolicy"] == json!(settings);
                let notes = notes(&status);
                let said = match note {
                    Some(note) => notes.contains(note),
                    None => !notes.contains(POLICY),
                };
                Ok((is_locked && said).then_some(()))
            })
            .await
            .unwrap_or_else(|error| panic!("{error:#}: {note:?}: {}", self.scene.status()));
        }

        /// Waits until this server has the stream, and the other one has none.
        async fn streams(&self, at: &Backend, not_at: &Backend) {
            at.control()
                .wait_for(|seen| seen.streams == 1, DEADLINE)
                .await
                .unwrap();
            let control = not_at.control();
            control
                .wait_for(|seen| seen.streams == 0, DEADLINE)
                .await
                .unwrap();
        }

        /// Sends a notification, waits until it is shown, and returns since when it could have been heard.
        async fn shown(&self, at: &Backend, title: &str) -> Instant {
            let since = Instant::now();
            let data = json!({"id": title, "title": title, "message": "m"});
            at.control().push("notification.created", data);
            let session = &self.scene.session;
            let shown = session.wait_for_notification(DEADLINE, |shown| shown.summary == title);
            shown.await.unwrap();
            since
        }
    }

    /// The sentences of `gloria status` about what is wrong.
    fn notes(status: &Value) -> String {
        let notices = status["notices"].as_array().into_iter().flatten();
        notices.map(|notice| notice.to_string()).collect()
    }

    const LOCKS: [&str; 3] = ["api.url", "auth.command", "sounds.enabled"];

    const KEPT: &str = "last set stays in force";

    #[tokio::test(flavor = "multi_thread")]
    async fn a_policy_applies_while_the_app_runs_and_a_broken_one_never_lifts_it() {
        let managed = Managed::set().await;
        let (scene, mine, theirs) = (&managed.scene, &managed.scene.backend, &managed.theirs);
        scene.log_in().await;
        scene.answers(THIS, DEADLINE).await;
        managed.locked(&[], None).await;
        managed.streams(mine, theirs).await;
        let since = managed.shown(mine, "before").await;
        scene.session.wait_for_sound(since, DEADLINE).await.unwrap();

        managed.roll_out(&managed.text());
        managed.locked(&LOCKS, None).await;
        managed.streams(theirs, mine).await;
        let words = scene.run("gloria status");
        let sentence = format!("Set by your organisation: {}", LOCKS.join(", "));
        assert!(words.contains(&sentence), "{words}");
        let since = managed.shown(theirs, "under the policy").await;
        scene.session.expect_silence(since, SILENCE).await.unwrap();

        // A wrong value is reported, and its setting is the user's as little as before.
        managed.roll_out(&managed.text().replace("= false", "= \"quiet\""));
        managed
            .locked(&LOCKS, Some("the setting sounds.enabled in line 6"))
            .await;
        managed.roll_out(&managed.text());
        managed.locked(&LOCKS, None).await;

        // Half of it, as a program leaves it that is ended while it writes in place.
        let text = managed.text();
        let half = &text[..text.find("/api").unwrap()];
        managed.shell("printf %s \"$2\" > $1", &[half]);
        managed.locked(&LOCKS, Some(KEPT)).await;
        managed.shell("printf '\\377' > $1", &[]);
        managed.locked(&LOCKS, Some(KEPT)).await;
        managed.shell(
            "printf %s \"$2\" > $1; chmod 666 $1",
            &["[sounds]\nenabled = true\n"],
        );
        managed
            .locked(&LOCKS, Some("other users of this computer can write"))
            .await;
        let before = theirs.control().observed().streams_total;
        expect(&mut scene.machine.enter(&scene.command("gloria quit")));
        scene.log_in().await;
        scene.answers(THIS, DEADLINE).await;
        managed.locked(&LOCKS, Some(KEPT)).await;
        managed.streams(theirs, mine).await;
        assert!(theirs.control().observed().streams_total > before);
        let since = managed.shown(theirs, "after a restart").await;
        scene.session.expect_silence(since, SILENCE).await.unwrap();

        managed.shell("rm $1", &[]);
        managed.locked(&[], None).await;
        managed.streams(mine, theirs).await;
        let since = managed.shown(mine, "after the policy").await;
        scene.session.wait_for_sound(since, DEADLINE).await.unwrap();
    }
}
