//! Where users sign in.

use serde::Serialize;

/// Where users sign in, as `GET {api}/auth` tells clients that have only the server's address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SignIn {
    /// The issuer of the OpenID provider, exactly as the provider writes it.
    pub issuer: String,
    /// The client's id at the provider. It is not a secret.
    pub client_id: String,
    /// The scopes to request, separated by spaces; `None` for the client's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<String>,
    /// The `prompt` of the sign-in page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// The `audience` of the tokens, for providers that need it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
}
