//! Files of the administrator. They have to belong to root, so without root these tests are skipped.

mod last_policy;

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::*;
use crate::paths::{SystemData, SystemValue};

struct Machine(TempDir);

impl Machine {
    #[expect(clippy::print_stderr, reason = "whoever reads the test's output should know")]
    fn new() -> Option<Self> {
        let machine = Self(tempfile::tempdir().unwrap());
        if chown(machine.0.path(), Some(0), None).is_err() {
            eprintln!("skipped: only root can give a file to the administrator");
            return None;
        }
        Some(machine)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn with(self, name: &str, text: &str) -> Self {
        fs::write(self.file(name), text).unwrap();
        fs::set_permissions(self.file(name), fs::Permissions::from_mode(0o644)).unwrap();
        self
    }

    fn resolve(&self, variables: &[(&str, &str)]) -> Resolved {
        let managed = Managed {
            defaults: Source::File(self.file("defaults.toml")),
            policy: Source::File(self.file("policy.toml")),
        };
        let layers = Layers::read(&self.file("settings.toml"), &managed);
        Settings::resolve(&layers, |name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }
}

#[test]
fn each_layer_is_stronger_than_the_one_below_it() {
    let Some(machine) = Machine::new() else { return };
    let machine = machine
        .with(
            "defaults.toml",
            "[sounds]\nvolume = 1\nsound = \"knock\"\nenabled = false\n[log]\nlevel = \"warn\"\n",
        )
        .with(
            "settings.toml",
            "[sounds]\nvolume = 2\nsound = \"bloom\"\n[log]\nlevel = \"trace\"\n",
        )
        .with("policy.toml", "[log]\nlevel = \"error\"\n");
    let resolved = machine.resolve(&[("GLORIA_SOUND_VOLUME", "3"), ("GLORIA_LOG_LEVEL", "debug")]);
    let settings = &resolved.settings;
    assert_eq!(
        (settings.volume, settings.sound, settings.sounds),
        (3, SoundName::Bloom, false)
    );
    assert_eq!(
        settings.log_level,
        crate::logging::LogLevel::Error,
        "a variable never overrides a policy"
    );
    let origins: Vec<_> = [Key::KeepDays, Key::Sounds, Key::Sound, Key::Volume, Key::LogLevel]
        .iter()
        .map(|key| resolved.origins.of(*key))
        .collect();
    assert_eq!(
        origins,
        [
            Origin::Program,
            Origin::Machine,
            Origin::User,
            Origin::Environment,
            Origin::Policy
        ]
    );
    assert_eq!(
        resolved.origins.locks(),
        BTreeMap::from([
            ("sounds.volume".to_owned(), LockedBy::Environment),
            ("log.level".to_owned(), LockedBy::Administrator),
        ])
    );
    assert_eq!(words(&resolved), Vec::<String>::new());
}

#[test]
fn a_mistake_in_any_layer_costs_that_setting_there_and_says_where() {
    let Some(machine) = Machine::new() else { return };
    let machine = machine
        .with("defaults.toml", "[inbox]\nkeep_days = 0\n")
        .with(
            "settings.toml",
            "[sounds]\nvolume = 2\n\n[inbox]\nkeep_days = 7\n[api]\nallow_plain_http = true\n",
        )
        .with(
            "policy.toml",
            "[api]\nallow_plain_http = 3\n[auth]\ntoken_for = \"https://a.example\"\n[colour]\n",
        );
    let resolved = machine.resolve(&[("GLORIA_SOUND_VOLUME", "loud")]);
    assert_eq!((resolved.settings.volume, resolved.settings.keep_days), (2, 7));
    assert!(
        !resolved.settings.allow_plain_http,
        "what is fixed is not the user's, even where it is wrong"
    );
    assert_eq!(
        resolved.origins.lock(Key::AllowPlainHttp),
        Some(LockedBy::Administrator)
    );
    assert_eq!(resolved.settings.token_for, TokenFor::Address);
    let policy = machine.file("policy.toml").display().to_string();
    let defaults = machine.file("defaults.toml").display().to_string();
    assert_eq!(
        words(&resolved),
        [
            format!("the setting colour in line 5 of {policy} is unknown"),
            format!(
                "the setting auth.token_for in line 4 of {policy} is ignored: an administrator cannot lock it"
            ),
            format!(
                "the setting api.allow_plain_http in line 2 of {policy} is ignored: it should be true or false"
            ),
            "GLORIA_SOUND_VOLUME is ignored: it should be a whole number from 0 to 100".to_owned(),
            format!(
                "the setting inbox.keep_days in line 2 of {defaults} is ignored: it should be a whole number from \
                 1 to 36500"
            ),
        ]
    );
}

#[test]
fn a_policy_that_somebody_else_could_have_written_is_refused_with_words() {
    let refused = |expected: &str, spoil: &dyn Fn(&Machine)| {
        let Some(machine) = Machine::new() else { return };
        let machine = machine.with("policy.toml", "[sounds]\nvolume = 1\n");
        spoil(&machine);
        let resolved = machine.resolve(&[]);
        assert_eq!(resolved.settings.volume, 70, "{expected}");
        assert_eq!(resolved.origins.locks(), BTreeMap::new());
        let said = words(&resolved).join("\n");
        assert!(
            said.contains("policy.toml is not used") && said.contains(expected),
            "{said}"
        );
    };
    let mode = |path: PathBuf, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    refused("does not belong to the administrator", &|machine| {
        chown(machine.file("policy.toml"), Some(1), None).unwrap();
    });
    for bits in [0o666, 0o664, 0o646] {
        refused("other users of this computer can write", &|machine| {
            mode(machine.file("policy.toml"), bits);
        });
    }
    refused("other users of this computer can write", &|machine| {
        mode(machine.file(""), 0o777)
    });
    refused("does not belong to the administrator", &|machine| {
        chown(machine.file(""), Some(1), None).unwrap();
    });
    refused("does not belong to the administrator", &|machine| {
        // A link to a file that its owner can change.
        fs::rename(machine.file("policy.toml"), machine.file("mine")).unwrap();
        chown(machine.file("mine"), Some(1), None).unwrap();
        std::os::unix::fs::symlink("mine", machine.file("policy.toml")).unwrap();
    });
    refused("does not belong to the administrator", &|machine| {
        // A link to root's file, in a folder whose owner can replace it.
        fs::create_dir_all(machine.file("theirs/deep")).unwrap();
        fs::rename(
            machine.file("policy.toml"),
            machine.file("theirs/deep/policy.toml"),
        )
        .unwrap();
        std::os::unix::fs::symlink("theirs/deep/policy.toml", machine.file("policy.toml")).unwrap();
        chown(machine.file("theirs"), Some(1), None).unwrap();
    });
    refused("other users of this computer can write", &|machine| {
        fs::create_dir(machine.file("shared")).unwrap();
        fs::rename(machine.file("policy.toml"), machine.file("shared/policy.toml")).unwrap();
        std::os::unix::fs::symlink("shared/policy.toml", machine.file("policy.toml")).unwrap();
        mode(machine.file("shared"), 0o1777);
    });
    refused("it is a link that leads nowhere", &|machine| {
        fs::remove_file(machine.file("policy.toml")).unwrap();
        std::os::unix::fs::symlink("not/there", machine.file("policy.toml")).unwrap();
    });
    refused("it is not a file", &|machine| {
        fs::remove_file(machine.file("policy.toml")).unwrap();
        fs::create_dir(machine.file("policy.toml")).unwrap();
    });
    refused("it is not text in UTF-8", &|machine| {
        fs::write(machine.file("policy.toml"), b"[sounds]\nvolume = 1 # \xff\n").unwrap();
    });
}

#[test]
fn a_policy_that_links_to_another_folder_of_the_administrator_is_taken() {
    let Some(machine) = Machine::new() else { return };
    fs::create_dir_all(machine.file("etc/deep")).unwrap();
    let machine = machine.with("etc/deep/policy.toml", "[sounds]\nvolume = 1\n");
    std::os::unix::fs::symlink("etc/deep/policy.toml", machine.file("policy.toml")).unwrap();
    let resolved = machine.resolve(&[]);
    assert_eq!(resolved.settings.volume, 1);
    assert_eq!(words(&resolved), Vec::<String>::new());
}

fn system_value(place: &'static str, name: &str, data: SystemData) -> SystemValue {
    let name = name.to_owned();
    SystemValue { place, name, data }
}

#[test]
fn a_system_without_files_has_a_reader_in_their_place() {
    fn read(names: &[String]) -> Result<Vec<SystemValue>, String> {
        assert!(names.contains(&"NetworkNoProxy".to_owned()), "{names:?}");
        Ok(vec![
            system_value("HKLM", "SoundsVolume", SystemData::Number(4)),
            system_value("HKLM", "soundsenabled", SystemData::Number(0)),
            system_value("HKLM", "Colour", SystemData::Number(4)),
            system_value("HKLM", "LogLevel", SystemData::Unsupported),
            system_value("HKCU", "SoundsVolume", SystemData::Number(5)),
            system_value("HKCU", "InboxKeepDays", SystemData::Text("many".to_owned())),
            system_value(
                "HKCU",
                "NetworkNoProxy",
                SystemData::List(vec![SystemData::Text("10.0.0.0/8".to_owned())]),
            ),
        ])
    }
    let managed = Managed {
        policy: Source::System {
            name: "HKLM\\Software",
            read,
        },
        ..Managed::default()
    };
    let layers = Layers::read(Path::new("/nowhere/settings.toml"), &managed);
    let resolved = Settings::resolve(&layers, |_| None);
    let settings = &resolved.settings;
    assert_eq!(
        (settings.volume, settings.sounds),
        (4, false),
        "the computer before the user"
    );
    assert_eq!(settings.no_proxy, ["10.0.0.0/8"]);
    assert_eq!(resolved.origins.of(Key::Volume), Origin::Policy);
    assert_eq!(
        resolved.origins.of(Key::LogLevel),
        Origin::Policy,
        "wrong, and still locked"
    );
    assert_eq!(
        words(&resolved),
        [
            "the setting Colour in HKLM is unknown".to_owned(),
            "the setting log.level in HKLM is ignored: it should be one of: error, warn, info, debug, trace"
                .to_owned(),
            "the setting inbox.keep_days in HKCU is ignored: it should be a whole number from 1 to 36500"
                .to_owned(),
        ]
    );
}

#[test]
fn the_defaults_of_the_computer_come_before_a_persons_and_both_below_what_they_set() {
    fn read(_: &[String]) -> Result<Vec<SystemValue>, String> {
        Ok(vec![
            system_value("HKLM", "SoundsVolume", SystemData::Number(4)),
            system_value("HKCU", "SoundsVolume", SystemData::Number(5)),
            system_value(
                "HKCU",
                "ApiUrl",
                SystemData::Text("https://hkcu.example".to_owned()),
            ),
            system_value("HKCU", "InboxKeepDays", SystemData::Number(8)),
        ])
    }
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("settings.toml");
    let resolve = |text: &str| {
        fs::write(&own, text).unwrap();
        let managed = Managed {
            defaults: Source::System { name: "HKLM", read },
            ..Managed::default()
        };
        let resolved = Settings::resolve(&Layers::read(&own, &managed), |_| None);
        let address = resolved.settings.address.unwrap().to_string();
        let origin = resolved.origins.of(Key::ApiUrl);
        (
            resolved.settings.volume,
            address,
            resolved.settings.keep_days,
            origin,
        )
    };
    assert_eq!(
        resolve(""),
        (4, "https://hkcu.example".to_owned(), 8, Origin::Machine)
    );
    let own = "[api]\nurl = \"https://own.example\"\n[inbox]\nkeep_days = 9\n";
    assert_eq!(
        resolve(own),
        (4, "https://own.example".to_owned(), 9, Origin::User)
    );
}

#[test]
fn the_environments_token_stays_with_the_environments_address_where_a_policy_sets_another() {
    let Some(machine) = Machine::new() else { return };
    let machine = machine.with("policy.toml", "[api]\nurl = \"https://policy.example\"\n");
    let resolved = machine.resolve(&[("GLORIA_API_URL", "https://mine.example")]);
    let address = resolved.settings.address.unwrap();
    assert_eq!(address.to_string(), "https://policy.example");
    let mine = crate::account::address::Address::parse("https://mine.example", false).unwrap();
    assert_eq!(resolved.settings.token_for, TokenFor::Server(Server::of(&mine)));
}

/// What a layer says of the volume: nothing, a valid value, or a mistake.
fn said() -> impl proptest::strategy::Strategy<Value = Option<Result<u8, ()>>> {
    use proptest::prelude::*;
    prop_oneof![
        1 => Just(None),
        2 => (0..=100_u8).prop_map(|volume| Some(Ok(volume))),
        1 => Just(Some(Err(()))),
    ]
}

fn line_of(said: Option<Result<u8, ()>>) -> String {
    match said {
        None => String::new(),
        Some(Ok(volume)) => format!("[sounds]\nvolume = {volume}\n"),
        Some(Err(())) => "[sounds]\nvolume = \"loud\"\n".to_owned(),
    }
}

proptest::proptest! {
    /// The whole rule in one place: whatever the layers say, the value is that of the highest valid one, a policy of
    /// any kind takes user and environment out, and each mistake is reported.
    #[test]
    fn the_highest_valid_layer_wins_and_a_policy_excludes_user_and_environment(
        defaults in said(), user in said(), environment in said(), policy in said(),
    ) {
        let value = |number: u8| system_value("HKLM", "SoundsVolume", SystemData::Number(number.into()));
        let wrong = || system_value("HKLM", "SoundsVolume", SystemData::Text("loud".to_owned()));
        let contents = |said: Option<Result<u8, ()>>| said.map(|said| said.map_or_else(|()| wrong(), value));
        let layers = Layers::of_systems(
            &line_of(user),
            contents(defaults).into_iter().collect(),
            contents(policy).into_iter().collect(),
        );
        let variable = environment.map(|said| said.map_or("loud".to_owned(), |volume| volume.to_string()));
        let resolved = Settings::resolve(&layers, |name| variable.clone().filter(|_| name == "GLORIA_SOUND_VOLUME"));
        let stack = if policy.is_some() {
            vec![(defaults, Origin::Machine), (policy, Origin::Policy)]
        } else {
            vec![(defaults, Origin::Machine), (user, Origin::User), (environment, Origin::Environment)]
        };
        let valid = stack.iter().rev().find_map(|(said, origin)| Some((said.as_ref()?.ok()?, *origin)));
        let (volume, origin) = valid.unwrap_or((70, Origin::Program));
        proptest::prop_assert_eq!(resolved.settings.volume, volume);
        let locked = policy.is_some();
        let shown = if locked { Origin::Policy } else { origin };
        proptest::prop_assert_eq!(resolved.origins.of(Key::Volume), shown);
        proptest::prop_assert_eq!(resolved.origins.lock(Key::Volume) == Some(LockedBy::Administrator), locked);
        let wrong = stack.iter().filter(|(said, _)| *said == Some(Err(()))).count();
        proptest::prop_assert_eq!(resolved.problems.len(), wrong);
    }
}
