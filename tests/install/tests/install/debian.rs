//! The deb on a machine: installed, started, upgraded while it runs, removed.

mod machine {
    use std::collections::BTreeSet;
    use std::path::PathBuf;
    use std::process::Command;
    use std::time::Duration;

    use gloria_backend::{Backend, BackendOptions, TEST_TOKEN};
    use gloria_desktop_session::{Session, SessionOptions, ShownNotification, wait_until};
    use serde_json::{Value, json};
    use tempfile::TempDir;

    use crate::commands::{expect, finish};
    use crate::machine::Machine;
    use crate::packages::{NEXT, PACKAGES, THIS};

    /// Longer than anything here takes on a busy machine.
    const DEADLINE: Duration = Duration::from_secs(40);

    /// How long after an upgrade the new version may take to answer.
    const UPGRADE_TIMEOUT: Duration = Duration::from_secs(10);

    /// As many as come while packages are installed.
    const PUSHES: usize = 200;

    const AUTOSTART: &str = "/etc/xdg/autostart/com.gloriasystem.notify.desktop";

    /// A desktop on a machine, and a server.
    struct Scene {
        machine: Machine,
        session: Session,
        backend: Backend,
        home: PathBuf,
        _folder: TempDir,
    }

    impl Scene {
        async fn set() -> Self {
            let folder = tempfile::tempdir().unwrap();
            Self {
                machine: Machine::new(),
                session: Session::start(SessionOptions::default()).await.unwrap(),
                backend: Backend::start(BackendOptions::default()).await.unwrap(),
                home: folder.path().to_owned(),
                _folder: folder,
            }
        }

        fn dpkg(&self, arguments: &[&str]) -> String {
            expect(self.machine.command("dpkg").args(arguments))
        }

        fn install(&self, version: &str) {
            self.dpkg(&["--install", PACKAGES.deb(version).to_str().unwrap()]);
        }

        /// A command of the user on this desktop.
        fn command(&self, line: &str) -> Command {
            let mut words = line.split_whitespace();
            let mut command = self.session.command(words.next().unwrap());
            command
                .args(words)
                .env("PATH", "/usr/bin:/bin")
                .env("GLORIA_HOME", &self.home)
                .env("GLORIA_API_URL", self.backend.api_url())
                .env("GLORIA_TOKEN", TEST_TOKEN);
            command
        }

        fn run(&self, line: &str) -> String {
            // Not what it prints for people.
            let output = self.machine.enter(&self.command(line)).output().unwrap();
            String::from_utf8(output.stdout).unwrap()
        }

        fn status(&self) -> Value {
            serde_json::from_str(&self.run("gloria status --json")).unwrap_or(Value::Null)
        }

        /// Waits until the app of this version runs and is connected.
        async fn answers(&self, version: &str, within: Duration) {
            wait_until(&format!("the answer of {version}"), within, async || {
                let status = self.status();
                Ok(
                    (status["version"] == version && status["connection"]["state"] == "connected")
                        .then_some(()),
                )
            })
            .await
            .unwrap_or_else(|error| panic!("{error:#}: {}", self.status()));
        }

        fn push(&self, number: usize) {
            let data = json!({"id": number.to_string(), "title": format!("title {number}"), "message": "m"});
            self.backend.control().push("notification.created", data);
        }

        fn stored(&self) -> Vec<Value> {
            let lines = self.run("gloria inbox list --limit 1000");
            lines
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect()
        }

        /// Waits until it is recorded of so many items how they alerted.
        async fn recorded(&self, count: usize) {
            wait_until(&format!("the records of {count}"), DEADLINE, async || {
                let stored = self.stored();
                let recorded = stored.iter().filter(|item| item["alert"]["state"] != "pending");
                Ok((recorded.count() >= count).then_some(()))
            })
            .await
            .unwrap();
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_deb_is_installed_started_upgraded_under_load_and_removed() {
        let scene = Scene::set().await;
        let before = scene.machine.traces();
        scene.install(THIS);
        let verify = ["--user", "verify", "/usr/lib/systemd/user/gloria-notify.service"];
        let mut verify_unit = scene.machine.command("systemd-analyze");
        verify_unit.args(verify).env("XDG_RUNTIME_DIR", &scene.home);
        assert_eq!(expect(&mut verify_unit), "");

        // As the desktop does it at login.
        let entry = expect(scene.machine.command("cat").arg(AUTOSTART));
        let line = entry.lines().find_map(|line| line.strip_prefix("Exec=")).unwrap();
        let login = scene.machine.enter(&scene.command(line));
        let mut login = scene.session.spawn("login", login).unwrap();
        let ended = login.ended(DEADLINE).await.unwrap();
        assert!(ended.success(), "{ended}: {}", login.log());
        scene.answers(THIS, DEADLINE).await;

        // The administrator starts it for nobody from now on, and nobody is there to be asked about that.
        let edit = format!("echo Hidden=true >> {AUTOSTART}");
        expect(scene.machine.command("sh").args(["-c", &edit]));
        let edited = expect(scene.machine.command("cat").arg(AUTOSTART));
        let pushing = async {
            for number in 0..PUSHES {
                scene.push(number);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let upgrading = async {
            scene.recorded(10).await;
            let deb = PACKAGES.deb(NEXT);
            let mut install = scene.machine.command("dpkg");
            install.arg("--install").arg(deb);
            tokio::task::spawn_blocking(move || expect(&mut install))
                .await
                .unwrap();
            scene.answers(NEXT, UPGRADE_TIMEOUT).await;
        };
        tokio::join!(pushing, upgrading);
        assert_eq!(expect(scene.machine.command("cat").arg(AUTOSTART)), edited);
        scene.recorded(PUSHES).await;
        let stored = scene.stored();
        let keys: BTreeSet<_> = stored.iter().map(|item| item["key"].to_string()).collect();
        assert_eq!((stored.len(), keys.len()), (PUSHES, PUSHES));
        let shown = scene.session.notifications();
        // By this, the desktop knows which app's they are.
        let is_known =
            |shown: &ShownNotification| shown.desktop_entry.as_deref() == Some("com.gloriasystem.notify");
        assert!(shown.iter().all(is_known), "{shown:?}");
        let titles = shown.into_iter().map(|shown| shown.summary);
        let alone: Vec<_> = titles.filter(|title| title.starts_with("title ")).collect();
        let different: BTreeSet<_> = alone.iter().collect();
        assert_eq!(alone.len(), different.len(), "shown twice: {alone:?}");

        expect(&mut scene.machine.enter(&scene.command("gloria quit")));
        scene.dpkg(&["--remove", "gloria-notify"]);
        assert!(!finish(&mut scene.machine.enter(&scene.command("gloria --version"))).is_success);
        // Until the purge, for the next installation.
        assert_eq!(expect(scene.machine.command("cat").arg(AUTOSTART)), edited);
        scene.dpkg(&["--purge", "gloria-notify"]);
        assert_eq!(scene.machine.traces(), before);
    }
}
