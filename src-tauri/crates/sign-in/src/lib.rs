//! Sign-in with an OpenID provider: authorization code with PKCE in the system's browser (RFC 8252), the grant for
//! devices (RFC 8628), renewal and revocation.
//!
//! It does not depend on the inbox, a keyring or a window. [`gloria_stream::http::Http`] makes its requests, like all
//! others. Clocks, random numbers and texts are arguments. Secrets never print.
//!
//! | module | contains |
//! | --- | --- |
//! | `provider` | settings: the provider and the application's id there |
//! | `offer` | which provider a server names |
//! | `metadata` | discovery of the provider's endpoints |
//! | `pkce` | verifier, state and nonce |
//! | `callback` | the redirect: how it is read, its listener and its page |
//! | `exchange` | requests to the token endpoint, and their results |
//! | `identity` | the user in an id_token |
//! | `lifetime` | when a token is renewed, and when it has expired |
//! | `client`, `attempt`, `device`, `revoke` | what a program calls |

mod attempt;
mod callback;
mod client;
mod device;
mod exchange;
mod foreign;
mod identity;
mod lifetime;
mod metadata;
mod offer;
mod pkce;
mod provider;
mod revoke;

pub use self::attempt::{
    Asked, Attempt, BeginError, Browser, LastPage, PORTS, PasteError, Paster, Prompt, SignInError,
};
pub use self::callback::{AuthorizationError, AuthorizationRefusal, Pages, Progress};
pub use self::client::{Client, Grant, RenewalAnswer, Renewed};
pub use self::device::{DeviceAttempt, DeviceError};
pub use self::exchange::{Later, LaterCause, ProviderRefusal};
pub use self::identity::{Identity, IdentityError, SubjectKey};
pub use self::lifetime::{Clock, Lifetime, Moment};
pub use self::metadata::{DiscoveryError, MAX_METADATA_AGE, Metadata, discover};
pub use self::offer::{Offer, OfferError, offer};
pub use self::pkce::{Entropy, NoEntropy, SystemEntropy};
pub use self::provider::{Issuer, IssuerError, Provider};
pub use self::revoke::RevokeError;
