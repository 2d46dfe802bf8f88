//! Newer versions of the app: asks for them about once a day, and says that there is one.
//!
//! What comes of an attempt is in `gloria status` and, as a code, in the log. It is no notice, because no user can do
//! anything about it.

use std::path::PathBuf;

use gloria_stream::Cause;
use gloria_stream::http::RequestError;
use semver::Version;
use tokio::task::JoinSet;

use super::{Actor, Report};
use crate::connection::cause;
use crate::handle::CoreError;
use crate::item::EpochMillis;
use crate::message::{self, Message};
use crate::metrics::status::UpdatesReport;
use crate::protocol::ReleaseView;
use crate::release::fetch::{self, FetchError};
use crate::release::{Manifest, Record, Source, is_offered, judge, schedule};

/// What a source said.
#[derive(Debug)]
pub(super) struct Answer {
    source: Source,
    outcome: Result<Manifest, FetchError>,
}

/// What is known of newer versions.
#[derive(Debug)]
pub(super) struct Releases {
    record: Record,
    /// The version that runs; `None` if it is none that can be compared.
    installed: Option<Version>,
    source: Option<Source>,
    next_at: EpochMillis,
    /// Why the last attempt brought nothing.
    problem: Option<Message>,
    /// The task that asks.
    asking: JoinSet<()>,
}

impl Releases {
    /// Reads what was seen in an earlier run.
    pub(super) fn read(path: PathBuf, installed: &str) -> Self {
        Self {
            record: Record::read(path),
            installed: Version::parse(installed).ok(),
            source: None,
            next_at: EpochMillis::MAX,
            problem: None,
            asking: JoinSet::new(),
        }
    }

    /// Sets where to ask. Another source is asked soon; the plan of the last run holds for that of the start.
    pub(super) fn set_source(&mut self, source: Option<Source>, now: EpochMillis, random: f64) {
        if source == self.source {
            return;
        }
        let planned = source.as_ref().and_then(|source| self.record.next_at(source));
        let planned = planned.filter(|_| self.source.is_none());
        self.next_at = match &source {
            Some(_) => schedule::at_start(planned, now, random),
            None => EpochMillis::MAX,
        };
        let problem = source.as_ref().and_then(|source| self.record.problem(source));
        self.problem = problem.cloned();
        self.source = source;
        // Its answer would be about the other one.
        self.asking = JoinSet::new();
    }

    /// The version to show.
    pub(super) fn offer(&self) -> Option<ReleaseView> {
        let seen = self.record.seen(self.source.as_ref()?)?;
        is_offered(seen, self.installed.as_ref()?).then(|| ReleaseView {
            version: seen.version.to_string(),
            notes: seen.notes.as_ref().map(ToString::to_string),
        })
    }

    /// What `gloria status` says.
    pub(super) fn report(&self) -> Option<UpdatesReport> {
        let source = self.source.as_ref()?;
        Some(UpdatesReport {
            channel: source.channel,
            release: self.offer(),
            problem: self.problem.clone(),
        })
    }

    /// Returns the source that is to be asked now, if it is time. Without a network it is another time soon.
    fn poll(&mut self, is_offline: bool, now: EpochMillis, random: impl FnOnce() -> f64) -> Option<Source> {
        let source = self.source.clone()?;
        self.next_at = schedule::within_reach(self.next_at, now);
        if now < self.next_at || self.installed.is_none() {
            return None;
        }
        if is_offline {
            self.next_at = schedule::soon(now, random());
            return None;
        }
        self.next_at = schedule::after_asking(now, random());
        Some(source)
    }

    /// Takes what a source said.
    fn on_answer(&mut self, answer: Answer) {
        let Answer { source, outcome } = answer;
        if self.source.as_ref() != Some(&source) {
            return;
        }
        let judged = outcome.and_then(|manifest| {
            judge(manifest, source.channel, self.record.seen(&source)).map_err(FetchError::from)
        });
        let judged = judged.map_err(words);
        self.problem = judged.as_ref().err().cloned();
        if let Some(problem) = &self.problem {
            tracing::info!(id = %problem.id, "no newer version could be asked for");
        }
        self.record.on_asked(&source, judged, self.next_at);
    }
}

fn words(error: FetchError) -> Message {
    match error {
        FetchError::Refused(refusal) => refusal.message(),
        FetchError::Status(status) => message::release_status(status),
        FetchError::Request(RequestError::Dial(error)) => {
            message::release_unreachable(cause(&Cause::Dial(error)))
        }
        FetchError::Request(RequestError::TimedOut(whole)) => message::release_too_slow(whole),
        FetchError::Request(RequestError::TooLarge(bytes)) => message::release_too_large(bytes),
        FetchError::Request(RequestError::BrokenOff(_) | RequestError::Encoded(_)) => {
            message::release_unreadable()
        }
    }
}

impl Actor {
    /// Asks if it is time.
    pub(super) fn poll_release(&mut self) {
        let (now, is_offline) = (self.now().epoch_millis(), self.link.is_offline());
        let Some(source) = self.releases.poll(is_offline, now, || self.rng.f64()) else {
            return;
        };
        let (options, reports) = (self.http_options(), self.reports.0.clone());
        self.releases.asking = JoinSet::new();
        self.releases.asking.spawn(async move {
            let outcome = fetch::manifest(options, &source).await;
            // The core may have ended meanwhile.
            let _ = reports.send(Report::Release(Box::new(Answer { source, outcome })));
        });
    }

    pub(super) fn on_release(&mut self, answer: Answer) {
        self.releases.on_answer(answer);
        self.readers.publish_release(self.releases.offer());
    }

    /// Applies changed settings.
    pub(super) fn on_release_settings(&mut self) {
        let (now, random) = (self.now().epoch_millis(), self.rng.f64());
        self.releases
            .set_source(self.settings.release_source(), now, random);
        self.readers.publish_release(self.releases.offer());
    }

    /// Opens the page about the newer version.
    pub(super) fn open_release_notes(&self) -> Result<(), CoreError> {
        let notes = self.releases.offer().and_then(|release| release.notes);
        self.setup.ports.opener.open(&notes.ok_or(CoreError::Gone)?)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use url::Url;

    use super::*;
    use crate::release::{Channel, Refusal, ReleaseKey};

    const NOW: EpochMillis = 1_800_000_000_000;
    const HOUR: EpochMillis = 3_600_000;

    fn source(folder: &str) -> Source {
        Source {
            url: Url::parse(folder).unwrap(),
            key: ReleaseKey::parse("RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3").unwrap(),
            channel: Channel::Stable,
        }
    }

    fn answer(source: &Source, version: &str) -> Answer {
        let manifest = Manifest {
            channel: Channel::Stable,
            version: Version::parse(version).unwrap(),
            date: "2026-11-28T12:00:00Z".parse().unwrap(),
            notes: None,
        };
        Answer {
            source: source.clone(),
            outcome: Ok(manifest),
        }
    }

    fn releases(home: &Path, installed: &str) -> Releases {
        let mut releases = Releases::read(home.join("releases.json"), installed);
        releases.set_source(Some(source("https://one.example")), NOW, 0.5);
        releases
    }

    #[test]
    fn it_is_asked_once_in_a_day_and_never_without_a_network() {
        let home = tempfile::tempdir().unwrap();
        let mut releases = releases(home.path(), "1.0.0");
        let half = || 0.5;
        assert_eq!(releases.poll(false, NOW, half), None, "at the start");
        let first = NOW + HOUR / 2;
        for step in 0..5 {
            let now = first + step * HOUR;
            assert_eq!(releases.poll(true, now, half), None, "offline for {step} h");
        }
        let back = first + 5 * HOUR;
        assert!(releases.poll(false, back, half).is_some());
        for hours in 1..24 {
            assert_eq!(releases.poll(false, back + hours * HOUR, half), None, "{hours}");
        }
        assert!(releases.poll(false, back + 24 * HOUR, half).is_some());
    }

    #[test]
    fn a_clock_that_was_ahead_delays_the_next_attempt_by_no_more_than_a_day() {
        let home = tempfile::tempdir().unwrap();
        let mut releases = releases(home.path(), "1.0.0");
        let ahead = NOW + 365 * 24 * HOUR;
        assert!(releases.poll(false, ahead, || 0.5).is_some());
        assert_eq!(releases.poll(false, NOW, || 0.5), None);
        assert!(releases.poll(false, NOW + 28 * HOUR, || 0.5).is_some());
    }

    #[test]
    fn another_source_is_asked_soon_after_a_start_and_a_failure_outlives_it() {
        let home = tempfile::tempdir().unwrap();
        let (one, other) = (source("https://one.example"), source("https://other.example"));
        let mut before = releases(home.path(), "1.0.0");
        assert!(before.poll(false, NOW + HOUR, || 0.5).is_some());
        before.on_answer(Answer {
            source: one.clone(),
            outcome: Err(FetchError::Status(500)),
        });
        for (source, is_asked, problem) in [(one, false, Some("release-status")), (other, true, None)] {
            let mut releases = Releases::read(home.path().join("releases.json"), "1.0.0");
            releases.set_source(Some(source), NOW + 2 * HOUR, 0.5);
            let reported = releases.report().unwrap().problem;
            assert_eq!(reported.as_ref().map(|problem| &*problem.id), problem);
            assert_eq!(releases.poll(false, NOW + 3 * HOUR, || 0.5).is_some(), is_asked);
        }
    }

    #[test]
    fn nothing_is_asked_without_a_source_or_a_version_of_ones_own() {
        let home = tempfile::tempdir().unwrap();
        let mut unset = releases(home.path(), "1.0.0");
        unset.set_source(None, NOW, 0.0);
        assert_eq!(unset.poll(false, EpochMillis::MAX, || 0.0), None);
        assert_eq!(unset.report(), None);
        let mut nameless = releases(home.path(), "a build of mine");
        assert_eq!(nameless.poll(false, EpochMillis::MAX, || 0.0), None);
    }

    #[test]
    fn what_one_source_said_is_not_offered_for_another() {
        let home = tempfile::tempdir().unwrap();
        let mut releases = releases(home.path(), "1.0.0");
        let (one, other) = (source("https://one.example"), source("https://other.example"));
        releases.on_answer(answer(&other, "3.0.0"));
        assert_eq!(releases.offer(), None);
        releases.on_answer(answer(&one, "2.0.0"));
        assert_eq!(releases.offer().unwrap().version, "2.0.0");
        let mut beta = one.clone();
        beta.channel = Channel::Beta;
        releases.set_source(Some(beta), NOW, 0.0);
        assert_eq!(releases.offer(), None);
        // The key is the same, and with it what was signed.
        releases.set_source(Some(other), NOW, 0.0);
        assert_eq!(releases.offer().unwrap().version, "2.0.0");
    }

    #[test]
    fn a_failure_is_reported_as_a_code_and_takes_no_version_away() {
        let home = tempfile::tempdir().unwrap();
        let mut releases = releases(home.path(), "1.0.0");
        let one = source("https://one.example");
        releases.on_answer(answer(&one, "2.0.0"));
        for (error, id) in [
            (FetchError::Refused(Refusal::Altered), "release-altered"),
            (FetchError::Status(500), "release-status"),
            (
                FetchError::Request(RequestError::TooLarge(9)),
                "release-too-large",
            ),
        ] {
            releases.on_answer(Answer {
                source: one.clone(),
                outcome: Err(error),
            });
            let report = releases.report().unwrap();
            assert_eq!(report.problem.unwrap().id, id);
            assert_eq!(report.release.unwrap().version, "2.0.0");
        }
        releases.on_answer(answer(&one, "1.9.0"));
        assert_eq!(releases.report().unwrap().problem.unwrap().id, "release-older");
        releases.on_answer(answer(&one, "2.0.0"));
        assert_eq!(releases.report().unwrap().problem, None);
    }
}
