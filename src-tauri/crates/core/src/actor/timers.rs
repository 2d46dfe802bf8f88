//! Everything that the core does at a certain time, in one table.

use tokio::time::Instant;

use super::Actor;

macro_rules! timers {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What is due at a certain time.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Timer {
            $($(#[$doc])* $name,)*
        }

        impl Timer {
            /// All of them, in the order in which they are run.
            pub(super) const ALL: &[Self] = &[$(Self::$name),*];
        }
    };
}

timers! {
    /// The clocks show a sleep, or the network has settled.
    HostConditions,
    /// Collected alerts are shown.
    Alerts,
    /// Changed items are published.
    Items,
    /// The inbox file is tried again.
    Storage,
    /// The files of previous accounts that are not stored completely are tried again.
    Unstored,
    /// A server that sent no greeting does not say who the user is.
    Identity,
    /// The outage becomes a long one.
    Outage,
    /// Snoozed items return.
    Snoozes,
    /// The pause of sounds ends.
    SoundsPause,
    /// The debug log ends.
    DebugLog,
    /// The presence changes because a report expires.
    Presence,
    /// The window gets metrics.
    Metrics,
    /// The time of the last data is published and stored.
    Heard,
    /// The inbox's file is swept.
    Upkeep,
    /// The settings files are read, and what is due by the time of day is done.
    Settings,
    /// The file of metrics is written.
    Textfile,
    /// The next action of the user is sent.
    Outgoing,
    /// The next page of what is missing is asked for.
    Backfill,
}

impl Actor {
    /// When the next timer is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let now = Instant::now();
        Timer::ALL.iter().filter_map(|timer| self.due(*timer, now)).min()
    }

    /// Runs each timer that is due, once.
    ///
    /// The loop does this before it waits for input: a timer that competed with deliveries would never run while they
    /// are always ready.
    pub(super) async fn serve_timers(&mut self) {
        for timer in Timer::ALL {
            let now = Instant::now();
            if self.due(*timer, now).is_some_and(|due| due <= now) {
                self.act(*timer, now).await;
            }
        }
    }

    fn due(&self, timer: Timer, now: Instant) -> Option<Instant> {
        match timer {
            Timer::HostConditions => Some(Instant::from_std(self.conditions.deadline())),
            Timer::Alerts => self.alerts.due(),
            Timer::Items => self.readers.items_due(),
            Timer::Storage => self.store.retry_due(),
            Timer::Identity => self.identity.due(),
            Timer::Unstored => self.store.unstored_due(),
            Timer::Outage => self.link.outage_due(),
            Timer::Snoozes => self.snoozes.due(now, self.now().epoch_millis()),
            Timer::SoundsPause => self.sounds_pause.due(now, self.now().epoch_millis()),
            Timer::DebugLog => self.debug_log.due(now, self.now().epoch_millis()),
            Timer::Presence => self.readers.presence_due(),
            Timer::Metrics => self.readers.metrics_due(),
            Timer::Heard => self.link.is_open().then(|| self.readers.heard_due()),
            Timer::Upkeep => Some(self.upkeep.due()),
            Timer::Settings => Some(self.settings_files.due()),
            Timer::Textfile => self.exports.due(),
            Timer::Outgoing => self.outgoing.due().filter(|_| self.may_send_actions()),
            Timer::Backfill => {
                // The token may be another person's.
                let is_known = !self.identity.is_unknown() && !self.identity.is_unchecked();
                self.backfilling.due().filter(|_| is_known)
            }
        }
    }

    async fn act(&mut self, timer: Timer, now: Instant) {
        match timer {
            Timer::HostConditions => {
                for command in self.conditions.poll(now.into_std(), self.now()) {
                    self.send_command(command);
                }
            }
            Timer::Alerts => self.run_alert_timers(now).await,
            Timer::Items => self.publish_items().await,
            Timer::Storage => self.retry_storage().await,
            Timer::Unstored => self.store.retry_unstored(now).await,
            Timer::Identity => {
                // It hangs up, or goes on: nothing more is due.
                self.check_person(None, None).await;
            }
            Timer::Outage => self.publish_outage(),
            Timer::Snoozes => self.run_snoozes().await,
            Timer::SoundsPause => {
                self.sounds_pause.act(self.now().epoch_millis());
                self.publish_preferences();
            }
            Timer::DebugLog => self.set_debug_log(false),
            Timer::Presence => self.change_presence(|_| ()),
            Timer::Metrics => self.readers.publish_metrics(self.meters.view(), now),
            Timer::Heard => {
                if self.readers.begin_heard(now) {
                    self.publish_connection();
                }
                if !self.link.is_heard_recent(now) {
                    self.store_heard().await;
                }
            }
            Timer::Upkeep => self.run_upkeep(now).await,
            Timer::Settings => {
                self.read_settings_files(now);
                self.snoozes.on_zone(&self.setup.ports.clock.zone());
                self.warn_of_sign_in_end();
                self.poll_release();
            }
            Timer::Textfile => self.write_textfile(now),
            Timer::Outgoing => self.send_action(now).await,
            Timer::Backfill => self.ask_for_missing(now).await,
        }
    }
}
