//! What happens to a notification before the service's answer is recorded: a person is quick, or the core busy.

use std::collections::VecDeque;

use crate::ports::NotificationHandle;

/// As many clicks as a person makes within the moment that an answer takes. Services tell of every application's
/// notifications, so that most of these are another's.
const CAPACITY: usize = 16;

/// What became of a notification meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Fate {
    /// It was clicked, with the token that came with that.
    pub(super) clicked: Option<Option<String>>,
    /// It is gone from the screen.
    pub(super) closed: bool,
}

/// Notifications that are not known yet, the newest last. They are remembered while an answer is owed alone.
#[derive(Debug, Default)]
pub(super) struct Early(VecDeque<(NotificationHandle, Fate)>);

impl Early {
    pub(super) fn on_clicked(&mut self, handle: NotificationHandle, activation_token: Option<String>) {
        self.fate(handle).clicked = Some(activation_token);
    }

    pub(super) fn on_closed(&mut self, handle: NotificationHandle) {
        self.fate(handle).closed = true;
    }

    fn fate(&mut self, handle: NotificationHandle) -> &mut Fate {
        let place = self.0.iter().position(|(known, _)| *known == handle);
        let place = place.unwrap_or_else(|| {
            if self.0.len() == CAPACITY {
                self.0.pop_front();
            }
            self.0.push_back((handle, Fate::default()));
            self.0.len() - 1
        });
        &mut self.0[place].1
    }

    /// The answer with this handle has come.
    pub(super) fn take(&mut self, handle: &NotificationHandle) -> Option<Fate> {
        let place = self.0.iter().position(|(known, _)| known == handle)?;
        self.0.remove(place).map(|(_, fate)| fate)
    }

    /// No answer is owed: whatever is left is another application's.
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
        let fate = Fate {
            clicked: Some(Some("4".into())),
            closed: true,
        };
        assert_eq!(early.take(&handle(4)), Some(fate));
        assert_eq!(early.take(&handle(4)), None);
    }
}
