//! What the user did to an item, as it is sent.

use serde_json::{Map, Value};

/// The fields of a request, by the marks' places in a [`MarkSet`].
pub(super) const FIELDS: [&str; MarkSet::COUNT] = [
    "seen",
    "read",
    "archived",
    "flagged",
    "snoozedUntil",
    "acknowledged",
];

/// The fields in which a server's notification has these marks.
pub(super) const TIMES: [&str; MarkSet::COUNT] = [
    "seenAt",
    "readAt",
    "archivedAt",
    "flaggedAt",
    "snoozedUntil",
    "acknowledgedAt",
];

/// A set of the marks that are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MarkSet(i64);

impl MarkSet {
    /// How many marks there are.
    pub const COUNT: usize = 6;
    /// No mark.
    pub const NONE: Self = Self(0);
    /// All marks.
    pub const ALL: Self = Self((1 << Self::COUNT) - 1);
    /// That it was on screen, which the user did not decide.
    pub const SEEN: Self = Self::of(0);
    /// Those that a server may not know although it takes actions.
    pub const EXTENDED: Self = Self(0b11_1000);

    /// The mark of a place.
    pub const fn of(place: usize) -> Self {
        Self(1 << place)
    }

    /// Reads what [`Self::bits`] returned.
    pub const fn from_bits(bits: i64) -> Self {
        Self(bits & Self::ALL.0)
    }

    /// The marks as bits, for the store.
    pub const fn bits(self) -> i64 {
        self.0
    }

    /// The marks of both.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The marks of this one that the other does not have.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The marks that both have.
    #[must_use]
    pub const fn in_both(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether it has all marks of the other.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The names of the fields in requests.
    pub fn fields(self) -> impl Iterator<Item = &'static str> {
        let places = FIELDS.into_iter().enumerate();
        places.filter_map(move |(place, field)| self.contains(Self::of(place)).then_some(field))
    }

    pub(super) fn of_places(is_in: impl Fn(usize) -> bool) -> Self {
        let places = (0..Self::COUNT).filter(|place| is_in(*place));
        places.fold(Self::NONE, |set, place| set.with(Self::of(place)))
    }
}

/// What the user did to one item, or to several at once, as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// The server's ids of the notifications.
    pub notifications: Vec<String>,
    /// The same whenever it is sent.
    pub idempotency_key: String,
    /// The fields that change, by their names in the API.
    pub changes: Map<String, Value>,
}

impl Action {
    pub(super) fn marks(&self) -> MarkSet {
        MarkSet::of_places(|place| self.changes.contains_key(FIELDS[place]))
    }

    /// The marks that it sets, without those that it removes.
    pub(super) fn set(&self) -> MarkSet {
        let is_set = |value: &Value| !value.is_null() && value != &Value::Bool(false);
        MarkSet::of_places(|place| self.changes.get(FIELDS[place]).is_some_and(is_set))
    }

    /// Whether it is about several notifications.
    pub fn is_bulk(&self) -> bool {
        self.notifications.len() > 1
    }
}
