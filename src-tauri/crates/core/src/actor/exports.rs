//! The metrics for other programs: the endpoint that serves them, and the file that they are written into.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::Instant;

use self::own_file::OwnFile;
use super::{Actor, Report};
use crate::message::{self, Message, Phrase};
use crate::metrics::Meters;
use crate::metrics::endpoint::Endpoint;
use crate::settings::{FileProblem, Settings};
use crate::shared;
use crate::ticks::{TICK_INTERVAL, Ticks};

mod own_file;

/// Collectors read the file once or twice a minute.
const WRITE_INTERVAL: Duration = Duration::from_secs(60);

/// The endpoint and the file, if settings ask for them.
#[derive(Debug)]
pub(super) struct Exports {
    endpoint: Option<Endpoint>,
    /// Why metrics are not served although a setting asks for it.
    endpoint_problem: Option<Message>,
    textfile: Textfile,
}

/// What became of writing the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    path: PathBuf,
    problem: Option<Message>,
}

/// The file. It is written and removed outside the loop, because its disk may hang.
#[derive(Debug)]
struct Textfile {
    ticks: Ticks,
    due: Instant,
    /// Where the settings want it.
    wanted: Option<PathBuf>,
    /// What this app may have written and has not removed.
    own: Arc<OwnFile>,
    /// The last write or removal. While it is not finished, no other one is started.
    job: Option<Job>,
    /// Why it is not written although a setting asks for it.
    problem: Option<Message>,
}

#[derive(Debug)]
struct Job {
    began: Instant,
    task: JoinHandle<()>,
}

impl Exports {
    /// `record` is the file in which the path of the written one is remembered.
    pub(super) fn new(settings: &Settings, meters: &Meters, record: PathBuf, now: Instant) -> Self {
        let (endpoint, endpoint_problem) = open_endpoint(settings.metrics_listen, meters);
        Self {
            endpoint,
            endpoint_problem,
            textfile: Textfile {
                ticks: Ticks::new(now.into_std()),
                due: now,
                wanted: settings.metrics_textfile.clone(),
                own: Arc::new(OwnFile::read(record)),
                job: None,
                problem: None,
            },
        }
    }

    /// Applies the settings, as far as they have changed.
    pub(super) fn apply(&mut self, before: &Settings, settings: &Settings, meters: &Meters) {
        if before.metrics_listen != settings.metrics_listen {
            // The port may be the same, at another address.
            self.endpoint = None;
            (self.endpoint, self.endpoint_problem) = open_endpoint(settings.metrics_listen, meters);
        }
        if before.metrics_textfile != settings.metrics_textfile {
            let textfile = &mut self.textfile;
            textfile.wanted.clone_from(&settings.metrics_textfile);
            textfile.problem = None;
            textfile.due = Instant::now();
        }
    }

    /// Where metrics are served.
    pub(super) fn served_at(&self) -> Option<SocketAddr> {
        self.endpoint.as_ref().map(Endpoint::address)
    }

    /// What is wrong with the settings of metrics.
    pub(super) fn problems(&self) -> impl Iterator<Item = &Message> {
        self.endpoint_problem.iter().chain(&self.textfile.problem)
    }

    /// When the file has to be written or removed.
    pub(super) fn due(&self) -> Option<Instant> {
        let textfile = &self.textfile;
        (textfile.wanted.is_some() || textfile.own.is_known()).then_some(textfile.due)
    }

    /// Ends both, for a core that has crashed: what the file says is no longer true.
    pub(super) fn close(&mut self) {
        self.endpoint = None;
        tokio::spawn(self.withdraw());
    }

    /// Removes the file, once a write that is under way has ended.
    pub(super) fn withdraw(&mut self) -> impl Future<Output = ()> + Send + use<> {
        let (own, job) = (self.textfile.own.clone(), self.textfile.job.take());
        async move {
            if let Some(job) = job {
                // It does not panic, and is not cancelled.
                let _ = job.task.await;
            }
            let _ = spawn_blocking(move || own.remove()).await;
        }
    }
}

impl Textfile {
    /// Writes the file, removes the one that is not wanted any more, or says that the disk hangs.
    fn poll(&mut self, now: Instant) -> Next {
        if let Some(job) = self.job.as_ref().filter(|job| !job.task.is_finished()) {
            self.due = self.ticks.after_tokio(now);
            return if now - job.began < WRITE_INTERVAL {
                Next::Nothing
            } else {
                Next::Hanging
            };
        }
        self.due = self.ticks.after_tokio(now + WRITE_INTERVAL - TICK_INTERVAL);
        Next::Job
    }
}

/// What is to be done.
enum Next {
    Nothing,
    Hanging,
    Job,
}

/// Opens the metrics endpoint if a setting asks for it. Returns it, or why it could not be opened.
fn open_endpoint(listen: Option<SocketAddr>, meters: &Meters) -> (Option<Endpoint>, Option<Message>) {
    let Some(listen) = listen else { return (None, None) };
    match Endpoint::open(listen, meters.clone()) {
        Ok(endpoint) => (Some(endpoint), None),
        Err(error) => {
            tracing::warn!(%listen, %error, "metrics are not served");
            let problem = if error.kind() == io::ErrorKind::AddrInUse {
                Phrase::Message(message::metrics_address_in_use())
            } else {
                FileProblem::from(error).phrase()
            };
            (
                None,
                Some(message::metrics_not_served(listen.to_string(), problem)),
            )
        }
    }
}

fn write(own: &OwnFile, path: &Path, contents: &str) -> Option<Message> {
    let problem = match own.write(path, contents) {
        Ok(()) => return None,
        Err(error) => match shared::refusal(&error) {
            Some(refused) => refused.message().into(),
            None if error.kind() == io::ErrorKind::NotFound => message::metrics_no_folder().into(),
            None => FileProblem::from(error).phrase(),
        },
    };
    Some(not_written(path, problem))
}

fn not_written(path: &Path, problem: Phrase) -> Message {
    message::metrics_not_written(path.display().to_string(), problem)
}

impl Actor {
    /// Writes the file outside the loop. Only another outcome than the last one is reported, because a report wakes
    /// the loop.
    pub(super) fn write_textfile(&mut self, now: Instant) {
        // So that the state in the file is the present one.
        self.publish_connection();
        let textfile = &mut self.exports.textfile;
        match textfile.poll(now) {
            Next::Nothing => return,
            Next::Hanging => {
                if let Some(path) = textfile.wanted.clone() {
                    let problem = Some(not_written(&path, message::metrics_disk_hangs().into()));
                    self.on_textfile_written(Outcome { path, problem });
                }
                return;
            }
            Next::Job => {}
        }
        let (wanted, known) = (textfile.wanted.clone(), textfile.problem.clone());
        let own = textfile.own.clone();
        let (meters, reports) = (self.meters.clone(), self.reports.0.clone());
        let task = spawn_blocking(move || {
            let Some(path) = wanted else { return own.remove() };
            let problem = write(&own, &path, &meters.textfile());
            if problem != known {
                // The core may have ended meanwhile.
                let _ = reports.send(Report::TextfileWritten(Outcome { path, problem }));
            }
        });
        textfile.job = Some(Job { began: now, task });
    }

    pub(super) fn on_textfile_written(&mut self, outcome: Outcome) {
        let textfile = &mut self.exports.textfile;
        if textfile.wanted.as_ref() != Some(&outcome.path) || textfile.problem == outcome.problem {
            return;
        }
        match &outcome.problem {
            Some(problem) => tracing::warn!(id = %problem.id, "metrics are not written"),
            None => tracing::info!("metrics are written again"),
        }
        textfile.problem = outcome.problem;
        self.publish_standing_problems(None);
    }
}

#[cfg(test)]
mod tests;
