//! Tokens that are rejected, missing, late or new.

use gloria_chaos::ask::Ask;
use gloria_stream::{Command, Credential, CredentialError};

use crate::journal::Tokens;
use crate::numbers::{at_once, backoff, plus, secs, short, slow};
use crate::stage::{BASE, Stage};

const REFUSED: &str = "halted: the server does not accept the token; sign in again";

#[tokio::test(start_paused = true)]
async fn a_401_is_answered_at_once_with_another_token() {
    let mut stage = Stage::with(|_| {}, Tokens::bearer(&["old", "new"])).await;
    stage.start(Some("7"));
    stage
        .request(Ask::after("7").token("old"))
        .await
        .answer("401 No")
        .await;
    let mut second = stage.opened(Ask::after("7").token("new")).await;
    stage.waited(1, &at_once());
    second.write("id: 8\ndata: a\n\n").await;
    stage.verdict(&["connecting 0", "connected"], &[("8", "a")]).await;
    assert_eq!(stage.tokens.asked(), [false, true], "one renewal was asked for");
}

#[tokio::test(start_paused = true)]
async fn a_second_401_halts_and_keeps_the_position_for_the_next_token() {
    let mut stage = Stage::with(|_| {}, Tokens::bearer(&["old", "older"])).await;
    stage.start(Some("7"));
    stage
        .request(Ask::after("7").token("old"))
        .await
        .answer("401 No")
        .await;
    stage
        .request(Ask::after("7").token("older"))
        .await
        .answer("401 No")
        .await;
    stage.client.state(REFUSED).await;
    stage.pass(secs(29 * 60)).await;
    stage.verdict(&["connecting 0", REFUSED], &[]).await;
    stage.tokens.give("new");
    stage.send(Command::CredentialsChanged);
    let _third = stage.opened(Ask::after("7").token("new")).await;
    assert_eq!(stage.tokens.asked(), [false, true, true], "neither was good");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_expires_while_the_stream_is_open_is_renewed_on_the_way_back() {
    let mut stage = Stage::with(|_| {}, Tokens::bearer(&["old", "old", "new"])).await;
    stage.start(None);
    let mut first = stage.opened(Ask::first().token("old")).await;
    first.write("id: 1\ndata: a\n\n").await;
    first.close();
    stage
        .request(Ask::after("1").token("old"))
        .await
        .answer("401 Expired")
        .await;
    let mut third = stage.opened(Ask::after("1").token("new")).await;
    stage.waited(2, &at_once());
    third.write("id: 2\ndata: b\n\n").await;
    let closed = "waiting 0: the server closed the connection";
    let states = ["connecting 0", "connected", closed, "connecting 0", "connected"];
    stage.verdict(&states, &[("1", "a"), ("2", "b")]).await;
}

#[tokio::test(start_paused = true)]
async fn a_401_after_a_stream_that_opened_is_a_first_one_again() {
    let mut stage = Stage::with(|_| {}, Tokens::bearer(&["a", "b", "c", "d"])).await;
    stage.start(None);
    stage
        .request(Ask::first().token("a"))
        .await
        .answer("401 No")
        .await;
    stage.opened(Ask::first().token("b")).await.close();
    stage
        .request(Ask::first().token("c"))
        .await
        .answer("401 No")
        .await;
    let _fourth = stage.opened(Ask::first().token("d")).await;
    assert_eq!(stage.tokens.asked(), [false, true, false, true]);
    let closed = "waiting 1: the server closed the connection";
    let states = ["connecting 0", "connected", closed, "connecting 1", "connected"];
    stage.verdict(&states, &[]).await;
}

#[tokio::test(start_paused = true)]
async fn refusals_and_errors_in_turn_do_not_hammer() {
    let mut stage = Stage::with(|_| {}, Tokens::bearer(&["t0ken"])).await;
    stage.start(None);
    for failed in 0..4 {
        stage
            .request(Ask::first().token("t0ken"))
            .await
            .answer("401 No")
            .await;
        stage
            .request(Ask::first().token("t0ken"))
            .await
            .answer("503 No")
            .await;
        let failed_number = usize::try_from(failed).unwrap();
        stage.waited(2 * failed_number + 1, &at_once());
        if failed > 0 {
            stage.waited(2 * failed_number, &backoff(BASE, failed - 1));
        }
    }
    let _open = stage.opened(Ask::first().token("t0ken")).await;
    stage.waited(8, &backoff(BASE, 3));
    let reported = |attempt| format!("waiting {attempt}: the server answered 503");
    let (one, two, three, four) = (reported(1), reported(2), reported(3), reported(4));
    let states = [
        "connecting 0",
        &one,
        "connecting 1",
        &two,
        "connecting 2",
        &three,
        "connecting 3",
        &four,
        "connecting 4",
        "connected",
    ];
    stage.verdict(&states, &[]).await;
}

#[tokio::test(start_paused = true)]
async fn without_a_token_nothing_is_asked_of_the_server() {
    let mut stage = Stage::with(|_| {}, Tokens::of([Err(CredentialError::Missing)])).await;
    stage.start(Some("7"));
    let halted = "halted: no token is saved; sign in first";
    stage.client.state(halted).await;
    stage.pass(secs(24 * 3600)).await;
    stage.verdict(&["connecting 0", halted], &[]).await;
    stage.tokens.give("new");
    stage.send(Command::CredentialsChanged);
    let _first = stage.opened(Ask::after("7").token("new")).await;
}

#[tokio::test(start_paused = true)]
async fn a_locked_keyring_is_asked_again_after_minutes_and_the_server_not_at_all() {
    let locked = Err(CredentialError::Unavailable("the keyring is locked".into()));
    let tokens = Tokens::of([locked, Ok(Credential::bearer("t0ken".into()))]);
    let mut stage = Stage::with(|_| {}, tokens).await;
    stage.start(None);
    let begun = tokio::time::Instant::now();
    let _first = stage.opened(Ask::first().token("t0ken")).await;
    assert!(slow(0).contains(&(stage.server.log().all()[0].at - begun)));
    let reported = "waiting 1: the keyring is locked";
    stage
        .verdict(&["connecting 0", reported, "connecting 1", "connected"], &[])
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_keyring_that_never_answers_costs_half_a_minute_and_not_the_stream() {
    let mut stage = Stage::with(|_| {}, Tokens::mute()).await;
    stage.start(None);
    let begun = tokio::time::Instant::now();
    stage
        .client
        .until("a second attempt", |journal| journal.statuses.len() >= 3)
        .await;
    assert!(
        plus(secs(30), &slow(0)).contains(&begun.elapsed()),
        "{:?}",
        begun.elapsed()
    );
    let reported = "waiting 1: the token store did not answer";
    stage
        .verdict(&["connecting 0", reported, "connecting 1"], &[])
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_new_token_does_not_cut_a_stream_and_is_used_by_the_next_attempt() {
    let mut stage = Stage::with(|_| {}, Tokens::bearer(&["old"])).await;
    stage.start(None);
    let mut first = stage.opened(Ask::first().token("old")).await;
    stage.tokens.give("new");
    stage.send(Command::CredentialsChanged);
    stage.pass(secs(30)).await;
    first.write("id: 1\ndata: a\n\n").await;
    stage.verdict(&["connecting 0", "connected"], &[("1", "a")]).await;
    first.close();
    let _second = stage.opened(Ask::after("1").token("new")).await;
    stage.waited(1, &backoff(BASE, 0));
}

#[tokio::test(start_paused = true)]
async fn a_new_token_ends_the_attempt_with_the_old_one() {
    let mut stage = Stage::with(|_| {}, Tokens::bearer(&["old"])).await;
    stage.start(None);
    let mut first = stage.request(Ask::first().token("old")).await;
    stage.tokens.give("new");
    stage.send(Command::CredentialsChanged);
    first.hung_up().await;
    let _second = stage.opened(Ask::first().token("new")).await;
    stage.waited(1, &short());
    let reported = "waiting 0: the credential changed";
    stage
        .verdict(&["connecting 0", reported, "connecting 0", "connected"], &[])
        .await;
}
