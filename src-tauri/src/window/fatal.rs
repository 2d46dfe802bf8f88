//! Restarts the program when GLib would end it. GLib does that at an error that a library declares fatal, as WebKit
//! does if a page's process ends before it has reported its id, for example because it was killed or had no memory. The
//! program cannot continue then, but it can replace itself by a new run, which loses no more than a kill does.

use std::time::{Duration, Instant};

use gloria_program::process;
use gtk::glib::{LogField, LogLevel, LogWriterOutput, log_set_writer_func, log_writer_default};

/// If the window ends the program this soon after such a restart, it is not reopened automatically again, only on
/// request. Longer than a page takes to start.
const REOPEN_INTERVAL: Duration = Duration::from_secs(60);

/// Restarts the app if GLib would end it. Must be called once, before there is a window.
pub(crate) fn begin_again_at_fatal_errors(after_failure: bool) {
    let began = Instant::now();
    log_set_writer_func(move |level, fields| {
        match level {
            // GLib ends the program as soon as this returns.
            LogLevel::Error => replace_process(fields, after_failure, began.elapsed()),
            LogLevel::Critical | LogLevel::Warning | LogLevel::Message | LogLevel::Info | LogLevel::Debug => {
                log_writer_default(level, fields)
            }
        }
    });
}

fn replace_process(fields: &[LogField<'_>], after_failure: bool, lived: Duration) -> LogWriterOutput {
    let message = fields.iter().find(|field| field.key() == "MESSAGE");
    let message = message.and_then(LogField::value_str).unwrap_or_default();
    tracing::error!(
        message,
        "a fatal error of the window system; the app begins again"
    );
    let error = process::replace_process(arguments(after_failure, lived));
    tracing::error!(%error, "the app could not begin again and ends");
    LogWriterOutput::Handled
}

/// Restarts with the window, which was just being created, unless that has failed before.
fn arguments(after_failure: bool, lived: Duration) -> &'static [&'static str] {
    if after_failure && lived < REOPEN_INTERVAL {
        &["--after-failure"]
    } else {
        &["--after-failure", "--open"]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_that_fails_at_each_start_is_not_opened_without_end() {
        let opens = |after_failure, lived| arguments(after_failure, lived).contains(&"--open");
        assert!(opens(false, Duration::ZERO));
        assert!(!opens(true, REOPEN_INTERVAL - Duration::from_millis(1)));
        assert!(opens(true, REOPEN_INTERVAL));
    }
}
