//! Changes by others to the settings file while the app runs.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::super::tests::setup;
use super::*;
use crate::item::SoundName;
use crate::logging::{Fixed, LogLevel};
use crate::paths::{Source, SystemData, SystemValue};
use crate::ports::Autostart as _;
use crate::ports::fakes::FakeAutostart;
use crate::protocol::Notice;
use crate::settings::tests::english;

/// Reads the files once, like the timer. Returns whether a change was reported.
async fn read_once(actor: &mut Actor) -> bool {
    actor.read_settings_files(Instant::now());
    let reading = actor.settings_files.reading.take();
    reading.unwrap().await.unwrap();
    let mut news = None;
    let mut others = Vec::new();
    while let Ok(report) = actor.reports.1.try_recv() {
        if let Report::SettingsRead(read) = report {
            news = Some(read);
        } else {
            others.push(report);
        }
    }
    for other in others {
        actor.reports.0.send(other).unwrap();
    }
    let Some(read) = news else { return false };
    actor.on_settings_read(*read).await;
    true
}

/// Reads until the contents of the files are effective.
async fn settle(actor: &mut Actor) {
    read_once(actor).await;
    read_once(actor).await;
}

fn notice(actor: &Actor) -> Option<&Notice> {
    let notices = &actor.readers.state().notices;
    notices.iter().find(|notice| notice.kind == NoticeKind::Settings)
}

fn actor(home: &Path, text: &str) -> Actor {
    fs::write(home.join("settings.toml"), text).unwrap();
    Actor::new(setup(home)).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_file_is_read_again_however_it_changes() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("settings.toml");
    let mut actor = actor(home.path(), "[sounds]\nvolume = 10\n");
    assert_eq!(actor.settings.volume, 10);

    fs::write(&file, "[sounds]\nvolume = 11\n").unwrap();
    settle(&mut actor).await;
    assert_eq!(actor.readers.state().preferences.volume, 11, "written to");

    fs::write(home.path().join("new"), "[sounds]\nvolume = 12\n").unwrap();
    fs::rename(home.path().join("new"), &file).unwrap();
    settle(&mut actor).await;
    assert_eq!(actor.settings.volume, 12, "replaced");

    fs::remove_file(&file).unwrap();
    settle(&mut actor).await;
    assert_eq!(actor.settings.volume, 70, "gone");

    #[cfg(unix)]
    {
        fs::write(home.path().join("elsewhere"), "[sounds]\nvolume = 13\n").unwrap();
        std::os::unix::fs::symlink("elsewhere", &file).unwrap();
        settle(&mut actor).await;
        assert_eq!(actor.settings.volume, 13, "behind a link");
        fs::write(home.path().join("elsewhere"), "[sounds]\nvolume = 14\n").unwrap();
        settle(&mut actor).await;
        assert_eq!(actor.settings.volume, 14, "changed behind the link");
    }
}

#[tokio::test(start_paused = true)]
async fn files_that_did_not_change_do_not_wake_the_loop() {
    let home = tempfile::tempdir().unwrap();
    let mut actor = actor(home.path(), "[sounds]\nvolume = 10\n");
    assert!(!read_once(&mut actor).await);
    fs::write(home.path().join("settings.toml"), "[sounds]\nvolume = 11\n").unwrap();
    assert!(read_once(&mut actor).await, "it has changed");
    assert!(read_once(&mut actor).await, "it has settled");
    assert!(!read_once(&mut actor).await, "it is in force");
    actor.layers.mark_stale();
    assert!(read_once(&mut actor).await, "it has to be tried again");
}

#[tokio::test(start_paused = true)]
async fn a_file_that_was_changed_back_before_it_settled_is_as_before() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("settings.toml");
    let mut actor = actor(home.path(), "[sounds]\nvolume = 10\n");
    for text in ["volume = 11", "volume = 10", "volume = 11"] {
        fs::write(&file, format!("[sounds]\n{text}\n")).unwrap();
        assert!(read_once(&mut actor).await, "{text}");
        assert_eq!(actor.settings.volume, 10, "{text}");
    }
}

fn system_value(name: &str, data: SystemData) -> SystemValue {
    SystemValue {
        place: "HKLM",
        name: name.to_owned(),
        data,
    }
}

/// A disk that hangs takes one thread and not more, and is read when it answers.
#[tokio::test(start_paused = true)]
async fn one_reading_at_a_time() {
    static HANGS: AtomicBool = AtomicBool::new(false);
    static BEGUN: AtomicUsize = AtomicUsize::new(0);
    fn policy(_: &[String]) -> Result<Vec<SystemValue>, String> {
        BEGUN.fetch_add(1, Ordering::SeqCst);
        while HANGS.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        Ok(Vec::new())
    }
    let home = tempfile::tempdir().unwrap();
    let mut setup = setup(home.path());
    setup.paths.managed.policy = Source::System {
        name: "the policy",
        read: policy,
    };
    let mut actor = Actor::new(setup).unwrap();
    let at_start = BEGUN.load(Ordering::SeqCst);
    HANGS.store(true, Ordering::SeqCst);
    for _ in 0..3 {
        let now = Instant::now();
        actor.read_settings_files(now);
        assert!(actor.settings_files.due() > now);
    }
    HANGS.store(false, Ordering::SeqCst);
    let reading = actor.settings_files.reading.take();
    reading.unwrap().await.unwrap();
    assert_eq!(BEGUN.load(Ordering::SeqCst), at_start + 1);
}

#[tokio::test(start_paused = true)]
async fn a_file_in_the_middle_of_being_written_is_not_taken() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("settings.toml");
    let text = "[sounds]\nvolume = 10\n";
    let mut actor = actor(home.path(), text);
    for half in ["", "[sounds]\n", "[sounds]\nvolume = 1"] {
        fs::write(&file, half).unwrap();
        read_once(&mut actor).await;
        assert_eq!(actor.settings.volume, 10, "{half:?}");
    }
    fs::write(&file, text).unwrap();
    settle(&mut actor).await;
    assert_eq!(actor.settings.volume, 10);
}

#[tokio::test(start_paused = true)]
async fn a_slip_in_an_editor_takes_no_setting_away_and_is_named_with_its_line() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("settings.toml");
    let mut actor = actor(home.path(), "[sounds]\nvolume = 10\nsound = \"bloom\"\n");
    fs::write(
        &file,
        "[sounds]\nvolume = 10\nsound = \"bloom\n[window]\nappearance = \"dark\"\n",
    )
    .unwrap();
    settle(&mut actor).await;
    assert_eq!(actor.settings.sound, crate::item::SoundName::Bloom);
    let said = english(&notice(&actor).unwrap().message);
    assert!(said.contains("line 3"), "{said}");
    fs::write(&file, "[sounds]\nvolume = 10\n").unwrap();
    settle(&mut actor).await;
    assert_eq!(actor.settings.sound, crate::item::SoundName::Chime);
    assert_eq!(notice(&actor), None, "it is mended");
}

#[tokio::test(start_paused = true)]
async fn a_change_in_the_window_and_one_in_the_file_both_hold() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("settings.toml");
    let mut actor = actor(home.path(), "# mine\n[sounds]\nvolume = 10\n");
    fs::write(
        &file,
        "# mine\n[sounds]\nvolume = 10\n[inbox]\nkeep_days = 7 # a week\n",
    )
    .unwrap();
    let form = PreferencesForm {
        volume: Some(20),
        ..PreferencesForm::default()
    };
    actor.save_preferences(&form).unwrap();
    assert_eq!(actor.settings.volume, 20);
    settle(&mut actor).await;
    assert_eq!((actor.settings.volume, actor.settings.keep_days), (20, 7));
    assert_eq!(
        fs::read_to_string(&file).unwrap(),
        "# mine\n[sounds]\nvolume = 20\n[inbox]\nkeep_days = 7 # a week\n"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_locked_is_not_changed_by_the_window() {
    let home = tempfile::tempdir().unwrap();
    let mut setup = setup(home.path());
    setup.environment = std::sync::Arc::new(|name| (name == "GLORIA_SOUND_VOLUME").then(|| "5".to_owned()));
    let mut actor = Actor::new(setup).unwrap();
    let form = PreferencesForm {
        volume: Some(20),
        ..PreferencesForm::default()
    };
    let refused = actor.save_preferences(&form).unwrap_err();
    assert_eq!(
        english(&refused.message()),
        "sounds.volume cannot be changed: it is set by the environment variable GLORIA_SOUND_VOLUME"
    );
    assert_eq!(actor.settings.volume, 5);
    assert!(!home.path().join("settings.toml").exists());
}

#[tokio::test(start_paused = true)]
async fn whoever_keeps_writing_the_users_file_keeps_no_policy_from_coming_into_force() {
    static IS_SET: AtomicBool = AtomicBool::new(false);
    fn policy(_: &[String]) -> Result<Vec<SystemValue>, String> {
        let volume = || system_value("SoundsVolume", SystemData::Number(3));
        Ok(IS_SET.load(Ordering::Relaxed).then(volume).into_iter().collect())
    }
    let home = tempfile::tempdir().unwrap();
    let mut setup = setup(home.path());
    setup.paths.managed.policy = Source::System {
        name: "the policy",
        read: policy,
    };
    let mut actor = Actor::new(setup).unwrap();
    IS_SET.store(true, Ordering::Relaxed);
    for number in 0..3 {
        let text = format!("# {number}\n[sounds]\nsound = \"bloom\"\n");
        fs::write(home.path().join("settings.toml"), text).unwrap();
        read_once(&mut actor).await;
    }
    assert_eq!(actor.settings.volume, 3);
    let sound = actor.settings.sound;
    assert_eq!(sound, SoundName::Chime, "the file has not settled");
    read_once(&mut actor).await;
    assert_eq!(
        (actor.settings.sound, actor.settings.volume),
        (SoundName::Bloom, 3)
    );
}

/// Each proxy gets the keyring's password for its user, or none if the keyring has none: a stream that waited for an
/// answer that has already arrived would wait forever.
#[tokio::test(start_paused = true)]
async fn another_user_of_the_proxy_never_leaves_the_app_without_a_connection() {
    let home = tempfile::tempdir().unwrap();
    let text = |proxy: &str| {
        format!(
            "[api]\nallow_plain_http = true\nurl = \"http://gloria.invalid\"\n[network]\nproxy = \"{proxy}\"\n"
        )
    };
    let mut actor = actor(home.path(), &text("http://anna:a@127.0.0.1:1"));
    actor.open_stream();
    for proxy in [
        "http://bob@127.0.0.1:1",
        "http://carl:c@127.0.0.1:1",
        "http://bob@127.0.0.1:1",
        "http://bob@127.0.0.1:2",
        "none",
        "http://bob@127.0.0.1:2",
        "http://carl@127.0.0.1:1",
        "system",
        "http://anna@127.0.0.1:1",
    ] {
        fs::write(home.path().join("settings.toml"), text(proxy)).unwrap();
        settle(&mut actor).await;
        while actor.settings.proxy != read(proxy) || !actor.link.is_open() {
            let report = actor.reports.1.recv();
            let report = tokio::time::timeout(Duration::from_secs(60), report).await;
            actor.on_report(report.expect(proxy).unwrap()).await;
        }
    }
}

fn read(proxy: &str) -> ProxyChoice {
    settings::read_proxy(&Raw::Text(proxy.to_owned())).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_policy_for_the_log_ends_the_debug_log_and_lets_nobody_begin_another() {
    static IS_SET: AtomicBool = AtomicBool::new(false);
    fn policy(_: &[String]) -> Result<Vec<SystemValue>, String> {
        let level = || system_value("LogLevel", SystemData::Text("error".to_owned()));
        Ok(IS_SET.load(Ordering::Relaxed).then(level).into_iter().collect())
    }
    let home = tempfile::tempdir().unwrap();
    let mut setup = setup(home.path());
    setup.paths.managed.policy = Source::System {
        name: "the policy",
        read: policy,
    };
    let mut actor = Actor::new(setup).unwrap();
    let logged = |actor: &Actor| {
        let preferences = &actor.readers.state().preferences;
        (preferences.effective_log_level(), preferences.log_level_fixed())
    };
    actor.request_debug_log(true).unwrap();
    assert_eq!(logged(&actor), (LogLevel::Debug, Fixed::No));
    IS_SET.store(true, Ordering::Relaxed);
    settle(&mut actor).await;
    assert_eq!(actor.readers.state().preferences.debug_log_until, None);
    assert!(actor.request_debug_log(true).is_err());
    assert_eq!(logged(&actor), (LogLevel::Error, Fixed::ByAdministrator));
    actor.request_debug_log(false).unwrap();
}

/// The token was entered for the server that was typed.
#[tokio::test(start_paused = true)]
async fn what_was_typed_for_one_server_does_not_go_to_another_that_a_lock_names() {
    let home = tempfile::tempdir().unwrap();
    let mut setup = setup(home.path());
    setup.environment = std::sync::Arc::new(|name| {
        (name == "GLORIA_API_URL").then(|| "https://fixed.example/api".to_owned())
    });
    let actor = Actor::new(setup).unwrap();
    for typed in ["https://other.example/api", "nonsense://", ""] {
        assert!(actor.typed_address(typed).is_err(), "{typed}");
    }
    let fixed = actor.typed_address(" https://fixed.example/api/ ").unwrap();
    assert_eq!(Some(&fixed), actor.settings.address.as_ref());
}

/// What is at the path of the user's file, a function that creates it, and the message about it.
#[cfg(unix)]
type Hostile = (&'static str, fn(&Path), &'static str);

#[cfg(unix)]
const HOSTILE: [Hostile; 9] = [
    ("folder", |path| fs::create_dir(path).unwrap(), "it is not a file"),
    (
        "pipe",
        |path| {
            let made = std::process::Command::new("mkfifo").arg(path).status().unwrap();
            assert!(made.success());
        },
        "it is not a file",
    ),
    (
        "device",
        |path| std::os::unix::fs::symlink("/dev/zero", path).unwrap(),
        "it is not a file",
    ),
    (
        "link to nothing",
        |path| std::os::unix::fs::symlink("not/there", path).unwrap(),
        "it is a link that leads nowhere",
    ),
    (
        "large",
        |path| fs::write(path, "# x\n".repeat(10 << 18)).unwrap(),
        "it is larger than 1 MiB",
    ),
    (
        "UTF-16",
        |path| fs::write(path, b"\xff\xfe[\0s\0]\0\n\0").unwrap(),
        "it is not text in UTF-8",
    ),
    (
        "Latin-1",
        |path| fs::write(path, b"# gr\xfcn\n").unwrap(),
        "it is not text in UTF-8",
    ),
    (
        "something else",
        |path| fs::write(path, "{\"a\": 1,\n".repeat(5_000)).unwrap(),
        "it has more than 100 syntax mistakes",
    ),
    (
        "nested",
        |path| fs::write(path, format!("a = {}", "[".repeat(1_000_000))).unwrap(),
        "",
    ),
];

#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn whatever_stands_in_the_files_place_is_one_sentence_in_the_notice_and_is_not_lost() {
    for (name, make, why) in HOSTILE {
        let home = tempfile::tempdir().unwrap();
        let mut actor = actor(home.path(), "[sounds]\nvolume = 10\nsound = \"bloom\"\n");
        let file = home.path().join("settings.toml");
        fs::remove_file(&file).unwrap();
        make(&file);
        let before = fs::symlink_metadata(&file).unwrap();
        settle(&mut actor).await;
        let said = english(&notice(&actor).expect(name).message);
        if !why.is_empty() {
            assert_eq!(said, format!("the settings file is not used: {why}"), "{name}");
        }
        assert_eq!(
            (actor.settings.volume, actor.settings.sound),
            (10, SoundName::Bloom),
            "{name}: nothing changes"
        );
        let form = PreferencesForm {
            volume: Some(20),
            ..PreferencesForm::default()
        };
        actor.save_preferences(&form).unwrap();
        assert_eq!(actor.settings.volume, 20, "{name}");
        let kept = [file.clone(), home.path().join("settings.toml.broken")];
        let is_kept = kept.iter().any(|path| {
            fs::symlink_metadata(path)
                .is_ok_and(|now| now.file_type() == before.file_type() && now.len() == before.len())
        });
        assert!(is_kept, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_policy_puts_the_start_at_login_where_it_wants_it_and_keeps_users_from_moving_it() {
    static ON: AtomicBool = AtomicBool::new(true);
    fn policy(_: &[String]) -> Result<Vec<SystemValue>, String> {
        Ok(vec![SystemValue {
            place: "the policy",
            name: "StartAtLogin".to_owned(),
            data: SystemData::Boolean(ON.load(Ordering::SeqCst)),
        }])
    }
    let home = tempfile::tempdir().unwrap();
    let mut setup = setup(home.path());
    setup.paths.managed.policy = Source::System {
        name: "the policy",
        read: policy,
    };
    let entry = Arc::new(FakeAutostart::default());
    setup.ports.autostart = entry.clone();
    let mut actor = Actor::new(setup).unwrap();
    actor.begin().await;
    assert_eq!(entry.is_on(), Some(true), "at the start");
    let refused = actor.set_start_at_login(false).unwrap_err();
    assert!(
        english(&refused.message()).contains("start.at_login"),
        "{refused:?}"
    );
    assert_eq!(entry.is_on(), Some(true));
    let locks = &actor.readers.state().preferences.locks;
    assert_eq!(locks.get("start.at_login"), Some(&LockedBy::Administrator));

    // The app says so if the entry cannot be written.
    *entry.failure.lock().unwrap() = Some(std::io::ErrorKind::PermissionDenied);
    ON.store(false, Ordering::SeqCst);
    settle(&mut actor).await;
    let notices = &actor.readers.state().notices;
    assert!(
        notices
            .iter()
            .any(|notice| english(&notice.message).contains("the start at login")),
        "{notices:?}"
    );
    *entry.failure.lock().unwrap() = None;
    actor.enforce_start_at_login();
    assert_eq!(
        (entry.is_on(), actor.start_at_login.problem()),
        (Some(false), None)
    );
}
