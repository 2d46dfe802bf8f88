//! Sign-ins from their beginning to their end.

use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use gloria_desktop_session::wait_until;
use gloria_sign_in::Grant;
use gloria_sign_in::{
    Asked, AuthorizationError, IdentityError, PORTS, PasteError, Progress, Prompt, SignInError, SystemEntropy,
};
use gloria_sign_in_tests::{ANY_PORT, LISTED_PORTS, Provider};
use serde_json::json;
use tokio::sync::Mutex;
use url::Url;

use crate::person::{Decision, Person};
use crate::scene::DEADLINE;
use crate::stage::{Clocks, begin, client, client_with, complete, pages, sign_in};

/// The listed ports are those of one test at a time.
static LISTED: Mutex<()> = Mutex::const_new(());

fn parameter(link: &Url, name: &str) -> Option<String> {
    let mut pairs = link.query_pairs();
    pairs
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

#[tokio::test]
async fn somebody_signs_in_and_the_page_says_so_once_it_is_true() {
    for options in [json!({}), json!({"opaque": true}), json!({"algorithm": "ES256"})] {
        let provider = Provider::start(options.clone()).await;
        let grant: Grant = sign_in(&client(&provider).await, &Person::new("anna")).await;
        assert_eq!(grant.identity.subject, "anna");
        assert_eq!(grant.identity.name.as_deref(), Some("Person anna"));
        assert_eq!(grant.identity.email.as_deref(), Some("anna@gloria.example"));
        assert_eq!(grant.unchecked, None, "{options}");
        assert!(grant.refresh_token.is_some());
        assert_eq!(grant.lifetime.lasts, Some(Duration::from_secs(60)));
        assert_eq!(provider.count("POST /token").await, 1);
    }
}

#[tokio::test]
async fn without_consent_there_is_no_refresh_token_which_is_known_at_once() {
    let provider = Provider::usual().await;
    let client = client(&provider).await;
    let mut settings = client.provider().clone();
    settings.prompt = None;
    let clocks = || gloria_sign_in::Moment {
        monotonic: std::time::Instant::now(),
        wall: std::time::SystemTime::now(),
    };
    let client = gloria_sign_in::Client::new(
        crate::person::http(),
        settings,
        client.metadata().clone(),
        std::sync::Arc::new(clocks),
    );
    let grant = sign_in(&client, &Person::new("anna")).await;
    assert!(grant.refresh_token.is_none());
}

#[tokio::test]
async fn the_page_tells_what_failed_after_the_exchange_too() {
    let provider = Provider::usual().await;
    let client = client(&provider).await;
    let person = Person::new("anna");
    for is_reported in [true, false] {
        let mut attempt = begin(&client).await;
        let callback = person.walk(attempt.link()).await;
        let store = async {
            let (_, browser) = attempt.wait().await.unwrap();
            if is_reported {
                browser.failed(SignInError::TimedOut.message());
            }
        };
        let ((), page) = tokio::join!(store, person.open(&callback));
        let said = if is_reported {
            "sign-in-timed-out"
        } else {
            "sign-in-page-back"
        };
        assert!(page.contains(said), "{page}");
    }
}

#[tokio::test]
async fn cancelling_there_ends_the_sign_in_here() {
    let provider = Provider::usual().await;
    let mut attempt = begin(&client(&provider).await).await;
    let person = Person::new("anna");
    let callback = person.walk_and(attempt.link(), Decision::Cancel).await;
    let (refused, page) = tokio::join!(attempt.wait(), person.open(&callback));
    let Err(SignInError::Refused(refusal)) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(refusal.why, AuthorizationError::AccessDenied);
    assert!(
        page.contains("sign-in-page-failed") && page.contains("sign-in-denied"),
        "{page}"
    );
    assert_eq!(provider.count("POST /token").await, 0);
    assert_eq!(*attempt.progress().borrow(), Progress::Ended);
}

#[tokio::test]
async fn another_person_signs_in_when_the_browser_still_knows_the_first() {
    let provider = Provider::usual().await;
    let client = client(&provider).await;
    let person = Person::new("anna");
    sign_in(&client, &person).await;
    let asked = Asked {
        ports: Vec::new(),
        prompt: Prompt::Login,
        login_hint: Some("bert".to_owned()),
        ..Asked::default()
    };
    let attempt = client.begin(asked, pages(), &SystemEntropy).await.unwrap();
    assert_eq!(
        parameter(attempt.link(), "prompt").as_deref(),
        Some("login consent")
    );
    assert_eq!(parameter(attempt.link(), "login_hint").as_deref(), Some("bert"));
    // The same browser, another name in its form.
    let person = person.renamed("bert");
    let callback = person.walk(attempt.link()).await;
    let (grant, _) = complete(attempt, &person, &callback).await;
    assert_eq!(grant.identity.subject, "bert");
}

#[tokio::test]
async fn a_clock_that_is_wrong_by_hours_signs_in_all_the_same() {
    for seconds in [7200, -7200] {
        let provider = Provider::usual().await;
        let clock = provider.order(json!({"do": "clock", "seconds": seconds}));
        let client = client(&provider).await;
        let (attempt, person) = (begin(&client).await, Person::new("anna"));
        // A browser takes cookies of the past for old ones, and a provider codes.
        let callback = if seconds > 0 {
            clock.await;
            person.walk(attempt.link()).await
        } else {
            let callback = person.walk(attempt.link()).await;
            clock.await;
            callback
        };
        let (grant, _) = complete(attempt, &person, &callback).await;
        assert_eq!((grant.identity.subject.as_str(), grant.unchecked), ("anna", None));
    }
}

#[tokio::test]
async fn keys_that_cannot_be_had_are_no_failure() {
    let provider = Provider::usual().await;
    provider.fault("/jwks", "broken").await;
    let grant = sign_in(&client(&provider).await, &Person::new("anna")).await;
    assert_eq!(grant.unchecked, Some(IdentityError::NoKeys));
}

#[tokio::test]
async fn a_nonce_of_another_sign_in_is_refused() {
    let provider = Provider::usual().await;
    let mut attempt = begin(&client(&provider).await).await;
    let nonce = parameter(attempt.link(), "nonce").unwrap();
    let link = attempt.link().as_str().replace(&nonce, "another");
    let person = Person::new("anna");
    let callback = person.walk(&link.parse().unwrap()).await;
    let (refused, page) = tokio::join!(attempt.wait(), person.open(&callback));
    assert_eq!(refused.unwrap_err(), SignInError::Identity(IdentityError::Nonce));
    assert!(page.contains("sign-in-page-failed"), "{page}");
}

/// Takes a port. Others have it for some seconds: a sign-in that has ended, and programs of other tests.
async fn squatter_on(port: u16) -> TcpListener {
    let squatter = wait_until("the port to be free", DEADLINE, async || {
        Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok())
    });
    squatter.await.unwrap()
}

#[tokio::test]
async fn programs_on_the_listed_ports_are_passed_by() {
    let _one = LISTED.lock().await;
    let provider = Provider::usual().await;
    let client = client_with(&provider, LISTED_PORTS, &Clocks::default()).await;
    let begin = async || {
        client
            .begin(Asked::default(), pages(), &SystemEntropy)
            .await
            .unwrap()
    };
    let person = Person::new("anna");

    let mut squatters = vec![squatter_on(PORTS[0]).await];
    // Programs of other tests can have the next ones for a while.
    let attempt = wait_until("a sign-in at another listed port", DEADLINE, async || {
        let attempt = begin().await;
        Ok(PORTS[1..].contains(&attempt.port()).then_some(attempt))
    });
    let attempt = attempt.await.unwrap();
    let callback = person.walk(attempt.link()).await;
    assert_eq!(
        complete(attempt, &person, &callback).await.0.identity.subject,
        "anna"
    );

    for port in &PORTS[1..] {
        squatters.push(squatter_on(*port).await);
    }
    let provider = Provider::usual().await;
    let client = client_with(&provider, ANY_PORT, &Clocks::default()).await;
    let attempt = client
        .begin(Asked::default(), pages(), &SystemEntropy)
        .await
        .unwrap();
    assert!(!PORTS.contains(&attempt.port()), "{}", attempt.port());
    let callback = person.walk(attempt.link()).await;
    assert_eq!(
        complete(attempt, &person, &callback).await.0.identity.subject,
        "anna"
    );
}

#[tokio::test]
async fn the_address_of_the_page_that_did_not_open_does_as_well() {
    let provider = Provider::usual().await;
    let client = client(&provider).await;
    let person = Person::new("anna");
    let other = begin(&client).await;
    let of_another = person.walk(other.link()).await;
    let mut attempt = begin(&client).await;
    let callback = person.walk(attempt.link()).await;
    assert_eq!(attempt.paste("what"), Err(PasteError::NotAnAddress));
    assert_eq!(attempt.paste(of_another.as_str()), Err(PasteError::NotThisSignIn));
    assert_eq!(
        attempt.paste(attempt.link().as_str()),
        Err(PasteError::NotThisSignIn)
    );
    let copied = format!(" {}\n", callback.as_str().trim_start_matches("http://"));
    assert_eq!(attempt.paste(&copied), Ok(()));
    assert_eq!(attempt.paste(callback.as_str()), Err(PasteError::TooLate));
    let (grant, browser) = attempt.wait().await.unwrap();
    browser.signed_in();
    assert_eq!(grant.identity.subject, "anna");
}

#[tokio::test]
async fn a_sign_in_that_is_given_up_or_takes_too_long_is_over() {
    let provider = Provider::usual().await;
    let client = client(&provider).await;
    let person = Person::new("anna");
    let attempt = begin(&client).await;
    let port = attempt.port();
    drop(attempt);
    // The listener's task ends as soon as the runtime gets to it.
    while tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port))
        .await
        .is_ok()
    {
        tokio::task::yield_now().await;
    }

    let asked = Asked {
        ports: Vec::new(),
        lasts: Duration::ZERO,
        ..Asked::default()
    };
    let mut attempt = client.begin(asked, pages(), &SystemEntropy).await.unwrap();
    assert_eq!(attempt.remaining(), Duration::ZERO);
    assert_eq!(attempt.wait().await.unwrap_err(), SignInError::TimedOut);
    let late = person.walk(attempt.link()).await;
    assert!(person.open(&late).await.contains("sign-in-timed-out"));
    assert_eq!(provider.count("POST /token").await, 0);
}
