//! Splits a file into its parts: PEM in any text encoding, DER, PKCS#7 or PKCS#12.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use rustls::pki_types::PrivateKeyDer;

use super::der::{CONTEXT_0, INTEGER, OBJECT, SEQUENCE, element, elements};

/// A part of a file.
pub(super) enum Part {
    /// Probably a certificate; only its outer structure is checked.
    Certificate(Vec<u8>),
    /// A private key.
    Key(PrivateKeyDer<'static>),
    /// An encrypted PKCS#8 key.
    EncryptedKey(Vec<u8>),
    /// A key in OpenSSL's own encrypted format, older than PKCS#8.
    OldEncryptedKey,
    /// The whole file is PKCS#12.
    Pkcs12,
    /// Labelled as a certificate, but not one.
    Damaged,
}

/// `signedData` of PKCS#7 (RFC 2315, 14).
const SIGNED_DATA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 2];

/// Returns the certificates and keys of a file; everything else is ignored.
pub(super) fn parts(bytes: &[u8]) -> Vec<Part> {
    if bytes.first() == Some(&SEQUENCE) {
        return binary(bytes);
    }
    pem(&text(bytes))
}

/// Parses DER: one or more certificates, a key, PKCS#7 or PKCS#12.
fn binary(bytes: &[u8]) -> Vec<Part> {
    if let Some(certificates) = signed_data(bytes) {
        return certificates;
    }
    let Some(whole) = element(bytes) else {
        return vec![Part::Damaged];
    };
    let first = element(whole.content);
    match first.map(|first| (first.tag, first.content)) {
        // PKCS#12 begins with version 3 (RFC 7292, 4), which no key has.
        Some((INTEGER, [3])) => vec![Part::Pkcs12],
        Some((INTEGER, _)) => vec![key(bytes)],
        _ => elements(bytes)
            .map(|element| certificate(element.whole))
            .collect(),
    }
}

/// Returns the certificates of a PKCS#7 file, which only contains them and signs nothing.
fn signed_data(bytes: &[u8]) -> Option<Vec<Part>> {
    let mut info = elements(element(bytes)?.content);
    info.next()
        .filter(|kind| (kind.tag, kind.content) == (OBJECT, SIGNED_DATA))?;
    let data = element(info.next()?.content)?;
    let certificates = elements(data.content).find(|element| element.tag == CONTEXT_0)?;
    Some(
        elements(certificates.content)
            .map(|element| certificate(element.whole))
            .collect(),
    )
}

/// Returns a certificate without the trust settings that OpenSSL may have appended.
fn certificate(bytes: &[u8]) -> Part {
    match element(bytes) {
        Some(certificate) if certificate.tag == SEQUENCE => Part::Certificate(certificate.whole.to_vec()),
        _ => Part::Damaged,
    }
}

fn key(bytes: &[u8]) -> Part {
    match PrivateKeyDer::try_from(bytes) {
        Ok(key) => Part::Key(key.clone_key()),
        Err(_) => Part::Damaged,
    }
}

/// Parses the sections of PEM (RFC 7468) and of its predecessors. Text around them is ignored, and so are line ends,
/// which may be missing after a form or an environment variable.
fn pem(text: &str) -> Vec<Part> {
    let text = text.replace("\\n", "\n");
    let mut rest = &*text;
    let mut parts = Vec::new();
    while let Some((_, section)) = rest.split_once("-----BEGIN ") {
        let Some((label, section)) = section.split_once("-----") else {
            break;
        };
        let Some((body, end)) = section.split_once("-----END ") else {
            // The file is truncated.
            parts.push(Part::Damaged);
            break;
        };
        parts.extend(section_parts(label, body));
        rest = end;
    }
    parts
}

fn section_parts(label: &str, body: &str) -> Vec<Part> {
    // OpenSSL marks its own encryption with headers (RFC 1421, 4.6.1.1), which are not base64.
    if label.ends_with("PRIVATE KEY") && body.contains("Proc-Type:") {
        return vec![Part::OldEncryptedKey];
    }
    let engine = GeneralPurpose::new(
        &STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let body: String = body.split_ascii_whitespace().collect();
    match (label, engine.decode(body)) {
        ("CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE", Ok(der)) => vec![certificate(&der)],
        ("ENCRYPTED PRIVATE KEY", Ok(der)) => vec![Part::EncryptedKey(der)],
        ("PRIVATE KEY" | "RSA PRIVATE KEY" | "EC PRIVATE KEY", Ok(der)) => vec![key(&der)],
        ("PKCS7" | "PKCS #7 SIGNED DATA" | "CMS", Ok(der)) => {
            signed_data(&der).unwrap_or_else(|| vec![Part::Damaged])
        }
        (_, Err(_)) if label.ends_with("CERTIFICATE") || label.ends_with("PRIVATE KEY") => {
            vec![Part::Damaged]
        }
        _ => Vec::new(),
    }
}

/// Decodes the text of a file: UTF-8 with or without a byte order mark, or UTF-16, which editors on Windows write.
fn text(bytes: &[u8]) -> String {
    let utf16 = |of: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).map(|unit| of([unit[0], unit[1]]));
        char::decode_utf16(units)
            .map(|char| char.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect::<String>()
    };
    let text = match bytes {
        [0xFF, 0xFE, ..] | [b'-', 0, ..] => utf16(u16::from_le_bytes),
        [0xFE, 0xFF, ..] | [0, b'-', ..] => utf16(u16::from_be_bytes),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    };
    text.trim_start_matches('\u{FEFF}').to_owned()
}
