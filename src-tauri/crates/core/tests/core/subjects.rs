//! People who sign in at a provider: the subject decides whose inbox it is, and the server's greeting must not
//! contradict it.

use gloria_backend::{Answer, Backend, Control, Route, TEST_TOKEN};
use gloria_core::message;
use gloria_core::ports::fakes::FakeSecrets;
use gloria_core::protocol::{
    AccountChoice, AccountForm, ConnectionState, PersonAnswer, QuestionKind, Remedy, SignOutForm, Snapshot,
    TokenState,
};
use gloria_core::token::Token;

use crate::harness::{CREATED, Harness, Running, backend, live, within_deadline};
use crate::renewals::FakeProvider;

const YES: PersonAnswer = PersonAnswer { same: true };
const NO: PersonAnswer = PersonAnswer { same: false };

struct Stage {
    backend: Backend,
    control: Control,
    provider: FakeProvider,
    harness: Harness,
}

impl Stage {
    /// A server that calls its users as the provider does, and a computer that nobody has used yet.
    async fn new() -> Self {
        let (backend, control) = backend().await;
        for name in ["anna", "bert"] {
            control.set_user(format!("access.{name}"), Some(name));
        }
        let environment = [("GLORIA_API_URL", backend.api_url())].into();
        Self {
            provider: FakeProvider::start().await,
            harness: Harness::with(FakeSecrets::default(), environment),
            backend,
            control,
        }
    }

    /// Signs somebody in as `gloria login` does.
    async fn sign_in(&self, running: &Running, subject: &str, client: &str) {
        let address = self.backend.api_url();
        self.harness
            .secrets
            .put(&address, self.provider.grant(subject, client));
        running.core.credentials_changed(address).await.unwrap();
    }

    fn push(&self, id: &str) {
        self.control.push(CREATED, live(id, "normal"));
    }

    fn last_position(&self) -> Option<String> {
        let observed = self.control.observed();
        let last = observed.stream_requests().last()?;
        last.last_event_id().map(str::to_owned)
    }

    /// A core in which Anna is signed in and has one item.
    async fn of_anna(&self) -> Running {
        let running = self.harness.start();
        self.sign_in(&running, "anna", "app").await;
        running.until("signed in", total(0)).await;
        self.push("1");
        running.until("stored", total(1)).await;
        running
    }
}

fn total(number: u32) -> impl Fn(&Snapshot) -> bool {
    move |state| state.connection.state == ConnectionState::Connected && state.counts.total == number
}

fn active(state: &Snapshot) -> Option<&str> {
    let mut accounts = state.account.accounts.iter();
    accounts.find(|account| account.active)?.name.as_deref()
}

fn asks(kind: QuestionKind) -> impl Fn(&Snapshot) -> bool {
    move |state| {
        state.connection.remedy == Remedy::ConfirmPerson
            && state
                .account
                .question
                .as_ref()
                .is_some_and(|question| question.kind == kind)
    }
}

#[tokio::test]
async fn who_signs_in_has_an_inbox_of_their_own_and_finds_it_again() {
    let stage = Stage::new().await;
    let running = stage.of_anna().await;
    stage.sign_in(&running, "bert", "app").await;
    let state = running.until("Bert's", total(0)).await;
    assert_eq!(active(&state), Some("Name of bert"));
    let mails: Vec<_> = state
        .account
        .accounts
        .iter()
        .map(|known| known.email.as_deref())
        .collect();
    assert!(mails.contains(&Some("anna@gloria.example")) && mails.contains(&Some("bert@gloria.example")));
    stage.push("2");
    running.until("stored", total(1)).await;
    running.stop().await;

    let running = stage.harness.start();
    let state = running.until("Bert's again", total(1)).await;
    assert_eq!(active(&state), Some("Name of bert"));
    let mut accounts = state.account.accounts.iter();
    let anna = accounts.find(|known| !known.active).unwrap();
    let choice = AccountChoice { id: anna.id.clone() };
    running.core.account_switch(choice).await.unwrap();
    let state = running.until("Anna's, without another sign-in", total(2)).await;
    assert_eq!(active(&state), Some("Name of anna"));
    assert_eq!(stage.last_position().as_deref(), Some("1"));
    assert_eq!(stage.provider.revoked(), Vec::<String>::new());

    running
        .core
        .account_sign_out(SignOutForm { erase: false })
        .await
        .unwrap();
    assert_eq!(stage.provider.revoked(), ["anna"], "hers alone");
    let state = running.core.attach().await.unwrap().snapshot;
    assert_eq!((active(&state), state.counts.total), (None, 0));
    stage.sign_in(&running, "anna", "app").await;
    running.until("Anna's again", total(2)).await;
}

#[tokio::test]
async fn the_inbox_of_a_pasted_token_goes_to_whom_the_server_calls_the_same() {
    let stage = Stage::new().await;
    stage.control.set_user(TEST_TOKEN, Some("anna"));
    let running = stage.harness.start();
    let form = AccountForm {
        address: stage.backend.api_url(),
        token: Some(Token::parse(TEST_TOKEN).unwrap()),
    };
    running.core.account_save(form).await.unwrap();
    running.until("connected", total(0)).await;
    stage.push("1");
    running.until("stored", total(1)).await;
    stage.sign_in(&running, "bert", "app").await;
    let state = running.until("somebody else", total(0)).await;
    assert_eq!(active(&state), Some("Name of bert"));
    stage.sign_in(&running, "anna", "app").await;
    let state = running.until("the same person", total(1)).await;
    assert_eq!(active(&state), Some("Name of anna"));
    assert_eq!(state.account.question, None);
    running.stop().await;
    let state = stage.harness.start().until("known from now on", total(1)).await;
    assert_eq!(active(&state), Some("Name of anna"));
}

#[tokio::test]
async fn where_the_server_names_nobody_the_inbox_of_a_pasted_token_is_given_by_an_answer() {
    for (answer, expected) in [(YES, 1), (NO, 0)] {
        let stage = Stage::new().await;
        for token in [TEST_TOKEN, "access.anna"] {
            stage.control.set_user(token, None);
        }
        let running = stage.harness.start();
        let form = AccountForm {
            address: stage.backend.api_url(),
            token: Some(Token::parse(TEST_TOKEN).unwrap()),
        };
        running.core.account_save(form).await.unwrap();
        running.until("connected", total(0)).await;
        stage.push("1");
        running.until("stored", total(1)).await;
        stage.sign_in(&running, "anna", "app").await;
        running.until("asked", asks(QuestionKind::Token)).await;
        running.core.account_confirm(answer).await.unwrap();
        let state = running.until("answered", total(expected)).await;
        assert_eq!(active(&state), Some("Name of anna"));
        running.stop().await;
        stage.harness.start().until("once", total(expected)).await;
    }
}

#[tokio::test]
async fn a_greeting_for_somebody_else_who_signed_in_here_stops_before_anything_is_stored() {
    let stage = Stage::new().await;
    let running = stage.of_anna().await;
    stage.sign_in(&running, "bert", "app").await;
    running.until("Bert's", total(0)).await;
    stage.control.set_user("access.bert", Some("anna"));
    running.stop().await;
    stage.push("2");
    let running = stage.harness.start();
    let differs = message::cause_greeting_differs();
    let state = running
        .until("stopped", |state| {
            state.connection.reason.as_ref() == Some(&differs)
        })
        .await;
    assert!(state.connection.needs_user && state.account.question.is_none());
    assert_eq!(state.counts.total, 0);
    let requests = stage.control.observed().stream_requests().count();
    stage.control.set_user("access.bert", Some("bert"));
    running.core.connection_retry().await.unwrap();
    running.until("the server was mended", total(1)).await;
    assert_eq!(
        stage.control.observed().stream_requests().count(),
        requests + 1,
        "nothing was requested meanwhile"
    );
}

#[tokio::test]
async fn ids_of_the_servers_own_are_asked_about_once_and_nothing_is_stored_before() {
    let stage = Stage::new().await;
    stage.control.set_user("access.anna", Some("17"));
    stage.control.set_user("access.bert", Some("18"));
    let running = stage.harness.start();
    stage.sign_in(&running, "anna", "app").await;
    let state = running.until("asked", asks(QuestionKind::Server)).await;
    assert_eq!(state.account.question.unwrap().user.as_deref(), Some("17"));
    running.core.account_confirm(NO).await.unwrap();
    let differs = message::cause_greeting_differs();
    running
        .until("stopped", |state| {
            state.connection.reason.as_ref() == Some(&differs)
        })
        .await;
    running.core.connection_retry().await.unwrap();
    running.until("asked again", asks(QuestionKind::Server)).await;
    running.core.account_confirm(YES).await.unwrap();
    running.until("confirmed", total(0)).await;
    stage.push("1");
    running.until("stored", total(1)).await;
    stage.sign_in(&running, "bert", "app").await;
    let state = running.until("not asked again at this server", total(0)).await;
    assert_eq!(active(&state), Some("Name of bert"));
    running.stop().await;

    stage.control.set_user("access.bert", Some("19"));
    let running = stage.harness.start();
    running.until("another id", asks(QuestionKind::Server)).await;
}

#[tokio::test]
async fn a_new_application_asks_once_and_takes_the_inbox_along() {
    let stage = Stage::new().await;
    stage.control.set_user("access.anna-anew", Some("anna"));
    let running = stage.of_anna().await;
    let entry = stage.harness.secrets.names().into_iter().next().unwrap();
    stage.sign_in(&running, "anna-anew", "new app").await;
    let state = running.until("asked", asks(QuestionKind::Application)).await;
    assert_eq!(
        state.account.question.unwrap().name.as_deref(),
        Some("Name of anna")
    );
    stage.push("2");
    running.core.account_confirm(YES).await.unwrap();
    running.until("hers, with what came meanwhile", total(2)).await;
    assert_eq!(stage.last_position().as_deref(), Some("1"));
    let gone = async {
        while stage.harness.secrets.names().contains(&entry) {
            let asked = stage.harness.secrets.asked.all().len();
            if stage.harness.secrets.names().contains(&entry) {
                stage.harness.secrets.asked.wait_for(asked + 1).await;
            }
        }
    };
    within_deadline("the entry of the old application is removed", gone).await;
    running.stop().await;
    let state = stage.harness.start().until("once", total(2)).await;
    assert_eq!(state.account.question, None);
}

#[tokio::test]
async fn another_person_of_a_new_application_gets_an_inbox_of_their_own() {
    let stage = Stage::new().await;
    // The server does not say who it is.
    for name in ["anna", "bert-anew"] {
        stage.control.set_user(format!("access.{name}"), None);
    }
    let running = stage.of_anna().await;
    stage.sign_in(&running, "bert-anew", "new app").await;
    running.until("asked", asks(QuestionKind::Application)).await;
    running.core.account_confirm(NO).await.unwrap();
    let state = running.until("their own", total(0)).await;
    assert_eq!(active(&state), Some("Name of bert-anew"));
}

#[tokio::test]
async fn what_a_token_says_about_itself_opens_nothing_after_signing_out() {
    let (backend, control) = backend().await;
    // {"sub":"anna"}, once signed by the server and once by anybody.
    let (own, forged) = ("e30.eyJzdWIiOiJhbm5hIn0.b3du", "e30.eyJzdWIiOiJhbm5hIn0.Zm9yZ2Vk");
    control.set_user(own, None);
    let address = backend.api_url();
    let secrets = FakeSecrets::with_token(&address, Token::parse(own).unwrap());
    let harness = Harness::with(secrets, [("GLORIA_API_URL", address)].into());
    let running = harness.start();
    running.connected().await;
    control.push(CREATED, live("1", "normal"));
    running.until("stored", total(1)).await;
    running
        .core
        .account_sign_out(SignOutForm { erase: false })
        .await
        .unwrap();
    let form = |token: &str| AccountForm {
        address: backend.api_url(),
        token: Some(Token::parse(token).unwrap()),
    };
    assert!(running.core.account_save(form(forged)).await.is_err());
    // Another program may store it all the same.
    let (entry, forged_token) = (backend.api_url(), Token::parse(forged).unwrap());
    harness.secrets.put(&entry, forged_token);
    running.core.credentials_changed(entry).await.unwrap();
    let state = running
        .until("refused", |state| {
            state.connection.state == ConnectionState::Halted
        })
        .await;
    assert_eq!((active(&state), state.counts.total), (None, 0));
    assert_eq!(running.items().await, []);
    // What the server accepts is true.
    control.set_user(forged, None);
    running.core.account_save(form(forged)).await.unwrap();
    running.until("the same person", total(1)).await;
}

#[tokio::test]
async fn a_process_that_is_killed_while_somebody_signs_out_shows_nothing_of_them_afterwards() {
    let stage = Stage::new().await;
    let running = stage.of_anna().await;
    stage.harness.secrets.hang();
    let core = running.core.clone();
    let signing_out = tokio::spawn(async move { core.account_sign_out(SignOutForm { erase: false }).await });
    running.until("closed", |state| state.counts.total == 0).await;
    running.task.abort();
    signing_out.abort();
    stage.harness.secrets.resume();
    let running = stage.harness.start();
    let state = running
        .until("signed out", |state| state.account.token == TokenState::Missing)
        .await;
    assert_eq!((active(&state), state.counts.total), (None, 0));
    assert_eq!(running.items().await, []);
}

#[tokio::test]
async fn a_token_too_long_for_the_server_is_named_as_the_cause() {
    let stage = Stage::new().await;
    let large = Answer::new(431).body("text/plain", "Request Header Fields Too Large");
    stage.control.answer(Route::Stream, 4, large).unwrap();
    let running = stage.harness.start();
    stage.sign_in(&running, "anna", "app").await;
    let too_large = message::cause_token_too_large();
    running
        .until("told", |state| {
            state.connection.reason.as_ref() == Some(&too_large)
        })
        .await;
}
