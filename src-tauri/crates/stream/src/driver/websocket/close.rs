//! The meaning of a WebSocket's close code.

use crate::{EndCause, HaltReason};

/// No code was sent with the close (RFC 6455, 7.4.1).
pub(super) const NO_CODE: u16 = 1005;

/// Codes from 4000 are defined by applications (RFC 6455, 7.4.2); these correspond to the statuses in their last
/// digits.
const UNAUTHORIZED: u16 = 4401;
const FORBIDDEN: u16 = 4403;
const GONE: u16 = 4410;

/// Returns why the stream ended, from its close code.
pub(super) fn cause(code: u16) -> EndCause {
    match code {
        1000 | 1001 | NO_CODE => EndCause::Closed,
        1008 => EndCause::AgainstPolicy,
        UNAUTHORIZED => EndCause::Rejected(HaltReason::Unauthorized),
        FORBIDDEN => EndCause::Rejected(HaltReason::Forbidden),
        GONE => EndCause::Rejected(HaltReason::StoppedByServer),
        code => EndCause::ClosedWith(code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_meaning() {
        for code in 0..=u16::MAX {
            let wanted = match code {
                1000 | 1001 | 1005 => EndCause::Closed,
                1008 => EndCause::AgainstPolicy,
                4401 => EndCause::Rejected(HaltReason::Unauthorized),
                4403 => EndCause::Rejected(HaltReason::Forbidden),
                4410 => EndCause::Rejected(HaltReason::StoppedByServer),
                code => EndCause::ClosedWith(code),
            };
            assert_eq!(cause(code), wanted, "{code}");
        }
    }
}
