//! The random values of one sign-in: verifier, state and nonce (RFC 7636; OpenID Connect Core, 3.1.2.1).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

/// 256 bits, which cannot be guessed (RFC 7636, 7.1).
const BYTES: usize = 32;

/// A source of cryptographically secure random bytes.
pub trait Entropy: Send + Sync {
    /// Fills the buffer.
    ///
    /// # Errors
    /// When the system provides no random bytes.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy>;
}

/// The system provided no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system has no random numbers")]
pub struct NoEntropy;

/// The system's random number generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        SystemRandom::new().fill(bytes).map_err(|_| NoEntropy)
    }
}

/// Generates 256 random bits as text.
pub(crate) fn random_text(entropy: &dyn Entropy) -> Result<SecretString, NoEntropy> {
    let mut bytes = Zeroizing::new([0; BYTES]);
    entropy.fill(&mut *bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(*bytes).into())
}

/// The S256 challenge of a verifier (RFC 7636, 4.2).
pub(crate) fn challenge(verifier: &SecretString) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.expose_secret().as_bytes()))
}

/// Compares in constant time.
pub(crate) fn is_same(secret: &SecretString, text: &str) -> bool {
    let [left, right] = [secret.expose_secret(), text].map(|text| digest(&SHA256, text.as_bytes()));
    let differing = left
        .as_ref()
        .iter()
        .zip(right.as_ref())
        .fold(0, |differing, (left, right)| differing | (left ^ right));
    std::hint::black_box(differing) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting;

    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
            for (number, byte) in (0..).zip(bytes) {
                *byte = number;
            }
            Ok(())
        }
    }

    struct Nothing;

    impl Entropy for Nothing {
        fn fill(&self, _: &mut [u8]) -> Result<(), NoEntropy> {
            Err(NoEntropy)
        }
    }

    /// RFC 7636, appendix B.
    #[test]
    fn the_challenge_is_that_of_the_standard() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into();
        assert_eq!(
            challenge(&verifier),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn a_secret_has_256_bits_of_the_systems_and_prints_none() {
        let text = random_text(&Counting).unwrap();
        assert_eq!(
            text.expose_secret(),
            "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
        );
        assert!(!format!("{text:?}").contains("AAEC"));
        assert_eq!(random_text(&Nothing).unwrap_err(), NoEntropy);
        let [one, other] = [(); 2].map(|()| random_text(&SystemEntropy).unwrap());
        assert_ne!(one.expose_secret(), other.expose_secret());
        assert_eq!(one.expose_secret().len(), 43);
    }

    #[test]
    fn only_the_same_text_is_the_same() {
        let secret = SecretString::from("abc");
        assert!(is_same(&secret, "abc"));
        for other in ["", "ab", "abx", "abcx", "ABC"] {
            assert!(!is_same(&secret, other), "{other}");
        }
    }
}
