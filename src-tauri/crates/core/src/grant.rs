//! What an entry of the keyring has: a token as it was pasted, or what renews a sign-in.

use std::fmt;

use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use crate::token::Token;

mod owner;
mod rule;

pub(crate) use owner::{Owner, Subject, subject_key};
pub use rule::GrantRule;

/// The first line of an entry with a grant. No token contains a space or a line break, so a version that knows only
/// tokens calls the entry unreadable instead of sending a refresh token to the server.
const HEADER: &str = "gloria-sign-in 1\n";

/// The limit of a token, which keyrings store as well.
const MAX_REFRESH_TOKEN_BYTES: usize = 16 * 1024;

/// What a sign-in leaves in the keyring: the refresh token, and where it is renewed. Access tokens are only in memory.
///
/// It has no `Serialize` and prints without the refresh token.
#[derive(Clone)]
pub struct SavedGrant {
    issuer: String,
    client_id: String,
    owner: String,
    person: Person,
    nonce: Option<String>,
    refresh_token: SecretString,
}

/// How the user is called, as far as the provider says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Person {
    /// The name.
    pub name: Option<String>,
    /// The mail address.
    pub email: Option<String>,
}

/// The JSON after the header.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    issuer: String,
    client_id: String,
    owner: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
    #[serde(borrow)]
    refresh_token: std::borrow::Cow<'a, str>,
}

impl SavedGrant {
    /// A grant of this provider for this client. `owner` is the subject that the provider named, or a random text: it
    /// stays the same when the grant is renewed.
    ///
    /// `None` if the refresh token is empty or longer than 16 KiB.
    pub fn new(
        issuer: String,
        client_id: String,
        owner: String,
        refresh_token: SecretString,
    ) -> Option<Self> {
        let length = refresh_token.expose_secret().len();
        (1..=MAX_REFRESH_TOKEN_BYTES).contains(&length).then_some(Self {
            issuer,
            client_id,
            owner,
            person: Person::default(),
            nonce: None,
            refresh_token,
        })
    }

    /// The same grant, with how the user is called.
    #[must_use]
    pub fn of_person(self, person: Person) -> Self {
        Self { person, ..self }
    }

    /// The same grant, with the nonce of its sign-in.
    #[must_use]
    pub fn of_nonce(self, nonce: Option<String>) -> Self {
        Self { nonce, ..self }
    }

    /// The nonce of its sign-in, if it is known.
    pub(crate) fn nonce(&self) -> Option<&str> {
        self.nonce.as_deref()
    }

    /// How the user is called.
    pub fn person(&self) -> &Person {
        &self.person
    }

    /// The provider that renews it.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The client that it was given to.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The subject, or what stands for it.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The refresh token itself, only for the provider and the keyring.
    pub fn refresh_token(&self) -> &SecretString {
        &self.refresh_token
    }

    /// The same grant after a renewal that answered with this refresh token.
    #[must_use]
    pub fn renewed(&self, refresh_token: SecretString) -> Option<Self> {
        Self::new(
            self.issuer.clone(),
            self.client_id.clone(),
            self.owner.clone(),
            refresh_token,
        )
        .map(|grant| grant.of_person(self.person.clone()).of_nonce(self.nonce.clone()))
    }

    /// Whether it has the same refresh token of the same provider.
    pub fn is_same(&self, other: &Self) -> bool {
        self.issuer == other.issuer
            && self.refresh_token.expose_secret() == other.refresh_token.expose_secret()
    }

    /// Who signed in, as the provider named them; `None` if the issuer is none.
    pub(crate) fn subject(&self) -> Option<Subject> {
        let subject = Subject::new(&self.issuer, &self.client_id, &self.owner)?;
        Some(subject.called(self.person.name.clone(), self.person.email.clone()))
    }

    /// Whether it is of the same user for the same application of a provider. Some providers (Keycloak) revoke all of
    /// these with one.
    pub(crate) fn is_sibling(&self, other: &Self) -> bool {
        self.is_same_person(other) && self.client_id == other.client_id
    }

    /// Whether it is of the same user of the same provider.
    pub(crate) fn is_same_person(&self, other: &Self) -> bool {
        (&self.issuer, &self.owner) == (&other.issuer, &other.owner)
    }
}

impl fmt::Debug for SavedGrant {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("SavedGrant")
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

/// The contents of a keyring entry.
#[derive(Debug, Clone)]
pub enum Secret {
    /// A token, as it was pasted.
    Token(Token),
    /// A sign-in.
    Grant(SavedGrant),
}

impl Secret {
    /// The bytes for the keyring.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        match self {
            Self::Token(token) => Zeroizing::new(token.expose().as_bytes().to_vec()),
            Self::Grant(grant) => {
                let record = Record {
                    issuer: grant.issuer.clone(),
                    client_id: grant.client_id.clone(),
                    owner: grant.owner.clone(),
                    name: grant.person.name.clone(),
                    email: grant.person.email.clone(),
                    nonce: grant.nonce.clone(),
                    refresh_token: grant.refresh_token.expose_secret().into(),
                };
                let mut bytes = Zeroizing::new(HEADER.as_bytes().to_vec());
                // Writing strings to memory cannot fail; a record without its end would be unreadable.
                let json = serde_json::to_vec(&record).unwrap_or_default();
                bytes.extend_from_slice(&Zeroizing::new(json));
                bytes
            }
        }
    }

    /// The contents of these bytes; `None` if they are neither a token nor a grant of a known version.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let text = str::from_utf8(bytes).ok()?;
        let Some(json) = text.strip_prefix(HEADER) else {
            return Token::parse(text).ok().map(Self::Token);
        };
        let record: Record<'_> = serde_json::from_str(json).ok()?;
        let refresh_token = SecretString::from(&*record.refresh_token);
        SavedGrant::new(record.issuer, record.client_id, record.owner, refresh_token).map(|grant| {
            let (name, email) = (record.name, record.email);
            Self::Grant(grant.of_person(Person { name, email }).of_nonce(record.nonce))
        })
    }

    /// Whether both are the same.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Token(own), Self::Token(other)) => own.expose() == other.expose(),
            (Self::Grant(own), Self::Grant(other)) => own.is_same(other),
            (Self::Token(_), Self::Grant(_)) | (Self::Grant(_), Self::Token(_)) => false,
        }
    }

    /// The token, if it is one.
    pub fn into_token(self) -> Option<Token> {
        match self {
            Self::Token(token) => Some(token),
            Self::Grant(_) => None,
        }
    }
}

impl From<Token> for Secret {
    fn from(token: Token) -> Self {
        Self::Token(token)
    }
}

impl From<SavedGrant> for Secret {
    fn from(grant: SavedGrant) -> Self {
        Self::Grant(grant)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn grant(refresh_token: &str) -> SavedGrant {
        let (issuer, client, owner) = ("https://id.example/realm", "client", "anna");
        SavedGrant::new(
            issuer.to_owned(),
            client.to_owned(),
            owner.to_owned(),
            refresh_token.into(),
        )
        .expect("a refresh token")
    }

    proptest! {
        #[test]
        fn a_grant_comes_back_as_it_was(
            refresh_token in "[ -~\"\\\\]{1,200}",
            owner in ".{0,40}",
            name in prop::option::of(".{0,40}"),
        ) {
            let person = Person { name, email: None };
            let kept = SavedGrant { owner, ..grant(&refresh_token) }.of_person(person);
            let Some(Secret::Grant(back)) = Secret::decode(&Secret::Grant(kept.clone()).encode()) else {
                panic!("no grant");
            };
            prop_assert!(back.is_same(&kept));
            prop_assert_eq!((back.client_id(), back.owner()), (kept.client_id(), kept.owner()));
            prop_assert_eq!(back.person(), kept.person());
        }

        #[test]
        fn what_is_cut_off_is_no_grant(cut in 0_usize..100) {
            let bytes = Secret::Grant(grant("s3cret")).encode();
            let cut = cut.min(bytes.len() - 1);
            prop_assert!(!matches!(Secret::decode(&bytes[..cut]), Some(Secret::Grant(_))));
        }
    }

    #[test]
    fn a_pasted_token_is_kept_as_it_is() {
        let token = Token::parse("abc.def").expect("a token");
        let bytes = Secret::Token(token).encode();
        assert_eq!(*bytes, b"abc.def");
        assert!(matches!(Secret::decode(b"abc.def"), Some(Secret::Token(_))));
    }

    #[test]
    fn a_version_that_knows_only_tokens_sends_no_refresh_token() {
        let bytes = Secret::Grant(grant("s3cret")).encode();
        let text = str::from_utf8(&bytes).expect("text");
        assert!(Token::parse(text).is_err());
        assert!(Secret::decode(b"gloria-sign-in 2\n{}").is_none());
    }

    #[test]
    fn a_grant_never_prints_and_is_of_the_same_person_when_it_is_renewed() {
        let first = grant("s3cret");
        assert!(!format!("{:?}", Secret::Grant(first.clone())).contains("s3cret"));
        let second = first.renewed("another".into()).expect("a refresh token");
        assert!(!first.is_same(&second));
        assert!(first.subject().is_some() && first.subject() == second.subject());
        assert!(first.is_same_person(&second));
        let other = SavedGrant {
            owner: "bert".to_owned(),
            ..first.clone()
        };
        assert_ne!(first.subject(), other.subject());
        assert!(!first.is_same_person(&other));
        assert!(first.renewed("".into()).is_none());
    }
}
