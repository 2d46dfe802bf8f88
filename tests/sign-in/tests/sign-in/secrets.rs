//! No secret in any log, at any level.

use std::io::Write;
use std::sync::{Arc, Mutex};

use gloria_sign_in::RenewalAnswer;
use gloria_sign_in_tests::Provider;
use secrecy::ExposeSecret as _;
use tracing_subscriber::filter::LevelFilter;

use crate::person::Person;
use crate::stage::{begin, client, complete};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// All of the process: requests, listener, and the libraries below them.
#[tokio::test]
async fn a_sign_in_and_its_renewal_leave_no_secret_in_the_log() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .init();
    let provider = Provider::usual().await;
    let client = client(&provider).await;
    let person = Person::new("anna");
    let attempt = begin(&client).await;
    let callback = person.walk(attempt.link()).await;
    // What the person's own requests logged is theirs.
    log.0.lock().unwrap().clear();

    let mut secrets: Vec<String> = [attempt.link(), &callback]
        .into_iter()
        .flat_map(|url| url.query_pairs())
        .filter(|(name, _)| ["state", "nonce", "code", "code_challenge"].contains(&&**name))
        .map(|(_, value)| value.into_owned())
        .collect();
    let printed = format!("{attempt:?}");
    attempt.paste(callback.as_str()).unwrap();
    let (grant, page) = complete(attempt, &person, &callback).await;
    let token = grant.refresh_token.clone().unwrap();
    let RenewalAnswer::Renewed(renewed) = client.renew(&token, &grant.identity).await else {
        panic!("not renewed");
    };
    client
        .revoke(renewed.refresh_token.as_ref().unwrap())
        .await
        .unwrap();
    for secret in [&grant.access_token, &token, &renewed.access_token] {
        secrets.push(secret.expose_secret().to_owned());
    }
    let shown = format!("{printed} {grant:?} {renewed:?} {client:?} {page}");
    let log = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(
        log.contains("TRACE") || log.contains("DEBUG"),
        "nothing was logged"
    );
    assert!(secrets.len() >= 8, "{}", secrets.len());
    for secret in secrets {
        assert!(secret.len() > 20);
        assert!(!shown.contains(&secret), "printed");
        if let Some(at) = log.find(&secret) {
            let line = log[..at].lines().last().unwrap_or_default();
            panic!("a secret is in the log: {line}");
        }
    }
    for word in ["code_verifier", "refresh_token=", "anna@"] {
        assert!(!log.contains(word) && !shown.contains(word), "{word}");
    }
}
