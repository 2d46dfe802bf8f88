//! Signing in at a provider: the requests, the sign-in that is under way, and who is signed in.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

#[cfg(test)]
use ts_rs::TS;

use crate::item::EpochMillis;
use crate::message::Message;

/// How the user signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum SignInWay {
    /// In this computer's browser.
    Browser,
    /// With a code that is entered at the provider's page, also on another device.
    Device,
}

/// Begins a sign-in, which replaces one that is under way.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignInForm {
    /// The server's address, as typed. It is saved once the user has signed in.
    pub address: String,
    /// How the user signs in.
    pub way: SignInWay,
    /// Whether the provider has to ask who it is, although the browser may be signed in there.
    pub another_account: bool,
    /// The provider that the user agreed to, after another one was remembered. Only this one is followed.
    pub agreed: Option<ProviderName>,
}

/// A provider as a server names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProviderName {
    /// The address of the provider.
    pub issuer: String,
    /// The app's id there.
    pub client_id: String,
}

/// A server names another provider than the one where somebody signed in last. Nobody signs in there until the user
/// agrees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct ProviderChange {
    /// Where somebody signed in last.
    pub before: ProviderName,
    /// What the server names now.
    pub now: ProviderName,
}

/// Asks how users of a server can sign in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignInQuery {
    /// The server's address, as typed.
    pub address: String,
    /// The provider that the user agreed to, after another one was remembered. Only this one is asked as well.
    pub agreed: Option<ProviderName>,
}

/// How users of a server can sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct SignInOffer {
    /// The server's address in its complete form.
    pub address: String,
    /// The host name of the provider; absent if the server has only tokens that are pasted.
    pub provider: Option<String>,
    /// The ways in which the provider lets users sign in; none if it does not answer, for the reason in `problem`, and
    /// only the browser if it was not asked, because of `change`.
    pub ways: Vec<SignInWay>,
    /// Why nobody can sign in there at present.
    pub problem: Option<Message>,
    /// The user has to agree to this provider first.
    pub change: Option<ProviderChange>,
}

/// The address of the page that the browser could not open, from its address bar. It has the code of the sign-in.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PastedPage {
    /// The whole address.
    #[cfg_attr(test, ts(type = "string"))]
    pub address: SecretString,
}

/// The sign-in that is under way. It goes on while the window is closed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(tag = "step", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum SignInView {
    /// None is under way. After one that succeeded, `AccountView::signed_in` says who signed in.
    #[default]
    None,
    /// The provider is asked how users sign in there.
    Starting {
        /// The server's address.
        address: String,
    },
    /// The user has to sign in at the provider.
    Waiting {
        /// The server's address.
        address: String,
        /// The host name of the provider.
        provider: String,
        /// The address to open, which can be used again.
        link: String,
        /// When it ends without the user.
        until: EpochMillis,
        /// Where the user signs in.
        place: SignInPlace,
        /// What went wrong so far, such as that no browser could be opened.
        problem: Option<Message>,
    },
    /// The user has signed in; the provider is asked for the tokens.
    Exchanging {
        /// The server's address.
        address: String,
        /// The host name of the provider.
        provider: String,
    },
    /// The server is asked whether it accepts the sign-in.
    Checking {
        /// The server's address.
        address: String,
        /// The host name of the provider.
        provider: String,
    },
    /// The keyring stores it, and may ask for its password. One that is cancelled here is taken out again.
    Storing {
        /// The server's address.
        address: String,
        /// The host name of the provider.
        provider: String,
    },
    /// It ended without success. Nothing was replaced.
    Failed {
        /// The server's address.
        address: String,
        /// How the user wanted to sign in.
        way: SignInWay,
        /// Why, and what to do.
        message: Message,
        /// It failed because of this, and can be begun again once the user has agreed.
        change: Option<ProviderChange>,
    },
}

/// Where the user signs in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(tag = "way", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum SignInPlace {
    /// In this computer's browser.
    Browser {
        /// The provider's page came back without our request, so it forgot it: the user has to sign in there first,
        /// and open the link again.
        forgotten: bool,
    },
    /// At a page of the provider, on any device.
    Device {
        /// The page's address, to be typed on another device.
        page: String,
        /// The code to be entered there, or compared if the link was opened.
        code: String,
    },
}

/// Who is signed in at a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct SignedIn {
    /// The name according to the provider.
    pub name: Option<String>,
    /// The mail address according to the provider.
    pub email: Option<String>,
    /// The host name of the provider.
    pub provider: String,
    /// When the sign-in ends; absent if it renews itself.
    pub ends_at: Option<EpochMillis>,
    /// What is wrong with it; absent if nothing is.
    pub trouble: Option<SignInTrouble>,
}

/// What is wrong with a sign-in that is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct SignInTrouble {
    /// Its kind.
    pub kind: SignInTroubleKind,
    /// What happened and what to do.
    pub message: Message,
}

/// The kinds of [`SignInTrouble`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum SignInTroubleKind {
    /// The provider cannot renew it at present. It is tried again.
    RenewalFailing,
    /// The provider refuses to renew it for a reason that only the administrator can change. It is tried again.
    Misconfigured,
    /// The keyring does not store it, so it ends with the app. It is tried again.
    Unsaved,
}
