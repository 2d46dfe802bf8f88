//! A sign-in that the keyring did not store, where it has one of a provider that the settings do not name any more.

use gloria_sign_in::Issuer;

use super::super::super::{NewSignIn, Unwanted, Who};
use super::*;
use crate::grant::GrantRule;
use crate::protocol::TokenState;

/// Signed in with an access token that lasts this long, while the keyring was locked.
async fn signed_in(rig: &Rig, lasts: Duration) -> Session {
    let former = SavedGrant::new(
        "https://former.example".to_owned(),
        "client".to_owned(),
        "anna".to_owned(),
        "former".to_owned().into(),
    );
    rig.secrets.put(ENTRY, former.unwrap());
    let session = rig.session_under(GrantRule {
        issuer: Some(Issuer::parse("https://id.example").unwrap()),
        client_id: None,
    });
    *rig.secrets.failure.lock().unwrap() = Some(SecretError::Locked);
    let access = Access {
        token: Token::parse("access-0").ok(),
        lifetime: Lifetime {
            received: rig.now(),
            lasts: Some(lasts),
        },
        jitter: 0.0,
    };
    let new = NewSignIn {
        access,
        who: Who::of(&grant(0)),
        grant: Some(grant(0)),
    };
    let stored = session.store_sign_in(new, &Unwanted::default()).await;
    session.put_sign_in_force(stored).await;
    *rig.secrets.failure.lock().unwrap() = None;
    session
}

#[tokio::test(start_paused = true)]
async fn it_replaces_that_one_as_soon_as_the_keyring_stores_it() {
    let rig = Rig::new();
    let session = signed_in(&rig, LIFE).await;
    let mut reports = session.reports();
    let stored = reports.wait_for(|report| report.problem.is_none());
    timeout(LIFE / 2, stored).await.expect("it is stored").unwrap();
    assert_eq!(rig.kept(ENTRY).as_deref(), Some("refresh-0"));
    assert!(session.unkept().is_none() && rig.sent().is_empty());
}

#[tokio::test(start_paused = true)]
async fn it_is_renewed_while_that_one_is_still_there() {
    let rig = Rig::new();
    // It ends before the keyring is asked to store it again.
    let session = signed_in(&rig, Duration::from_secs(5)).await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(shown(session.credential().await).0, "access-1");
    assert_eq!(session.reports().borrow().state, TokenState::Present);
    assert_eq!(rig.kept(ENTRY).as_deref(), Some("refresh-1"));
}
