//! What the owner of a credential is known by: the token itself, or the subject of a sign-in.

use gloria_sign_in::{Identity, Issuer};

use crate::token::Token;

/// What the owner of a credential is known by.
#[derive(Debug, Clone)]
pub(crate) enum Owner {
    /// Nothing but the token, as it was pasted.
    Token(Token),
    /// The provider said who signed in.
    Subject(Subject),
}

impl Owner {
    pub(crate) fn into_token(self) -> Option<Token> {
        match self {
            Self::Token(token) => Some(token),
            Self::Subject(_) => None,
        }
    }
}

/// A person, as a provider names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subject {
    issuer: Issuer,
    /// The application that the person signed in with. Some providers name the same person differently in each.
    client_id: String,
    id: String,
    name: Option<String>,
    email: Option<String>,
}

impl Subject {
    /// `id` is the `sub` of a checked id_token; `None` if the issuer is none.
    pub(crate) fn new(issuer: &str, client_id: &str, id: &str) -> Option<Self> {
        Some(Self {
            issuer: Issuer::parse(issuer).ok()?,
            client_id: client_id.to_owned(),
            id: id.to_owned(),
            name: None,
            email: None,
        })
    }

    /// The same subject, with how the person is called.
    #[must_use]
    pub(crate) fn called(self, name: Option<String>, email: Option<String>) -> Self {
        Self { name, email, ..self }
    }

    /// Decides the folder of the inbox.
    pub(crate) fn key(&self) -> String {
        key(&self.issuer, &self.id)
    }

    /// Whether the server's id of a user is this subject.
    pub(crate) fn is_named(&self, user: &str) -> bool {
        self.id == user
    }

    pub(crate) fn issuer(&self) -> &str {
        self.issuer.as_str()
    }

    pub(crate) fn client_id(&self) -> &str {
        &self.client_id
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    pub(crate) fn email(&self) -> Option<&str> {
        self.email.as_deref()
    }
}

/// The key of a subject.
pub(crate) fn subject_key(issuer: &str, id: &str) -> Option<String> {
    Some(key(&Issuer::parse(issuer).ok()?, id))
}

fn key(issuer: &Issuer, id: &str) -> String {
    let identity = Identity {
        issuer: issuer.clone(),
        subject: id.to_owned(),
        name: None,
        email: None,
        nonce: None,
    };
    identity.key().to_string()
}
