//! The certificate that this client presents to servers that ask for one.

use std::fmt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use p12_keystore::Pkcs12Archive;
use pkcs8::EncryptedPrivateKeyInfoRef;
use reqwest::Identity;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use secrecy::{ExposeSecret as _, SecretString};

use super::form::{Part, parts};
use super::{read, wrong};
use crate::DialError;
use crate::machine::CertificateFileProblem;

/// The files of this client's certificate.
#[derive(Clone, Default)]
pub struct ClientCertificate {
    /// A file with the certificate and its issuers, as PEM or DER, or all in one as PKCS#12. Read again for each
    /// client. `None` presents no certificate.
    pub certificate: Option<PathBuf>,
    /// The file with the private key, if the certificate's file does not contain it.
    pub key: Option<PathBuf>,
    /// The password of the file with the key.
    pub password: Option<SecretString>,
}

impl ClientCertificate {
    fn secret(&self) -> Option<&str> {
        self.password.as_ref().map(|password| password.expose_secret())
    }
}

impl PartialEq for ClientCertificate {
    fn eq(&self, other: &Self) -> bool {
        (&self.certificate, &self.key, self.secret()) == (&other.certificate, &other.key, other.secret())
    }
}

impl Eq for ClientCertificate {}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("ClientCertificate")
            .field("certificate", &self.certificate)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// The contents of the files.
#[derive(Default)]
struct Found {
    certificates: Vec<CertificateDer<'static>>,
    keys: Vec<PrivateKeyDer<'static>>,
}

/// Returns the certificate and its key, `None` if none is set.
///
/// # Errors
/// When a file cannot be used; the error names it.
pub(in crate::http) fn identity(client: &ClientCertificate) -> Result<Option<Identity>, DialError> {
    let Some(file) = &client.certificate else {
        return Ok(None);
    };
    let mut found = Found::default();
    let password = client.secret();
    found.add_file(file, password)?;
    if let Some(key) = &client.key {
        // A key that is named explicitly overrides one in the certificate's file.
        found.keys.clear();
        found.add_file(key, password)?;
    }
    let key_file = client.key.as_ref().unwrap_or(file);
    if found.certificates.is_empty() {
        return Err(wrong(file, CertificateFileProblem::NoCertificate));
    }
    if found.keys.is_empty() {
        return Err(wrong(key_file, CertificateFileProblem::NoKey));
    }
    let (certificates, key) = found.pair().map_err(|why| wrong(key_file, why))?;
    Identity::from_pem(&pem(&certificates, &key))
        .map(Some)
        .map_err(|_| wrong(file, CertificateFileProblem::NotUsable))
}

impl Found {
    fn add_file(&mut self, file: &Path, password: Option<&str>) -> Result<(), DialError> {
        let bytes = read(file)?;
        for part in parts(&bytes) {
            match part {
                Part::Certificate(der) => self.certificates.push(der.into()),
                Part::Key(key) => self.keys.push(key),
                Part::EncryptedKey(der) => self
                    .keys
                    .push(decrypted(&der, password).map_err(|why| wrong(file, why))?),
                Part::OldEncryptedKey => {
                    return Err(wrong(file, CertificateFileProblem::OldEncryption));
                }
                Part::Pkcs12 => self
                    .add_pkcs12(&bytes, password)
                    .map_err(|why| wrong(file, why))?,
                Part::Damaged => return Err(wrong(file, CertificateFileProblem::Damaged)),
            }
        }
        Ok(())
    }

    fn add_pkcs12(&mut self, bytes: &[u8], password: Option<&str>) -> Result<(), CertificateFileProblem> {
        use p12_keystore::error::Error;
        let archive = Pkcs12Archive::from_pkcs12(bytes, password.unwrap_or_default());
        let archive = archive.map_err(|error| {
            if matches!(
                error,
                Error::MacError(_) | Error::UnpadError | Error::Pkcs5Error(_)
            ) {
                not_opened(password)
            } else {
                CertificateFileProblem::Pkcs12NotReadable(error.to_string())
            }
        })?;
        let certificates = archive
            .certs
            .iter()
            .map(|parsed| parsed.cert.as_der().to_vec().into());
        self.certificates.extend(certificates);
        for parsed in &archive.keys {
            let key = PrivateKeyDer::try_from(parsed.key.as_der().to_vec());
            self.keys
                .push(key.map_err(|_| CertificateFileProblem::DamagedKey)?);
        }
        Ok(())
    }

    /// Returns a key and the certificates, its own first.
    fn pair(self) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), CertificateFileProblem> {
        let provider = rustls::crypto::ring::default_provider();
        let mut why = CertificateFileProblem::ForeignKey;
        for key in self.keys {
            for own in 0..self.certificates.len() {
                let mut chain = self.certificates.clone();
                // The client's own certificate comes first (RFC 8446, 4.4.2); the order of the others does not matter.
                chain.swap(0, own);
                match CertifiedKey::from_der(chain.clone(), key.clone_key(), &provider) {
                    Ok(_) => return Ok((chain, key)),
                    Err(rustls::Error::InconsistentKeys(_) | rustls::Error::InvalidCertificate(_)) => {}
                    Err(_) => why = CertificateFileProblem::UnsupportedKey,
                }
            }
        }
        Err(why)
    }
}

fn decrypted(der: &[u8], password: Option<&str>) -> Result<PrivateKeyDer<'static>, CertificateFileProblem> {
    let key = EncryptedPrivateKeyInfoRef::try_from(der).map_err(|_| CertificateFileProblem::DamagedKey)?;
    let Some(secret) = password else {
        return Err(not_opened(None));
    };
    let key = key.decrypt(secret).map_err(|_| not_opened(password))?;
    PrivateKeyDer::try_from(key.as_bytes().to_vec()).map_err(|_| not_opened(password))
}

fn not_opened(password: Option<&str>) -> CertificateFileProblem {
    match password {
        Some(_) => CertificateFileProblem::WrongPassword,
        None => CertificateFileProblem::PasswordWanted,
    }
}

/// Encodes them as PEM for reqwest.
fn pem(certificates: &[CertificateDer<'_>], key: &PrivateKeyDer<'_>) -> Vec<u8> {
    let label = match key {
        PrivateKeyDer::Pkcs1(_) => "RSA PRIVATE KEY",
        PrivateKeyDer::Sec1(_) => "EC PRIVATE KEY",
        PrivateKeyDer::Pkcs8(_) | _ => "PRIVATE KEY",
    };
    let section = |label: &str, der: &[u8]| {
        format!(
            "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
            BASE64_STANDARD.encode(der)
        )
    };
    let certificates = certificates
        .iter()
        .map(|certificate| section("CERTIFICATE", certificate));
    certificates
        .chain([section(label, key.secret_der())])
        .collect::<String>()
        .into_bytes()
}
