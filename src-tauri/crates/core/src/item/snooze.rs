//! When a snoozed item returns: pure functions of the choice, the time and the time zone.
//!
//! A duration ends at an instant. A named time is what the clock on the wall shows where the user is then, so it is
//! stored as that, and its instant is computed again when the time zone changes.

use std::ops::RangeInclusive;

use jiff::civil::{Date, DateTime, Time, Weekday, time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

#[cfg(test)]
use ts_rs::TS;

use super::{EpochMillis, SnoozedUntil};

const SECOND: EpochMillis = 1000;
const HOUR: EpochMillis = 60 * 60 * SECOND;

/// When the working day begins.
const MORNING: Time = time(8, 0, 0, 0);

/// Early enough to do something about it on the same day.
const AFTERNOON: Time = time(15, 0, 0, 0);

/// For how long an item may be snoozed: what is put off for longer is forgotten, and a mistyped year is noticed.
const MAX_SECONDS: u32 = 366 * 24 * 60 * 60;

/// What returns sooner has hardly left the screen.
const MIN_SECONDS: u32 = 60;

/// What a user chooses when snoozing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum Snooze {
    /// In so many seconds.
    Seconds(u32),
    /// At 15:00; after 14:00 in three hours.
    Afternoon,
    /// At 08:00 tomorrow.
    Tomorrow,
    /// At 08:00 next Monday.
    Monday,
    /// When the clock on the wall shows this: `2026-11-30T08:00:00`.
    At(#[cfg_attr(test, ts(type = "string"))] DateTime),
}

impl Snooze {
    /// How long an item may be snoozed, in seconds.
    pub const DURATIONS: RangeInclusive<u32> = MIN_SECONDS..=MAX_SECONDS;

    /// Returns when the item returns, for a choice made at `now` in `zone`. `None` if that time has passed or is more
    /// than a year away, and for a duration of less than a minute.
    pub fn until(self, now: EpochMillis, zone: &TimeZone) -> Option<SnoozedUntil> {
        let local = Timestamp::from_millisecond(now)
            .ok()?
            .to_zoned(zone.clone())
            .datetime();
        let today = local.date();
        let wall = match self {
            Self::Seconds(seconds) => {
                let at = now + i64::from(seconds) * SECOND;
                let is_allowed = Self::DURATIONS.contains(&seconds);
                return is_allowed.then(|| SnoozedUntil::instant(at));
            }
            Self::Afternoon if local.time() < time(14, 0, 0, 0) => today.to_datetime(AFTERNOON),
            Self::Afternoon => return Some(SnoozedUntil::instant(now + 3 * HOUR)),
            Self::Tomorrow => today.tomorrow().ok()?.to_datetime(MORNING),
            Self::Monday => next_monday(today)?.to_datetime(MORNING),
            Self::At(wall) => wall,
        };
        let at = instant(wall, zone)?;
        let latest = now + i64::from(MAX_SECONDS) * SECOND;
        (at > now && at <= latest).then_some(SnoozedUntil { at, wall: Some(wall) })
    }
}

impl SnoozedUntil {
    fn instant(at: EpochMillis) -> Self {
        Self { at, wall: None }
    }

    /// Returns the same choice in another time zone: a named time is then at another instant.
    pub fn in_zone(self, zone: &TimeZone) -> Self {
        let moved = self.wall.and_then(|wall| instant(wall, zone));
        Self {
            at: moved.unwrap_or(self.at),
            ..self
        }
    }
}

/// Returns when the clock on the wall shows this. If it never does, because clocks are put forward over it, that is
/// when as much time has passed as if they were not; if it does twice, the first time.
fn instant(wall: DateTime, zone: &TimeZone) -> Option<EpochMillis> {
    let zoned = zone.to_ambiguous_zoned(wall).compatible().ok()?;
    Some(zoned.timestamp().as_millisecond())
}

/// Returns the first Monday after this day.
fn next_monday(today: Date) -> Option<Date> {
    let days = 7 - i64::from(today.weekday().to_monday_zero_offset());
    debug_assert_eq!(today.checked_add(days.days()).ok()?.weekday(), Weekday::Monday);
    today.checked_add(days.days()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(text: &str) -> EpochMillis {
        text.parse::<Timestamp>().expect("a time").as_millisecond()
    }

    fn berlin() -> TimeZone {
        TimeZone::get("Europe/Berlin").expect("a time zone")
    }

    fn at(wall: &str) -> Snooze {
        Snooze::At(wall.parse().expect("a time on the wall"))
    }

    #[test]
    fn each_choice_is_the_time_that_it_names() {
        // A Thursday, 11:20 in Berlin.
        let now = "2026-11-26T10:20:00Z";
        for (now, choice, expected) in [
            (now, Snooze::Seconds(60), "2026-11-26T10:21:00Z"),
            (now, Snooze::Seconds(5400), "2026-11-26T11:50:00Z"),
            (now, Snooze::Seconds(366 * 86_400), "2027-11-27T10:20:00Z"),
            (now, Snooze::Afternoon, "2026-11-26T14:00:00Z"),
            ("2026-11-26T12:59:59Z", Snooze::Afternoon, "2026-11-26T14:00:00Z"),
            ("2026-11-26T13:00:00Z", Snooze::Afternoon, "2026-11-26T16:00:00Z"),
            (now, Snooze::Tomorrow, "2026-11-27T07:00:00Z"),
            // Just after midnight, tomorrow is not today.
            ("2026-11-26T23:10:00Z", Snooze::Tomorrow, "2026-11-28T07:00:00Z"),
            ("2026-12-31T10:00:00Z", Snooze::Tomorrow, "2027-01-01T07:00:00Z"),
            (now, Snooze::Monday, "2026-11-30T07:00:00Z"),
            ("2026-11-29T22:59:00Z", Snooze::Monday, "2026-11-30T07:00:00Z"),
            // On a Monday, it is the next one, also before eight.
            ("2026-11-29T23:01:00Z", Snooze::Monday, "2026-12-07T07:00:00Z"),
            (now, at("2026-11-26T18:30:00"), "2026-11-26T17:30:00Z"),
            // Over the ends of summer time, a day is 25 or 23 hours, and three days of hours are 72.
            ("2026-10-24T10:00:00Z", Snooze::Tomorrow, "2026-10-25T07:00:00Z"),
            ("2026-10-23T06:00:00Z", Snooze::Monday, "2026-10-26T07:00:00Z"),
            ("2026-03-28T07:00:00Z", Snooze::Tomorrow, "2026-03-29T06:00:00Z"),
            (
                "2026-10-25T00:30:00Z",
                Snooze::Seconds(3600),
                "2026-10-25T01:30:00Z",
            ),
            (
                "2026-10-24T10:00:00Z",
                Snooze::Seconds(3 * 86_400),
                "2026-10-27T10:00:00Z",
            ),
            // Shown twice: the first time. Never shown: as far after two as it would have been.
            (
                "2026-10-24T10:00:00Z",
                at("2026-10-25T02:30:00"),
                "2026-10-25T00:30:00Z",
            ),
            (
                "2026-03-28T10:00:00Z",
                at("2026-03-29T02:30:00"),
                "2026-03-29T01:30:00Z",
            ),
        ] {
            let until = choice.until(millis(now), &berlin()).map(|until| until.at);
            assert_eq!(until, Some(millis(expected)), "{choice:?} at {now}");
        }
    }

    #[test]
    fn the_past_and_what_is_years_away_are_refused() {
        let now = millis("2026-11-26T10:20:00Z");
        for wall in [
            "2026-11-26T11:20:00",
            "2026-11-26T11:19:59",
            "2027-11-28T08:00:00",
            "2062-11-26T12:00:00",
        ] {
            assert_eq!(at(wall).until(now, &berlin()), None, "{wall}");
        }
        assert!(at("2027-11-26T08:00:00").until(now, &berlin()).is_some());
        for seconds in [0, 59, 366 * 86_400 + 1, u32::MAX] {
            assert_eq!(Snooze::Seconds(seconds).until(now, &berlin()), None, "{seconds}");
        }
    }

    #[test]
    fn a_named_time_is_where_the_user_is_then_and_a_duration_is_not() {
        let now = millis("2026-11-26T10:20:00Z");
        let new_york = TimeZone::get("America/New_York").expect("a time zone");
        let morning = Snooze::Tomorrow.until(now, &berlin()).expect("a time");
        assert_eq!(morning.in_zone(&new_york).at, millis("2026-11-27T13:00:00Z"));
        assert_eq!(morning.in_zone(&new_york).in_zone(&berlin()), morning);
        for choice in [Snooze::Seconds(3600), Snooze::Afternoon] {
            let hour = choice.until(now + 4 * HOUR, &berlin()).expect("a time");
            assert_eq!(hour.in_zone(&new_york), hour);
        }
    }
}
