//! How the app stands, as gauges for alert rules: its version, its health, and what the user has to do.

use metrics::gauge;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::status::{Health, health};
use crate::protocol::{ConnectionView, Remedy};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct VersionLabel {
    version: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabel {
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RemedyLabel {
    remedy: &'static str,
}

/// One series for each state, of which the present one is 1: a rule names the state that it is about.
#[derive(Debug, Default)]
pub(super) struct Standing {
    version: Family<VersionLabel, Gauge>,
    health: Family<StateLabel, Gauge>,
    remedy: Family<RemedyLabel, Gauge>,
    inbox_stored: Gauge,
}

impl Standing {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "gloria_build_info",
            "1, with the app's version",
            self.version.clone(),
        );
        registry.register(
            "gloria_health",
            "1 for the present state, as gloria status exits",
            self.health.clone(),
        );
        registry.register(
            "gloria_remedy",
            "1 for what would help, if there is no connection",
            self.remedy.clone(),
        );
        registry.register(
            "gloria_inbox_stored",
            "1 while the inbox can be stored on the disk",
            self.inbox_stored.clone(),
        );
        self.inbox_stored.set(1);
    }

    pub(super) fn set_version(&self, version: &str) {
        let version = version.to_owned();
        gauge!("gloria_build_info", "version" => version.clone()).set(1.0);
        self.version.get_or_create(&VersionLabel { version }).set(1);
    }

    pub(super) fn set(&self, connection: &ConnectionView, is_stored: bool) {
        let health = health(connection);
        for state in Health::ALL {
            let (label, is_present) = (state.label(), state == health);
            let series = self.health.get_or_create(&StateLabel { state: label });
            series.set(is_present.into());
            gauge!("gloria_health", "state" => label).set(f64::from(u8::from(is_present)));
        }
        for remedy in REMEDIES {
            let Some(label) = label(remedy) else { continue };
            let is_present = remedy == connection.remedy;
            let series = self.remedy.get_or_create(&RemedyLabel { remedy: label });
            series.set(is_present.into());
            gauge!("gloria_remedy", "remedy" => label).set(f64::from(u8::from(is_present)));
        }
        self.inbox_stored.set(is_stored.into());
        gauge!("gloria_inbox_stored").set(f64::from(u8::from(is_stored)));
    }
}

/// Those that have a series.
const REMEDIES: [Remedy; 10] = [
    Remedy::Retry,
    Remedy::SignIn,
    Remedy::CheckAddress,
    Remedy::UnlockKeyring,
    Remedy::CheckNetwork,
    Remedy::ProxySignIn,
    Remedy::CheckCertificate,
    Remedy::ClientCertificate,
    Remedy::NetworkSignIn,
    Remedy::ConfirmPerson,
];

/// The label, which is the same in every version.
fn label(remedy: Remedy) -> Option<&'static str> {
    Some(match remedy {
        Remedy::None => return None,
        Remedy::Retry => "retry",
        Remedy::SignIn => "sign_in",
        Remedy::CheckAddress => "check_address",
        Remedy::UnlockKeyring => "unlock_keyring",
        Remedy::CheckNetwork => "check_network",
        Remedy::ProxySignIn => "proxy_sign_in",
        Remedy::CheckCertificate => "check_certificate",
        Remedy::ClientCertificate => "client_certificate",
        Remedy::NetworkSignIn => "network_sign_in",
        Remedy::ConfirmPerson => "confirm_person",
    })
}
