//! What the notification service says by itself: how it is, what was clicked and what is closed.

use futures_util::FutureExt as _;

use super::super::Actor;
use crate::ports::{NotificationError, NotificationEvent, ServiceState, Subject};
use crate::protocol::NoticeKind;

impl Actor {
    /// Puts up a notice while notifications cannot be shown.
    pub(super) fn publish_service(&mut self, failed: Option<&NotificationError>) {
        let words = match (self.alerts.service, failed) {
            (ServiceState::Hanging, _) => {
                "Notifications can't be shown: what shows them on this desktop does not answer. What comes meanwhile \
                 is shown once it does"
                    .to_owned()
            }
            (ServiceState::Absent, _) => format!("Notifications can't be shown: {}", NotificationError::NoService),
            (ServiceState::Ready | ServiceState::Paused, Some(error)) => {
                format!("Notifications can't be shown: {error}")
            }
            (ServiceState::Ready | ServiceState::Paused, None) => {
                self.readers.set_notice(NoticeKind::Notifications, None);
                return;
            }
        };
        self.readers.set_notice(NoticeKind::Notifications, Some(words));
    }

    /// What the service said, or `None` when it can say nothing any more.
    pub(in super::super) async fn on_notification_event(&mut self, event: Option<NotificationEvent>) {
        match event {
            None => self.notification_events = None,
            Some(NotificationEvent::Service(state)) => {
                let before = std::mem::replace(&mut self.alerts.service, state);
                let shows = |state| matches!(state, ServiceState::Ready | ServiceState::Paused);
                self.meters.notifications_available(shows(state));
                if before != state {
                    tracing::info!(?state, "the notification service");
                    self.publish_service(None);
                }
                if shows(state) && !shows(before) {
                    self.alerts.is_failing = false;
                    self.resume_alerts().await;
                } else if state == ServiceState::Absent && before != state {
                    self.poll_alerts().await;
                }
            }
            Some(NotificationEvent::Closed { handle }) => self.record_withdrawn(vec![handle]).await,
            Some(NotificationEvent::Activated {
                handle,
                activation_token,
            }) => {
                let is_own = self.alerts.own.contains(&handle);
                let subject = self.with_inbox(move |inbox| inbox.subject_of(&handle)).await;
                match subject {
                    Ok(Some(Subject::Item(key))) => self.readers.publish_requested_item(Some(key)),
                    Ok(Some(Subject::Digest(_) | Subject::App)) => {}
                    // Another application's.
                    Ok(None) if !is_own => return,
                    Ok(None) => {}
                    Err(error) => tracing::error!(%error, "what was clicked could not be read"),
                }
                self.setup.ports.window.open(activation_token);
            }
        }
    }

    /// What the service said before anything was asked of it.
    pub(in super::super) async fn on_first_notification_events(&mut self) {
        while let Some(event) = self
            .notification_events
            .as_mut()
            .and_then(|events| events.recv().now_or_never())
        {
            self.on_notification_event(event).await;
        }
    }
}
