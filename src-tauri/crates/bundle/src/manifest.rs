//! The manifest with a newer version, of which users learn: written here, and signed by its publisher with minisign.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use gloria_core::release::{Channel, Manifest};
use jiff::Timestamp;
use url::Url;

use crate::plan;
use crate::repository::Ring;

/// What the manifest says.
#[derive(Debug, Args)]
pub struct Request {
    /// Who learns of it: those who get the packages of this ring.
    #[arg(long, value_enum)]
    pub channel: Ring,
    /// The version.
    #[arg(long, default_value = env!("CARGO_PKG_VERSION"))]
    pub version: String,
    /// The page about the version, over https.
    #[arg(long, value_name = "URL")]
    pub notes: Option<String>,
    /// The folder that the manifest is put into; one that is there is replaced.
    #[arg(long, value_name = "DIR", default_value = "target/bundle")]
    pub out: PathBuf,
}

/// Writes the manifest, and returns its file.
///
/// # Errors
/// When the app would refuse it: its version is none, or a prerelease in the stable ring, or its page is not https.
pub fn make(request: &Request, now: Timestamp) -> Result<PathBuf> {
    let channel = match request.channel {
        Ring::Beta => Channel::Beta,
        Ring::Stable => Channel::Stable,
    };
    let version: semver::Version = plan::parse_version(&request.version)?.parse()?;
    ensure!(
        channel == Channel::Beta || version.pre.is_empty(),
        "{version} is a prerelease, which only beta may have"
    );
    let notes = request.notes.as_deref().map(Url::parse).transpose();
    let notes = notes.context("--notes is no address")?;
    if let Some(notes) = &notes
        && notes.scheme() != "https"
    {
        bail!("the app opens pages over https only: {notes}");
    }
    let manifest = Manifest {
        channel,
        version,
        // Without a fraction, which says nothing to anybody.
        date: Timestamp::from_second(now.as_second())?,
        notes,
    };
    let file = request.out.join(channel.file());
    fs::create_dir_all(&request.out).with_context(|| format!("cannot create {}", request.out.display()))?;
    fs::write(&file, manifest.text()).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(channel: Ring, version: &str, notes: Option<&str>) -> Request {
        Request {
            channel,
            version: version.to_owned(),
            notes: notes.map(str::to_owned),
            out: tempfile::tempdir().unwrap().keep(),
        }
    }

    /// It is the example of docs/admin.md.
    #[test]
    fn it_is_what_the_documentation_shows() {
        let request = request(Ring::Stable, "1.4.0", Some("https://gloria.example/notes/1.4.0"));
        let now = "2026-11-28T12:00:00.7Z".parse().unwrap();
        let file = make(&request, now).unwrap();
        assert!(file.ends_with("stable.json"));
        let written = fs::read_to_string(file).unwrap();
        fs::remove_dir_all(request.out).unwrap();
        let document = fs::read_to_string(plan::root().join("docs/admin.md")).unwrap();
        assert!(
            document.contains(&format!("```json\n{written}```\n")),
            "{written}"
        );
    }

    #[test]
    fn what_the_app_would_refuse_is_not_written() {
        let now = Timestamp::UNIX_EPOCH;
        for (channel, version, notes) in [
            (Ring::Stable, "1.5.0-beta.1", None),
            (Ring::Beta, "1.5", None),
            (Ring::Beta, "latest", None),
            (Ring::Beta, "1.5.0", Some("notes")),
            (Ring::Beta, "1.5.0", Some("http://gloria.example/notes")),
        ] {
            let request = request(channel, version, notes);
            assert!(make(&request, now).is_err(), "{version} {notes:?}");
            assert_eq!(fs::read_dir(&request.out).unwrap().count(), 0);
            fs::remove_dir_all(request.out).unwrap();
        }
        let beta = request(Ring::Beta, "1.5.0-beta.1", None);
        assert!(make(&beta, now).unwrap().ends_with("beta.json"));
        fs::remove_dir_all(beta.out).unwrap();
    }
}
