//! A realistic working day of staff notifications, from the script in `demo/day.toml`.
//!
//! The seed determines texts, recipients and rhythm; the caller determines the time.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::Control;

const SCRIPT: &str = include_str!("demo/day.toml");

/// The server of the script's links.
const ORIGIN: &str = "https://gloria.example";

/// The number of scenes that come quickly, so that a new user sees something soon.
const OPENING: usize = 4;

/// The maximum time before each of those.
const OPENING_PACE: Duration = Duration::from_millis(700);

/// Seconds in an hour, for the script's hours.
const HOUR: f64 = 3600.0;

/// The script has a mistake; a test excludes that.
#[derive(Debug, thiserror::Error)]
#[error("the demo's script cannot be played: {0}")]
pub struct ScriptError(String);

/// An event that is ready to be pushed.
#[derive(Clone, Debug, PartialEq)]
pub struct Posting {
    /// The event's type.
    pub event: String,
    /// The event's data.
    pub data: Value,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Script {
    cast: Vec<String>,
    backlog: Vec<Past>,
    scene: Vec<Scene>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Past {
    event: String,
    key: String,
    hours_ago: f64,
    read_hours_later: Option<f64>,
    data: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scene {
    event: String,
    key: String,
    data: Map<String, Value>,
}

/// The demo's events, one after another and forever: after the last scene, a new day begins with new ids.
#[derive(Debug)]
pub struct Feed {
    script: Script,
    pace: Duration,
    rng: fastrand::Rng,
    day: u32,
    next: usize,
}

impl Feed {
    /// Returns a feed with about `pace` between two events.
    ///
    /// # Errors
    ///
    /// When the embedded script has a mistake.
    pub fn new(seed: u64, pace: Duration) -> Result<Self, ScriptError> {
        let script: Script = toml::from_str(SCRIPT).map_err(|error| ScriptError(error.to_string()))?;
        if script.scene.is_empty() {
            return Err(ScriptError("it has no scene".into()));
        }
        let mut feed = Self {
            script,
            pace,
            rng: fastrand::Rng::with_seed(seed),
            day: 1,
            next: 0,
        };
        feed.rng.shuffle(&mut feed.script.cast);
        Ok(feed)
    }

    /// Returns the events before `start`, oldest first, for about two days.
    ///
    /// # Errors
    ///
    /// When the script has a mistake.
    pub fn backlog(&mut self, start: Timestamp) -> Result<Vec<Posting>, ScriptError> {
        let mut postings = Vec::new();
        for past in &self.script.backlog {
            let made = start - hours(past.hours_ago);
            let mut writer = EventWriter {
                cast: &self.script.cast,
                rng: &mut self.rng,
                day: self.day,
                now: made,
            };
            postings.push((made, writer.posting(&past.event, &past.key, &past.data)?));
            if let Some(later) = past.read_hours_later {
                let read = made + hours(later);
                let data = json!({ "id": writer.id(&past.key), "readAt": read.to_string() });
                postings.push((
                    read,
                    Posting {
                        event: "notification.updated".into(),
                        data,
                    },
                ));
            }
        }
        postings.sort_by_key(|(at, _)| *at);
        Ok(postings.into_iter().map(|(_, posting)| posting).collect())
    }

    /// Returns how long to wait before [`Feed::next`]: the pace, plus or minus up to a half.
    pub fn pause(&mut self) -> Duration {
        if self.day == 1 && self.next < OPENING {
            return self.pace.min(OPENING_PACE);
        }
        self.pace.mul_f64(0.5 + self.rng.f64())
    }

    /// Returns the next event, created at `now`.
    ///
    /// # Errors
    ///
    /// When the script has a mistake.
    pub fn next(&mut self, now: Timestamp) -> Result<Posting, ScriptError> {
        if self.next == self.script.scene.len() {
            self.next = 0;
            self.day += 1;
            self.rng.shuffle(&mut self.script.cast);
        }
        let scene = &self.script.scene[self.next];
        self.next += 1;
        let mut writer = EventWriter {
            cast: &self.script.cast,
            rng: &mut self.rng,
            day: self.day,
            now,
        };
        writer.posting(&scene.event, &scene.key, &scene.data)
    }

    /// Pushes the backlog at once, then one event after another until the future is dropped.
    ///
    /// # Errors
    ///
    /// When the script has a mistake; otherwise it runs forever.
    pub async fn play(mut self, control: Control, start: Timestamp) -> Result<(), ScriptError> {
        for Posting { event, data } in self.backlog(start)? {
            control.push(&event, data);
        }
        loop {
            tokio::time::sleep(self.pause()).await;
            let Posting { event, data } = self.next(Timestamp::now())?;
            control.push(&event, data);
        }
    }
}

fn hours(hours: f64) -> SignedDuration {
    SignedDuration::from_secs_f64(hours * HOUR)
}

/// Fills in what the script leaves open.
struct EventWriter<'a> {
    cast: &'a [String],
    rng: &'a mut fastrand::Rng,
    day: u32,
    now: Timestamp,
}

impl EventWriter<'_> {
    fn id(&self, key: &str) -> String {
        format!("{key}-{}", self.day)
    }

    fn posting(
        &mut self,
        event: &str,
        key: &str,
        fields: &Map<String, Value>,
    ) -> Result<Posting, ScriptError> {
        // People stay the same from day to day, everything else is new.
        let (id_field, id) = match event.split_once('.').map_or(event, |(family, _)| family) {
            "workflow" => ("workflowId", self.id(key)),
            "user" => ("userId", key.to_owned()),
            _ => ("id", self.id(key)),
        };
        let mut data = Map::new();
        for (field, value) in fields {
            data.insert(field.clone(), self.fill(field, value, &id)?);
        }
        data.insert(id_field.into(), id.into());
        let made = matches!(
            event,
            "notification.created" | "system.announcement" | "system.maintenance"
        );
        if made || event.starts_with("workflow.") {
            data.insert("createdAt".into(), self.now.to_string().into());
        }
        Ok(Posting {
            event: event.into(),
            data: data.into(),
        })
    }

    fn fill(&mut self, field: &str, value: &Value, id: &str) -> Result<Value, ScriptError> {
        Ok(match value {
            Value::String(text) if field.ends_with("At") => {
                let from_now: SignedDuration = text
                    .parse()
                    .map_err(|_| ScriptError(format!("{field} = {text:?} is not a duration")))?;
                (self.now + from_now).to_string().into()
            }
            Value::String(text) if field == "link" => format!("{ORIGIN}{}", self.text(text, id)?).into(),
            Value::String(text) if field == "supersedes" => self.id(text).into(),
            Value::String(text) => self.text(text, id)?.into(),
            Value::Array(items) => items
                .iter()
                .map(|item| self.fill(field, item, id))
                .collect::<Result<Vec<_>, _>>()?
                .into(),
            Value::Object(fields) => {
                let mut filled = Map::new();
                for (field, value) in fields {
                    filled.insert(field.clone(), self.fill(field, value, id)?);
                }
                filled.into()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        })
    }

    fn text(&mut self, text: &str, id: &str) -> Result<String, ScriptError> {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').ok_or_else(|| unknown(text, "{"))?;
            filled.push_str(before);
            filled.push_str(&self.word(name, id).ok_or_else(|| unknown(text, name))?);
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    fn word(&mut self, name: &str, id: &str) -> Option<String> {
        if name == "id" {
            return Some(id.into());
        }
        if let Some((low, high)) = name.split_once("..") {
            let (low, high): (u32, u32) = (low.parse().ok()?, high.parse().ok()?);
            return (low <= high).then(|| self.rng.u32(low..=high).to_string());
        }
        let person: usize = name.strip_prefix('p')?.parse().ok()?;
        self.cast.get(person.checked_sub(1)?).cloned()
    }
}

fn unknown(text: &str, name: &str) -> ScriptError {
    ScriptError(format!("{name:?} in {text:?} means nothing"))
}
