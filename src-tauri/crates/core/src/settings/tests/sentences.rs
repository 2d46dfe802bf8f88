//! Every kind of mistake as users read it.

use super::*;
use crate::account::address::AddressError;

const FILE: &str = "of the settings file";

/// Returns the messages about a file.
fn said(text: &str) -> Vec<String> {
    words(&resolve(text, &[]))
}

/// Lines of a settings file, each with the message about the value in its second line.
fn mistakes() -> Vec<(&'static str, &'static str, &'static str, &'static str)> {
    vec![
        (
            "updates",
            "url",
            "\"http://gloria.example/updates\"",
            "it should be the address of a folder, such as https://gloria.example/updates, without query or name",
        ),
        (
            "updates",
            "url",
            "\"https://anna@gloria.example\"",
            "it should be the address of a folder, such as https://gloria.example/updates, without query or name",
        ),
        (
            "updates",
            "url",
            "\"https://gloria.example/?channel=beta\"",
            "it should be the address of a folder, such as https://gloria.example/updates, without query or name",
        ),
        (
            "updates",
            "url",
            "\"s3cret\"",
            "it should be the address of a folder, such as https://gloria.example/updates, without query or name",
        ),
        (
            "updates",
            "key",
            "\"s3cret\"",
            "it should be a public key of minisign, such as \
             \"RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3\"",
        ),
        (
            "updates",
            "channel",
            "\"nightly\"",
            "it should be one of: stable, beta",
        ),
        ("api", "allow_plain_http", "3", "it should be true or false"),
        (
            "api",
            "allow_plain_http",
            "\"s3cret\"",
            "it should be true or false",
        ),
        (
            "sounds",
            "volume",
            "400",
            "it should be a whole number from 0 to 100",
        ),
        (
            "sounds",
            "volume",
            "-9223372036854775809",
            "it should be a whole number from 0 to 100",
        ),
        (
            "sounds",
            "volume",
            "1.5",
            "it should be a whole number from 0 to 100",
        ),
        (
            "sounds",
            "volume",
            "\"s3cret\"",
            "it should be a whole number from 0 to 100",
        ),
        (
            "sse",
            "reconnect_interval",
            "-5",
            "it should be a length of time from 100ms to 1440m, such as \"5s\" or 5000 (milliseconds)",
        ),
        (
            "sse",
            "heartbeat_interval",
            "\"-5s\"",
            "it should be a length of time from 100ms to 1440m, such as \"5s\" or 5000 (milliseconds)",
        ),
        ("sounds", "sound", "\"s3cret\"", "it should be one of: SOUNDS"),
        ("sounds", "sound", "true", "it should be one of: SOUNDS"),
        (
            "window",
            "appearance",
            "\"Dark\"",
            "it should be one of: system, light, dark",
        ),
        (
            "sse",
            "types",
            "[3]",
            "it should be a list of texts, such as [\"one\", \"two\"]",
        ),
        (
            "inbox",
            "keep_categories",
            "[\"payroll: s3cret\"]",
            "it should be a list of categories with 1 to 36500 days or 1 to 1000000 items, such as [\"payroll: 3650 \
             days\", \"builds: 500 items\"]",
        ),
        (
            "network",
            "no_proxy",
            "{ a = 1 }",
            "it should be a list of texts, such as [\"one\", \"two\"]",
        ),
        (
            "network",
            "ca_file",
            "1979-05-27",
            "it should be a text in quotes",
        ),
        (
            "network",
            "client_certificate_password",
            "1234",
            "it should be a text in quotes",
        ),
        ("network", "ca_file", "\" \"", "it should be the path of a file"),
        (
            "network",
            "proxy",
            "\"socks4://anna:s3cret@p.example\"",
            "it should be system, none, or a proxy's address: only proxies whose address begins with http://, \
             https:// or socks5:// are supported",
        ),
        (
            "network",
            "proxy",
            "\"http://\"",
            "it should be system, none, or a proxy's address: it should look like http://proxy.example:3128",
        ),
        (
            "network",
            "proxy",
            "\"http://anna:s3cret@p.example/proxy.pac\"",
            "it should be system, none, or a proxy's address: a proxy's address ends after its port; instead of a \
             PAC script, give the proxy that it names",
        ),
        (
            "network",
            "probe_url",
            "\"https://anna:s3cret@p.example\"",
            "it should be an address such as http://gloria.example/generate_204",
        ),
        (
            "metrics",
            "listen",
            "\"s3cret\"",
            "it should be an address with a port, such as 127.0.0.1:9464",
        ),
        (
            "metrics",
            "listen",
            "\"192.0.2.7:1234\"",
            "other computers can reach this address; it should be one of this computer alone, such as 127.0.0.1:1234",
        ),
        (
            "api",
            "url",
            "\" \"",
            "enter the server's address, such as https://gloria.example",
        ),
        (
            "api",
            "url",
            "\"https://gloria.example:99999\"",
            "the port in the address is not a number from 0 to 65535; it should look like https://gloria.example:8443",
        ),
        (
            "auth",
            "token_for",
            "\"http://gloria.example\"",
            "plain http would send your token unencrypted; use https://",
        ),
        (
            "network",
            "client_key",
            "\"a.key\"",
            "network.client_certificate names no file",
        ),
    ]
}

#[test]
fn every_mistake_is_one_sentence_that_names_file_line_and_setting_and_not_the_value() {
    let sounds: Vec<_> = crate::item::SoundName::ALL
        .iter()
        .map(|sound| sound.name())
        .collect();
    for (section, name, value, why) in mistakes() {
        let why = why.replace("SOUNDS", &sounds.join(", "));
        let text = format!("[{section}]\n{name} = {value}\n");
        let expected = format!("the setting {section}.{name} in line 2 {FILE} is ignored: {why}");
        assert_eq!(said(&text), [expected], "{text}");
        assert!(!said(&text)[0].contains("s3cret"));
    }
    let variable = words(&resolve("", &[("GLORIA_SOUND_VOLUME", "s3cret")]));
    assert_eq!(
        variable,
        ["GLORIA_SOUND_VOLUME is ignored: it should be a whole number from 0 to 100"]
    );
    assert_eq!(
        english(&<Mistake as serde::de::Error>::custom("s3cret").message()),
        "it is not a value for this setting"
    );
    // The limits equal those in the message.
    let duration = |text: &str| forms::duration(&Raw::Text(text.to_owned())).is_ok();
    assert_eq!(
        ["99ms", "100ms", "1440m", "86400001"].map(duration),
        [false, true, true, false]
    );
}

#[test]
fn every_slip_in_an_address_has_a_sentence_of_its_own() {
    let words = |typed: &str| {
        let error = crate::account::address::Address::parse(typed, false).unwrap_err();
        english(&error.message())
    };
    for (typed, expected) in [
        (
            "https://",
            "there is no server in the address; it should look like https://gloria.example",
        ),
        (
            "https://gloria.example:x",
            "the port in the address is not a number from 0 to 65535; it should look like https://gloria.example:8443",
        ),
        (
            "https://1.2.3.4.5",
            "the IP address is incomplete; it should look like 192.0.2.7 or [2001:db8::7]",
        ),
        (
            "https://[1",
            "the IP address is incomplete; it should look like 192.0.2.7 or [2001:db8::7]",
        ),
        (
            "https://glor,ia.example",
            "the server's name has characters that are not allowed in one; it should look like https://gloria.example",
        ),
    ] {
        assert_eq!(words(typed), expected, "{typed}");
    }
    let other = AddressError::Malformed(url::ParseError::Overflow);
    assert_eq!(
        english(&other.message()),
        "this is not an address; it should look like https://gloria.example"
    );
}

#[test]
fn every_syntax_error_that_people_make_is_said_in_words() {
    let quotes = "a text should be in straight quotes, \" or '";
    let open = "a quote or a bracket is not closed";
    let no_value = "a name needs a = and a value";
    let bad =
        "a value is not written as numbers, dates or texts are; a text should be in straight quotes, \" or '";
    let deep = format!("volume = {}{}", "[".repeat(100_000), "]".repeat(100_000));
    for (slip, line, expected) in [
        ("volume = 5\nvolume = 6", 3, "volume appears twice"),
        ("volume = 5\n[sounds]", 3, "sounds appears twice"),
        ("volume = 5\nvolume.x = 6", 3, "volume appears twice"),
        ("volume =", 2, no_value),
        ("volume", 2, no_value),
        ("volume: 5", 2, no_value),
        ("= 5", 2, "a name is missing before the ="),
        ("sound = knock", 2, quotes),
        ("sound = “knock”", 2, quotes),
        ("sound = \"knock", 2, open),
        ("sound = 'knock", 2, open),
        ("sound = \"\"\"knock\n", 3, open),
        ("[window", 2, open),
        (
            "sound = \"C:\\dir\"",
            2,
            "a backslash in double quotes has a meaning of its own; use single quotes around the text",
        ),
        (
            "sound = \"C:\\Users\"",
            2,
            "a backslash in double quotes has a meaning of its own; use single quotes around the text",
        ),
        ("enabled = True", 2, "true and false are written in small letters"),
        ("volume = 07", 2, "a number begins with 0"),
        ("// loud", 2, "a comment begins with #"),
        ("; loud", 2, "a comment begins with #"),
        ("volume = 5 // loud", 2, "a comment begins with #"),
        ("volume = 5\u{0}", 2, "there is a control character in it"),
        (
            "volume = 5\rsound = 'knock'",
            2,
            "there is a control character in it",
        ),
        (
            "volume = = 5",
            2,
            "there is something in it that does not belong there",
        ),
        (
            "volume = 1,000",
            2,
            "there is something in it that does not belong there",
        ),
        (
            "[window]]",
            2,
            "there is something in it that does not belong there",
        ),
        ("volume é", 2, no_value),
        (
            "volé = 5",
            2,
            "a name has a character that only a name in quotes can have",
        ),
        ("volume = 1.2.3", 2, bad),
        ("volume = 1__0", 2, bad),
        ("volume = 0xZZ", 2, bad),
        ("volume = 1979-13-45", 2, bad),
        ("volume = '5' # a // b\nsound = knock", 3, quotes),
        ("sound = \"a // b", 2, open),
        (deep.as_str(), 2, "brackets are nested too deeply"),
    ] {
        let found = said(&format!("[sounds]\n{slip}"));
        let expected = format!("there is a mistake in line {line} {FILE}: {expected}");
        assert_eq!(found, [expected], "{slip}");
    }
}

#[test]
fn the_other_problems_are_one_sentence_each() {
    let say = |place: Place, line, kind| Problem { place, line, kind }.words();
    let file = || Place::File("/etc/gloria-notify/policy.toml".into());
    let unusable = |problem| say(file(), None, ProblemKind::Unusable(problem));
    let path = "/etc/gloria-notify/policy.toml";
    for (problem, why) in [
        (FileProblem::Missing, "it does not exist".to_owned()),
        (FileProblem::NotFile, "it is not a file".to_owned()),
        (
            FileProblem::TooLarge { limit: 1 << 20 },
            "it is larger than 1 MiB".to_owned(),
        ),
        (FileProblem::NotText, "it is not text in UTF-8".to_owned()),
        (
            FileProblem::DanglingLink,
            "it is a link that leads nowhere".to_owned(),
        ),
        (
            FileProblem::LinkLoop,
            "it is a link that leads back to itself".to_owned(),
        ),
        (
            FileProblem::NotPrivate(crate::private::NotPrivate::Foreign(path.into())),
            format!("{path} belongs to another user of this computer"),
        ),
        (
            FileProblem::Empty,
            "it is empty; a policy ends when its file is removed".to_owned(),
        ),
        (
            FileProblem::SyntaxErrors { limit: 100 },
            "it has more than 100 syntax mistakes".to_owned(),
        ),
        (
            std::io::Error::from(std::io::ErrorKind::PermissionDenied).into(),
            "the system denies access to it".to_owned(),
        ),
        (
            std::io::Error::from(std::io::ErrorKind::StorageFull).into(),
            "the disk is full".to_owned(),
        ),
        (
            std::io::Error::from(std::io::ErrorKind::ReadOnlyFilesystem).into(),
            "the disk is read-only".to_owned(),
        ),
        (
            std::io::Error::other("the disk is on fire").into(),
            "the disk is on fire".to_owned(),
        ),
    ] {
        assert_eq!(unusable(problem), format!("{path} is not used: {why}"));
    }
    let setting = "api.url";
    assert_eq!(
        [
            say(file(), Some(1000), ProblemKind::NotLockable { setting }),
            say(Place::System("HKLM"), None, ProblemKind::NotLockable { setting }),
            say(file(), None, ProblemKind::PolicyKept),
            say(file(), None, ProblemKind::PolicyYoung),
            say(file(), None, ProblemKind::More { count: 1 }),
            say(Place::UserFile, None, ProblemKind::More { count: 2 }),
            say(
                Place::UserFile,
                None,
                ProblemKind::SetAside {
                    path: "/x.broken".into()
                }
            ),
            say(
                Place::UserFile,
                Some(2),
                ProblemKind::Syntax(SyntaxError::Other("something else".to_owned()))
            ),
            english(
                &SettingsFileError {
                    path: "/x".into(),
                    problem: FileProblem::DiskFull,
                }
                .message()
            ),
        ],
        [
            "the setting api.url in line 1000 of /etc/gloria-notify/policy.toml is ignored: an administrator cannot \
             lock it",
            "the setting api.url in HKLM is ignored: an administrator cannot lock it",
            "what /etc/gloria-notify/policy.toml last set stays in force until it can be read again",
            "/etc/gloria-notify/policy.toml was written in the last ten seconds and sets less than before; what it no \
             longer sets stays in force until then",
            "/etc/gloria-notify/policy.toml has one more mistake",
            "the settings file has 2 more mistakes",
            "the settings file could not be changed as it was written and was moved to /x.broken; what could be read \
             of it was kept",
            "there is a mistake in line 2 of the settings file: something else",
            "the settings could not be saved to /x: the disk is full",
        ]
    );
    let known: Vec<_> = crate::protocol::EventType::ALL
        .iter()
        .map(|event_type| event_type.name())
        .collect();
    assert_eq!(
        said("[sse]\ntypes = [\"nonsense.type\"]"),
        [format!(
            "the setting sse.types in line 2 of the settings file: the event type \"nonsense.type\" is unknown; known \
             are {}, message",
            known.join(", ")
        )]
    );
}
