//! Notifications that were asked for: what the service answered, and what it says later.

use std::collections::{HashMap, HashSet, VecDeque};

use tokio::time::Instant;

use super::collecting::short_body;
use super::{Actor, Report};
use crate::ports::{
    Answer, NotificationError, NotificationEvent, NotificationHandle, NotificationRequest, ServiceState,
    Subject,
};
use crate::protocol::NoticeKind;

/// Notifications whose service has not answered yet. A service that hangs must not gather a queue that bursts out when
/// it is back.
const MAX_WAITING: usize = 16;

/// Items whose notifications are remembered, to withdraw them: more than a service keeps.
const SHOWN_CAPACITY: usize = 1000;

/// Notifications of no item that are remembered, to know a click on them: digests and words about the app.
const OTHERS_CAPACITY: usize = 64;

/// What was asked for and what was answered.
#[derive(Debug, Default)]
pub(super) struct ShownNotifications {
    /// Without an answer yet.
    waiting: usize,
    /// Withdrawn before the answer came.
    withdrawn: HashSet<String>,
    handles: HashMap<String, NotificationHandle>,
    /// The keys of `handles`, the oldest first.
    order: VecDeque<String>,
    /// Notifications of no item.
    others: VecDeque<NotificationHandle>,
    service: ServiceState,
}

impl ShownNotifications {
    fn insert(&mut self, item: String, handle: NotificationHandle) {
        if self.handles.insert(item.clone(), handle).is_none() {
            self.order.push_back(item);
        }
        while self.handles.len() > SHOWN_CAPACITY
            && let Some(oldest) = self.order.pop_front()
        {
            self.handles.remove(&oldest);
        }
    }

    fn remove(&mut self, item: &str) -> Option<NotificationHandle> {
        let handle = self.handles.remove(item)?;
        self.order.retain(|key| key != item);
        Some(handle)
    }

    fn item(&self, handle: &NotificationHandle) -> Option<String> {
        let mut all = self.handles.iter();
        all.find_map(|(item, of)| (of == handle).then(|| item.clone()))
    }
}

impl Actor {
    /// Nothing more is asked of the service one by one: it is behind, hangs or is not there.
    pub(super) fn notifications_wait(&self) -> bool {
        self.shown.waiting >= MAX_WAITING || self.shown.service == ServiceState::Hanging
    }

    /// Asks for a notification.
    pub(super) fn show(&mut self, mut request: NotificationRequest) {
        request.body = short_body(&request.body);
        if let Some(item) = request.subject.item() {
            self.shown.withdrawn.remove(item);
            request.replaces = self.shown.handles.get(item).cloned();
        }
        self.shown.waiting += 1;
        let (subject, reports) = (request.subject.clone(), self.reports.0.clone());
        let shown = self.setup.ports.notifications.show(request);
        tokio::spawn(async move {
            let outcome = shown.await;
            // The core may have ended meanwhile.
            let _ = reports.send(Report::Notification { subject, outcome });
        });
    }

    /// Takes an item's notification back, also one that is not answered yet.
    pub(super) fn withdraw(&mut self, item: &str) {
        if let Some(handle) = self.shown.remove(item) {
            self.setup.ports.notifications.withdraw(handle);
        }
        if self.shown.waiting > 0 {
            self.shown.withdrawn.insert(item.to_owned());
        }
    }

    pub(super) async fn on_notification_answer(
        &mut self,
        subject: Subject,
        outcome: Result<Answer, NotificationError>,
    ) {
        self.shown.waiting = self.shown.waiting.saturating_sub(1);
        let item = subject.item();
        let withdrawn = item.is_some_and(|item| self.shown.withdrawn.remove(item));
        if self.shown.waiting == 0 {
            self.shown.withdrawn.clear();
        }
        match outcome {
            Ok(Answer { handle, .. }) => {
                self.readers.set_notice(NoticeKind::Notifications, None);
                match item {
                    Some(_) if withdrawn => self.setup.ports.notifications.withdraw(handle),
                    Some(item) => self.shown.insert(item.to_owned(), handle),
                    None => {
                        self.shown.others.push_back(handle);
                        if self.shown.others.len() > OTHERS_CAPACITY {
                            self.shown.others.pop_front();
                        }
                    }
                }
            }
            Err(error) => {
                tracing::warn!(%error, "a notification was not shown");
                self.readers.set_notice(
                    NoticeKind::Notifications,
                    Some(format!("Notifications can't be shown: {error}")),
                );
                if let Some(key) = item.map(str::to_owned) {
                    let words = format!("No toast: {error}");
                    let corrected = self.inbox.call(move |inbox| inbox.correct_alert(&key, &words));
                    if let Ok(Some(item)) = corrected.await {
                        self.readers.add_items(vec![item], Vec::new(), Instant::now());
                    }
                }
            }
        }
    }

    /// What the service said, or `None` when it can say nothing any more.
    pub(super) fn on_notification_event(&mut self, event: Option<NotificationEvent>) {
        match event {
            None => self.notification_events = None,
            Some(NotificationEvent::Service(state)) => self.shown.service = state,
            Some(NotificationEvent::Closed { handle }) => {
                if let Some(item) = self.shown.item(&handle) {
                    self.shown.remove(&item);
                }
                self.shown.others.retain(|other| *other != handle);
            }
            Some(NotificationEvent::Activated {
                handle,
                activation_token,
            }) => {
                let item = self.shown.item(&handle);
                if item.is_none() && !self.shown.others.contains(&handle) {
                    // Another application's.
                    return;
                }
                if item.is_some() {
                    self.readers.publish_requested_item(item);
                }
                self.setup.ports.window.open(activation_token);
            }
        }
    }
}
