//! Signing, by a certificate of our own: the form of the files allows it, and a changed one is refused.

use std::fs;
use std::path::Path;

use super::programs::INSTALLERS;
use crate::commands::{Finished, expect, finish, limited};
use crate::packages::THIS;

#[test]
fn a_signed_installer_is_verified_and_refused_after_a_change() {
    let folder = tempfile::tempdir().unwrap();
    let (key, certificate) = (
        folder.path().join("key.pem"),
        folder.path().join("certificate.pem"),
    );
    let mut make = limited("openssl");
    make.args([
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Test", "-days", "2",
    ]);
    make.args(["-addext", "extendedKeyUsage=codeSigning"]);
    expect(make.arg("-keyout").arg(&key).arg("-out").arg(&certificate));
    for installer in [INSTALLERS.msi(THIS), INSTALLERS.setup(THIS)] {
        let signed = folder.path().join(installer.file_name().unwrap());
        let mut sign = limited("osslsigncode");
        sign.args(["sign", "-h", "sha256", "-certs"])
            .arg(&certificate)
            .arg("-key")
            .arg(&key);
        expect(sign.arg("-in").arg(&installer).arg("-out").arg(&signed));
        let verified = verify(&signed, &certificate);
        assert!(verified.is_success, "{}", verified.text);
        let mut bytes = fs::read(&signed).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&signed, bytes).unwrap();
        let verified = verify(&signed, &certificate);
        assert!(!verified.is_success, "{}", verified.text);
    }
}

fn verify(signed: &Path, certificate: &Path) -> Finished {
    let mut verify = limited("osslsigncode");
    finish(
        verify
            .args(["verify", "-CAfile"])
            .arg(certificate)
            .arg("-in")
            .arg(signed),
    )
}
