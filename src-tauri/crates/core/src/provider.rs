//! Where the users of a server sign in: as the settings say, or else the server.
//!
//! A server is asked without a token, and only as long as the settings leave it open. What it names is remembered when
//! somebody has signed in there ([`Pins`]): a server that names something else later, because it was taken over or the
//! address points elsewhere, is never followed without a question.

mod pins;

use gloria_sign_in::{Offer, OfferError, Provider};
use gloria_stream::Cause;
use gloria_stream::http::{Http, RequestError};

pub use self::pins::{Pin, Pins};
use crate::account::address::Address;
use crate::connection::cause;
use crate::message::{self, Message};
use crate::protocol::{ProviderChange, ProviderName};
use crate::settings::Settings;

/// Where the users of a server sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignInPlace {
    /// At this provider, as the settings say.
    Set(Provider),
    /// At this provider, as the server says. The user should be shown its issuer first.
    Named(Provider),
    /// The server names this provider, and another one is remembered. The user has to be asked first.
    Changed {
        /// What is named now.
        provider: Provider,
        /// What is remembered.
        before: Pin,
    },
    /// Nowhere: the server offers no sign-in, so a token has to be pasted.
    Nowhere,
}

/// Why it is not known where users sign in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignInPlaceError {
    /// The server does not say.
    #[error(transparent)]
    Server(#[from] OfferError),
    /// The server names another issuer than the settings.
    #[error("the server names another issuer than the settings")]
    NotAsSet {
        /// The server's issuer.
        named: String,
        /// The one in the settings.
        set: String,
    },
}

impl SignInPlaceError {
    /// Whether another attempt may succeed.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Server(error) => error.is_transient(),
            Self::NotAsSet { .. } => false,
        }
    }

    /// The message for the user.
    pub fn message(&self) -> Message {
        match self {
            Self::Server(OfferError::Unreachable(RequestError::Dial(error))) => {
                let why = cause(&Cause::Dial(error.clone()));
                message::sign_in_offer_unreachable_because(why)
            }
            Self::Server(error) => error.message(),
            Self::NotAsSet { named, set } => message::sign_in_offer_not_as_set(named, set),
        }
    }
}

impl SignInPlace {
    /// The message about a provider that is not the remembered one, with the question left out.
    pub fn change_message(&self) -> Option<Message> {
        match self {
            Self::Changed { provider, before } if provider.issuer.as_str() == before.issuer => {
                Some(message::sign_in_offer_other_client(&before.issuer))
            }
            Self::Changed { provider, before } => Some(message::sign_in_offer_changed(
                &before.issuer,
                provider.issuer.as_str(),
            )),
            Self::Set(_) | Self::Named(_) | Self::Nowhere => None,
        }
    }

    /// The provider, remembered or not; `None` if there is none.
    pub fn provider(&self) -> Option<&Provider> {
        match self {
            Self::Set(provider) | Self::Named(provider) | Self::Changed { provider, .. } => Some(provider),
            Self::Nowhere => None,
        }
    }

    /// What the user is asked about a provider that is not the remembered one.
    pub fn change(&self) -> Option<ProviderChange> {
        match self {
            Self::Changed { provider, before } => Some(ProviderChange {
                before: before.name(),
                now: Pin::of(provider).name(),
            }),
            Self::Set(_) | Self::Named(_) | Self::Nowhere => None,
        }
    }

    /// The place after the user agreed to a provider: only to exactly this one.
    #[must_use]
    pub fn once_agreed(self, agreed: Option<&ProviderName>) -> Self {
        match self {
            Self::Changed { provider, .. } if agreed == Some(&Pin::of(&provider).name()) => {
                Self::Named(provider)
            }
            other @ (Self::Set(_) | Self::Named(_) | Self::Changed { .. } | Self::Nowhere) => other,
        }
    }
}

/// Finds out where the users of a server sign in. The server is not asked if the settings say it.
///
/// # Errors
/// When the server does not say, or contradicts the settings.
pub async fn find(
    http: &Http,
    address: &Address,
    settings: &Settings,
    pins: &Pins,
) -> Result<SignInPlace, SignInPlaceError> {
    if let Some(provider) = settings.sign_in() {
        return Ok(SignInPlace::Set(provider));
    }
    match gloria_sign_in::offer(http, address.sign_in_documents()).await? {
        Offer::Provider(named) => place(*named, &address.server(), settings, pins),
        Offer::Nothing => Ok(SignInPlace::Nowhere),
    }
}

/// What becomes of a provider that a server names.
fn place(
    named: Provider,
    server: &str,
    settings: &Settings,
    pins: &Pins,
) -> Result<SignInPlace, SignInPlaceError> {
    if let Some(set) = settings.auth_issuer.as_ref().filter(|set| **set != named.issuer) {
        return Err(SignInPlaceError::NotAsSet {
            named: named.issuer.to_string(),
            set: set.to_string(),
        });
    }
    let provider = settings.with_sign_in_settings(named);
    Ok(match pins.of(server) {
        Some(before) if before != Pin::of(&provider) => SignInPlace::Changed { provider, before },
        Some(_) | None => SignInPlace::Named(provider),
    })
}

#[cfg(test)]
mod tests {
    use gloria_sign_in::Issuer;

    use super::*;
    use crate::paths::Paths;

    const SERVER: &str = "https://gloria.example";

    fn provider(issuer: &str, client_id: &str) -> Provider {
        Provider::new(Issuer::parse(issuer).unwrap(), client_id)
    }

    fn settings(issuer: Option<&str>) -> Settings {
        Settings {
            auth_issuer: issuer.map(|issuer| Issuer::parse(issuer).unwrap()),
            ..Settings::default()
        }
    }

    #[test]
    fn what_is_set_counts_more_than_what_the_server_says() {
        let folder = tempfile::tempdir().unwrap();
        let pins = Pins::new(&Paths::within(folder.path()));
        let named = Provider {
            scopes: "openid".to_owned(),
            prompt: Some("login".to_owned()),
            audience: Some("a".to_owned()),
            ..provider("https://id.example", "gloria")
        };
        let found = |settings: &Settings| place(named.clone(), SERVER, settings, &pins);
        assert_eq!(found(&settings(None)), Ok(SignInPlace::Named(named.clone())));
        let same = settings(Some("https://id.example"));
        assert_eq!(found(&same), Ok(SignInPlace::Named(named.clone())));
        let other = found(&settings(Some("https://id.example/")));
        assert!(
            matches!(other, Err(SignInPlaceError::NotAsSet { .. })),
            "{other:?}"
        );
        let own = Settings {
            auth_client_id: Some("own".to_owned()),
            auth_scopes: Some("openid offline_access".to_owned()),
            auth_prompt: Some("consent".to_owned()),
            auth_audience: Some("b".to_owned()),
            ..Settings::default()
        };
        let expected = Provider {
            scopes: "openid offline_access".to_owned(),
            prompt: Some("consent".to_owned()),
            audience: Some("b".to_owned()),
            ..provider("https://id.example", "own")
        };
        assert_eq!(found(&own), Ok(SignInPlace::Named(expected)));
    }

    #[test]
    fn a_server_that_names_another_provider_than_before_is_asked_about() {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::within(folder.path());
        let pins = Pins::new(&paths);
        let first = provider("https://id.example", "gloria");
        let found =
            |named: &Provider, server| place(named.clone(), server, &settings(None), &Pins::new(&paths));
        assert_eq!(found(&first, SERVER), Ok(SignInPlace::Named(first.clone())));
        pins.pin(SERVER, &first).unwrap();
        assert_eq!(found(&first, SERVER), Ok(SignInPlace::Named(first.clone())));
        for other in [
            provider("https://evil.example", "gloria"),
            provider("https://id.example/", "gloria"),
            provider("https://id.example", "another"),
        ] {
            let changed = found(&other, SERVER).unwrap();
            let change = changed.change().unwrap();
            assert_eq!(
                (change.before, &change.now),
                (Pin::of(&first).name(), &Pin::of(&other).name())
            );
            // Agreeing to something else, also to the remembered one, is no reason to follow this one.
            let wrong = [None, Some(Pin::of(&first).name())];
            for agreed in wrong {
                assert_eq!(changed.clone().once_agreed(agreed.as_ref()), changed);
            }
            let agreed = changed.clone().once_agreed(Some(&change.now));
            assert_eq!(agreed, SignInPlace::Named(other.clone()));
            let expected = SignInPlace::Changed {
                provider: other.clone(),
                before: Pin::of(&first),
            };
            assert_eq!(changed, expected);
            // It is remembered of this server alone.
            let elsewhere = found(&other, "https://other.example");
            assert_eq!(elsewhere, Ok(SignInPlace::Named(other)));
        }
        // Scopes and the like are no reason to ask.
        let wider = Provider {
            scopes: "openid more".to_owned(),
            ..first
        };
        assert_eq!(found(&wider, SERVER), Ok(SignInPlace::Named(wider)));
    }
}
