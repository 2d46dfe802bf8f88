//! What others change in the settings file while the app runs.

use std::fs;
use std::path::Path;

use super::super::tests::setup;
use super::*;
use crate::protocol::Notice;

/// Looks once, as the timer does.
async fn look(actor: &mut Actor) {
    actor.look_at_settings();
    assert_eq!(actor.settings_files.due(), None, "one look at a time");
    while let Some(report) = actor.reports.1.recv().await {
        if let Report::SettingsLook(found) = report {
            return actor.on_settings_look(found).await;
        }
    }
}

/// Looks until what stands there is in force.
async fn settle(actor: &mut Actor) {
    look(actor).await;
    look(actor).await;
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
async fn a_file_in_the_middle_of_being_written_is_not_taken() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("settings.toml");
    let text = "[sounds]\nvolume = 10\n";
    let mut actor = actor(home.path(), text);
    for half in ["", "[sounds]\n", "[sounds]\nvolume = 1"] {
        fs::write(&file, half).unwrap();
        look(&mut actor).await;
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
    let said = notice(&actor).unwrap().message.to_string();
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
    actor.save_preferences(&form).unwrap();
    assert_eq!(actor.settings.volume, 5);
    assert!(!home.path().join("settings.toml").exists());
}
