//! `gloria doctor` for the window. It runs beside the loop, because it takes seconds and asks the app itself.

use jiff::tz::TimeZone;

use super::Actor;
use crate::doctor::{Printed, not_run, report_name};
use crate::handle::{CoreError, Reply};
use crate::message;
use crate::ports::DoctorTask;
use crate::protocol::{DoctorReport, SupportReport};

impl Actor {
    pub(super) fn check(&self, reply: Reply<DoctorReport>) {
        self.run_doctor(DoctorTask::Check, reply, |printed| Some(Ok(printed.checks)));
    }

    pub(super) fn preview_report(&self, reply: Reply<SupportReport>) {
        let name = self.report_name();
        self.run_doctor(DoctorTask::PreviewReport { name }, reply, |printed| {
            printed.report.map(Ok)
        });
    }

    pub(super) fn save_report(&self, reply: Reply<SupportReport>) {
        let name = self.report_name();
        self.run_doctor(DoctorTask::SaveReport { name }, reply, |printed| {
            let report = printed.report?;
            match report.problem {
                Some(problem) => Some(Err(CoreError::Invalid(problem))),
                None => report.saved.then_some(Ok(report)),
            }
        });
    }

    fn report_name(&self) -> String {
        report_name(self.now().epoch_millis(), TimeZone::system())
    }

    /// Answers with what the run printed; `answer` finds nothing in the lines of a run that went wrong.
    fn run_doctor<T: Send + 'static>(
        &self,
        task: DoctorTask,
        reply: Reply<T>,
        answer: impl FnOnce(Printed) -> Option<Result<T, CoreError>> + Send + 'static,
    ) {
        let running = self.setup.ports.doctor.run(task);
        tokio::spawn(async move {
            let answered = match running.await {
                Ok(printed) => Printed::read(&printed).and_then(answer),
                Err(error) => Some(Err(CoreError::Invalid(not_run(&error)))),
            };
            reply.answer(answered.unwrap_or_else(|| Err(CoreError::Invalid(message::doctor_broke()))));
        });
    }
}
