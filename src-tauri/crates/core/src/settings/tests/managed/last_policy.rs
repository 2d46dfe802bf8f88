//! A policy that cannot be read, is half written or gone: whether the last one stays in force.

use super::*;
use crate::paths::Paths;

/// The installation with these files of the administrator.
fn installation(machine: &Machine) -> Paths {
    Paths {
        managed: Managed {
            defaults: Source::None,
            policy: Source::File(machine.file("policy.toml")),
        },
        ..Paths::within(&machine.file("home"))
    }
}

/// What the app remembers when it has read its policy.
fn remember(paths: &Paths) {
    let text = Layers::of(paths).policy_to_remember().unwrap();
    fs::create_dir_all(&paths.data).unwrap();
    fs::write(paths.last_policy(), text).unwrap();
}

#[test]
fn a_policy_that_cannot_be_read_at_a_start_is_the_last_one_and_never_none() {
    for spoil in [
        |file: &Path| fs::write(file, "[sounds]\nvolume = \"1").unwrap(),
        |file: &Path| fs::write(file, b"\xff").unwrap(),
        |file: &Path| fs::write(file, "").unwrap(),
        |file: &Path| fs::write(file, "\u{feff} \r\n\0\0").unwrap(),
        |file: &Path| fs::set_permissions(file, fs::Permissions::from_mode(0o666)).unwrap(),
        |file: &Path| chown(file, Some(1), None).unwrap(),
    ] {
        let Some(machine) = Machine::new() else { return };
        let text =
            "[sounds]\nvolume = 1\n[network]\nno_proxy = [\"a\", \"b c\"]\n[window]\nappearance = \"no\"\n";
        let machine = machine.with("policy.toml", text);
        let paths = installation(&machine);
        remember(&paths);
        spoil(&machine.file("policy.toml"));
        let layers = Layers::of(&paths);
        let resolved = Settings::resolve(&layers, |name| {
            (name == "GLORIA_SOUND_VOLUME").then(|| "2".to_owned())
        });
        assert_eq!(resolved.settings.volume, 1);
        assert_eq!(resolved.settings.no_proxy, ["a", "b c"]);
        let locks: Vec<_> = resolved.origins.locks().into_keys().collect();
        assert_eq!(locks, ["network.no_proxy", "sounds.volume", "window.appearance"]);
        let said = words(&resolved).join("\n");
        assert!(said.contains("policy.toml last set stays in force"), "{said}");
        assert_eq!(
            layers.policy_to_remember(),
            None,
            "what is broken is not remembered"
        );
    }
}

/// Gives a file the age of one that nobody is writing.
fn settle(file: &Path) {
    let before = std::time::SystemTime::now() - Duration::from_secs(60);
    let file = fs::File::options().write(true).open(file);
    file.unwrap().set_modified(before).unwrap();
}

/// It is cut where a line ends: a shorter policy, or one that is being written.
#[test]
fn a_policy_that_sets_less_is_believed_once_its_file_has_settled() {
    let Some(machine) = Machine::new() else { return };
    let machine = machine.with("policy.toml", "[sounds]\nvolume = 1\n[log]\nlevel = \"warn\"\n");
    let (file, paths) = (machine.file("policy.toml"), installation(&machine));
    let locks = |layers: &Layers| {
        let resolved = Settings::resolve(layers, |_| None);
        let locks: Vec<_> = resolved.origins.locks().into_keys().collect();
        (locks, words(&resolved).join("\n"))
    };
    let whole = ["log.level", "sounds.volume"].map(str::to_owned).to_vec();
    remember(&paths);
    let mut running = Layers::of(&paths);
    for (cut, left) in [
        ("[sounds]\nvolume = 1\n", vec!["sounds.volume".to_owned()]),
        ("# Ours.\n", vec![]),
    ] {
        fs::write(&file, cut).unwrap();
        let started = Layers::of(&paths);
        running.apply(Contents::read(&paths.settings(), &paths.managed));
        for layers in [&started, &running] {
            let (found, said) = locks(layers);
            assert_eq!(found, whole, "{cut:?}");
            assert!(said.contains("written in the last ten seconds"), "{said}");
            assert_eq!(layers.policy_to_remember(), None, "{cut:?}");
        }
        settle(&file);
        let read = Contents::read(&paths.settings(), &paths.managed);
        let mut later = running.clone();
        assert!(!later.is_current(&read), "it is applied again");
        later.apply(read);
        for layers in [&Layers::of(&paths), &later] {
            assert_eq!(locks(layers), (left.clone(), String::new()), "{cut:?}");
            assert!(layers.policy_to_remember().is_some(), "{cut:?}");
        }
    }
    fs::write(&file, "[sounds]\nvolume = 2\n[log]\nlevel = \"info\"\n").unwrap();
    let more = Layers::of(&paths);
    assert_eq!(Settings::resolve(&more, |_| None).settings.volume, 2, "at once");
    assert_eq!(locks(&more).1, "");
}

#[test]
fn a_policy_that_is_gone_is_no_policy() {
    let Some(machine) = Machine::new() else { return };
    let machine = machine.with("policy.toml", "[sounds]\nvolume = 1\n");
    let paths = installation(&machine);
    remember(&paths);
    fs::remove_file(machine.file("policy.toml")).unwrap();
    let layers = Layers::of(&paths);
    let resolved = Settings::resolve(&layers, |_| None);
    assert_eq!((resolved.settings.volume, words(&resolved)), (70, Vec::new()));
    assert_eq!(layers.policy_to_remember(), Some(String::new()));
}
