//! A sign-in that its user does not want any more once the keyring has stored it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Instant, SystemTime};

use futures_util::future::BoxFuture;
use gloria_sign_in::{Lifetime, Moment};
use gloria_stream::CredentialProvider as _;

use super::{ENTRY, asked, keyring, options, ports, shown, token};
use crate::account::session::renewal::{self, Unproved};
use crate::account::session::renewing::{Access, Provider};
use crate::account::session::sign_in::Who;
use crate::account::session::{NewSignIn, Session, SessionPorts, Unrevoked, Unwanted};
use crate::grant::{Person, SavedGrant, Secret};

/// Counts what it revokes, and is asked for nothing else.
#[derive(Default)]
struct Revoking(AtomicUsize);

impl Provider for Revoking {
    fn prove(&self, _: &SavedGrant) -> BoxFuture<'static, Result<(), Unproved>> {
        unreachable!("nothing is renewed")
    }

    fn renew(&self, _: &SavedGrant) -> BoxFuture<'static, renewal::Answer<Access>> {
        unreachable!("nothing is renewed")
    }

    fn revoke(&self, _: &SavedGrant) -> BoxFuture<'static, Result<(), Unrevoked>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { Ok(()) })
    }
}

/// Of somebody whose access token is `a`.
pub(super) fn new_sign_in() -> NewSignIn {
    let (issuer, owner) = ("https://id.example".to_owned(), "anna".to_owned());
    let who = Who {
        issuer: issuer.clone(),
        client_id: "client".to_owned(),
        owner: owner.clone(),
        person: Person::default(),
    };
    let received = Moment {
        monotonic: Instant::now(),
        wall: SystemTime::now(),
    };
    NewSignIn {
        access: Access {
            token: Some(token("a")),
            lifetime: Lifetime {
                received,
                lasts: None,
            },
            jitter: 0.0,
        },
        who,
        grant: SavedGrant::new(issuer, "client".to_owned(), owner, "refresh".to_owned().into()),
    }
}

#[tokio::test]
async fn a_sign_in_that_is_taken_back_leaves_what_the_keyring_had_before_or_has_since() {
    let (secrets, provider) = (keyring("before"), Arc::new(Revoking::default()));
    let ports = SessionPorts {
        provider: provider.clone(),
        ..ports(&secrets)
    };
    let session = Session::new(options(), ports, None, None);
    let unwanted = Unwanted::default();
    let kept = || secrets.token(ENTRY).map(|token| token.expose().to_owned());

    let stored = session.store_sign_in(new_sign_in(), &unwanted).await;
    assert!(matches!(secrets.secret(ENTRY), Some(Secret::Grant(_))));
    session.take_sign_in_back(stored).await;
    assert_eq!(kept().as_deref(), Some("before"));
    assert_eq!(shown(session.credential().await).0, "before");

    let stored = session.store_sign_in(new_sign_in(), &unwanted).await;
    secrets.put(ENTRY, token("since"));
    session.take_sign_in_back(stored).await;
    assert_eq!(kept().as_deref(), Some("since"));

    let stored = session.store_sign_in(new_sign_in(), &unwanted).await;
    secrets.remove(ENTRY);
    session.take_sign_in_back(stored).await;
    assert_eq!(kept(), None, "its user has signed out");

    let stored = session.store_sign_in(new_sign_in(), &unwanted).await;
    session.take_sign_in_back(stored).await;
    assert!(secrets.names().is_empty(), "there was nothing before");

    unwanted.set();
    let stores = asked(&secrets, "store");
    let stored = session.store_sign_in(new_sign_in(), &unwanted).await;
    session.take_sign_in_back(stored).await;
    assert_eq!(asked(&secrets, "store"), stores, "nobody wanted it any more");
    assert_eq!(provider.0.load(Ordering::Relaxed), 5, "each is revoked");
}
