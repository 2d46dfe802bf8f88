//! Sessions whose token is a sign-in's, with a provider that rotates refresh tokens and fails as the test says.

use futures_util::FutureExt as _;
use gloria_stream::{Credential, CredentialProvider as _, Generation, Proof};
use secrecy::ExposeSecret as _;

use self::rig::{ENTRY, Fault, LIFE, OWN, Rig, grant};
use super::super::{Server, ServerToken, Session};
use super::*;
use crate::account::address::Address;

mod rig;
mod unsaved;

fn shown(credential: Result<Credential, CredentialError>) -> (String, Generation) {
    let credential = credential.unwrap();
    match credential.proof {
        Proof::Bearer(token) => (token.expose_secret().to_owned(), credential.generation),
        Proof::Query(..) | Proof::Anonymous => panic!("a header was expected"),
    }
}

async fn until(session: &Session, state: TokenState) {
    let mut reports = session.reports();
    reports.wait_for(|report| report.state == state).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn five_who_ask_cause_one_renewal_that_proves_the_way_first_and_is_stored_before_it_is_used() {
    let rig = Rig::new();
    let session = rig.session();
    let all = futures_util::future::join_all((0..5).map(|_| session.credential())).await;
    for credential in all {
        assert_eq!(shown(credential).0, "access-1");
    }
    assert_eq!(rig.provider.requests.all(), ["metadata", "refresh-0"]);
    assert_eq!(rig.kept(ENTRY).as_deref(), Some("refresh-1"));
    shown(session.credential().await);
    assert_eq!(rig.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_asked_may_go_and_the_renewal_goes_on() {
    let rig = Rig::new();
    rig.will(&[Fault::Waiting]);
    let session = rig.session();
    let asked = tokio::time::timeout(Duration::from_secs(1), session.credential()).await;
    assert!(asked.is_err());
    let past = rig.saving.until_over();
    tokio::pin!(past);
    assert!(past.as_mut().now_or_never().is_none(), "it is under way");
    rig.provider.hold.notify_one();
    past.await;
    assert_eq!(shown(session.credential().await).0, "access-1");
    assert_eq!(rig.sent(), ["refresh-0"]);
}

#[tokio::test(start_paused = true)]
async fn an_access_token_is_renewed_before_it_ends_and_one_that_ended_in_sleep_is_never_sent() {
    let rig = Rig::new();
    let session = rig.session();
    shown(session.credential().await);
    rig.provider.requests.wait_for(4).await;
    assert_eq!(
        rig.clock.began.elapsed(),
        Duration::from_secs(700),
        "300 s before its end"
    );
    until(&session, TokenState::Present).await;
    *rig.clock.slept.lock().unwrap() = LIFE;
    assert_eq!(shown(session.credential().await).0, "access-3");
    assert_eq!(rig.sent(), ["refresh-0", "refresh-1", "refresh-2"]);
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_is_away_alarms_nobody_while_the_token_is_good() {
    let rig = Rig::new();
    let session = rig.session();
    shown(session.credential().await);
    rig.will(&[Fault::Unreachable; 3]);
    let mut reports = session.reports();
    let mut says_so = false;
    // 700 s, and 5, 10 and 20 s after that.
    let mut renewed = std::pin::pin!(rig.provider.requests.wait_for(2 + 3 + 2));
    loop {
        tokio::select! {
            biased;
            _ = &mut renewed => break,
            changed = reports.changed() => changed.unwrap(),
        }
        let report = reports.borrow_and_update();
        assert_eq!((report.state, &report.problem), (TokenState::Present, &None));
        let signed_in = report.signed_in.as_ref();
        says_so |= signed_in.is_some_and(|signed_in| signed_in.trouble.is_some());
    }
    assert!(says_so, "the preferences do");
    assert_eq!(rig.clock.began.elapsed(), Duration::from_secs(735));
    assert_eq!(shown(session.credential().await).0, "access-2");
}

#[tokio::test(start_paused = true)]
async fn while_the_provider_is_away_an_expired_token_is_not_sent_and_attempts_are_not_renewals() {
    let rig = Rig::new();
    let session = rig.session();
    shown(session.credential().await);
    rig.will(&[Fault::Unreachable; 100]);
    tokio::time::sleep(LIFE).await;
    let before = rig.provider.requests.all().len();
    for _ in 0..10 {
        let outcome = session.credential().await;
        let Err(CredentialError::NotRenewed(error)) = outcome else {
            panic!("{outcome:?}")
        };
        let NotRenewed { why, .. } = error.downcast_ref().unwrap();
        assert_eq!(*why, message::sign_in_unreachable());
    }
    assert!(rig.provider.requests.all().len() <= before + 1);
    // Another network is a reason to try at once.
    rig.provider.faults.lock().unwrap().clear();
    session.on_network_changed();
    assert_eq!(shown(session.credential().await).0, "access-2");
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_asked_for_once_more_and_if_it_cost_the_sign_in_the_words_say_so() {
    let rig = Rig::new();
    rig.will(&[Fault::Lost]);
    let session = rig.session();
    let outcome = session.credential().await;
    assert!(matches!(outcome, Err(CredentialError::Missing)), "{outcome:?}");
    assert_eq!(rig.sent(), ["refresh-0", "refresh-0"]);
    let report = session.reports().borrow().clone();
    assert_eq!(
        (report.state, report.problem),
        (TokenState::NeedsSignIn, Some(message::sign_in_cut_off()))
    );
    assert_eq!(rig.kept(ENTRY), None);
    // Nothing is requested any more.
    let before = rig.provider.requests.all().len();
    assert!(session.credential().await.is_err() && !session.has_changed().await);
    assert_eq!(rig.provider.requests.all().len(), before);
    // Another program signs in.
    rig.secrets.put(ENTRY, grant(1));
    assert!(session.has_changed().await);
    session.requery(true);
    assert_eq!(shown(session.credential().await).0, "access-2");
}

#[tokio::test(start_paused = true)]
async fn a_refused_one_that_the_keyring_keeps_is_not_sent_again() {
    let rig = Rig::new();
    rig.will(&[Fault::Revoked]);
    let session = rig.session();
    assert!(session.credential().await.is_err());
    rig.secrets.put(ENTRY, grant(0));
    assert!(!session.has_changed().await);
    session.requery(true);
    assert!(session.credential().await.is_err());
    assert_eq!((rig.sent().len(), rig.kept(ENTRY)), (1, None));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_renews_an_old_token_once_and_says_of_a_new_one_that_signing_in_does_not_help() {
    let rig = Rig::new();
    let session = rig.session();
    let (_, first) = shown(session.credential().await);
    session.invalidate(first);
    until(&session, TokenState::Rejected).await;
    assert_eq!(shown(session.credential().await).1, first, "it is the same one");
    session.on_accepted();
    until(&session, TokenState::Present).await;

    tokio::time::sleep(Duration::from_secs(61)).await;
    session.invalidate(first);
    let (token, second) = shown(session.credential().await);
    assert_eq!(token, "access-2");
    // Another request was refused with the first one only now.
    session.invalidate(first);
    assert_eq!(shown(session.credential().await).1, second);
    session.invalidate(second);
    let outcome = session.credential().await;
    assert!(matches!(outcome, Err(CredentialError::Missing)), "{outcome:?}");
    let report = session.reports().borrow().clone();
    assert_eq!(report.problem, Some(message::sign_in_refused_by_server()));
    assert_eq!(rig.sent().len(), 2);
    assert_eq!(
        rig.kept(ENTRY).as_deref(),
        Some("refresh-2"),
        "the provider still accepts it"
    );
}

#[tokio::test(start_paused = true)]
async fn what_the_keyring_does_not_store_is_used_reported_and_stored_later() {
    let rig = Rig::new();
    rig.will(&[Fault::Waiting]);
    let session = rig.session();
    let (credential, ()) = tokio::join!(session.credential(), async {
        rig.provider.requests.wait_for(2).await;
        *rig.secrets.failure.lock().unwrap() = Some(SecretError::Locked);
        rig.provider.hold.notify_one();
    });
    assert_eq!(shown(credential).0, "access-1");
    assert!(session.unkept().is_some());
    let problem = session.reports().borrow().problem.clone();
    assert_eq!(problem, Some(message::token_unkept_locked()));
    *rig.secrets.failure.lock().unwrap() = None;
    let mut reports = session.reports();
    reports.wait_for(|report| report.problem.is_none()).await.unwrap();
    assert_eq!(rig.kept(ENTRY).as_deref(), Some("refresh-1"));
    assert!(session.unkept().is_none());
}

#[tokio::test(start_paused = true)]
async fn what_the_keyring_stores_after_it_was_given_up_is_no_longer_reported() {
    let rig = Rig::new();
    rig.will(&[Fault::Waiting]);
    let session = rig.session();
    let (credential, ()) = tokio::join!(session.credential(), async {
        rig.provider.requests.wait_for(2).await;
        *rig.secrets.failure.lock().unwrap() = Some(SecretError::Locked);
        rig.provider.hold.notify_one();
    });
    assert_eq!(shown(credential).0, "access-1");
    assert!(session.unkept().is_some());
    // Its prompt was answered, so that the request that was given up is carried out.
    rig.secrets.put(ENTRY, grant(1));
    *rig.secrets.failure.lock().unwrap() = None;
    let mut reports = session.reports();
    let said = reports.wait_for(|report| report.problem.is_none());
    timeout(LIFE / 2, said)
        .await
        .expect("it is in the keyring")
        .unwrap();
    assert!(session.unkept().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_locked_keyring_does_not_cost_the_token_that_is_good() {
    let rig = Rig::new();
    let session = rig.session();
    shown(session.credential().await);
    *rig.secrets.failure.lock().unwrap() = Some(SecretError::Locked);
    tokio::time::sleep(Duration::from_secs(900)).await;
    assert_eq!(shown(session.credential().await).0, "access-1");
    assert_eq!(rig.sent().len(), 1, "it is not spent");
    tokio::time::sleep(Duration::from_secs(400)).await;
    assert_eq!(shown(session.credential().await).0, "access-2");
    assert!(session.unkept().is_some());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_before_a_sleep_or_right_after_it() {
    let rig = Rig::new();
    let session = rig.session();
    rig.rest.on_sleep_announced(rig.now());
    let waiting = tokio::spawn({
        let session = session.clone();
        async move { session.credential().await }
    });
    tokio::time::sleep(Duration::from_secs(5)).await;
    rig.rest.on_woke(rig.now());
    tokio::time::sleep(Duration::from_secs(19)).await;
    assert!(rig.provider.requests.all().is_empty());
    tokio::time::sleep(Duration::from_secs(2)).await;
    shown(waiting.await.unwrap());

    rig.rest.on_woke(rig.now());
    rig.rest.on_network_proved();
    *rig.clock.slept.lock().unwrap() = LIFE;
    let began = tokio::time::Instant::now();
    shown(session.credential().await);
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_sleep_that_is_announced_in_the_middle_keeps_the_refresh_token_unsent() {
    let rig = Rig::new();
    rig.secrets.hang();
    let session = rig.session();
    let (outcome, ()) = tokio::join!(session.credential(), async {
        tokio::task::yield_now().await;
        rig.rest.on_sleep_announced(rig.now());
        rig.secrets.resume();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(rig.sent().is_empty());
        rig.rest.on_woke(rig.now());
    });
    shown(outcome);
}

#[tokio::test(start_paused = true)]
async fn signing_out_while_a_renewal_is_under_way_revokes_what_that_brought() {
    let rig = Rig::new();
    rig.will(&[Fault::Waiting]);
    let session = rig.session();
    let (outcome, signed_out, ()) = tokio::join!(
        session.credential(),
        async {
            rig.provider.requests.wait_for(2).await;
            session.sign_out().await
        },
        async {
            rig.provider.requests.wait_for(2).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
            rig.provider.hold.notify_one();
        }
    );
    assert!(matches!(outcome, Err(CredentialError::Missing)), "{outcome:?}");
    assert_eq!((signed_out.removed, signed_out.unrevoked), (Ok(()), None));
    assert_eq!(rig.kept(ENTRY), None);
    assert_eq!(rig.provider.requests.all().last().unwrap(), "revoke refresh-1");
}

#[tokio::test(start_paused = true)]
async fn two_sessions_renew_one_after_the_other_and_no_refresh_token_is_sent_twice() {
    let rig = Rig::new();
    let (app, command) = (rig.session(), rig.session());
    let (first, second) = tokio::join!(app.credential(), command.credential());
    assert_ne!(shown(first).0, shown(second).0);
    assert_eq!(rig.sent(), ["refresh-0", "refresh-1"]);
    // The app learns of it when it renews the next time.
    tokio::time::sleep(LIFE).await;
    shown(app.credential().await);
    let mut sent = rig.sent();
    sent.dedup();
    assert_eq!(sent, rig.sent());
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_moves_to_its_accounts_entry_and_is_renewed_there() {
    let rig = Rig::new();
    let session = rig.session();
    session.set_account_entry(Some(OWN.to_owned()));
    shown(session.credential().await);
    session.move_to_account();
    rig.secrets.asked.wait_for(6).await;
    tokio::task::yield_now().await;
    assert_eq!(
        (rig.kept(ENTRY), rig.kept(OWN).as_deref()),
        (None, Some("refresh-1"))
    );
    tokio::time::sleep(LIFE).await;
    shown(session.credential().await);
    assert_eq!(rig.kept(ENTRY), None);
    assert!(rig.sent().len() >= 2);
    assert_eq!(rig.kept(OWN), Some(format!("refresh-{}", rig.sent().len())));
}

#[tokio::test(start_paused = true)]
async fn another_process_that_has_the_lock_for_too_long_is_waited_for() {
    let rig = Rig::new();
    *rig.exclusive.in_use.lock().unwrap() = true;
    let session = rig.session();
    let outcome = session.credential().await;
    assert!(
        matches!(outcome, Err(CredentialError::NotRenewed(_))),
        "{outcome:?}"
    );
    assert!(rig.provider.requests.all().is_empty());
    *rig.exclusive.in_use.lock().unwrap() = false;
    tokio::time::sleep(Duration::from_secs(5)).await;
    shown(session.credential().await);
}

#[tokio::test(start_paused = true)]
async fn the_owner_stays_the_same_when_the_tokens_do_not() {
    let rig = Rig::new();
    let session = rig.session();
    let (_, first) = shown(session.credential().await);
    let subject = |owner: Option<crate::grant::Owner>| match owner {
        Some(crate::grant::Owner::Subject(subject)) => subject,
        other => panic!("{other:?}"),
    };
    let owner = subject(session.owner_of(first));
    tokio::time::sleep(LIFE).await;
    let (_, second) = shown(session.credential().await);
    assert!(session.owner_of(first).is_none());
    assert_eq!(subject(session.owner_of(second)), owner);
    assert_eq!(subject(session.owner()), owner);
}

fn given(token: Option<ServerToken>) -> Option<String> {
    let token = token?;
    let own = token.for_server(&Server::of(&Address::parse(ENTRY, false).unwrap()));
    own.map(|token| token.expose().to_owned())
}

#[tokio::test(start_paused = true)]
async fn other_processes_wait_for_the_renewal_under_way_and_cause_none_of_their_own() {
    let rig = Rig::new();
    rig.will(&[Fault::Waiting]);
    let session = rig.session();
    assert_eq!(given(session.access().await), None, "nobody has signed in yet");
    let own = session.credential();
    let others = futures_util::future::join_all((0..5).map(|_| session.access()));
    let released = async {
        rig.provider.requests.wait_for(2).await;
        rig.provider.hold.notify_one();
    };
    let (own, others, ()) = tokio::join!(own, others, released);
    assert_eq!(shown(own).0, "access-1");
    for other in others {
        assert_eq!(given(other).as_deref(), Some("access-1"));
    }
    assert_eq!(rig.sent(), ["refresh-0"]);
}

#[tokio::test(start_paused = true)]
async fn other_processes_get_a_token_that_lasts_and_none_while_it_cannot_be_renewed() {
    let rig = Rig::new();
    let session = rig.session();
    shown(session.credential().await);
    *rig.clock.slept.lock().unwrap() = LIFE / 10 * 9;
    let all = futures_util::future::join_all((0..5).map(|_| session.access())).await;
    for token in all {
        assert_eq!(given(token).as_deref(), Some("access-2"), "it was nearly over");
    }
    assert_eq!(rig.sent(), ["refresh-0", "refresh-1"]);
    rig.will(&[Fault::Unreachable; 100]);
    *rig.clock.slept.lock().unwrap() += LIFE / 10 * 9;
    assert_eq!(
        given(session.access().await).as_deref(),
        Some("access-2"),
        "it is still good"
    );
    *rig.clock.slept.lock().unwrap() += LIFE;
    assert_eq!(given(session.access().await), None);
    assert_eq!(rig.sent().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn other_processes_get_no_token_that_the_server_refuses_none_that_was_pasted_and_none_after_signing_out()
 {
    let rig = Rig::new();
    let session = rig.session();
    let (_, generation) = shown(session.credential().await);
    session.invalidate(generation);
    until(&session, TokenState::Rejected).await;
    assert_eq!(given(session.access().await), None, "the server refuses it");
    session.on_accepted();
    assert_eq!(given(session.access().await).as_deref(), Some("access-1"));
    let signing_out = session.sign_out();
    assert_eq!(given(session.access().await), None, "its user signed out");
    signing_out.await;
    session.enter(Token::parse("pasted").unwrap());
    shown(session.credential().await);
    assert_eq!(given(session.access().await), None, "the keyring has it");
    assert_eq!(rig.sent(), ["refresh-0"]);
}
