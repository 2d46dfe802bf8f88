//! Limits of single categories, in place of those of all.

use std::collections::HashMap;
use std::fmt;
use std::ops::RangeInclusive;

/// As for all categories: a hundred years amount to keeping everything.
const DAYS: RangeInclusive<u32> = 1..=36_500;

/// Of a category that is named, fewer items than of all others may be enough.
const ITEMS: RangeInclusive<u32> = 1..=1_000_000;

/// A limit of one category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CategoryLimit {
    category: String,
    bound: Bound,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bound {
    /// Days after arrival for which read items are kept.
    Days(u32),
    /// The maximum number of items.
    Items(u32),
}

impl CategoryLimit {
    /// Reads `payroll: 3650 days` or `builds: 500 items`.
    pub fn parse(text: &str) -> Option<Self> {
        // A category may contain colons.
        let (category, limit) = text.rsplit_once(':')?;
        let (number, unit) = limit.trim().split_once(' ')?;
        let number: u32 = number.parse().ok()?;
        let (bound, range) = match unit.trim() {
            "day" | "days" => (Bound::Days(number), DAYS),
            "item" | "items" => (Bound::Items(number), ITEMS),
            _ => return None,
        };
        let category = category.trim().to_owned();
        (!category.is_empty() && range.contains(&number)).then_some(Self { category, bound })
    }
}

impl fmt::Display for CategoryLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, unit) = match self.bound {
            Bound::Days(days) => (days, "days"),
            Bound::Items(items) => (items, "items"),
        };
        write!(f, "{}: {number} {unit}", self.category)
    }
}

/// The limits by category. Of two limits of the same kind the later one counts.
#[derive(Debug, Clone, Default)]
pub(super) struct Limits {
    days: HashMap<String, u32>,
    items: HashMap<String, u32>,
}

impl Limits {
    pub(super) fn new(limits: &[CategoryLimit]) -> Self {
        let mut found = Self::default();
        for CategoryLimit { category, bound } in limits {
            let category = category.to_lowercase();
            match bound {
                Bound::Days(days) => found.days.insert(category, *days),
                Bound::Items(items) => found.items.insert(category, *items),
            };
        }
        found
    }

    /// The days of this category, if it has its own.
    pub(super) fn days(&self, category: Option<&str>) -> Option<u32> {
        of(&self.days, category)
    }

    /// The number of items of this category, if it has its own.
    pub(super) fn items(&self, category: Option<&str>) -> Option<u32> {
        of(&self.items, category)
    }

    /// The name under which items of this category are counted. Where it has a limit, its case does not matter.
    pub(super) fn counted(&self, category: Option<&str>) -> Option<String> {
        let category = category?;
        if self.items.is_empty() {
            return Some(category.to_owned());
        }
        let folded = category.to_lowercase();
        let is_limited = self.items.contains_key(&folded);
        Some(if is_limited { folded } else { category.to_owned() })
    }
}

fn of(limits: &HashMap<String, u32>, category: Option<&str>) -> Option<u32> {
    if limits.is_empty() {
        return None;
    }
    limits.get(&category?.to_lowercase()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_category_and_days_or_items() {
        for (text, expected) in [
            ("payroll: 3650 days", Some("payroll: 3650 days")),
            (" Time off :1 day ", Some("Time off: 1 days")),
            ("ci:builds: 1000000 items", Some("ci:builds: 1000000 items")),
            ("builds: 1 item", Some("builds: 1 items")),
            ("builds: 0 items", None),
            ("builds: 1000001 items", None),
            ("payroll: 36501 days", None),
            ("payroll: 0 days", None),
            ("payroll: -1 days", None),
            ("payroll: 30", None),
            ("payroll: 30 weeks", None),
            (": 30 days", None),
            ("payroll", None),
            ("", None),
        ] {
            let limit = CategoryLimit::parse(text).map(|limit| limit.to_string());
            assert_eq!(limit.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn the_case_of_a_category_does_not_matter_and_the_last_limit_counts() {
        let limits = ["Łódź: 5 days", "łódź: 7 days", "ŁÓDŹ: 9 items"];
        let limits: Vec<_> = limits
            .iter()
            .filter_map(|limit| CategoryLimit::parse(limit))
            .collect();
        let limits = Limits::new(&limits);
        assert_eq!(
            (limits.days(Some("ŁóDź")), limits.items(Some("łódź"))),
            (Some(7), Some(9))
        );
        assert_eq!((limits.days(Some("other")), limits.days(None)), (None, None));
        let counted = ["ŁóDź", "łódź", "Other"].map(|category| limits.counted(Some(category)));
        assert_eq!(
            counted,
            ["łódź", "łódź", "Other"].map(|category| Some(category.to_owned()))
        );
    }
}
