//! Events about notifications that arrive before the service's answer is recorded, because the user is quick or the
//! core is busy.

use std::collections::VecDeque;

use crate::ports::NotificationHandle;

/// More clicks than a user makes while an answer is pending. Services report events of all applications, so most
/// entries belong to others.
const CAPACITY: usize = 16;

/// What happened to a notification.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct EarlyEvents {
    /// It was clicked, with the activation token of the click.
    pub(super) clicked: Option<Option<String>>,
    /// It is no longer on screen.
    pub(super) closed: bool,
}

/// Events of unknown notifications, newest last. They are kept only while answers are pending.
#[derive(Debug, Default)]
pub(super) struct Early(VecDeque<(NotificationHandle, EarlyEvents)>);

impl Early {
    pub(super) fn on_clicked(&mut self, handle: NotificationHandle, activation_token: Option<String>) {
        self.early_events(handle).clicked = Some(activation_token);
    }

    pub(super) fn on_closed(&mut self, handle: NotificationHandle) {
        self.early_events(handle).closed = true;
    }

    fn early_events(&mut self, handle: NotificationHandle) -> &mut EarlyEvents {
        let place = self.0.iter().position(|(known, _)| *known == handle);
        let place = place.unwrap_or_else(|| {
            if self.0.len() == CAPACITY {
                self.0.pop_front();
            }
            self.0.push_back((handle, EarlyEvents::default()));
            self.0.len() - 1
        });
        &mut self.0[place].1
    }

    /// Removes and returns the events of this handle, whose answer has arrived.
    pub(super) fn take(&mut self, handle: &NotificationHandle) -> Option<EarlyEvents> {
        let place = self.0.iter().position(|(known, _)| known == handle)?;
        self.0.remove(place).map(|(_, early_events)| early_events)
    }

    /// Removes all entries, which belong to other applications if no answer is pending.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handle(id: u32) -> NotificationHandle {
        NotificationHandle {
            service: ":1.7".into(),
            id,
        }
    }

    #[test]
    fn it_remembers_the_newest_and_joins_what_is_about_one() {
        let mut early = Early::default();
        for id in 0..20 {
            early.on_clicked(handle(id), Some(id.to_string()));
            early.on_closed(handle(id));
        }
        assert_eq!(early.take(&handle(3)), None);
        let early_events = EarlyEvents {
            clicked: Some(Some("4".into())),
            closed: true,
        };
        assert_eq!(early.take(&handle(4)), Some(early_events));
        assert_eq!(early.take(&handle(4)), None);
    }
}
