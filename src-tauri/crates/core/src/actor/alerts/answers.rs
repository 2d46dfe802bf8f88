//! Processes the notification service's answers.

use tokio::time::Instant;

use super::super::Actor;
use super::{Asked, OWN_CAPACITY};
use crate::inbox::{Inbox, Target};
use crate::item::Reason;
use crate::ports::{Answer, NotificationError, Subject};

impl Actor {
    /// Handles the service's answer to a request.
    pub(in super::super) async fn on_notification_answer(
        &mut self,
        asked: Asked,
        outcome: Result<Answer, NotificationError>,
    ) {
        self.alerts.unanswered = self.alerts.unanswered.saturating_sub(1);
        let failed = outcome.as_ref().err().cloned();
        if let Some(error) = &failed {
            tracing::warn!(%error, "a notification was not shown");
        }
        let is_back = failed.is_none() && self.alerts.is_failing;
        self.alerts.is_failing = failed.is_some();
        if failed.is_none() {
            self.alerts.retry.reset();
        } else if asked.target.is_some() {
            self.alerts.retry.on_failure(Instant::now());
        }
        let handle = outcome.as_ref().ok().map(|answer| answer.handle.clone());
        if let Some(handle) = &handle {
            // The handle now belongs to this notification, even if an earlier one with the same handle was withdrawn.
            self.alerts.withdrawals.on_closed(handle);
        }
        let takes_place = handle.is_some() && asked.replaces == handle;
        let early = handle.and_then(|handle| Some((self.alerts.early.take(&handle)?, handle)));
        let early = early.filter(|_| !takes_place);
        if self.alerts.unanswered == 0 {
            self.alerts.early.clear();
        }
        let subject = asked.target.as_ref().map_or(Subject::App, Target::subject);
        let is_left = asked.target.is_some() && asked.account != self.alerts.account;
        if let Some(Target::Alert(number, _)) = &asked.target {
            self.alerts.in_flight.retain(|known| known != number);
        }
        if let (None, Ok(answer)) = (&asked.target, &outcome) {
            self.alerts.own.push_back(answer.handle.clone());
            if self.alerts.own.len() > OWN_CAPACITY {
                self.alerts.own.pop_front();
            }
        }
        // An alert of a previous account stays pending, and is shown when that account is current again.
        if let (true, Ok(answer)) = (is_left, &outcome) {
            self.setup.ports.notifications.withdraw(answer.handle.clone());
        }
        if let Some(target) = asked.target.filter(|_| !is_left) {
            let (outcome, at) = (
                outcome.map_err(|error| Reason::from(&error)),
                self.now().epoch_millis(),
            );
            let record = move |inbox: &mut Inbox| inbox.record(&target, &outcome, at);
            match self.with_inbox(record).await {
                Ok(recorded) if recorded.many => self.readers.publish_inbox_changed(),
                Ok(recorded) => {
                    if let Some(item) = recorded.item {
                        self.readers.add_items(vec![item], Vec::new(), Instant::now());
                    }
                }
                Err(error) => tracing::error!(%error, "an answer about a notification could not be recorded"),
            }
        }
        if let Some((early_events, handle)) = early.filter(|_| !is_left) {
            self.on_early_events(handle, early_events, subject).await;
        }
        self.publish_service(failed.as_ref());
        if is_back {
            self.resume_alerts().await;
        } else {
            self.poll_alerts().await;
        }
    }
}
