//! A client of the provider, and sign-ins from their beginning to their end.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use gloria_sign_in::{
    Asked, Attempt, Client, Grant, Issuer, Metadata, Moment, Pages, Provider as Settings, SystemEntropy,
    discover,
};
use gloria_sign_in_tests::{ANY_PORT, Provider};
use url::Url;

use crate::person::{Person, http};

pub(crate) fn issuer(provider: &Provider) -> Issuer {
    Issuer::parse(&provider.issuer).unwrap()
}

pub(crate) fn settings(provider: &Provider, client_id: &str) -> Settings {
    Settings {
        // Without it this provider gives no refresh token.
        prompt: Some("consent".to_owned()),
        ..Settings::new(issuer(provider), client_id)
    }
}

pub(crate) async fn metadata(provider: &Provider) -> Metadata {
    discover(&http(), &issuer(provider)).await.unwrap()
}

/// The clocks of this computer, which a test moves on.
#[derive(Clone, Default)]
pub(crate) struct Clocks(Arc<Mutex<Duration>>);

impl Clocks {
    pub(crate) fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }

    fn now(&self) -> Moment {
        let by = *self.0.lock().unwrap();
        Moment {
            monotonic: Instant::now() + by,
            wall: SystemTime::now() + by,
        }
    }
}

pub(crate) async fn client_with(provider: &Provider, client_id: &str, clocks: &Clocks) -> Client {
    let clocks = clocks.clone();
    let clock = Arc::new(move || clocks.now());
    Client::new(
        http(),
        settings(provider, client_id),
        metadata(provider).await,
        clock,
    )
}

pub(crate) async fn client(provider: &Provider) -> Client {
    client_with(provider, ANY_PORT, &Clocks::default()).await
}

/// Their messages as codes.
pub(crate) fn pages() -> Pages {
    Pages {
        language: "en".to_owned(),
        say: Arc::new(ToString::to_string),
    }
}

/// At any port: the listed ones are for the tests of them.
pub(crate) async fn begin(client: &Client) -> Attempt {
    let asked = Asked {
        ports: Vec::new(),
        // A test that hangs says so before the suite is given up.
        lasts: Duration::from_secs(60),
        ..Asked::default()
    };
    client.begin(asked, pages(), &SystemEntropy).await.unwrap()
}

/// Lets the browser come back, and stores what it brings. What was given, and the page.
pub(crate) async fn complete(mut attempt: Attempt, person: &Person, callback: &Url) -> (Grant, String) {
    let stored = async {
        let (grant, browser) = attempt.wait().await.unwrap();
        // The page does not need it any more.
        drop(attempt);
        browser.signed_in();
        grant
    };
    let opened = async {
        let page = person.open(callback).await;
        assert!(page.contains("sign-in-page-done"), "{page}");
        page
    };
    tokio::join!(stored, opened)
}

pub(crate) async fn sign_in(client: &Client, person: &Person) -> Grant {
    let attempt = begin(client).await;
    let callback = person.walk(attempt.link()).await;
    let (grant, page) = complete(attempt, person, &callback).await;
    assert!(page.contains("sign-in-page-done"), "{page}");
    grant
}
