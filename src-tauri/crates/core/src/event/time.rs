//! Parses times as servers really write them. Without a zone they are UTC.

use jiff::civil::DateTime;
use jiff::tz::Offset;
use serde_json::Value;

use super::values::{Reading, number};
use crate::item::EpochMillis;

/// The start of 1973 in seconds. Smaller numbers are ranks, durations or mistakes, because no server sends times before
/// it existed.
const MIN_SECONDS: f64 = 94_694_400.0;
/// Greater numbers are milliseconds: as seconds they would be after the year 5000.
const MIN_MILLIS: f64 = 1e11;
/// Greater numbers are microseconds: as milliseconds they would be after the year 33000.
const MIN_MICROS: f64 = 1e15;
/// Greater numbers are nanoseconds.
const MIN_NANOS: f64 = 1e18;
/// The start of the year 9999 in milliseconds. Later times mean "never", and no code after this has to format them.
const YEAR_9999: f64 = 253_370_764_800_000.0;
/// The latest time or greatest number of JavaScript, Java and .NET, in any unit.
const LATEST_TIMES: [f64; 5] = [
    253_402_214_400.0,
    253_402_300_799.0,
    253_402_300_800.0,
    9_007_199_254_740_991.0,
    8_640_000_000_000_000.0,
];

/// Parses a time. Servers write "never" and "not yet" as years before 1970 and from 9999 on: these are no value.
pub(super) fn time(value: &Value) -> Reading<EpochMillis> {
    match value {
        Value::Null => Reading::Nothing,
        Value::Number(number) => number.as_f64().map_or(Reading::Unreadable, of_number),
        Value::String(text) => of_text(text.trim()),
        Value::Array(parts) => of_parts(parts),
        Value::Object(object) => {
            let get = |names: &[&str]| names.iter().find_map(|name| object.get(*name));
            if let Some(seconds) = get(&["seconds", "_seconds", "epochSecond"]).and_then(number) {
                let nanos = get(&["nanos", "_nanoseconds", "nanoseconds", "nano"]).and_then(number);
                return of_number(seconds + nanos.unwrap_or(0.0) / 1e9);
            }
            let zone = get(&["timezone"])
                .and_then(Value::as_str)
                .map_or(Some(0), zone_seconds);
            let date = get(&["$date", "$numberLong", "date", "value", "iso", "dateTime"]);
            match (date, zone) {
                (Some(inner), Some(seconds)) if !inner.is_object() || object.len() == 1 => {
                    time(inner).map(|millis| millis - i64::from(seconds) * 1000)
                }
                _ => Reading::Unreadable,
            }
        }
        Value::Bool(_) => Reading::Unreadable,
    }
}

fn of_number(number: f64) -> Reading<EpochMillis> {
    let millis = match number {
        n if n <= 0.0 || LATEST_TIMES.contains(&n) || n >= 9.2e18 => return Reading::Nothing,
        n if n < MIN_SECONDS => return Reading::Unreadable,
        n if n < MIN_MILLIS => n * 1e3,
        n if n < MIN_MICROS => n,
        n if n < MIN_NANOS => n / 1e3,
        n => n / 1e6,
    };
    in_years(millis)
}

/// Limits a time to years that all code after this can format. The bounds fit into an `i64`.
fn in_years(millis: f64) -> Reading<EpochMillis> {
    if (1.0..YEAR_9999).contains(&millis) {
        Reading::Value(millis.round() as EpochMillis)
    } else {
        Reading::Nothing
    }
}

fn of_text(text: &str) -> Reading<EpochMillis> {
    if text.is_empty()
        || ["null", "none", "never", "undefined", "nil", "n/a", "-"]
            .iter()
            .any(|word| text.eq_ignore_ascii_case(word))
    {
        return Reading::Nothing;
    }
    if let Some(millis) = text.strip_prefix("/Date(").and_then(|rest| {
        let digits = rest.find(|c: char| c != '-' && !c.is_ascii_digit())?;
        rest[..digits].parse().ok()
    }) {
        return in_years(millis);
    }
    // A date such as 20260102 or 20260102030405 consists only of digits too.
    if let Some(time) = compact(text) {
        return time;
    }
    if let Ok(number) = text.parse::<f64>()
        && number.is_finite()
    {
        return of_number(number);
    }
    iso(text)
        .or_else(|| with_month_name(text))
        .unwrap_or(Reading::Unreadable)
}

fn compact(text: &str) -> Option<Reading<EpochMillis>> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let century = text.starts_with("19") || text.starts_with("20");
    if !(digits && century && matches!(text.len(), 8 | 14)) {
        return None;
    }
    let (date, clock) = text.split_at(8);
    let date = format!("{}-{}-{}", &date[..4], &date[4..6], &date[6..]);
    if clock.is_empty() {
        return iso(&date);
    }
    iso(&format!(
        "{date}T{}:{}:{}",
        &clock[..2],
        &clock[2..4],
        &clock[4..]
    ))
}

/// `[2026, 1, 2, 3, 4, 5, 600000000]`, as Java's serialisers write a time without a zone.
fn of_parts(parts: &[Value]) -> Reading<EpochMillis> {
    let numbers: Option<Vec<i64>> = parts.iter().map(Value::as_i64).collect();
    match numbers.as_deref() {
        Some([year, month, day, rest @ ..]) if rest.len() <= 4 && *year > 99 => {
            let part = |index: usize| rest.get(index).copied().unwrap_or(0);
            civil(*year, *month, *day, [part(0), part(1), part(2), part(3)], 0).unwrap_or(Reading::Unreadable)
        }
        Some([] | [_] | [_, _] | [_, _, _, ..]) | None => Reading::Unreadable,
    }
}

fn civil(
    year: i64,
    month: i64,
    day: i64,
    [hour, minute, second, nano]: [i64; 4],
    offset: i32,
) -> Option<Reading<EpochMillis>> {
    let small = |number: i64| i8::try_from(number).ok();
    if !(1..9999).contains(&year) {
        return Some(Reading::Nothing);
    }
    // 24:00 is the end of a day, and a leap second the end of its minute.
    let (hour, next_day) = if hour == 24 && minute == 0 {
        (0, 1)
    } else {
        (hour, 0)
    };
    let civil = DateTime::new(
        i16::try_from(year).ok()?,
        small(month)?,
        small(day)?,
        small(hour)?,
        small(minute)?,
        small(if second == 60 { 59 } else { second })?,
        i32::try_from(nano).ok()?,
    )
    .ok()?;
    let time = Offset::from_seconds(offset).ok()?.to_timestamp(civil).ok()?;
    Some(in_years((time.as_millisecond() + next_day * 86_400_000) as f64))
}

/// ISO 8601 and its variants: RFC 3339, SQL, Python, Go, Ruby; with `T`, a space or `_`, with or without a fraction.
fn iso(text: &str) -> Option<Reading<EpochMillis>> {
    let (year, rest) = digits(text, 4)?;
    let (separator, rest) = (rest.chars().next()?, rest.get(1..)?);
    if separator.is_ascii_digit() {
        // 20260102T030405Z
        let (date, clock) = text.split_at_checked(8)?;
        let clock = clock.strip_prefix(['T', 't'])?;
        let (digits, zone) = clock.split_at_checked(6)?;
        if !digits
            .bytes()
            .chain(date.bytes())
            .all(|byte| byte.is_ascii_digit())
        {
            return None;
        }
        let date = format!("{}-{}-{}", &date[..4], &date[4..6], &date[6..]);
        return iso(&format!(
            "{date}T{}:{}:{}{zone}",
            &digits[..2],
            &digits[2..4],
            &digits[4..]
        ));
    }
    if !matches!(separator, '-' | '/' | '.') {
        return None;
    }
    let (month, rest) = digits(rest, 2)?;
    let (day, rest) = digits(rest.strip_prefix(separator)?, 2)?;
    let rest = rest.trim_start_matches([',', ' ', 'T', 't', '_']);
    if rest.is_empty() {
        return civil(year, month, day, [0; 4], 0);
    }
    let (clock, rest) = clock(rest)?;
    let zone = zone_seconds(rest)?;
    civil(year, month, day, clock, zone)
}

/// `3:04`, `03:04:05`, `03:04:05.123456`, and the text after it.
fn clock(text: &str) -> Option<([i64; 4], &str)> {
    let (hour, rest) = up_to_two(text)?;
    let (minute, mut rest) = digits(rest.strip_prefix(':')?, 2)?;
    let (mut second, mut nano) = (0, 0);
    if let Some(after) = rest.strip_prefix(':') {
        (second, rest) = digits(after, 2)?;
        if let Some(after) = rest.strip_prefix(['.', ',']) {
            let length = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
            let fraction: String = after[..length]
                .chars()
                .chain("000000000".chars())
                .take(9)
                .collect();
            nano = fraction.parse().ok()?;
            rest = &after[length..];
        }
    }
    Some(([hour, minute, second, nano], rest))
}

fn digits(text: &str, count: usize) -> Option<(i64, &str)> {
    let (digits, rest) = text.split_at_checked(count)?;
    let all = digits.bytes().all(|byte| byte.is_ascii_digit());
    Some((all.then(|| digits.parse().ok())??, rest))
}

fn up_to_two(text: &str) -> Option<(i64, &str)> {
    digits(text, 2).or_else(|| digits(text, 1))
}

/// Seconds east of Greenwich. Names of zones are accepted only if they mean the same in all countries.
fn zone_seconds(text: &str) -> Option<i32> {
    // `+0000 UTC`, `+01:00[Europe/Berlin]`, `GMT+0100 (Central European Standard Time)`, Go's `m=+0.01`
    let text = text.split(['[', '(']).next()?;
    let text = text.split(" m=").next()?.trim();
    let upper = text.to_ascii_uppercase();
    let mut word = upper.as_str();
    for name in ["GMT", "UTC", "UT", "Z"] {
        if let Some(rest) = word.strip_prefix(name) {
            word = rest.trim();
            break;
        }
    }
    let hours = match word {
        "" => return Some(0),
        "CET" => 1,
        "CEST" | "EET" => 2,
        "EEST" => 3,
        "EDT" => -4,
        "EST" | "CDT" => -5,
        "MDT" => -6,
        "MST" | "PDT" => -7,
        "PST" => -8,
        _ => return offset(word),
    };
    Some(hours * 3600)
}

fn offset(text: &str) -> Option<i32> {
    let sign = match text.bytes().next()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    // The offset may be followed by the zone's name: `+0100 CET`.
    let digits = text[1..].split(' ').next()?.replace(':', "");
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = match digits.len() {
        1 | 2 => (digits.parse::<i32>().ok()?, 0),
        4 | 6 => (digits[..2].parse().ok()?, digits[2..4].parse::<i32>().ok()?),
        _ => return None,
    };
    (hours <= 15 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Dates with the month as an English word: RFC 2822 and its predecessors in HTTP, JavaScript, C and Java, and the
/// American notation.
fn with_month_name(text: &str) -> Option<Reading<EpochMillis>> {
    let text = text.split('(').next()?.trim();
    let (mut year, mut month, mut day, mut time, mut zone) = (None, None, None, None, None);
    let mut half = None;
    let hyphened = text.split([' ', ',']).find(|word| {
        word.bytes().filter(|byte| *byte == b'-').count() == 2
            && word.bytes().any(|byte| byte.is_ascii_alphabetic())
    });
    let spaced = match hyphened {
        Some(word) => text.replace(word, &word.replace('-', " ")),
        None => text.to_owned(),
    };
    for word in spaced
        .split([' ', ',', '\u{a0}', '\u{202f}'])
        .filter(|word| !word.is_empty())
    {
        let lower = word.trim_end_matches('.').to_ascii_lowercase();
        let begins = |names: &[&str]| {
            let alphabetic = lower.bytes().all(|byte| byte.is_ascii_alphabetic());
            (alphabetic && lower.len() >= 3)
                .then(|| names.iter().position(|name| lower.starts_with(name)))
                .flatten()
        };
        if word.contains(':') && !word.starts_with(['+', '-']) && !lower.starts_with("gmt") {
            let (clock, rest) = clock(word)?;
            time = Some(clock);
            match rest.to_ascii_lowercase().as_str() {
                "" => {}
                "am" => half = Some(0),
                "pm" => half = Some(12),
                _ => zone = Some(zone_seconds(rest)?),
            }
        } else if lower == "am" || lower == "pm" {
            half = Some(if lower == "am" { 0 } else { 12 });
        } else if lower == "at" || begins(&DAYS).is_some() && month.is_none() {
        } else if month.is_none()
            && let Some(index) = begins(&MONTHS)
        {
            month = Some(i64::try_from(index).ok()? + 1);
        } else if let Ok(number) = lower
            .trim_end_matches(|c: char| c.is_ascii_alphabetic())
            .parse::<i64>()
            && word.bytes().next()?.is_ascii_digit()
        {
            match (word.len(), day) {
                (1..=4, None) if number <= 31 => day = Some(number),
                (4, _) => year = Some(number),
                // RFC 850 has two digits for the year; RFC 9110 says how to complete them.
                (2, Some(_)) if hyphened.is_some() => {
                    year = Some(number + if number < 70 { 2000 } else { 1900 });
                }
                _ => return None,
            }
        } else {
            zone = Some(zone_seconds(word).filter(|_| zone.is_none_or(|zone| zone == 0))?);
        }
    }
    let mut time = time.unwrap_or([0; 4]);
    if let Some(half) = half {
        time[0] = time[0] % 12 + half;
    }
    civil(year?, month?, day?, time, zone.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const AT: EpochMillis = 1_767_323_045_000;

    #[test]
    fn one_moment_in_every_spelling() {
        for value in [
            json!(1_767_323_045),
            json!(1_767_323_045.0),
            json!(1_767_323_045_000_i64),
            json!(1_767_323_045_000_000_i64),
            json!(1_767_323_045_000_000_000_i64),
            json!("1767323045"),
            json!("1767323045000"),
            json!("1767323045.000"),
            json!("2026-01-02T03:04:05Z"),
            json!("2026-01-02t03:04:05.000000000z"),
            json!("2026-01-02T03:04:05"),
            json!("2026-01-02T03:04:05.000000"),
            json!("2026-01-02 03:04:05"),
            json!("2026-01-02 03:04:05.000"),
            json!("2026-01-02 03:04:05+00"),
            json!("2026-01-02 03:04:05 UTC"),
            json!("2026-01-02 03:04:05 +0000 UTC m=+0.000013"),
            json!("2026-01-02T04:04:05+01:00[Europe/Berlin]"),
            json!("2026-01-01T22:04:05-0500"),
            json!("2026/01/02 03:04:05"),
            json!("20260102T030405Z"),
            json!("20260102030405"),
            json!("Fri, 02 Jan 2026 03:04:05 GMT"),
            json!("Fri, 2 Jan 2026 04:04:05 +0100"),
            json!("02 Jan 2026 03:04:05 -0000"),
            json!("Friday, 02-Jan-26 03:04:05 GMT"),
            json!("Fri Jan  2 03:04:05 2026"),
            json!("Fri Jan 02 03:04:05 UTC 2026"),
            json!("Fri Jan 02 2026 05:04:05 GMT+0200 (Eastern European Standard Time)"),
            json!("January 2, 2026 at 3:04:05 AM"),
            json!("/Date(1767323045000)/"),
            json!("/Date(1767323045000+0100)/"),
            json!([2026, 1, 2, 3, 4, 5]),
            json!({"seconds": 1_767_323_045, "nanos": 0}),
            json!({"_seconds": "1767323045", "_nanoseconds": 0}),
            json!({"$date": "2026-01-02T03:04:05Z"}),
            json!({"$date": {"$numberLong": "1767323045000"}}),
            json!({"date": "2026-01-02 03:04:05.000000", "timezone_type": 3, "timezone": "UTC"}),
        ] {
            assert_eq!(time(&value), Reading::Value(AT), "{value}");
        }
        for (value, expected) in [
            (json!("2026-01-02"), AT - 11_045_000),
            (json!("20260102"), AT - 11_045_000),
            (json!([2026, 1, 2]), AT - 11_045_000),
            (json!("2026-01-02T03:04"), AT - 5_000),
            (json!("Jan 2, 2026, 3:04:05 PM"), AT + 43_200_000),
            (json!(1_767_323_045.25), AT + 250),
            (json!("1970-01-01T00:00:01Z"), 1000),
            (json!("2026-01-01T24:00:00Z"), AT - 11_045_000),
        ] {
            assert_eq!(time(&value), Reading::Value(expected), "{value}");
        }
    }

    #[test]
    fn never_and_not_yet_are_no_value() {
        for value in [
            json!(null),
            json!(0),
            json!(-1),
            json!("0"),
            json!(""),
            json!("never"),
            json!("0001-01-01T00:00:00"),
            json!("0001-01-01T00:00:00Z"),
            json!("0000-00-00 00:00:00"),
            json!("1900-01-01T00:00:00Z"),
            json!("1970-01-01T00:00:00Z"),
            json!("9999-12-31T23:59:59.9999999Z"),
            json!("9999-12-31"),
            json!(253_402_300_799_i64),
            json!(253_402_300_799_999_i64),
            json!(i64::MAX),
            json!(9_007_199_254_740_991_i64),
            json!("/Date(-62135596800000)/"),
            json!(-62_135_596_800_i64),
        ] {
            assert_eq!(time(&value), Reading::Nothing, "{value}");
        }
    }

    #[test]
    fn what_has_no_plain_reading_is_none() {
        for value in [
            json!("Invalid Date"),
            json!("yesterday"),
            json!("2026-13-45T99:99:99Z"),
            json!("01/02/2026"),
            json!("2026-01-02T03:04:05 Mars"),
            json!("Jan"),
            json!(true),
            json!(3600),
            json!({}),
            json!([]),
            json!([2026]),
            json!({"date": "2026-01-02", "timezone": "Europe/Berlin"}),
        ] {
            assert_eq!(time(&value), Reading::Unreadable, "{value}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[0-9A-Za-z:./,+ ()é-]{0,40}") {
            let _ = time(&Value::String(text));
        }
    }
}
