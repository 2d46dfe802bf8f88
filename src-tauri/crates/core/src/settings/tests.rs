//! The layers, one above the other.

use std::time::Duration;

use super::*;
use crate::item::SoundName;

fn resolve(file: &str, environment: &[(&str, &str)]) -> Resolved {
    let environment: std::collections::HashMap<_, _> = environment.iter().copied().collect();
    Settings::resolve(&Layers::of_text(file), |name| {
        environment.get(name).map(|text| (*text).to_owned())
    })
}

fn words(resolved: &Resolved) -> Vec<String> {
    resolved.problems.iter().map(ToString::to_string).collect()
}

fn locked(resolved: &Resolved) -> Vec<String> {
    resolved.origins.locks().into_keys().collect()
}

#[test]
fn nothing_given_is_the_defaults() {
    let resolved = resolve("", &[]);
    assert_eq!(resolved, Resolved::default());
    assert_eq!(resolved.settings.reconnect_interval, Duration::from_secs(5));
    assert_eq!(resolved.settings.max_reconnect_attempts, 10);
    assert_eq!(resolved.settings.heartbeat_interval, Duration::from_secs(30));
}

#[test]
fn the_environment_wins_over_the_file_and_locks() {
    let resolved = resolve(
        "[sse]\nreconnect_interval = 7000\nmax_reconnect_attempts = 3\n[sounds]\nvolume = 10",
        &[
            ("GLORIA_SSE_RECONNECT_INTERVAL", "2s"),
            ("GLORIA_API_URL", "https://gloria.example/api"),
        ],
    );
    assert_eq!(words(&resolved), Vec::<String>::new());
    assert_eq!(resolved.settings.reconnect_interval, Duration::from_secs(2));
    assert_eq!(resolved.settings.max_reconnect_attempts, 3);
    assert_eq!(resolved.settings.volume, 10);
    assert_eq!(locked(&resolved), ["api.url", "sse.reconnect_interval"]);
}

#[test]
fn the_way_out_of_the_network_can_be_set() {
    let resolved = resolve(
        "[network]\nproxy = \"none\"\nno_proxy = [\"a.example\"]\n\
         ca_file = \"/etc/roots.pem\"\nprobe_url = \"http://p.example/x\"",
        &[
            ("GLORIA_PROXY", "http://anna:s3cret@proxy.example:3128"),
            ("NO_PROXY", "b.example, 10.0.0.0/8"),
        ],
    );
    assert_eq!(words(&resolved), Vec::<String>::new());
    assert_eq!(locked(&resolved), ["network.proxy"]);
    let network = resolved.settings.network();
    assert_eq!(proxy_words(&network.proxy), "http://anna:***@proxy.example:3128");
    assert_eq!(network.no_proxy, ["a.example", "b.example", "10.0.0.0/8"]);
    assert_eq!(network.ca_file, Some("/etc/roots.pem".into()));
    assert_eq!(
        network.probe_url.map(String::from),
        Some("http://p.example/x".to_owned())
    );
}

#[test]
fn what_this_client_shows_to_servers_can_be_set_and_its_password_is_not_printed() {
    let resolved = resolve(
        "[network]\nclient_certificate = \"/etc/anna.p12\"\nclient_certificate_password = \"s3cret\"",
        &[
            ("GLORIA_CLIENT_CERTIFICATE", " /home/anna/anna.pem "),
            ("GLORIA_CLIENT_KEY", "/home/anna/anna.key"),
        ],
    );
    assert_eq!(words(&resolved), Vec::<String>::new());
    assert_eq!(
        locked(&resolved),
        ["network.client_certificate", "network.client_key"]
    );
    let client = resolved.settings.network().client_certificate;
    assert_eq!(client.certificate, Some("/home/anna/anna.pem".into()));
    assert_eq!(client.key, Some("/home/anna/anna.key".into()));
    let changed = resolve("[network]\nclient_certificate_password = \"other\"", &[]).settings;
    assert!(client.password.is_some());
    assert_ne!(
        changed.network(),
        Settings::default().network(),
        "a changed password is a change"
    );
    assert!(!format!("{resolved:?}").contains("s3cret"), "{resolved:?}");
}

/// Whatever stands in a variable, or in a file under any type, is taken or is said, and costs no other setting.
#[test]
fn no_value_of_any_setting_passes_in_silence() {
    let odd = [
        " ",
        "\t\n",
        "é",
        "\u{202e}x",
        "\u{fffd}",
        "-1",
        "99999999999999999999",
        "1e9",
        "[]",
        "{",
        "\"",
        ",",
        "true",
        "http://",
        "://",
        "file:///etc",
        "..",
    ];
    let files = [
        "1979-05-27",
        "1.5",
        "nan",
        "0x7fffffffffffffff",
        "[[1], {}]",
        "{ a = 1 }",
        "\"\"",
        "[]",
        "true",
        "-9",
    ];
    for key in Key::ALL {
        let variables = odd.map(|text| (text.to_owned(), resolve("", &[(key.variable(), text)])));
        let (table, name) = key.name().split_once('.').unwrap();
        let files = files.map(|value| {
            (
                value.to_owned(),
                resolve(&format!("[{table}]\n{name} = {value}\n"), &[]),
            )
        });
        for (given, resolved) in variables.into_iter().chain(files) {
            let is_said = words(&resolved).iter().any(|words| {
                words.contains(key.variable()) || (words.contains(key.name()) && words.contains("line 2"))
            });
            assert!(
                is_said || resolved.origins.of(*key) != Origin::Program,
                "{} {given:?}: {:?}",
                key.name(),
                words(&resolved)
            );
        }
    }
    for blank in ["", "  "] {
        let resolved = resolve(&format!("[network]\nca_file = \"{blank}\"\n"), &[]);
        assert_eq!(resolved.settings.ca_file, None, "no file has no name");
        assert!(words(&resolved)[0].contains("the path of a file"));
    }
}

#[test]
fn a_key_without_a_certificate_is_reported() {
    let resolved = resolve("[network]\nclient_key = \"/etc/anna.key\"", &[]);
    assert_eq!(
        words(&resolved),
        [
            "network.client_key in line 2 of the settings file is ignored: network.client_certificate names no file"
        ]
    );
}

#[test]
fn a_mistake_in_a_proxys_address_does_not_repeat_its_password() {
    let resolved = resolve(
        "[network]\nprobe_url = \"https://p.example\"",
        &[("GLORIA_PROXY", "socks4://anna:s3cret@proxy.example")],
    );
    assert_eq!(resolved.settings.network(), NetworkOptions::default());
    let problems = words(&resolved).join("\n");
    assert!(
        problems.contains("GLORIA_PROXY") && problems.contains("network.probe_url"),
        "{problems}"
    );
    assert!(!problems.contains("s3cret"), "{problems}");
}

#[test]
fn a_mistake_costs_one_setting_and_is_reported() {
    let resolved = resolve(
        "[sounds]\nvolume = 400\nsound = \"bloom\"\ncolour = 1\n[surprise]\nx = 1",
        &[("GLORIA_SSE_HEARTBEAT_INTERVAL", "soon")],
    );
    assert_eq!(resolved.settings.volume, Settings::default().volume);
    assert_eq!(resolved.settings.sound, SoundName::Bloom);
    let problems = words(&resolved).join("\n");
    for expected in [
        "sounds.volume",
        "sounds.colour",
        "surprise",
        "GLORIA_SSE_HEARTBEAT_INTERVAL",
    ] {
        assert!(
            problems.contains(expected),
            "{expected} is not told in: {problems}"
        );
    }
}

#[test]
fn what_is_taken_and_odd_is_reported() {
    let resolved = resolve(
        "[api]\nurl = \"nonsense\"\n[sse]\ntypes = [\"notification.created\", \"user.updatd\"]",
        &[],
    );
    assert_eq!(
        resolved.settings.address.as_ref().map(ToString::to_string),
        Some("https://nonsense".to_owned())
    );
    assert_eq!(
        words(&resolved),
        [
            "api.url in line 2 of the settings file: https://nonsense is taken for the server's address; write it in \
             full, such as https://gloria.example",
            "sse.types in line 4 of the settings file: the event type \"user.updatd\" is unknown; did you mean \
             user.updated?",
        ]
    );
}

#[test]
fn a_file_that_is_not_toml_leaves_the_defaults_and_says_where() {
    let resolved = resolve("volume = = 3", &[]);
    assert_eq!(resolved.settings, Settings::default());
    assert!(
        words(&resolved).iter().any(|problem| problem.contains("line 1")),
        "{:?}",
        resolved.problems
    );
}

/// Files of the administrator. They have to be root's, so without root these tests are skipped.
#[cfg(unix)]
mod managed {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, chown};
    use std::path::PathBuf;

    use tempfile::TempDir;

    use super::*;

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
                format!("colour in line 5 of {policy} is unknown"),
                format!("auth.token_for in line 4 of {policy} is ignored: an administrator cannot fix it"),
                format!("api.allow_plain_http in line 2 of {policy} is ignored: it should be true or false"),
                "GLORIA_SOUND_VOLUME is ignored: it should be a whole number from 0 to 100".to_owned(),
                format!(
                    "inbox.keep_days in line 2 of {defaults} is ignored: it should be a whole number from 1 to 36500"
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
            // A link to what its owner can change.
            fs::rename(machine.file("policy.toml"), machine.file("mine")).unwrap();
            chown(machine.file("mine"), Some(1), None).unwrap();
            std::os::unix::fs::symlink("mine", machine.file("policy.toml")).unwrap();
        });
        refused("does not belong to the administrator", &|machine| {
            // A link to root's own file, which the owner of its folder can take away.
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
        refused("it is no file", &|machine| {
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

    #[test]
    fn a_system_without_files_has_a_reader_in_their_place() {
        fn read(_: &'static str) -> Result<String, String> {
            Ok("[sounds]\nvolume = 4\n[x]\ny = true\n".to_owned())
        }
        let managed = Managed {
            policy: Source::System {
                name: "HKLM\\Software",
                read,
            },
            ..Managed::default()
        };
        let layers = Layers::read(std::path::Path::new("/nowhere/settings.toml"), &managed);
        let resolved = Settings::resolve(&layers, |_| None);
        assert_eq!(resolved.settings.volume, 4);
        assert_eq!(resolved.origins.of(Key::Volume), Origin::Policy);
        let said = words(&resolved).join("\n");
        assert!(said.starts_with("x in ") && said.contains("HKLM"), "{said}");
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
}
