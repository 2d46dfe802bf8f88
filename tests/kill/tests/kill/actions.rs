//! What a user does with items meanwhile: flags that come and go. Each has to be at the server, once and in order.

use std::collections::{BTreeMap, HashMap};

use fastrand::Rng;
use gloria_backend::{ChangeKind, Control};

use crate::stored::Stored;
use crate::truth::Truth;
use crate::verdict::{Kind, Wrong, about};

/// What was done with an item since it was posted last.
#[derive(Debug, Clone, Copy, Default)]
struct Done {
    /// The number of its posts.
    version: usize,
    is_flagged: bool,
    times: usize,
    /// Whether an action may have failed halfway, or been one on an earlier post.
    is_unknown: bool,
}

pub(crate) struct Actions {
    rng: Rng,
    done: BTreeMap<String, Done>,
}

impl Actions {
    pub(crate) fn new(rng: Rng) -> Self {
        Self {
            rng,
            done: BTreeMap::new(),
        }
    }

    /// How many there were.
    pub(crate) fn count(&self) -> usize {
        self.done.values().map(|done| done.times).sum()
    }

    /// Chooses an item, and whether it is flagged now.
    pub(crate) fn choose(&mut self, truth: &Truth) -> Option<(String, bool)> {
        let kept = truth
            .items
            .iter()
            .filter(|(key, item)| key.starts_with("n:") && item.is_kept());
        // The same ones recur.
        let newest: Vec<_> = kept.rev().take(20).collect();
        let (key, item) = self.rng.choice(newest)?;
        let done = self
            .done
            .get(key)
            .filter(|done| done.version == item.versions.len());
        Some((key.clone(), !done.is_some_and(|done| done.is_flagged)))
    }

    /// Records what was chosen, and whether the program said that it is done with what was posted last.
    pub(crate) fn record(&mut self, truth: &Truth, key: &str, is_flagged: bool, succeeded: bool) {
        let version = truth.items[key].versions.len();
        let done = self.done.entry(key.to_owned()).or_default();
        if done.version != version {
            *done = Done {
                version,
                ..Done::default()
            };
        }
        done.times += 1;
        if succeeded {
            done.is_flagged = is_flagged;
        } else {
            done.is_unknown = true;
        }
    }

    /// Returns what is wrong in the end, when nothing is on its way any more.
    pub(crate) fn judge(&self, truth: &Truth, stored: &Stored, control: &Control) -> Vec<Wrong> {
        let mut applied: HashMap<String, Vec<bool>> = HashMap::new();
        let mut keys: HashMap<(String, String), usize> = HashMap::new();
        for change in control.observed().changes {
            let ChangeKind::Patch(body) = change.kind else {
                continue;
            };
            let flagged = body.get("flagged").and_then(serde_json::Value::as_bool);
            if let Some(flagged) = flagged.filter(|_| change.applied) {
                applied
                    .entry(change.notification.clone())
                    .or_default()
                    .push(flagged);
                let key = change.key.unwrap_or_default();
                *keys.entry((key, change.notification)).or_default() += 1;
            }
        }
        let mut wrong = Vec::new();
        for ((key, notification), times) in keys {
            if times > 1 || key.is_empty() {
                let what = format!("an action with the key {key:?} was carried out {times} times");
                wrong.push(about(Kind::Action, &format!("n:{notification}"), what));
            }
        }
        for (key, done) in &self.done {
            let item = &truth.items[key];
            if !item.is_kept() || item.versions.len() != done.version || done.is_unknown {
                continue;
            }
            let id = key.trim_start_matches("n:");
            let there = control
                .notification(id)
                .is_some_and(|there| there["flaggedAt"].is_string());
            let here = stored.flags.get(key).copied().unwrap_or_default();
            if there != done.is_flagged || here.is_flagged != done.is_flagged || here.is_pending {
                let what = format!("{done:?} by the user, {here:?} here, flagged at the server: {there}");
                wrong.push(about(Kind::Action, key, what));
            }
            let sent = applied.get(id).map_or(&[][..], Vec::as_slice);
            let alternates = sent.iter().enumerate().all(|(place, on)| *on == (place % 2 == 0));
            if done.version == 1 && (!alternates || sent.len() > done.times) {
                let what = format!("{done:?} by the user was carried out as {sent:?}");
                wrong.push(about(Kind::Action, key, what));
            }
        }
        wrong
    }
}
