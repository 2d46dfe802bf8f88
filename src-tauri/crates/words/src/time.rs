//! Times in messages: Fluent's `DATETIME`, as hours and minutes and as ISO dates.

use fluent_bundle::{FluentArgs, FluentValue};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The time zone of the user's clock.
#[derive(Debug, Clone)]
pub enum Zone {
    /// The system's zone at each time; UTC if that cannot be determined.
    System,
    /// A fixed zone.
    Fixed(TimeZone),
}

impl Zone {
    /// Returns UTC.
    pub fn utc() -> Self {
        Self::Fixed(TimeZone::UTC)
    }

    fn time_zone(&self) -> TimeZone {
        match self {
            Self::System => TimeZone::system(),
            Self::Fixed(zone) => zone.clone(),
        }
    }

    /// Of the page's options, only the presence of parts matters: `dateStyle`, `year`, `month` and `day` add the date,
    /// `timeStyle`, `hour` and `minute` the time of day, `second` its seconds.
    pub(crate) fn format<'a>(
        &self,
        positional: &[FluentValue<'a>],
        named: &FluentArgs<'_>,
    ) -> FluentValue<'a> {
        let Some(FluentValue::Number(millis)) = positional.first() else {
            return FluentValue::Error;
        };
        let has = |options: &[&str]| options.iter().any(|option| named.get(*option).is_some());
        let day = has(&["dateStyle", "year", "month", "day"]);
        let second = has(&["second"]);
        let time = second || has(&["timeStyle", "hour", "minute"]);
        let pattern = match (day, time, second) {
            (true, true, true) => "%Y-%m-%d %H:%M:%S",
            (true, true, false) => "%Y-%m-%d %H:%M",
            (true, false, _) => "%Y-%m-%d",
            (false, _, true) => "%H:%M:%S",
            (false, _, false) => "%H:%M",
        };
        let at = Timestamp::from_millisecond(millis.value as i64);
        match at {
            Ok(at) => at.to_zoned(self.time_zone()).strftime(pattern).to_string().into(),
            Err(_) => FluentValue::Error,
        }
    }
}
