//! A server that becomes able to prove its identity.

use gloria_chaos::ask::Ask;
use gloria_chaos::tls::{AUTHORITY, Certificate};

use crate::journal::Tokens;
use crate::numbers::slow;
use crate::stage::{Stage, assert_asks};

#[tokio::test(start_paused = true)]
async fn a_certificate_that_is_renewed_is_taken_after_minutes() {
    let mut stage = Stage::with(
        |options| {
            options.url.set_scheme("https").unwrap();
            options.network.ca_file = Some(AUTHORITY.into());
        },
        Tokens::bearer(&["t0ken"]),
    )
    .await;
    stage.start(Some("7"));
    assert!(
        stage
            .server
            .request_by_tls(&Certificate::Expired.acceptor())
            .await
            .is_err()
    );
    let refused = tokio::time::Instant::now();
    let mut second = stage
        .server
        .request_by_tls(&Certificate::Good.acceptor())
        .await
        .unwrap();
    assert!(slow(0).contains(&refused.elapsed()), "{:?}", refused.elapsed());
    let ask = Ask::after("7").token("t0ken");
    assert_asks(&second, &ask, &stage.server.address().to_string());
    second.open().await;
    second.write("id: 8\ndata: a\n\n").await;
    let reported =
        "waiting 1: the certificate is not trusted: it has expired, or this computer's clock is wrong";
    stage
        .verdict(
            &["connecting 0", reported, "connecting 1", "connected"],
            &[("8", "a")],
        )
        .await;
}
