//! Events from the notification service: its state, clicks and closed notifications.

use futures_util::FutureExt as _;

use super::super::Actor;
use super::early::EarlyEvents;
use crate::connection;
use crate::message;
use crate::ports::{NotificationError, NotificationEvent, NotificationHandle, ServiceState, Subject};
use crate::protocol::{NoticeKind, View};

impl Actor {
    /// Shows a notice while notifications cannot be shown.
    pub(super) fn publish_service(&mut self, failed: Option<&NotificationError>) {
        let words = match (self.alerts.service, failed) {
            (ServiceState::Hanging, _) => message::notice_notifications_hang(),
            (ServiceState::Absent, _) => {
                message::notice_notifications(NotificationError::NoService.message())
            }
            (ServiceState::Unknown | ServiceState::Ready | ServiceState::Paused, Some(error)) => {
                message::notice_notifications(error.message())
            }
            (ServiceState::Unknown | ServiceState::Ready | ServiceState::Paused, None) => {
                self.readers.set_notice(NoticeKind::Notifications, None);
                return;
            }
        };
        self.readers.set_notice(NoticeKind::Notifications, Some(words));
    }

    /// Processes an event of the service; `None` means that no more can come.
    pub(in super::super) async fn on_notification_event(&mut self, event: Option<NotificationEvent>) {
        match event {
            None => {
                self.notification_events = None;
                // A service that never reports its state is assumed to show what is requested.
                if self.alerts.service == ServiceState::Unknown {
                    self.on_service(ServiceState::Ready).await;
                }
            }
            Some(NotificationEvent::Service(state)) => self.on_service(state).await,
            Some(NotificationEvent::Closed { handle }) => {
                if self.alerts.unanswered > 0 {
                    self.alerts.early.on_closed(handle.clone());
                }
                self.alerts.withdrawals.on_closed(&handle);
                self.record_withdrawn(vec![handle]).await;
            }
            Some(NotificationEvent::Activated {
                handle,
                activation_token,
            }) => {
                let is_own = self.alerts.own.contains(&handle);
                let of = handle.clone();
                let subject = match self.with_inbox(move |inbox| inbox.subject_of(&of)).await {
                    Ok(None) if !is_own => {
                        // It belongs to another application, or to a request whose answer has not arrived.
                        if self.alerts.unanswered > 0 {
                            self.alerts.early.on_clicked(handle, activation_token);
                        }
                        return;
                    }
                    Ok(subject) => subject.unwrap_or(Subject::App),
                    Err(error) => {
                        tracing::error!(%error, "what was clicked could not be read");
                        Subject::App
                    }
                };
                self.on_clicked(subject, activation_token);
            }
        }
    }

    async fn on_service(&mut self, state: ServiceState) {
        let before = std::mem::replace(&mut self.alerts.service, state);
        self.meters.notifications_available(state.shows());
        if before != state {
            tracing::info!(?state, "the notification service");
            self.publish_service(None);
        }
        if state.shows() && !before.shows() {
            self.alerts.is_failing = false;
            self.alerts.retry.reset();
            self.resume_alerts().await;
        } else if state == ServiceState::Absent && before != state {
            self.poll_alerts().await;
        }
    }

    fn on_clicked(&mut self, subject: Subject, activation_token: Option<String>) {
        match subject {
            Subject::Item(key) => self.readers.publish_requested_item(Some(key)),
            Subject::Digest(_) => {}
            // It says that the user has to do something.
            Subject::App => {
                let remedy = self.readers.state().connection.remedy;
                let sign_in = || self.sign_in_ends_soon().is_some().then_some(View::Setup);
                if let Some(view) = connection::remedy_view(remedy).or_else(sign_in) {
                    self.readers.publish_requested_view(Some(view));
                }
            }
        }
        self.setup.ports.window.open(activation_token);
    }

    /// Handles the events about a notification that arrived before its answer was recorded.
    pub(super) async fn on_early_events(
        &mut self,
        handle: NotificationHandle,
        early_events: EarlyEvents,
        subject: Subject,
    ) {
        if let Some(activation_token) = early_events.clicked {
            self.on_clicked(subject, activation_token);
        }
        if early_events.closed {
            self.record_withdrawn(vec![handle]).await;
        }
    }

    /// Processes the events that arrived before the first request.
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
