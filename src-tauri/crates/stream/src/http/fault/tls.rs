//! Classifies rustls's errors.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, InvalidMessage};

use super::shown;
use crate::DialError;
use crate::machine::{CertificateProblem, ClientCertificateProblem, TlsProblem};

pub(super) fn tls_error(error: &rustls::Error) -> DialError {
    if let rustls::Error::AlertReceived(alert) = error
        && let Some(problem) = client_certificate_problem(*alert)
    {
        return DialError::ClientCertificate(problem);
    }
    if let rustls::Error::InvalidCertificate(why) = error {
        DialError::Certificate(certificate_problem(why))
    } else {
        DialError::Tls(tls_problem(error))
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "rustls adds variants; its own words do for the rare ones"
)]
pub(super) fn certificate_problem(error: &CertificateError) -> CertificateProblem {
    match error {
        CertificateError::Expired => CertificateProblem::Expired { at: None },
        CertificateError::ExpiredContext { not_after, .. } => CertificateProblem::Expired {
            at: Some(time(*not_after)),
        },
        CertificateError::NotValidYet => CertificateProblem::NotYetValid { from: None },
        CertificateError::NotValidYetContext { not_before, .. } => CertificateProblem::NotYetValid {
            from: Some(time(*not_before)),
        },
        CertificateError::UnknownIssuer => CertificateProblem::UnknownIssuer,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            CertificateProblem::WrongName
        }
        CertificateError::Revoked => CertificateProblem::Revoked,
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            CertificateProblem::WrongPurpose
        }
        CertificateError::BadSignature
        | CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            CertificateProblem::BadSignature
        }
        CertificateError::BadEncoding => CertificateProblem::Unreadable,
        // These errors come from another library, so only their text is available.
        CertificateError::Other(other) => {
            let text = other.to_string();
            let says = |name| text.contains(name);
            if says("CaUsedAsEndEntity") {
                CertificateProblem::OfAuthority
            } else if says("UnsupportedCertVersion") {
                CertificateProblem::OldVersion
            } else if says("invalid extensions") {
                // The system's verifier reports this for extended key usages.
                CertificateProblem::WrongPurpose
            } else if says("NameConstraintViolation")
                || says("PathLenConstraintViolated")
                || says("EndEntityUsedAsCa")
            {
                CertificateProblem::NotAllowed
            } else {
                CertificateProblem::Other(shown(&text))
            }
        }
        other => CertificateProblem::Other(shown(&other.to_string())),
    }
}

fn time(time: UnixTime) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(time.as_secs())
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "rustls adds variants; its own words do for the others"
)]
pub(super) fn tls_problem(error: &rustls::Error) -> TlsProblem {
    match error {
        rustls::Error::InvalidMessage(
            InvalidMessage::InvalidContentType
            | InvalidMessage::UnknownProtocolVersion
            | InvalidMessage::MessageTooLarge,
        ) => TlsProblem::NotTls,
        rustls::Error::PeerIncompatible(_) => TlsProblem::NothingInCommon,
        rustls::Error::NoCertificatesPresented => TlsProblem::NoCertificate,
        rustls::Error::AlertReceived(alert) => match alert {
            AlertDescription::NoApplicationProtocol => TlsProblem::Http1Refused,
            AlertDescription::ProtocolVersion => TlsProblem::OldVersion,
            AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity => {
                TlsProblem::NothingInCommon
            }
            AlertDescription::UnrecognisedName => TlsProblem::UnknownName,
            alert => TlsProblem::Alert(format!("{alert:?}")),
        },
        error => TlsProblem::Other(shown(&error.to_string())),
    }
}

/// Returns the meaning of an alert about this client's certificate.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "rustls adds variants; the others say nothing of it"
)]
fn client_certificate_problem(alert: AlertDescription) -> Option<ClientCertificateProblem> {
    match alert {
        AlertDescription::CertificateRequired | AlertDescription::NoCertificate => {
            Some(ClientCertificateProblem::Wanted)
        }
        AlertDescription::CertificateExpired => Some(ClientCertificateProblem::Expired),
        AlertDescription::CertificateRevoked => Some(ClientCertificateProblem::Revoked),
        AlertDescription::UnknownCA => Some(ClientCertificateProblem::UnknownIssuer),
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::AccessDenied => Some(ClientCertificateProblem::Refused),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_certificate_fails_for_a_reason_that_code_can_tell() {
        use CertificateProblem as Problem;
        let time = UnixTime::since_unix_epoch(Duration::from_secs(86_400));
        let at = Some(UNIX_EPOCH + Duration::from_secs(86_400));
        let other = |text: &str| {
            CertificateError::Other(rustls::OtherError(Arc::from(
                Box::<dyn Error + Send + Sync>::from(text),
            )))
        };
        for (certificate, problem) in [
            (CertificateError::Expired, Problem::Expired { at: None }),
            (
                CertificateError::ExpiredContext {
                    time,
                    not_after: time,
                },
                Problem::Expired { at },
            ),
            (CertificateError::NotValidYet, Problem::NotYetValid { from: None }),
            (
                CertificateError::NotValidYetContext {
                    time,
                    not_before: time,
                },
                Problem::NotYetValid { from: at },
            ),
            (CertificateError::UnknownIssuer, Problem::UnknownIssuer),
            (CertificateError::NotValidForName, Problem::WrongName),
            (CertificateError::Revoked, Problem::Revoked),
            (CertificateError::InvalidPurpose, Problem::WrongPurpose),
            (CertificateError::BadSignature, Problem::BadSignature),
            (CertificateError::BadEncoding, Problem::Unreadable),
            (other("CaUsedAsEndEntity"), Problem::OfAuthority),
            (other("UnsupportedCertVersion"), Problem::OldVersion),
            (other("certificate had invalid extensions"), Problem::WrongPurpose),
            (other("NameConstraintViolation"), Problem::NotAllowed),
            (other("x"), Problem::Other("x".to_owned())),
        ] {
            let error = tls_error(&rustls::Error::InvalidCertificate(certificate));
            assert_eq!(error, DialError::Certificate(problem));
        }
    }

    #[test]
    fn an_alert_says_what_the_server_wants() {
        for (alert, error) in [
            (
                AlertDescription::CertificateRequired,
                DialError::ClientCertificate(ClientCertificateProblem::Wanted),
            ),
            (
                AlertDescription::UnknownCA,
                DialError::ClientCertificate(ClientCertificateProblem::UnknownIssuer),
            ),
            (
                AlertDescription::CertificateExpired,
                DialError::ClientCertificate(ClientCertificateProblem::Expired),
            ),
            (
                AlertDescription::CertificateRevoked,
                DialError::ClientCertificate(ClientCertificateProblem::Revoked),
            ),
            (
                AlertDescription::BadCertificate,
                DialError::ClientCertificate(ClientCertificateProblem::Refused),
            ),
            (
                AlertDescription::ProtocolVersion,
                DialError::Tls(TlsProblem::OldVersion),
            ),
            (
                AlertDescription::HandshakeFailure,
                DialError::Tls(TlsProblem::NothingInCommon),
            ),
            (
                AlertDescription::UnrecognisedName,
                DialError::Tls(TlsProblem::UnknownName),
            ),
            (
                AlertDescription::NoApplicationProtocol,
                DialError::Tls(TlsProblem::Http1Refused),
            ),
            (
                AlertDescription::InternalError,
                DialError::Tls(TlsProblem::Alert("InternalError".to_owned())),
            ),
        ] {
            assert_eq!(tls_error(&rustls::Error::AlertReceived(alert)), error);
        }
        assert!(matches!(
            tls_error(&rustls::Error::HandshakeNotComplete),
            DialError::Tls(TlsProblem::Other(_))
        ));
    }
}
