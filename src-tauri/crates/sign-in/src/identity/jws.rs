//! Signed tokens (RFC 7515, compact serialization) and their keys (RFC 7517).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde_json::Value;

use super::IdentityError;

/// The algorithm of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    /// RSA with SHA-256, which every provider supports.
    Rs256,
    /// ECDSA with P-256 and SHA-256.
    Es256,
}

/// The parts of a token.
pub(crate) struct Signed<'a> {
    pub(super) algorithm: Algorithm,
    /// The key's id, if the provider uses ids.
    pub(super) key_id: Option<String>,
    /// The signed bytes.
    signed: &'a str,
    payload: &'a str,
    signature: Vec<u8>,
}

impl<'a> Signed<'a> {
    pub(super) fn read(token: &'a str) -> Result<Self, IdentityError> {
        let malformed = IdentityError::Malformed;
        let (signed, signature) = token.rsplit_once('.').ok_or(malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(malformed)?;
        let header = object(header)?;
        // `crit` lists extensions that must be understood, and none is.
        if !header["crit"].is_null() {
            return Err(malformed);
        }
        let algorithm = match header["alg"].as_str() {
            Some("RS256") => Algorithm::Rs256,
            Some("ES256") => Algorithm::Es256,
            Some(_) | None => return Err(IdentityError::Algorithm),
        };
        Ok(Self {
            algorithm,
            key_id: header["kid"].as_str().map(str::to_owned),
            signed,
            payload,
            signature: bytes(signature).ok_or(malformed)?,
        })
    }

    pub(super) fn claims(&self) -> Result<Value, IdentityError> {
        object(self.payload)
    }

    /// Whether the signature is valid for this key.
    pub(super) fn is_signed_by(&self, key: &Key) -> bool {
        let message = self.signed.as_bytes();
        match (key, self.algorithm) {
            (Key::Rsa { n, e }, Algorithm::Rs256) => RsaPublicKeyComponents { n, e }
                .verify(&RSA_PKCS1_2048_8192_SHA256, message, &self.signature)
                .is_ok(),
            (Key::Curve { point }, Algorithm::Es256) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
                    .verify(message, &self.signature)
                    .is_ok()
            }
            (Key::Rsa { .. }, Algorithm::Es256) | (Key::Curve { .. }, Algorithm::Rs256) => false,
        }
    }
}

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Key {
    /// Modulus and exponent, without leading zeros.
    Rsa { n: Vec<u8>, e: Vec<u8> },
    /// An uncompressed point of P-256.
    Curve { point: Vec<u8> },
}

impl Key {
    /// Parses a signing key. `None` if it is invalid or of another kind.
    pub(super) fn read(key: &Value) -> Option<Self> {
        let number = |name: &str| bytes(key[name].as_str()?);
        if key["use"].as_str().is_some_and(|usage| usage != "sig") {
            return None;
        }
        match (key["kty"].as_str()?, key["alg"].as_str()) {
            ("RSA", None | Some("RS256")) => {
                let bare = |bytes: Vec<u8>| bytes.into_iter().skip_while(|byte| *byte == 0).collect();
                Some(Self::Rsa {
                    n: bare(number("n")?),
                    e: bare(number("e")?),
                })
            }
            ("EC", None | Some("ES256")) if key["crv"].as_str() == Some("P-256") => {
                let point = [&[4][..], &number("x")?, &number("y")?].concat();
                Some(Self::Curve { point })
            }
            _ => None,
        }
    }
}

fn object(part: &str) -> Result<Value, IdentityError> {
    let json = bytes(part).ok_or(IdentityError::Malformed)?;
    let value: Value = serde_json::from_slice(&json).map_err(|_| IdentityError::Malformed)?;
    if value.is_object() {
        Ok(value)
    } else {
        Err(IdentityError::Malformed)
    }
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()
}
