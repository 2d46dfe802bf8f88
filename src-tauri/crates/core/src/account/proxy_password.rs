//! A proxy's password in the keyring: a settings file may be synchronised to other computers, copied and shown around.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gloria_stream::{ProxyAddress, ProxyChoice};
use secrecy::{ExposeSecret as _, SecretString};

use crate::grant::Secret;
use crate::ports::{SecretError, Secrets};
use crate::token::Token;

/// The prefix of a stored password. The keyring stores tokens, whose parser would trim characters that a password may
/// have.
const STORED_PREFIX: &str = "proxy:";

/// The keyring entry of a proxy's password: its user and address, so that no other proxy gets it. `None` without a
/// user.
pub fn entry(proxy: &ProxyAddress) -> Option<String> {
    let without = proxy.clone().with_password(None);
    proxy.has_user().then(|| format!("proxy {without}"))
}

/// The value for the keyring; `None` if the password is too long for a token.
pub(crate) fn to_stored(password: &SecretString) -> Option<Token> {
    let encoded = URL_SAFE_NO_PAD.encode(password.expose_secret());
    Token::parse(&format!("{STORED_PREFIX}{encoded}")).ok()
}

/// The password in a value of the keyring.
fn from_stored(token: &Token) -> Option<SecretString> {
    let encoded = token.expose().strip_prefix(STORED_PREFIX)?;
    let bytes = URL_SAFE_NO_PAD.decode(encoded).ok()?;
    String::from_utf8(bytes).ok().map(SecretString::from)
}

/// Loads the password of an entry. `load_without_prompt` raises no prompt.
///
/// # Errors
///
/// When the keyring fails.
pub(crate) async fn load(
    secrets: &dyn Secrets,
    entry: &str,
    without_prompt: bool,
) -> Result<Option<SecretString>, SecretError> {
    let secret = if without_prompt {
        secrets.load_without_prompt(entry).await?
    } else {
        secrets.load(entry).await?
    };
    Ok(secret.and_then(Secret::into_token).as_ref().and_then(from_stored))
}

/// The entry to load if the proxy has a user and no password.
pub fn entry_to_load(choice: &ProxyChoice) -> Option<String> {
    match choice {
        ProxyChoice::Address(address) if !address.has_password() => entry(address),
        ProxyChoice::System | ProxyChoice::Direct | ProxyChoice::Address(_) => None,
    }
}

/// The proxy with its password from the keyring, if there is one.
///
/// # Errors
///
/// When the keyring fails.
pub async fn with_stored_password(
    choice: ProxyChoice,
    secrets: &dyn Secrets,
) -> Result<ProxyChoice, SecretError> {
    let Some(entry) = entry_to_load(&choice) else {
        return Ok(choice);
    };
    let password = load(secrets, &entry, false).await?;
    Ok(with(choice, password))
}

pub(crate) fn with(choice: ProxyChoice, password: Option<SecretString>) -> ProxyChoice {
    match choice {
        ProxyChoice::Address(address) => ProxyChoice::Address(address.with_password(password)),
        ProxyChoice::System | ProxyChoice::Direct => choice,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_password_comes_back_as_it_was() {
        for password in [
            "s3cret", "Bearer", "'quoted'", "wait...", "token=x", "a%20b", "", "ö€", " ",
        ] {
            let kept = to_stored(&password.into()).expect("a token");
            assert_eq!(from_stored(&kept).expect("a password").expose_secret(), password);
        }
        let token = Token::parse("an-ordinary-token").expect("a token");
        assert!(from_stored(&token).is_none(), "no token is sent to a proxy");
    }

    #[test]
    fn an_entry_names_the_proxy_and_the_user_and_never_the_password() {
        let of = |text: &str| entry(&ProxyAddress::parse(text).expect("a proxy"));
        assert_eq!(
            of("http://anna:s3cret@proxy.example:3128").as_deref(),
            Some("proxy http://anna@proxy.example:3128")
        );
        assert_eq!(of("http://proxy.example:3128"), None);
    }
}
