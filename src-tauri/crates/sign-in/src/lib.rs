//! Sign-in with an OpenID provider: authorization code with PKCE in the system's browser (RFC 8252), the grant for
//! devices (RFC 8628), renewal and revocation.
//!
//! It knows no inbox, no keyring and no window. Requests are made by [`gloria_stream::http::Http`], as all others are;
//! clocks, random numbers and words are arguments. Secrets never print.
//!
//! | module | does |
//! | --- | --- |
//! | [`provider`] | who signs people in: settings |
//! | [`metadata`] | what the provider says of itself |
//! | [`pkce`] | verifier, state and nonce |
//! | [`callback`] | what the browser brings back, the listener for it and its page |
//! | [`exchange`] | the token endpoint, and what its answers mean |
//! | [`identity`] | who signed in |
//! | [`lifetime`] | when a token is renewed, and when it is no longer sent |
//! | [`client`], [`attempt`], [`device`], [`revoke`] | what a program calls |

mod attempt;
mod callback;
mod client;
mod device;
mod exchange;
mod foreign;
mod identity;
mod lifetime;
mod metadata;
mod pkce;
mod provider;
mod revoke;

pub use self::attempt::{
    Asked, Attempt, BeginError, Browser, PORTS, PasteError, Paster, Prompt, SignInError,
};
pub use self::callback::{AuthorizationError, AuthorizationRefusal, Pages, Progress};
pub use self::client::{Client, Grant, RenewalAnswer, Renewed};
pub use self::device::{DeviceAttempt, DeviceError};
pub use self::exchange::{Later, LaterCause, ProviderRefusal};
pub use self::identity::{Identity, IdentityError, SubjectKey};
pub use self::lifetime::{Clock, Lifetime, Moment};
pub use self::metadata::{DiscoveryError, MAX_METADATA_AGE, Metadata, discover};
pub use self::pkce::{Entropy, NoEntropy, SystemEntropy};
pub use self::provider::{Issuer, IssuerError, Provider};
pub use self::revoke::RevokeError;
