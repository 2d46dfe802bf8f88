//! Sets of event types.

use crate::protocol::EventType;

/// A set of event types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EventTypes(pub(super) u16);

// One bit for each type.
const _: () = assert!(EventType::ALL.len() <= u16::BITS as usize);

impl EventTypes {
    /// All types.
    pub const ALL: Self = Self(u16::MAX >> (u16::BITS as usize - EventType::ALL.len()));

    /// The types of a list in which no type means all of them.
    pub fn or_all(types: &[EventType]) -> Self {
        if types.is_empty() {
            Self::ALL
        } else {
            types.iter().copied().collect()
        }
    }

    /// Whether it contains this type.
    pub fn contains(self, event_type: EventType) -> bool {
        self.0 & Self::bit(event_type) != 0
    }

    /// Whether it is empty.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn bit(event_type: EventType) -> u16 {
        1 << event_type as u16
    }
}

impl FromIterator<EventType> for EventTypes {
    fn from_iter<I: IntoIterator<Item = EventType>>(types: I) -> Self {
        Self(types.into_iter().map(Self::bit).fold(0, |all, bit| all | bit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_type_means_all_of_them() {
        assert_eq!(EventTypes::or_all(&[]), EventTypes::ALL);
        let one = EventTypes::or_all(&[EventType::Heartbeat]);
        let chosen: Vec<_> = EventType::ALL
            .iter()
            .filter(|event_type| one.contains(**event_type))
            .collect();
        assert_eq!(chosen, [&EventType::Heartbeat]);
        for event_type in EventType::ALL {
            assert!(EventTypes::ALL.contains(*event_type), "{event_type:?}");
        }
    }
}
