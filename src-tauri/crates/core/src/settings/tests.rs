//! Merging of the layers.

use std::time::Duration;

use super::*;
use crate::item::SoundName;
use crate::message::Message;

#[cfg(unix)]
mod managed;
mod sentences;
mod table;

impl Problem {
    /// Returns the message in English.
    pub(crate) fn words(&self) -> String {
        english(&self.message())
    }
}

/// Renders a message in English. The catalogue depends on this crate without its tests, so the message has to be passed
/// to it in serialized form, as to any other program.
pub(crate) fn english(message: &Message) -> String {
    let json = serde_json::to_string(message).unwrap();
    gloria_words::Words::english().say(&serde_json::from_str(&json).unwrap())
}

pub(crate) fn resolve(file: &str, environment: &[(&str, &str)]) -> Resolved {
    let environment: std::collections::HashMap<_, _> = environment.iter().copied().collect();
    Settings::resolve(&Layers::of_text(file), |name| {
        environment.get(name).map(|text| (*text).to_owned())
    })
}

fn words(resolved: &Resolved) -> Vec<String> {
    resolved.problems.iter().map(Problem::words).collect()
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
fn categories_have_limits_of_their_own() {
    let limits = |resolved: &Resolved| resolved.settings.shown(Key::KeepCategories);
    let file = "[inbox]\nkeep_categories = [\"payroll: 3650 days\", \"builds: 500 items\"]";
    let found = resolve(file, &[]);
    assert_eq!(words(&found), [""; 0]);
    assert_eq!(
        limits(&found),
        serde_json::json!(["payroll: 3650 days", "builds: 500 items"])
    );
    let variable = [(
        "GLORIA_INBOX_KEEP_CATEGORIES",
        "builds: 1 item, ci:builds: 7 days",
    )];
    assert_eq!(
        limits(&resolve(file, &variable)),
        serde_json::json!(["builds: 1 items", "ci:builds: 7 days"])
    );
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
fn the_start_at_login_is_the_systems_entry_unless_somebody_fixes_it() {
    let resolved = resolve("[start]\nat_login = false\n", &[]);
    assert_eq!(resolved.settings.start_at_login, None);
    assert_eq!(
        words(&resolved),
        [
            "the setting start.at_login in line 2 of the settings file is ignored: only a policy can set it; users \
             have a switch for it in the preferences"
        ]
    );
    let resolved = resolve("", &[("GLORIA_START_AT_LOGIN", "true")]);
    assert_eq!(resolved.settings.start_at_login, Some(true));
    assert_eq!(locked(&resolved), ["start.at_login"]);
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

/// Whatever a variable contains, or a file with any type, is used or reported, and affects no other setting.
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
            "the setting network.client_key in line 2 of the settings file is ignored: network.client_certificate \
             names no file"
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
            "the setting api.url in line 2 of the settings file: https://nonsense is taken for the server's address; \
             write it in full, such as https://gloria.example",
            "the setting sse.types in line 4 of the settings file: the event type \"user.updatd\" is unknown; did you \
             mean user.updated?",
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

#[test]
fn newer_versions_are_asked_for_only_with_address_and_key() {
    let url = "url = \"https://gloria.example/updates\"";
    let key = "key = \"RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3\"";
    for (lines, problems) in [
        ("", vec![]),
        ("channel = \"beta\"", vec![]),
        (
            url,
            vec![
                "the setting updates.url in line 2 of the settings file is ignored: updates.key has to be set as well",
            ],
        ),
        (
            key,
            vec![
                "the setting updates.key in line 2 of the settings file is ignored: updates.url has to be set as well",
            ],
        ),
    ] {
        let resolved = resolve(&format!("[updates]\n{lines}\n"), &[]);
        assert_eq!(words(&resolved), problems);
        assert_eq!(resolved.settings.release_source(), None);
    }
    let resolved = resolve(&format!("[updates]\n{url}\n{key}\n"), &[]);
    assert_eq!(words(&resolved), [""; 0]);
    let source = resolved.settings.release_source().unwrap();
    assert_eq!(source.channel, crate::release::Channel::Stable);
    let local = resolve("", &[("GLORIA_UPDATES_URL", "http://localhost:8080/updates")]);
    assert_eq!(
        words(&local),
        ["GLORIA_UPDATES_URL is ignored: updates.key has to be set as well"]
    );
}
