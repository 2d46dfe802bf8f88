//! The deb on a machine: installed, started, upgraded while it runs, removed.

mod machine {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use gloria_desktop_session::ShownNotification;

    use crate::commands::{expect, finish};
    use crate::packages::{NEXT, PACKAGES, THIS};
    use crate::scene::{AUTOSTART, DEADLINE, Scene};

    /// How long after an upgrade the new version may take to answer.
    const UPGRADE_TIMEOUT: Duration = Duration::from_secs(10);

    /// As many as come while packages are installed.
    const PUSHES: usize = 200;

    #[tokio::test(flavor = "multi_thread")]
    async fn the_deb_is_installed_started_upgraded_under_load_and_removed() {
        let scene = Scene::set().await;
        let before = scene.machine.traces();
        scene.install(THIS);
        let verify = ["--user", "verify", "/usr/lib/systemd/user/gloria-notify.service"];
        let mut verify_unit = scene.machine.command("systemd-analyze");
        verify_unit.args(verify).env("XDG_RUNTIME_DIR", &scene.home);
        assert_eq!(expect(&mut verify_unit), "");

        scene.log_in().await;
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
