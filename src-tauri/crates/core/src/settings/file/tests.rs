//! Changes to a file that others edit as well.

use std::fs;
use std::path::Path;

use super::super::{Contents, Layers, Managed, Settings};
use super::*;

fn read(path: &Path) -> Layers {
    Layers::read(path, &Managed::default())
}

fn text(key: Key, value: &str) -> Change {
    let value = Raw::Text(value.into());
    Change { key, value }
}

fn volume(volume: i64) -> Change {
    Change {
        key: Key::Volume,
        value: Raw::Integer(volume),
    }
}

/// Returns the file's text after a change.
fn changed(before: &str, changes: Vec<Change>) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("settings.toml");
    fs::write(&path, before).expect("write");
    read(&path).change(changes).expect("saved");
    fs::read_to_string(&path).expect("text")
}

#[test]
fn saving_keeps_what_others_wrote_and_only_differences() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("deep/settings.toml");
    let mut layers = read(&path);
    layers
        .change(vec![
            text(Key::Sound, "bloom"),
            text(Key::ApiUrl, "https://a.example"),
        ])
        .expect("saved");
    let others = fs::read_to_string(&path).expect("text") + "\n[future]\nkey = 1\n";
    fs::write(&path, others).expect("write");

    layers.change(vec![text(Key::Sound, "chime")]).expect("saved");

    let read = fs::read_to_string(&path).expect("text");
    assert!(!read.contains("sounds"), "a default is not written: {read}");
    assert!(
        read.contains("[future]") && read.contains("https://a.example"),
        "others' keys stay: {read}"
    );
}

#[test]
fn comments_order_and_the_form_of_values_stay() {
    let before = "# mine\n[window]\nappearance = 'dark' # at night\n\n# how long\n[sse]\nreconnect_interval = \"5s\"\n\
                  # loud\n\n[sounds]\n# in the office\nvolume   =   30   # percent\nsound = \"knock\"\n# the end\n";
    assert_eq!(
        changed(before, vec![volume(35)]),
        before.replace("30   #", "35   #")
    );
    // Unchanged: nothing is written, not even an equal value in another notation.
    assert_eq!(changed(before, vec![text(Key::Appearance, "dark")]), before);
    // A setting with a comment stays, even with its default value; one without a comment is removed.
    assert_eq!(
        changed(before, vec![volume(70), text(Key::Sound, "chime")]),
        before
            .replace("30   #", "70   #")
            .replace("sound = \"knock\"\n", "")
    );
}

#[test]
fn every_way_to_write_a_table_is_written_back_as_it_is() {
    for (before, after) in [
        ("sounds.volume = 5\n", "sounds.volume = 9\n"),
        (
            "sounds = { volume = 5, x = 1 }\n",
            "sounds = { volume = 9, x = 1 }\n",
        ),
        ("[sounds]\r\nvolume = 5\r\n", "[sounds]\r\nvolume = 9\r\n"),
        ("\u{feff}[sounds]\nvolume = 5\n", "\u{feff}[sounds]\nvolume = 9\n"),
        ("", "[sounds]\nvolume = 9\n"),
        ("[sounds]\nvolume = 5", "[sounds]\nvolume = 9\n"),
        ("\"sounds\".'volume' = 5\n", "\"sounds\".'volume' = 9\n"),
    ] {
        let now = changed(before, vec![volume(9)]);
        assert_eq!(now.trim_end(), after.trim_end(), "{before:?}");
        let layer = Layer::parse(Place::UserFile, &now);
        assert_eq!(layer.given[&Key::Volume].raw, Raw::Integer(9), "{now:?}");
    }
}

#[test]
fn a_change_beside_the_app_is_not_lost_by_a_change_in_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("settings.toml");
    fs::write(&path, "[sounds]\nvolume = 5\n").expect("write");
    let mut layers = read(&path);
    fs::write(&path, "# from an editor\n[inbox]\nkeep_days = 7\n").expect("write");
    layers.change(vec![text(Key::Sound, "knock")]).expect("saved");
    let settings = Settings::resolve(&read(&path), |_| None).settings;
    assert_eq!((settings.keep_days, settings.volume), (7, 70));
    assert!(
        fs::read_to_string(&path)
            .expect("text")
            .starts_with("# from an editor")
    );
}

#[test]
fn a_broken_file_is_set_aside_and_what_could_be_read_of_it_is_kept() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("settings.toml");
    let broken = "[api]\nurl = \"https://a.example\"\n[sounds]\nprecious = = \n";
    fs::write(&path, broken).expect("write");
    let mut layers = read(&path);
    assert_ne!(Settings::resolve(&layers, |_| None).problems, []);
    layers.change(vec![text(Key::Sound, "knock")]).expect("saved");
    assert_eq!(
        fs::read_to_string(folder.path().join("settings.toml.broken")).expect("text"),
        broken
    );
    let said = Settings::resolve(&layers, |_| None).problems;
    let said: Vec<_> = said.iter().map(Problem::words).collect();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("settings.toml.broken"), "{said:?}");
    let now = Settings::resolve(&read(&path), |_| None);
    assert_eq!(now.problems, []);
    assert_eq!(
        now.settings.address.map(|address| address.to_string()).as_deref(),
        Some("https://a.example")
    );
}

#[test]
fn a_second_broken_file_does_not_take_the_place_of_the_first() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("settings.toml");
    for broken in ["first = =\n", "second = =\n", "second = =\n", "third = =\n"] {
        fs::write(&path, broken).expect("write");
        read(&path).change(vec![volume(9)]).expect("saved");
    }
    let kept = |name: &str| fs::read_to_string(folder.path().join(name)).expect("text");
    assert_eq!(kept("settings.toml.broken"), "first = =\n");
    assert_eq!(kept("settings.toml.broken.1"), "second = =\n");
    assert_eq!(kept("settings.toml.broken.2"), "third = =\n");
    assert_eq!(fs::read_dir(folder.path()).expect("folder").count(), 4);
}

#[test]
fn what_cannot_be_saved_holds_all_the_same_and_goes_with_the_next_change() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("settings.toml");
    // A folder at the file's path.
    fs::create_dir(&path).expect("folder");
    let mut layers = read(&path);
    layers.change(vec![volume(9)]).expect_err("refused");
    assert_eq!(Settings::resolve(&layers, |_| None).settings.volume, 9);
    layers.apply(Contents::read(&path, &Managed::default()));
    assert_eq!(Settings::resolve(&layers, |_| None).settings.volume, 9);
    fs::remove_dir(&path).expect("removed");
    layers.change(vec![text(Key::Sound, "knock")]).expect("saved");
    let settings = Settings::resolve(&read(&path), |_| None).settings;
    assert_eq!(settings.volume, 9);
}

#[test]
fn what_stands_in_the_place_of_a_setting_is_set_aside_and_never_lost() {
    for obstructing in [
        "sounds = 5 # mine\n",
        "[[sounds]]\nvolume = 5 # mine\n",
        "[sounds.volume]\nloud = 5 # mine\n",
        "sounds.volume.loud = 5 # mine\n",
    ] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("settings.toml");
        let before = format!("{obstructing}\n[inbox]\nkeep_days = 7\n");
        fs::write(&path, &before).expect("write");
        for value in [9, 70] {
            fs::write(&path, &before).expect("write");
            let mut layers = read(&path);
            layers.change(vec![volume(value)]).expect("saved");
            let backup = fs::read_to_string(folder.path().join("settings.toml.broken"));
            assert_eq!(backup.expect("kept"), before);
            let settings = Settings::resolve(&layers, |_| None).settings;
            assert_eq!(
                (i64::from(settings.volume), settings.keep_days),
                (value, 7),
                "{before}"
            );
        }
    }
}

#[test]
fn what_no_setting_takes_is_not_written_as_something_else() {
    let text = "[sounds]\nvolume = 1979-05-27\nsound = \"knock\"\n[sse]\ntypes = [1.5]\n= broken\n";
    let now = changed(text, vec![self::text(Key::Appearance, "dark")]);
    assert_eq!(
        now,
        "[sounds]\nsound = \"knock\"\n\n[window]\nappearance = \"dark\"\n"
    );
}

/// Also if it was added to the file, with its mistake, after the last read.
#[test]
fn what_can_be_read_of_a_file_that_has_just_been_broken_is_kept() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("settings.toml");
    fs::write(&path, "[sounds]\nvolume = 5\n").expect("write");
    let mut layers = read(&path);
    fs::write(&path, "[inbox]\nkeep_days = 7\n[sounds]\nvolume = = 5\n").expect("write");
    layers.change(vec![text(Key::Sound, "knock")]).expect("saved");
    let settings = Settings::resolve(&read(&path), |_| None).settings;
    assert_eq!((settings.keep_days, settings.volume), (7, 5));
}
