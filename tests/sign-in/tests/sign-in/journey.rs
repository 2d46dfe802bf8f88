//! `gloria login`, `tail` and `logout` on a desktop with a keyring, at the provider and a backend with Clerk's SDK:
//! with the server's address alone, and without a secret in anything that stays or that others see.

use std::fs;
use std::path::{Path, PathBuf};

use gloria_sign_in_tests::{Clerk, Provider};
use serde_json::json;

use crate::desktop::{Desktop, parameter};
use crate::person::Person;

/// All files of a folder, with their contents.
pub(crate) fn files(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            found.extend(files(&path));
        } else if kind.is_file() {
            let bytes = fs::read(&path).unwrap_or_default();
            found.push((path, String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn the_servers_address_is_enough_and_no_secret_stays_anywhere() {
    let provider = Provider::usual().await;
    let clerk = Clerk::start(&provider, json!({"lift": true})).await;
    let mut desktop = Desktop::start().await;
    let server = clerk.server().to_owned();
    let (state, callback) = desktop.log_in(&server, &Person::new("anna")).await;
    let named = format!("{server} names {} as its sign-in service", provider.issuer);
    assert!(desktop.printed.contains(&named), "{}", desktop.printed);
    assert_eq!(desktop.tail(&server, &[])["userId"], "anna");
    // In the query, where every library that prints an address would print the token.
    assert_eq!(
        desktop.tail(&server, &[("GLORIA_AUTH_TRANSPORT", "query")])["userId"],
        "anna"
    );
    // A network that changes meanwhile causes more than one connection.
    let seen = clerk.seen().await;
    let seen = seen.as_array().unwrap();
    assert!(
        seen.len() >= 2 && seen.iter().all(|status| status == 200),
        "{seen:?}"
    );
    let (code, said, _) = desktop.run(&server, &["logout"], &[]);
    assert_eq!(code, 0);
    assert!(said.contains("loggedOut"), "{said}");
    assert_eq!(
        provider.count("POST /token").await,
        3,
        "one exchange and two renewals"
    );
    assert_eq!(provider.count("POST /token/revocation").await, 1);

    let mut secrets = provider.secrets().await;
    assert!(secrets.len() >= 12, "{}", secrets.len());
    secrets.push(state);
    secrets.push(parameter(&callback, "code"));
    let mut places = files(&desktop.home);
    assert!(
        places
            .iter()
            .any(|(path, text)| path.ends_with("sign-in.json") && text.contains(&provider.issuer)),
        "{places:?}"
    );
    let environment = desktop.session.dir().join("browser-environment");
    let opened = fs::read_to_string(environment).expect("no browser was opened");
    places.push(("the browser's environment".into(), opened));
    assert!(desktop.printed.contains("TRACE"), "nothing was logged in full");
    places.push(("what was printed".into(), std::mem::take(&mut desktop.printed)));
    for secret in &secrets {
        assert!(secret.len() > 20);
        // Signatures alone would be enough to forge a log entry's token, so a part counts as well.
        let part = &secret[secret.len() - 20..];
        for (place, text) in &places {
            let at = text.find(part);
            let before = at.and_then(|at| text[..at].lines().last());
            assert!(at.is_none(), "a secret is in {}: {before:?}", place.display());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_accepts_only_tokens_of_web_pages_is_the_administrators_matter() {
    const REFUSED: &str =
        "the server does not accept this sign-in although it is new; ask your administrator";
    let provider = Provider::usual().await;
    let clerk = Clerk::start(&provider, json!({"stock": true})).await;
    let mut desktop = Desktop::start().await;
    let (server, anna) = (clerk.server().to_owned(), Person::new("anna"));
    let refused = desktop.run_login(&server, &anna).await;
    assert!(refused.page.contains("You are not signed in"), "{}", refused.page);
    assert!(refused.page.contains(REFUSED), "{}", refused.page);
    assert!(refused.said.contains(REFUSED), "{}", refused.said);
    assert_eq!(refused.code, 5, "{}", refused.said);
    // A backend that an update changed after somebody has signed in.
    clerk.set_accepting(true).await;
    desktop.log_in(&server, &anna).await;
    clerk.set_accepting(false).await;
    let exchanges = provider.count("POST /token").await;
    let (code, said, log) = desktop.run(&server, &["tail"], &[]);
    assert_eq!(code, 3, "{said}");
    assert!(log.contains(REFUSED), "{log}");
    // One renewal for the new process; the refusal of its token causes none.
    assert_eq!(provider.count("POST /token").await, exchanges + 1);
}
