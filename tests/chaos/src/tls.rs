//! Servers with valid and invalid certificates, which `certificates/make.sh` created.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

/// A server's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certificate {
    /// For 127.0.0.1 and localhost, signed by the authority.
    Good,
    /// Like `Good`, but valid until 2021.
    Expired,
    /// Like `Good`, but valid from 2120.
    NotYetValid,
    /// For another name.
    OtherName,
    /// Self-signed.
    SelfSigned,
}

/// The authority's certificate, as PEM, which no system trusts by default.
pub const AUTHORITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/certificates/authority.pem");

/// All certificates have the same key, because the tests are about their contents.
const KEY: &[u8] = include_bytes!("../certificates/server.key.der");

impl Certificate {
    fn der(self) -> &'static [u8] {
        match self {
            Self::Good => include_bytes!("../certificates/good.der"),
            Self::Expired => include_bytes!("../certificates/expired.der"),
            Self::NotYetValid => include_bytes!("../certificates/not-yet-valid.der"),
            Self::OtherName => include_bytes!("../certificates/other-name.der"),
            Self::SelfSigned => include_bytes!("../certificates/self-signed.der"),
        }
    }

    /// Returns a TLS acceptor with this certificate.
    pub fn acceptor(self) -> TlsAcceptor {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from(self.der())],
                PrivatePkcs8KeyDer::from(KEY).into(),
            )
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}
