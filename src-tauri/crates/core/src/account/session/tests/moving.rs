//! A token moves from the server's entry to its account's.

use std::sync::Arc;

use futures_util::FutureExt as _;
use gloria_stream::CredentialProvider as _;

use super::{ENTRY, asked, keyring, options, ports, session, shown, token};
use crate::account::session::{CommandPorts, Session, SessionPorts};
use crate::ports::fakes::{FakeCommands, FakeExclusive, FakeSecrets};
use crate::ports::{Exclusive as _, SecretError, Secrets as _};

/// Waits until the keyring was asked this. The lock between processes comes first.
async fn until_asked(secrets: &FakeSecrets, verb: &str) {
    while asked(secrets, verb) == 0 {
        tokio::task::yield_now().await;
    }
}

const OWN: &str = "https://gloria.example/api#anna";

/// A session whose account has an entry of its own, once it has the server's token.
async fn asked_once(secrets: &Arc<FakeSecrets>) -> Session {
    let session = session(secrets);
    session.set_account_entry(Some(OWN.to_owned()));
    session.credential().await.unwrap();
    session
}

#[tokio::test]
async fn a_token_moves_to_its_accounts_entry_and_is_found_there() {
    let secrets = keyring("a");
    let first = asked_once(&secrets).await;
    assert!(secrets.token(ENTRY).is_some(), "nobody said whose it is");
    first.move_to_account();
    secrets.asked.wait_for(4).await;
    assert!(secrets.token(ENTRY).is_none());
    assert_eq!(secrets.token(OWN).unwrap().expose(), "a");
    assert!(!first.has_changed().await);
    first.move_to_account();

    let again = asked_once(&secrets).await;
    assert_eq!(shown(again.credential().await).0, "a");
    secrets.put(ENTRY, token("new"));
    assert!(again.has_changed().await);
    again.requery(false);
    assert_eq!(shown(again.credential().await).0, "new", "a new one comes first");
    assert_eq!(asked(&secrets, "store"), 1);
}

#[tokio::test]
async fn a_token_that_came_into_the_servers_entry_meanwhile_stays() {
    let secrets = keyring("a");
    let session = asked_once(&secrets).await;
    secrets.hang();
    session.move_to_account();
    until_asked(&secrets, "store").await;
    secrets.put(ENTRY, token("another-programs"));
    secrets.resume();
    secrets.asked.wait_for(3).await;
    tokio::task::yield_now().await;
    assert_eq!(secrets.token(ENTRY).unwrap().expose(), "another-programs");
    assert_eq!((asked(&secrets, "forget_if"), asked(&secrets, "store")), (0, 1));
}

#[tokio::test]
async fn a_token_that_came_into_the_servers_entry_after_that_was_read_stays() {
    let secrets = keyring("a");
    let session = asked_once(&secrets).await;
    secrets.hang();
    session.move_to_account();
    until_asked(&secrets, "store").await;
    // Another program stores one between the two steps of the removal, which are a request each.
    secrets.resume_one();
    secrets.asked.wait_for(3).await;
    secrets.resume_one();
    secrets.asked.wait_for(4).await;
    secrets.put(ENTRY, token("another-programs"));
    secrets.resume();
    assert_eq!(secrets.token(ENTRY).unwrap().expose(), "another-programs");
    assert_eq!(secrets.token(OWN).unwrap().expose(), "a");
}

#[tokio::test]
async fn a_token_moves_only_while_no_other_program_stores_one() {
    let secrets = keyring("a");
    let exclusive = Arc::<FakeExclusive>::default();
    let ports = SessionPorts {
        exclusive: exclusive.clone(),
        ..ports(&secrets)
    };
    let session = Session::new(options(), ports, None, None);
    session.set_account_entry(Some(OWN.to_owned()));
    session.credential().await.unwrap();
    let turn = exclusive.turn().await.unwrap();
    session.move_to_account();
    tokio::task::yield_now().await;
    assert_eq!(asked(&secrets, "store"), 0);
    drop(turn);
    secrets.asked.wait_for(4).await;
    assert!(secrets.token(ENTRY).is_none() && secrets.token(OWN).is_some());
}

#[tokio::test]
async fn a_token_of_the_command_line_is_stored_once_nothing_moves() {
    let secrets = keyring("a");
    let exclusive = Arc::<FakeExclusive>::default();
    let ports = CommandPorts {
        secrets: secrets.clone(),
        exclusive: exclusive.clone(),
        commands: Arc::<FakeCommands>::default(),
    };
    let turn = exclusive.turn().await.unwrap();
    let mut storing = std::pin::pin!(ports.store_token(ENTRY, token("b")));
    assert!(storing.as_mut().now_or_never().is_none());
    assert_eq!(secrets.token(ENTRY).unwrap().expose(), "a");
    drop(turn);
    storing.await.unwrap();
    assert_eq!(secrets.token(ENTRY).unwrap().expose(), "b");
    *exclusive.in_use.lock().unwrap() = true;
    assert!(ports.store_token(ENTRY, token("c")).await.is_err());
    assert_eq!(secrets.token(ENTRY).unwrap().expose(), "b");
}

#[tokio::test]
async fn a_token_that_is_entered_while_another_moves_stays() {
    let secrets = keyring("a");
    let session = asked_once(&secrets).await;
    secrets.hang();
    session.move_to_account();
    until_asked(&secrets, "store").await;
    session.enter(token("a"));
    let stored = secrets.store(ENTRY, token("a").into());
    secrets.resume();
    stored.await.unwrap();
    secrets.asked.wait_for(4).await;
    tokio::task::yield_now().await;
    assert_eq!((asked(&secrets, "load"), asked(&secrets, "forget_if")), (2, 0));
    assert_eq!(secrets.token(ENTRY).unwrap().expose(), "a");
}

#[tokio::test]
async fn a_keyring_that_refuses_keeps_the_token_where_it_is_and_is_asked_again() {
    let secrets = keyring("a");
    let session = asked_once(&secrets).await;
    secrets.hang();
    session.move_to_account();
    until_asked(&secrets, "store").await;
    *secrets.failure.lock().unwrap() = Some(SecretError::Locked);
    secrets.resume();
    tokio::task::yield_now().await;
    assert_eq!(secrets.token(ENTRY).unwrap().expose(), "a");
    *secrets.failure.lock().unwrap() = None;
    session.move_to_account();
    secrets.asked.wait_for(5).await;
    assert!(secrets.token(ENTRY).is_none() && secrets.token(OWN).is_some());
}

#[tokio::test]
async fn a_token_that_is_signed_out_by_another_program_while_it_moves_is_gone() {
    let secrets = keyring("a");
    let session = asked_once(&secrets).await;
    secrets.hang();
    session.move_to_account();
    until_asked(&secrets, "store").await;
    secrets.remove(ENTRY);
    secrets.resume();
    secrets.asked.wait_for(4).await;
    tokio::task::yield_now().await;
    assert!(secrets.token(ENTRY).is_none() && secrets.token(OWN).is_none());
}
