//! Manifests that are signed by minisign itself, and what becomes of each.

mod over_http;

use std::io::Cursor;

use minisign::KeyPair;
use proptest::prelude::*;

use super::*;

/// A publisher, with its key.
pub(super) struct Publisher(KeyPair);

impl Publisher {
    pub(super) fn new() -> Self {
        Self(KeyPair::generate_unencrypted_keypair().unwrap())
    }

    pub(super) fn key(&self) -> ReleaseKey {
        ReleaseKey::parse(&self.0.pk.to_base64()).unwrap()
    }

    /// The file of a signature.
    pub(super) fn sign(&self, text: &str, comment: Option<&str>) -> String {
        let signed = minisign::sign(None, &self.0.sk, Cursor::new(text), comment, None).unwrap();
        signed.into_string()
    }
}

fn version(text: &str) -> Version {
    Version::parse(text).unwrap()
}

fn manifest(channel: Channel, number: &str, day: u8) -> Manifest {
    Manifest {
        channel,
        version: version(number),
        date: format!("2026-11-{day:02}T12:00:00Z").parse().unwrap(),
        notes: Url::parse("https://gloria.example/notes").ok(),
    }
}

fn seen(number: &str, day: u8) -> Seen {
    let Manifest {
        version, date, notes, ..
    } = manifest(Channel::Stable, number, day);
    Seen { version, date, notes }
}

#[test]
fn a_manifest_is_read_as_it_was_written() {
    let publisher = Publisher::new();
    for channel in [Channel::Stable, Channel::Beta] {
        let written = manifest(channel, "1.4.0", 28);
        let text = written.text();
        for comment in [
            None,
            Some("timestamp:1700000000\tfile:CHANNEL.json\thashed"),
            Some("channel:CHANNEL version:1.4.0"),
            Some("of the release team"),
        ] {
            let comment = comment.map(|comment| comment.replace("CHANNEL", channel.name()));
            let signature = publisher.sign(&text, comment.as_deref());
            let read =
                Manifest::verified(text.as_bytes(), signature.as_bytes(), &publisher.key(), channel).unwrap();
            assert_eq!(read, written, "{comment:?}");
        }
    }
}

#[test]
fn whatever_is_not_what_the_publisher_signed_for_this_channel_is_refused() {
    let (publisher, other) = (Publisher::new(), Publisher::new());
    let text = manifest(Channel::Stable, "1.4.0", 28).text();
    let signature = publisher.sign(&text, None);
    let beta = manifest(Channel::Beta, "1.4.0", 28).text();
    let of_another = text.replace(PRODUCT, "com.example.other");
    let nightly = text.replace("stable", "nightly");
    let comment_altered = signature.replace("trusted comment: ", "trusted comment: 1");
    let signed = |text: &str| publisher.sign(text, None);
    let commented = |comment: &str| publisher.sign(&text, Some(comment));
    let cases = [
        ("no signature", text.clone(), String::new(), Refusal::Unsigned),
        (
            "a page instead of one",
            text.clone(),
            "<html>".into(),
            Refusal::Unsigned,
        ),
        (
            "half of one",
            text.clone(),
            signature[..90].into(),
            Refusal::Unsigned,
        ),
        (
            "an altered version",
            text.replace("1.4", "1.5"),
            signature.clone(),
            Refusal::Altered,
        ),
        (
            "a line more",
            format!("{text}\n"),
            signature.clone(),
            Refusal::Altered,
        ),
        (
            "an altered comment",
            text.clone(),
            comment_altered,
            Refusal::Altered,
        ),
        (
            "another key",
            text.clone(),
            other.sign(&text, None),
            Refusal::OtherKey,
        ),
        (
            "no manifest",
            "SHA256SUMS".into(),
            signed("SHA256SUMS"),
            Refusal::Malformed,
        ),
        ("no fields", "{}".into(), signed("{}"), Refusal::Malformed),
        (
            "no version",
            text.replace("1.4.0", "1.4"),
            signed(&text.replace("1.4.0", "1.4")),
            Refusal::Malformed,
        ),
        (
            "another program",
            of_another.clone(),
            signed(&of_another),
            Refusal::OtherProduct,
        ),
        (
            "another channel",
            beta.clone(),
            signed(&beta),
            Refusal::OtherChannel,
        ),
        (
            "an unknown channel",
            nightly.clone(),
            signed(&nightly),
            Refusal::OtherChannel,
        ),
        (
            "another file's",
            text.clone(),
            commented("file:beta.json"),
            Refusal::OtherFile,
        ),
        (
            "another version's",
            text.clone(),
            commented("version:1.3.0"),
            Refusal::OtherFile,
        ),
        (
            "another channel's",
            text.clone(),
            commented("channel:beta"),
            Refusal::OtherFile,
        ),
    ];
    for (what, text, signature, refusal) in cases {
        let read = Manifest::verified(
            text.as_bytes(),
            signature.as_bytes(),
            &publisher.key(),
            Channel::Stable,
        );
        assert_eq!(read, Err(refusal), "{what}");
    }
}

/// Its key is that of the first test: without a hash, as minisign signed until 2019.
#[test]
fn a_signature_of_the_old_kind_is_refused() {
    let key = ReleaseKey::parse("RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3").unwrap();
    let signature = "untrusted comment: signature from minisign secret key\n\
        RWQf6LRCGA9i59SLOFxz6NxvASXDJeRtuZykwQepbDEGt87ig1BNpWaVWuNrm73YiIiJbq71Wi+dP9eKL8OC351vwIasSSbXxwA=\n\
        trusted comment: timestamp:1555779966\tfile:test\n\
        QtKMXWyYcwdpZAlPF7tE2ENJkRd1ujvKjlj1m9RtHTBnZPa5WKU5uWRs5GoP5M/VqE81QFuMKI5k/SfNQUaOAA==";
    assert_eq!(
        Manifest::verified(b"test", signature.as_bytes(), &key, Channel::Stable),
        Err(Refusal::Unsigned)
    );
}

#[test]
fn notes_are_a_web_page_over_https_or_nothing() {
    let publisher = Publisher::new();
    for (notes, expected) in [
        ("https://gloria.example/notes", true),
        ("http://gloria.example/notes", false),
        ("https://anna:secret@gloria.example/notes", false),
        ("javascript:alert(1)", false),
        ("file:///etc/passwd", false),
        ("gloria-notify:show", false),
        ("notes", false),
        (&format!("https://gloria.example/{}", "n".repeat(2000)), false),
    ] {
        let text = manifest(Channel::Stable, "1.4.0", 28)
            .text()
            .replace("https://gloria.example/notes", notes);
        let signature = publisher.sign(&text, None);
        let read = Manifest::verified(
            text.as_bytes(),
            signature.as_bytes(),
            &publisher.key(),
            Channel::Stable,
        );
        assert_eq!(read.unwrap().notes.is_some(), expected, "{notes}");
    }
}

#[test]
fn an_older_manifest_is_refused_and_a_prerelease_is_for_beta_alone() {
    use Channel::{Beta, Stable};
    let cases = [
        (Stable, "1.4.0", 28, None, Ok(())),
        (Stable, "1.4.0", 28, Some(("1.4.0", 28)), Ok(())),
        (Stable, "1.4.1", 28, Some(("1.4.0", 28)), Ok(())),
        (Stable, "1.4.0", 29, Some(("1.4.0", 28)), Ok(())),
        (Stable, "1.3.9", 29, Some(("1.4.0", 28)), Err(Refusal::Older)),
        (Stable, "1.4.0", 27, Some(("1.4.0", 28)), Err(Refusal::Older)),
        (Stable, "1.5.0", 27, Some(("1.4.0", 28)), Err(Refusal::Older)),
        (Stable, "1.5.0-beta.1", 29, None, Err(Refusal::Prerelease)),
        (Beta, "1.5.0-beta.1", 29, Some(("1.4.0", 28)), Ok(())),
        (Beta, "1.5.0-beta.1", 29, Some(("1.5.0", 28)), Err(Refusal::Older)),
        (
            Beta,
            "1.5.0-beta.9",
            29,
            Some(("1.5.0-beta.10", 28)),
            Err(Refusal::Older),
        ),
    ];
    for (channel, number, day, before, expected) in cases {
        let before = before.map(|(number, day)| seen(number, day));
        let judged = judge(manifest(channel, number, day), channel, before.as_ref());
        assert_eq!(
            judged.map(drop),
            expected,
            "{channel:?} {number} {day} {before:?}"
        );
    }
    let crossed = judge(manifest(Beta, "1.4.0", 28), Stable, None);
    assert_eq!(crossed, Err(Refusal::OtherChannel));
}

#[test]
fn only_a_newer_version_is_offered() {
    for (number, installed, expected) in [
        ("1.4.0", "1.3.9", true),
        ("1.10.0", "1.9.0", true),
        ("1.4.0", "1.4.0-beta.2", true),
        ("1.4.0", "1.4.0", false),
        ("1.4.0+build.2", "1.4.0+build.1", false),
        ("1.4.0", "1.4.1", false),
        ("1.4.0-beta.2", "1.4.0", false),
    ] {
        assert_eq!(
            is_offered(&seen(number, 28), &version(installed)),
            expected,
            "{number} {installed}"
        );
    }
}

#[test]
fn keys_are_read_as_minisign_writes_them() {
    let text = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
    let file = format!("untrusted comment: minisign public key E7620F1842B4E81F\n{text}\n");
    for good in [text, &format!(" {text}\n"), &file] {
        assert_eq!(ReleaseKey::parse(good).unwrap().to_string(), text);
    }
    for bad in [
        "",
        "RWQ",
        &text[1..],
        &text.to_lowercase(),
        "untrusted comment: x",
        &format!("{text}\n{text}"),
    ] {
        assert_eq!(ReleaseKey::parse(bad), Err(KeyError), "{bad}");
    }
}

fn versions() -> impl Strategy<Value = Version> {
    (0..3_u64, 0..3_u64, prop::option::of(0..3_u64)).prop_map(|(major, minor, beta)| {
        let beta = beta.map(|beta| format!("-beta.{beta}")).unwrap_or_default();
        version(&format!("{major}.{minor}.0{beta}"))
    })
}

proptest! {
    /// Whatever a server presents, and in whatever order: what is believed never becomes older, and each version that
    /// is newer than what is installed is offered.
    #[test]
    fn what_is_believed_only_becomes_newer(
        presented in prop::collection::vec((versions(), 1..28_u8), 0..20),
        installed in versions(),
    ) {
        let mut known: Option<Seen> = None;
        for (number, day) in presented {
            let manifest = manifest(Channel::Beta, &number.to_string(), day);
            let date = manifest.date;
            if let Ok(next) = judge(manifest, Channel::Beta, known.as_ref()) {
                if let Some(before) = &known {
                    prop_assert!(next.version >= before.version && next.date >= before.date);
                }
                prop_assert_eq!(is_offered(&next, &installed), next.version > installed);
                known = Some(next);
            } else {
                let known = known.as_ref().unwrap();
                prop_assert!(number < known.version || known.date > date);
            }
        }
    }
}

#[test]
fn what_was_seen_outlives_the_app_for_each_key_and_channel() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("releases.json");
    let source = |publisher: &Publisher, channel| Source {
        url: Url::parse("https://gloria.example/updates").unwrap(),
        key: publisher.key(),
        channel,
    };
    let (one, other) = (Publisher::new(), Publisher::new());
    let (stable, beta) = (source(&one, Channel::Stable), source(&one, Channel::Beta));
    let mut record = Record::read(path.clone());
    assert_eq!((record.next_at(&stable), record.seen(&stable)), (None, None));
    record.on_asked(&stable, Ok(seen("1.4.0", 28)), 1);
    record.on_asked(&beta, Ok(seen("1.5.0", 28)), 2);
    record.on_asked(&stable, Err(message::release_unreadable()), 3);
    let mut record = Record::read(path.clone());
    assert_eq!((record.next_at(&stable), record.next_at(&beta)), (Some(3), None));
    assert_eq!(record.seen(&stable), Some(&seen("1.4.0", 28)));
    assert_eq!(record.seen(&beta), Some(&seen("1.5.0", 28)));
    assert_eq!(record.seen(&source(&other, Channel::Stable)), None);
    for _ in 0..20 {
        record.on_asked(&source(&Publisher::new(), Channel::Beta), Ok(seen("1.0.0", 1)), 4);
    }
    let size = std::fs::metadata(&path).unwrap().len();
    assert!(size < 4096, "{size}");
    for broken in ["", "{", "[]", "{\"seen\":[{\"version\":\"1\"}]}"] {
        std::fs::write(&path, broken).unwrap();
        let record = Record::read(path.clone());
        assert_eq!(
            (record.next_at(&stable), record.seen(&stable)),
            (None, None),
            "{broken}"
        );
    }
}

#[test]
fn an_entry_that_cannot_be_read_takes_none_of_the_others() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("releases.json");
    let source = Source {
        url: Url::parse("https://gloria.example/updates").unwrap(),
        key: Publisher::new().key(),
        channel: Channel::Stable,
    };
    Record::read(path.clone()).on_asked(&source, Ok(seen("1.4.0", 28)), 1);
    let text = std::fs::read_to_string(&path).unwrap();
    let mut record: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut nightly = record["seen"][0].clone();
    nightly["channel"] = "nightly".into();
    let entries = record["seen"].as_array_mut().unwrap();
    entries.extend([nightly, "nonsense".into()]);
    record["problem"] = serde_json::json!({"id": 5});
    record["asked"] = "of a later version".into();
    record["nextAt"] = 1e30.into();
    std::fs::write(&path, record.to_string()).unwrap();
    assert_eq!(Record::read(path).seen(&source), Some(&seen("1.4.0", 28)));
}

#[test]
fn a_version_that_is_too_long_to_be_shown_is_refused() {
    let publisher = Publisher::new();
    for (length, is_read) in [(64, true), (65, false)] {
        let number = format!("1.4.0+{}", "b".repeat(length - 6));
        let text = manifest(Channel::Stable, &number, 28).text();
        let signature = publisher.sign(&text, None);
        let (key, channel) = (publisher.key(), Channel::Stable);
        let read = Manifest::verified(text.as_bytes(), signature.as_bytes(), &key, channel);
        assert_eq!(read.is_ok(), is_read, "{length}");
    }
}

#[cfg(unix)]
#[test]
fn a_record_that_is_no_file_neither_hangs_nor_fills_memory() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("releases.json");
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.unwrap().success());
    Record::read(path.clone());
    std::fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("/dev/full", &path).unwrap();
    Record::read(path);
}
