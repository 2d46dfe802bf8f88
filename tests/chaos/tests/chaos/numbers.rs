//! The specified times, defined separately from the code that implements them.

use std::ops::RangeInclusive;
use std::time::Duration;

use gloria_chaos::MIN_WAIT;

/// A timer fires in the millisecond after its time, and the request arrives within the next.
const TICK: Duration = ms(3);

/// How long an open stream may be silent.
pub(crate) const SILENCE: Duration = secs(75);

pub(crate) type Span = RangeInclusive<Duration>;

pub(crate) const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub(crate) const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

pub(crate) const fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

/// Returns the range, plus a timer's tolerance.
pub(crate) fn span(from: Duration, to: Duration) -> Span {
    from..=to + TICK
}

/// Returns this time, plus a timer's tolerance.
pub(crate) fn exactly(wait: Duration) -> Span {
    span(wait, wait)
}

/// At once.
pub(crate) fn at_once() -> Span {
    exactly(Duration::ZERO)
}

/// uniform(0, min(60 s, base × 2^failed)), at least 250 ms; a repeated attempt leaves out the first quarter.
pub(crate) fn backoff(base: Duration, failed: u32) -> Span {
    let window = (base * 2_u32.pow(failed)).min(secs(60)).max(MIN_WAIT);
    span(left_out(window, failed).max(MIN_WAIT), window)
}

/// The server's time, plus a window of the same length.
pub(crate) fn after_retry(retry: Duration, failed: u32) -> Span {
    let window = (retry * 2_u32.pow(failed)).min(secs(60));
    span(retry + left_out(window, failed), retry + window)
}

fn left_out(window: Duration, failed: u32) -> Duration {
    if failed == 0 { Duration::ZERO } else { window / 4 }
}

/// For problems that somebody has to fix: minutes.
pub(crate) fn slow(failed: u32) -> Span {
    span(
        minutes(1),
        minutes(1) + (minutes(1) * 2_u32.pow(failed)).min(minutes(10)),
    )
}

/// The server's delay, with jitter, so that clients that were rejected together do not return together.
pub(crate) fn retry_after(wait: Duration) -> Span {
    span(
        wait.min(minutes(60)),
        (wait + wait / 10 + secs(1)).min(minutes(60)),
    )
}

/// After a request of the user, a change of the network, or a new token.
pub(crate) fn short() -> Span {
    span(Duration::ZERO, secs(1))
}

/// A span plus a fixed time.
pub(crate) fn plus(time: Duration, wait: &Span) -> Span {
    *wait.start() + time..=*wait.end() + time
}
