//! One round: random events, faults and ends, and the verdict.

use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail};
use fastrand::Rng;
use gloria_backend::{Answer, Backend, BackendOptions, HangUp, Route, Stall};
use gloria_desktop_session::{Session, wait_until};

use crate::actions::Actions;
use crate::app::{App, How};
use crate::server::Server;
use crate::service::{Mode, Service};
use crate::stored::{self, Stored};
use crate::verdict::{Evidence, Settled};

/// Longer than anything here takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(90);

/// As many as a developer reads.
const WRONGS_EXPLAINED: usize = 3;

pub(crate) struct Round<'a> {
    session: &'a Session,
    backend: Backend,
    server: Server,
    service: Service,
    app: App,
    rng: Rng,
    actions: Actions,
    settled: Vec<Settled>,
    /// Until when the service keeps its mode.
    mode_until: Instant,
    /// How often the app had a gap in its events.
    gaps: usize,
}

/// Counts of what happened.
#[derive(Debug, Clone, Copy)]
#[expect(dead_code, reason = "printed as it is")]
pub(crate) struct Tally {
    pub(crate) events: u64,
    pub(crate) kills: usize,
    pub(crate) ends: usize,
    pub(crate) notified: usize,
    pub(crate) digests: usize,
    pub(crate) excused: usize,
    pub(crate) actions: usize,
    pub(crate) gaps: usize,
}

impl<'a> Round<'a> {
    pub(crate) async fn new(session: &'a Session, seed: u64) -> Result<Self> {
        let backend = Backend::start(BackendOptions {
            replay_to_newcomers: true,
            history: 100_000,
            ..BackendOptions::default()
        })
        .await?;
        // Until the first gap: what a first sign-in finds in a list does not alert, and the model expects an alert of
        // everything.
        let no_list = Answer::new(404);
        backend.control().answer(Route::List, u32::MAX, no_list)?;
        let mut rng = Rng::with_seed(seed);
        let address = session
            .env()
            .into_iter()
            .find(|(name, _)| name == "DBUS_SESSION_BUS_ADDRESS");
        let address = address.and_then(|(_, address)| address.into_string().ok());
        Ok(Self {
            session,
            server: Server::new(backend.control(), rng.fork()),
            service: Service::new(address.ok_or_else(|| anyhow!("no session bus"))?),
            app: App::new(session.dir().join(format!("gloria-{seed}")), backend.api_url()),
            backend,
            actions: Actions::new(rng.fork()),
            rng,
            settled: Vec::new(),
            mode_until: Instant::now(),
            gaps: 0,
        })
    }

    pub(crate) async fn run(mut self, events: u64) -> Result<Tally> {
        let tally = match self.play(events).await {
            Ok(()) => self.finish().await,
            Err(error) => Err(error),
        };
        let tally = tally.map_err(|error| anyhow!("{error:#}\n  the app's last words:\n{}", self.app.log()));
        // Another round may follow on this desktop.
        if self.app.is_running() {
            let _ = self.app.end(How::Kill).await;
        }
        self.service.vanish().await?;
        tally
    }

    async fn play(&mut self, events: u64) -> Result<()> {
        self.service.be(Mode::Prompt).await?;
        self.app.start(self.session)?;
        while self.server.truth.last < events {
            self.app.check_alive()?;
            if Instant::now() >= self.mode_until && self.rng.u8(0..3) == 0 {
                self.change_service().await?;
            }
            match self.rng.u8(0..100) {
                0..25 => self.trickle().await,
                25..40 => self.burst(),
                40..55 => self.disturb_connection().await?,
                55..65 => self.server.repeat(),
                65..72 => self.settle().await?,
                72..80 => self.act().await?,
                80..88 => self.pause(400).await,
                88..91 if self.server.has_versions => self.miss().await?,
                _ => self.end_and_start().await?,
            }
        }
        self.server.finish();
        Ok(())
    }

    async fn pause(&mut self, most_millis: u64) {
        tokio::time::sleep(Duration::from_millis(self.rng.u64(0..most_millis))).await;
    }

    async fn trickle(&mut self) {
        for _ in 0..self.rng.u8(1..15) {
            self.server.speak();
            self.pause(30).await;
        }
    }

    /// Does something to a few items. Some answers are lost, and sometimes the app ends at once.
    async fn act(&mut self) -> Result<()> {
        if self.rng.bool() {
            self.backend.control().lose_answers(self.rng.u32(1..4));
        }
        for _ in 0..self.rng.u8(1..5) {
            let Some((key, on)) = self.actions.choose(&self.server.truth) else {
                return Ok(());
            };
            let title = stored::title(&self.app.home, &self.backend.api_url(), &key)?;
            // The user sees an item as the app has it. On a slow machine it may not have what was posted last.
            let is_current = title.is_some_and(|title| self.server.truth.items[&key].is_last_title(&title));
            let succeeded = self.app.flag(self.session, &key, on).await?;
            self.actions
                .record(&self.server.truth, &key, on, succeeded && is_current);
        }
        if self.app.is_running() && self.rng.u8(0..3) == 0 {
            self.app.end(How::Kill).await?;
            self.app.start(self.session)?;
        }
        Ok(())
    }

    fn burst(&mut self) {
        let count = if self.rng.bool() { 12 } else { 120 };
        for _ in 0..self.rng.u32(1..count) {
            self.server.speak();
        }
    }

    async fn disturb_connection(&mut self) -> Result<()> {
        let control = self.backend.control();
        match self.rng.u8(0..6) {
            0 => control.reset(),
            1 => control.hang_up(HangUp::Fin),
            2 => control.end_streams(),
            3 => self.server.cut(),
            4 => {
                control.stall(Stall::Open);
                self.trickle().await;
                control.resume();
            }
            _ => {
                control.refuse().await?;
                control.reset();
                self.trickle().await;
                self.pause(300).await;
                control.accept().await?;
            }
        }
        Ok(())
    }

    async fn change_service(&mut self) -> Result<()> {
        let (mode, millis) = match self.rng.u8(0..12) {
            0..5 => (Some(Mode::Prompt), 3000),
            5..7 => (
                Some(Mode::Slow(Duration::from_millis(self.rng.u64(1..300)))),
                2000,
            ),
            7 => (Some(Mode::Hanging), 3000),
            8 => (Some(Mode::Refusing), 1500),
            9..11 => (None, 1500),
            _ => (Some(Mode::Paused), 1500),
        };
        match mode {
            Some(mode) => self.service.be(mode).await?,
            None => self.service.vanish().await?,
        }
        self.mode_until = Instant::now() + Duration::from_millis(self.rng.u64(100..millis));
        Ok(())
    }

    fn some_end(&mut self) -> How {
        match self.rng.u8(0..10) {
            0..6 => How::Kill,
            6..9 => How::Terminate,
            _ => How::Interrupt,
        }
    }

    async fn end_and_start(&mut self) -> Result<()> {
        let how = self.some_end();
        self.app.end(how).await?;
        if self.rng.bool() {
            self.trickle().await;
        }
        if self.rng.bool() {
            self.act().await?;
        }
        // Killed again before it has started.
        if self.rng.u8(0..4) == 0 {
            for _ in 0..self.rng.u8(1..5) {
                self.app.start(self.session)?;
                self.pause(600).await;
                let how = self.some_end();
                self.app.end(how).await?;
            }
        }
        self.app.start(self.session)
    }

    /// The server forgets the events of a time when the app was away: only its list has what they said. Sometimes the
    /// app ends while it asks for that, and sometimes the list fails.
    async fn miss(&mut self) -> Result<()> {
        self.server.finish();
        self.settle().await?;
        let how = self.some_end();
        self.app.end(how).await?;
        // Several pages.
        for _ in 0..self.rng.u16(1..250) {
            self.server.speak_of_listed();
        }
        self.server.forget_events();
        self.gaps += 1;
        let control = self.backend.control();
        control.clear_answers();
        for _ in 0..self.rng.u8(0..3) {
            let failure = match self.rng.u8(0..3) {
                0 => Answer::new(503).header("retry-after", "0"),
                1 => Answer::new(429).header("retry-after", "1"),
                _ => Answer::new(200).body("application/json", "{\"notifications\": [{"),
            };
            control.answer(Route::List, 1, failure)?;
        }
        self.app.start(self.session)?;
        for _ in 0..self.rng.u8(0..4) {
            self.pause(800).await;
            self.end_and_start().await?;
        }
        Ok(())
    }

    /// Waits until the app has stored everything, a time from which later checks are measured.
    async fn settle(&mut self) -> Result<()> {
        // A repeated event may have moved the position back.
        self.server.create_some();
        let last = self.server.truth.last;
        let (home, url) = (self.app.home.clone(), self.backend.api_url());
        wait_until(&format!("event {last} to be stored"), DEADLINE, async || {
            self.app.check_alive()?;
            let is_stored = stored::position(&home, &url)? >= last && stored::is_filled(&home, &url)?;
            Ok(is_stored.then_some(()))
        })
        .await?;
        self.settled.push(Settled {
            event: last,
            at: Instant::now(),
        });
        Ok(())
    }

    /// Lets everything recover, and checks the result; then once more after another start.
    async fn finish(&mut self) -> Result<Tally> {
        self.backend.control().resume();
        self.backend.control().lose_answers(0);
        self.service.be(Mode::Prompt).await?;
        self.judge().await?;
        let how = self.some_end();
        self.app.end(how).await?;
        self.app.start(self.session)?;
        self.judge().await
    }

    async fn judge(&mut self) -> Result<Tally> {
        self.settle().await?;
        // What is still pending takes time: it is collected in digests, and refused requests are repeated.
        let deadline = Instant::now() + DEADLINE;
        loop {
            let (wrong, words, tally) = self.look()?;
            if wrong == 0 {
                return Ok(tally);
            }
            if Instant::now() >= deadline {
                bail!("{wrong} things are wrong:{words}");
            }
            self.app.check_alive()?;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    fn look(&self) -> Result<(usize, String, Tally)> {
        let stored = Stored::read(&self.app.home, &self.backend.api_url())?;
        let log = self.service.log();
        let evidence = Evidence {
            truth: &self.server.truth,
            stored: &stored,
            log: &log,
            runs: &self.app.runs,
            settled: &self.settled,
            service: self.service.unique_name(),
        };
        let mut wrong = evidence.judge();
        wrong.extend(
            self.actions
                .judge(&self.server.truth, &stored, &self.backend.control()),
        );
        let words = evidence.explain(&wrong, WRONGS_EXPLAINED);
        let kills = self.app.runs.iter().filter(|run| !run.how.is_orderly()).count();
        let tally = Tally {
            events: self.server.truth.last,
            kills,
            ends: self.app.runs.len() - kills,
            notified: log.iter().filter(|notified| notified.answer.is_some()).count(),
            digests: stored.digests.len(),
            excused: evidence.excused(),
            actions: self.actions.count(),
            gaps: self.gaps,
        };
        Ok((wrong.len(), words, tally))
    }
}
