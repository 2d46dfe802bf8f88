//! Where users sign in, as the server says.

use gloria_backend::{Answer, Backend, BackendOptions, Credentials, Route, SignIn};
use gloria_core::account::address::Address;
use gloria_core::paths::Paths;
use gloria_core::provider::{Pins, SignInPlace, SignInPlaceError, find};
use gloria_core::settings::Settings;
use gloria_stream::NetworkOptions;
use gloria_stream::http::{DialLimits, Http, HttpOptions};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::harness::Spoken as _;

const ISSUER: &str = "https://id.example/realms/gloria";

struct Asking {
    backend: Backend,
    folder: TempDir,
}

impl Asking {
    async fn start() -> Self {
        let sign_in = SignIn {
            issuer: ISSUER.to_owned(),
            client_id: "gloria-notify".to_owned(),
            scopes: None,
            prompt: Some("consent".to_owned()),
            audience: None,
        };
        let options = BackendOptions {
            sign_in: Some(sign_in),
            ..BackendOptions::default()
        };
        Self {
            backend: Backend::start(options).await.unwrap(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// What is found with this address. `probe` is what tells a network's sign-in page.
    async fn find_at(&self, address: &str, probe: &str) -> Result<SignInPlace, SignInPlaceError> {
        let http = Http::new(HttpOptions {
            user_agent: "Gloria/1".to_owned(),
            network: NetworkOptions {
                probe_url: Some(probe.parse().unwrap()),
                ..NetworkOptions::default()
            },
            limits: DialLimits::default(),
        });
        let address = Address::parse(address, false).unwrap();
        let pins = Pins::new(&Paths::within(self.folder.path()));
        find(&http, &address, &Settings::default(), &pins).await
    }

    async fn find(&self) -> Result<SignInPlace, SignInPlaceError> {
        self.find_at(&self.backend.api_url(), "http://127.0.0.1:1/").await
    }

    fn answer(&self, answer: Answer) {
        let control = self.backend.control();
        control.clear_answers();
        control.answer(Route::Auth, 9, answer).unwrap();
    }
}

#[tokio::test]
async fn the_servers_address_alone_tells_where_to_sign_in() {
    let asking = Asking::start().await;
    let server = format!("http://{}", asking.backend.address());
    for address in [
        server.clone(),
        asking.backend.api_url(),
        format!("{server}/api/v1/sse"),
    ] {
        let found = asking.find_at(&address, "http://127.0.0.1:1/").await;
        let Ok(SignInPlace::Named(provider)) = found else {
            panic!("{address}: {found:?}");
        };
        assert_eq!(provider.issuer.as_str(), ISSUER);
        assert_eq!(provider.client_id, "gloria-notify");
        assert_eq!(provider.prompt.as_deref(), Some("consent"));
    }
    // Nobody has a token yet, and one of an earlier sign-in would be the wrong server's if the address is mistyped.
    let seen = asking.backend.control().observed().requests;
    assert!(
        seen.iter()
            .all(|request| request.credentials == Credentials::None)
    );
}

#[tokio::test]
async fn whatever_else_answers_is_reported_in_words_and_never_followed() {
    let asking = Asking::start().await;
    let json = |body: &str| Answer::new(200).body("application/json", body);
    let elsewhere = Answer::redirect(302, format!("{}/health", asking.backend.api_url()));
    for (answer, words) in [
        (Answer::new(401), "demands a token"),
        (Answer::new(403), "demands a token"),
        (Answer::new(500), "status 500"),
        (Answer::new(503), "status 503"),
        (Answer::new(429), "status 429"),
        (Answer::captive_portal(), "a web page answered"),
        (elsewhere, "elsewhere"),
        (Answer::new(204), "cannot be read"),
        (json("{}"), "cannot be read"),
        (json(r#"{"issuer":7,"client_id":"a"}"#), "cannot be read"),
        (
            json(r#"{"issuer":"http://id.example","client_id":"a"}"#),
            "must begin with https://",
        ),
        (json(&format!("{}{{}}", " ".repeat(70_000))), "cannot be read"),
        (
            json("{}").header("content-encoding", "gzip"),
            "cannot be asked where to sign in",
        ),
    ] {
        let status = answer.status;
        asking.answer(answer);
        let error = asking.find().await.unwrap_err();
        let said = error.message().words();
        assert!(said.contains(words), "{status}: {said}");
    }
    asking.answer(Answer::new(404));
    assert_eq!(asking.find().await, Ok(SignInPlace::Nowhere));
    let seen = asking.backend.control().observed().requests;
    assert!(
        seen.iter().all(|request| request.path == "/api/v1/auth"),
        "a redirect was followed"
    );

    let gone = asking.backend.api_url();
    asking.backend.control().hang_up(gloria_backend::HangUp::Fin);
    let Asking { backend, folder } = asking;
    backend.stop().await;
    let asking = Asking {
        backend: Backend::start(BackendOptions::default()).await.unwrap(),
        folder,
    };
    let error = asking.find_at(&gone, "http://127.0.0.1:1/").await.unwrap_err();
    assert!(error.is_transient());
    let said = error.message().words();
    assert!(said.contains("cannot be asked where to sign in: "), "{said}");
}

/// A hotel's network, which answers everything itself.
#[tokio::test]
async fn a_network_that_wants_a_sign_in_of_its_own_is_recognised() {
    let asking = Asking::start().await;
    asking.answer(Answer::captive_portal());
    let portal = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let probe = format!("http://{}/generate_204", portal.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = portal.accept().await {
            let _ = connection.read(&mut [0; 2048]).await;
            let page = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 7\r\n\r\nWelcome";
            let _ = connection.write_all(page.as_bytes()).await;
        }
    });
    let error = asking
        .find_at(&asking.backend.api_url(), &probe)
        .await
        .unwrap_err();
    let said = error.message().words();
    assert!(said.contains("this network requires you to sign in"), "{said}");
    assert!(error.is_transient());
}
