//! Steps that an observer receives and deliveries do not contain.

use std::sync::{Arc, Mutex};

use gloria_stream::{Command, Observer, Status, Step};

use crate::rig::{OPEN, Provider, Rig};

/// The names of the steps, and the sum of their bytes.
#[derive(Debug, Default)]
struct Notes(Mutex<(Vec<&'static str>, usize)>);

impl Observer for Notes {
    fn observe(&self, step: Step<'_>) {
        let mut notes = self.0.lock().unwrap();
        let name = match step {
            Step::Heard { bytes } => {
                notes.1 += bytes;
                return;
            }
            Step::Dialed => "dialed",
            Step::TokenRefused => "token refused",
            Step::Changed(Status::Connecting { .. }) => "connecting",
            Step::Changed(Status::Connected { .. }) => "connected",
            Step::Changed(Status::Waiting { .. }) => "waiting",
            Step::Changed(Status::CircuitOpen { .. }) => "circuit open",
            Step::Changed(Status::Halted { .. }) => "halted",
            Step::Changed(Status::Idle(_)) => "idle",
        };
        notes.0.push(name);
    }
}

fn observe(rig: &Rig) -> Arc<Notes> {
    let notes = Arc::new(Notes::default());
    rig.stream.observe(Arc::clone(&notes) as _);
    notes
}

impl Notes {
    fn steps(&self) -> Vec<&'static str> {
        self.0.lock().unwrap().0.clone()
    }
}

#[tokio::test(start_paused = true)]
async fn every_step_counts_though_the_reader_is_behind() {
    let mut rig = Rig::with(
        |options| options.timing.max_attempts = 1000,
        Provider::anonymous(),
    )
    .await;
    let notes = observe(&rig);
    rig.start(None);
    for _ in 0..40 {
        drop(rig.server.accept().await);
    }
    let mut connection = rig.server.accept().await;
    connection.write(OPEN).await;
    while !matches!(rig.status().await, Status::Connected { .. }) {}
    let steps = notes.steps();
    let count = |name| steps.iter().filter(|step| **step == name).count();
    assert_eq!(
        (
            count("dialed"),
            count("connecting"),
            count("waiting"),
            count("connected")
        ),
        (41, 41, 40, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn an_attempt_with_a_second_token_is_a_step_of_its_own() {
    let mut rig = Rig::with(|_| {}, Provider::bearer(&["old", "new"])).await;
    let notes = observe(&rig);
    rig.start(None);
    rig.server.accept().await.answer("401 Unauthorized").await;
    let mut connection = rig.server.accept().await;
    connection.write(OPEN).await;
    rig.connected().await;
    connection.write("data: a\n\n").await;
    rig.data(1).await;
    rig.stream.send(Command::Stop);
    connection.hung_up().await;
    assert_eq!(
        notes.steps(),
        [
            "dialed",
            "connecting",
            "token refused",
            "dialed",
            "connected",
            "idle"
        ]
    );
    assert_eq!(notes.0.lock().unwrap().1, "data: a\n\n".len());
}

#[tokio::test(start_paused = true)]
async fn events_say_when_they_were_read_and_not_when_they_are_taken() {
    let mut rig = Rig::new().await;
    let mut connection = rig.open().await;
    let before = tokio::time::Instant::now().into_std();
    connection.write("data: a\n\n").await;
    while rig.stream.totals().1 == 0 {
        tokio::task::yield_now().await;
    }
    let read = tokio::time::Instant::now().into_std();
    tokio::time::sleep(std::time::Duration::from_secs(9)).await;
    let gloria_stream::Delivery::Frames(frames) = rig.delivery().await else {
        panic!("an event was read")
    };
    assert!((before..=read).contains(&frames.received));
}
