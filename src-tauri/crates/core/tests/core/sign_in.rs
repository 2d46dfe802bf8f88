//! Signing in at a provider from the window.

mod change;
mod in_force;
mod provider;
mod storing;

use std::collections::HashMap;

use gloria_backend::TEST_TOKEN;
use gloria_core::grant::Secret;
use gloria_core::ports::Subject;
use gloria_core::ports::fakes::FakeSecrets;
use gloria_core::protocol::{
    ConnectionState, PastedPage, ProviderChange, Remedy, SignInForm, SignInPlace, SignInQuery,
    SignInTroubleKind, SignInView, SignInWay, SignedIn, TokenState, View,
};
use gloria_core::token::Token;
use gloria_core::{CoreError, message};
use secrecy::ExposeSecret as _;
use tokio::net::TcpListener;

use crate::harness::{Harness, Running, Spoken as _, backend, within_deadline};
use provider::{CLIENT, Provider, field};

/// A computer whose settings name the provider and no server, with this in its keyring.
fn harness(provider: &Provider, secrets: FakeSecrets) -> Harness {
    let settings = HashMap::from([
        ("GLORIA_AUTH_ISSUER", provider.issuer.clone()),
        ("GLORIA_AUTH_CLIENT_ID", CLIENT.to_owned()),
        // Any port: other tests run at the same time.
        ("GLORIA_AUTH_PORTS", ",".to_owned()),
    ]);
    Harness::with(secrets, settings)
}

fn form(address: &str, way: SignInWay) -> SignInForm {
    SignInForm {
        address: address.to_owned(),
        way,
        another_account: false,
        agreed: None,
    }
}

fn query(address: &str) -> SignInQuery {
    SignInQuery {
        address: address.to_owned(),
        agreed: None,
    }
}

/// Begins a sign-in, and returns its link once the browser is opened.
async fn begin(harness: &Harness, running: &Running, address: &str) -> String {
    begin_with(harness, running, form(address, SignInWay::Browser)).await
}

async fn begin_with(harness: &Harness, running: &Running, form: SignInForm) -> String {
    let opened = harness.opener.opened.all().len();
    running.core.sign_in_begin(form).await.unwrap();
    within_deadline(
        "the browser is opened",
        harness.opener.opened.wait_for(opened + 1),
    )
    .await;
    harness.opener.opened.all().last().unwrap().clone()
}

async fn failed(running: &Running) -> String {
    failed_over(running).await.0
}

/// Why the sign-in failed, and what the user can agree to.
async fn failed_over(running: &Running) -> (String, Option<ProviderChange>) {
    let state = running
        .until("the sign-in failed", |state| {
            matches!(state.sign_in, SignInView::Failed { .. })
        })
        .await;
    let SignInView::Failed { message, change, .. } = state.sign_in else {
        panic!("{:?}", state.sign_in);
    };
    (message.words(), change)
}

fn refresh_token(harness: &Harness, entry: &str) -> Option<String> {
    match harness.secrets.secret(entry)? {
        Secret::Grant(grant) => Some(grant.refresh_token().expose_secret().to_owned()),
        Secret::Token(_) => None,
    }
}

#[tokio::test]
async fn who_signs_in_is_connected_at_once_and_the_page_in_the_browser_says_so() {
    let (server, control) = backend().await;
    control.set_user(TEST_TOKEN, Some("anna"));
    let provider = Provider::start(TEST_TOKEN).await;
    let harness = harness(&provider, FakeSecrets::default());
    let running = harness.start();
    let address = format!("http://{}", server.address());

    let offer = running.core.sign_in_offer(query(&address)).await.unwrap();
    assert_eq!(offer.ways, [SignInWay::Browser, SignInWay::Device]);
    assert_eq!(
        offer.provider,
        provider.issuer.strip_prefix("http://").map(str::to_owned)
    );

    let link = begin(&harness, &running, &address).await;
    let state = running
        .until("it waits", |state| {
            matches!(state.sign_in, SignInView::Waiting { .. })
        })
        .await;
    let SignInView::Waiting {
        link: shown,
        place,
        problem,
        ..
    } = state.sign_in
    else {
        panic!("{:?}", state.sign_in);
    };
    assert_eq!((&shown, problem), (&link, None));
    assert_eq!(place, SignInPlace::Browser { forgotten: false });
    // The same link, as often as the user wants.
    running.core.sign_in_open().await.unwrap();
    within_deadline("it is opened again", harness.opener.opened.wait_for(2)).await;
    assert_eq!(harness.opener.opened.all(), [link.clone(), link.clone()]);

    let page = provider.sign_in(&link).await;
    assert!(page.contains("sign-in-page-done"), "{page}");
    let state = running.connected().await;
    assert_eq!(state.account.token, TokenState::Present);
    assert!(!state.account.needs_setup);
    assert_eq!(
        state.account.signed_in,
        Some(SignedIn {
            name: Some("Anna Test".to_owned()),
            email: Some("anna@test.example".to_owned()),
            provider: provider.issuer.replace("http://", ""),
            ends_at: None,
            trouble: None,
        })
    );
    let state = running
        .until("it is over", |state| state.sign_in == SignInView::None)
        .await;
    assert!(
        state
            .account
            .address
            .is_some_and(|saved| saved.starts_with(&address))
    );
    within_deadline("the window is raised", harness.window.opened.wait_for(1)).await;
    // The access token that came with it is used; nothing was renewed.
    assert_eq!(provider.requests(), ["code"]);
    running.stop().await;

    // The next start has only what the keyring has.
    let running = harness.start();
    let state = running.connected().await;
    let signed_in = state.account.signed_in.unwrap();
    assert_eq!(signed_in.name.as_deref(), Some("Anna Test"));
    assert_eq!(provider.requests(), ["code", "refresh-1"]);
    running.stop().await;
}

#[tokio::test]
async fn a_sign_in_that_the_server_refuses_replaces_nothing_and_both_pages_say_why() {
    let (server, control) = backend().await;
    control.set_user(TEST_TOKEN, Some("anna"));
    let provider = Provider::start("for-another-server").await;
    let address = server.api_url();
    let kept = FakeSecrets::with_token(&address, Token::parse(TEST_TOKEN).unwrap());
    let mut harness = harness(&provider, kept);
    harness.environment.insert("GLORIA_API_URL", address.clone());
    let running = harness.start();
    running.connected().await;
    let link = begin(&harness, &running, &address).await;
    let page = provider.sign_in(&link).await;
    assert!(page.contains("sign-in-rejected"), "{page}");
    let said = failed(&running).await;
    assert!(said.contains("does not accept this sign-in"), "{said}");
    let state = running.connected().await;
    assert_eq!(state.account.signed_in, None);
    let entries = [address.clone(), Harness::entry_of(&server, "anna")];
    assert!(
        entries
            .iter()
            .all(|entry| refresh_token(&harness, entry).is_none())
    );
    running.core.sign_in_cancel().await.unwrap();
    running
        .until("it is put away", |state| state.sign_in == SignInView::None)
        .await;
    running.stop().await;
}

#[tokio::test]
async fn one_at_a_time_and_a_cancelled_one_closes_its_port() {
    let (server, control) = backend().await;
    control.set_user(TEST_TOKEN, Some("anna"));
    let provider = Provider::start(TEST_TOKEN).await;
    let harness = harness(&provider, FakeSecrets::default());
    let running = harness.start();
    let address = server.api_url();
    let first = begin(&harness, &running, &address).await;
    let second = begin(&harness, &running, &address).await;
    assert_ne!(first, second);
    // The first one's page can neither end nor complete the second.
    let pasted = PastedPage {
        address: provider.callback(&first).into(),
    };
    let refused = running.core.sign_in_paste(pasted).await.unwrap_err();
    assert_eq!(refused.words(), message::sign_in_paste_other().words());

    running.core.sign_in_cancel().await.unwrap();
    running
        .until("it is cancelled", |state| state.sign_in == SignInView::None)
        .await;
    let port = field(second.split_once('?').unwrap().1, "redirect_uri");
    let port = port
        .rsplit(':')
        .next()
        .unwrap()
        .split('/')
        .next()
        .unwrap()
        .to_owned();
    within_deadline("the port is free", async {
        while TcpListener::bind(format!("127.0.0.1:{port}")).await.is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(matches!(running.core.sign_in_open().await, Err(CoreError::Gone)));
    assert!(provider.requests().is_empty());
    running.stop().await;
}

#[tokio::test]
async fn the_address_of_a_page_that_did_not_open_completes_it() {
    let (server, control) = backend().await;
    control.set_user(TEST_TOKEN, Some("anna"));
    let provider = Provider::start(TEST_TOKEN).await;
    let harness = harness(&provider, FakeSecrets::default());
    let running = harness.start();
    let link = begin(&harness, &running, &server.api_url()).await;
    let address = provider.callback(&link).into();
    running.core.sign_in_paste(PastedPage { address }).await.unwrap();
    running.connected().await;
    running.stop().await;
}

#[tokio::test]
async fn a_code_is_entered_on_another_device() {
    let (server, control) = backend().await;
    control.set_user(TEST_TOKEN, Some("anna"));
    let provider = Provider::start(TEST_TOKEN).await;
    let harness = harness(&provider, FakeSecrets::default());
    let running = harness.start();
    let form = form(&server.api_url(), SignInWay::Device);
    running.core.sign_in_begin(form).await.unwrap();
    let state = running
        .until("it waits", |state| {
            matches!(state.sign_in, SignInView::Waiting { .. })
        })
        .await;
    let SignInView::Waiting { place, .. } = state.sign_in else {
        panic!("{:?}", state.sign_in);
    };
    let page = format!("{}/enter", provider.issuer);
    let code = "WDJB-MJHT".to_owned();
    assert_eq!(place, SignInPlace::Device { page, code });
    provider.state.lock().unwrap().entered = true;
    running.connected().await;
    running.stop().await;
}

#[tokio::test]
async fn one_that_cannot_be_renewed_says_when_it_ends_and_then_asks_for_the_user() {
    let (server, control) = backend().await;
    control.set_user(TEST_TOKEN, Some("anna"));
    let provider = Provider::start(TEST_TOKEN).await;
    {
        let mut state = provider.state.lock().unwrap();
        (state.refreshes, state.lasts) = (false, 7500);
    }
    let harness = harness(&provider, FakeSecrets::default());
    let running = harness.start();
    let link = begin(&harness, &running, &server.api_url()).await;
    provider.sign_in(&link).await;
    let state = running.connected().await;
    let now = jiff::Timestamp::now().as_millisecond();
    let left = state.account.signed_in.unwrap().ends_at.unwrap() - now;
    assert!((7_400_000..=7_500_000).contains(&left), "{left}");
    let shown = harness.notifications.shown.wait_for(1);
    within_deadline("the user is notified", shown).await;
    let bodies: Vec<_> = harness.notifications.shown.all();
    assert!(bodies[0].body.words().contains("in 2 hours"), "{bodies:?}");
    assert!(
        harness.secrets.secret(&server.api_url()).is_none(),
        "access tokens are only in memory"
    );
    running.stop().await;
}

#[tokio::test]
async fn a_click_on_the_warning_of_its_end_leads_to_another_sign_in() {
    let (server, control) = backend().await;
    control.set_user(TEST_TOKEN, Some("anna"));
    let provider = Provider::start(TEST_TOKEN).await;
    {
        let mut state = provider.state.lock().unwrap();
        (state.refreshes, state.lasts) = (false, 600);
    }
    let harness = harness(&provider, FakeSecrets::default());
    let running = harness.start();
    let link = begin(&harness, &running, &server.api_url()).await;
    provider.sign_in(&link).await;
    running.connected().await;
    within_deadline("the warning", harness.notifications.shown.wait_for(1)).await;
    let body = harness.notifications.shown.all()[0].body.words();
    assert!(body.contains("your sign-in ends in"), "{body}");
    let warning = harness.notifications.handle(&Subject::App).unwrap();
    harness.notifications.click(warning, None);
    running
        .until("the sign-in is opened", |state| {
            state.requested_view == Some(View::Setup)
        })
        .await;
    running.stop().await;
}

#[tokio::test]
async fn a_keyring_that_does_not_store_it_is_reported_and_the_sign_in_is_used() {
    let (server, control) = backend().await;
    control.set_user(TEST_TOKEN, Some("anna"));
    let provider = Provider::start(TEST_TOKEN).await;
    let secrets = FakeSecrets::default();
    let harness = harness(&provider, secrets);
    *harness.secrets.failure.lock().unwrap() = Some(gloria_core::ports::SecretError::Locked);
    let running = harness.start();
    let link = begin(&harness, &running, &server.api_url()).await;
    let page = provider.sign_in(&link).await;
    assert!(page.contains("sign-in-page-done"), "{page}");
    let state = running.connected().await;
    let trouble = state.account.signed_in.unwrap().trouble.unwrap();
    assert_eq!(trouble.kind, SignInTroubleKind::Unsaved);
    running.stop().await;
}

#[tokio::test]
async fn one_that_the_server_is_asked_about_is_cancelled_and_nothing_is_stored() {
    // It accepts connections, and does not answer.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", silent.local_addr().unwrap());
    let provider = Provider::start(TEST_TOKEN).await;
    let harness = harness(&provider, FakeSecrets::default());
    let running = harness.start();
    let link = begin(&harness, &running, &address).await;
    let browser = tokio::spawn(async move { provider.sign_in(&link).await });
    running
        .until("the server is asked", |state| {
            matches!(state.sign_in, SignInView::Checking { .. })
        })
        .await;
    running.core.sign_in_cancel().await.unwrap();
    running
        .until("it is cancelled", |state| state.sign_in == SignInView::None)
        .await;
    browser.await.unwrap();
    assert_eq!(harness.secrets.names(), Vec::<String>::new());
    assert!(
        harness
            .secrets
            .asked
            .all()
            .iter()
            .all(|(verb, _)| *verb != "store")
    );
    running.stop().await;
}

#[tokio::test]
async fn another_provider_in_the_settings_ends_one_that_waits_for_the_user() {
    let (server, control) = backend().await;
    control.set_user(TEST_TOKEN, Some("anna"));
    let provider = Provider::start(TEST_TOKEN).await;
    let harness = Harness::with(FakeSecrets::default(), HashMap::new());
    let write = |client: &str| {
        let text = format!(
            "[auth]\nissuer = \"{}\"\nclient_id = \"{client}\"\n",
            provider.issuer
        );
        std::fs::create_dir_all(harness.paths().settings().parent().unwrap()).unwrap();
        std::fs::write(harness.paths().settings(), text).unwrap();
    };
    write(CLIENT);
    let running = harness.start();
    begin(&harness, &running, &server.api_url()).await;
    write("another-client");
    let said = failed(&running).await;
    assert!(said.contains("was changed meanwhile"), "{said}");
    running.stop().await;
}

#[tokio::test]
async fn a_provider_that_is_away_is_reported_and_nothing_is_opened() {
    let (server, control) = backend().await;
    control.set_user(TEST_TOKEN, Some("anna"));
    let provider = Provider {
        issuer: "http://127.0.0.1:1".to_owned(),
        ..Provider::start(TEST_TOKEN).await
    };
    let harness = harness(&provider, FakeSecrets::default());
    let running = harness.start();
    let offer = running
        .core
        .sign_in_offer(query(&server.api_url()))
        .await
        .unwrap();
    assert!(offer.ways.is_empty() && offer.problem.is_some(), "{offer:?}");
    let form = form(&server.api_url(), SignInWay::Browser);
    running.core.sign_in_begin(form).await.unwrap();
    let said = failed(&running).await;
    assert!(said.contains("cannot be reached"), "{said}");
    assert!(harness.opener.opened.all().is_empty());
    running.stop().await;
}

#[tokio::test]
async fn a_sign_in_that_was_revoked_is_reported_once_with_the_reason_and_no_token_is_sent() {
    let (server, control) = backend().await;
    control.set_user(TEST_TOKEN, Some("anna"));
    let provider = Provider::start(TEST_TOKEN).await;
    let harness = harness(&provider, FakeSecrets::default());
    let running = harness.start();
    let link = begin(&harness, &running, &server.api_url()).await;
    provider.sign_in(&link).await;
    running.connected().await;
    running.stop().await;
    // The provider has forgotten it since.
    provider.state.lock().unwrap().refuses = true;
    let streams = control.observed().requests.len();
    let running = harness.start();
    let state = running
        .until("the user is needed", |state| {
            state.account.token == TokenState::NeedsSignIn
                && state.connection.state == ConnectionState::Halted
        })
        .await;
    assert_eq!(state.connection.remedy, Remedy::SignIn);
    assert!(state.connection.needs_user);
    let said = state.connection.reason.words();
    assert!(said.contains("your sign-in has ended"), "{said}");
    within_deadline("the notification", harness.notifications.shown.wait_for(1)).await;
    let shown = harness.notifications.shown.all();
    assert_eq!(shown.len(), 1);
    assert!(
        shown[0].body.words().contains("your sign-in has ended"),
        "{shown:?}"
    );
    assert_eq!(control.observed().requests.len(), streams, "no token, no request");
    running.stop().await;
}
