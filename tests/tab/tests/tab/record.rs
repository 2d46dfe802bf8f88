//! What a client asked for and showed, and how two of them differ.

use std::fmt;

use crate::script::shortened;

/// A request that reached the server.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Path and query, without what only repeats the header. After a redirect a tab goes on asking the address that it
    /// was led to, and we ask the first one again: there is nothing to compare.
    pub(crate) path: Option<String>,
    /// The header, as it came; empty where there was none.
    pub(crate) last_event_id: Vec<u8>,
}

impl fmt::Debug for Asked {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "GET {} Last-Event-ID {}",
            self.path.as_deref().unwrap_or("…"),
            shortened(&self.last_event_id)
        )
    }
}

/// An event that a client showed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) event: String,
    pub(crate) data: String,
    pub(crate) id: String,
}

impl fmt::Debug for Shown {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [event, data, id] = [&self.event, &self.data, &self.id].map(|text| shortened(text.as_bytes()));
        write!(out, "event {event} id {id} data {data}")
    }
}

/// All that a client did with a script.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    pub(crate) asked: Vec<Asked>,
    pub(crate) shown: Vec<Shown>,
    /// Data that the server waited for in vain.
    pub(crate) awaited: Vec<String>,
    /// What it ended in.
    pub(crate) ended: Ended,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Not yet.
    #[default]
    Running,
    /// The client gave up for good: of itself, or because it was sent away with 204.
    GaveUp,
    /// It was stopped, for it had done all that a tab that gave up had done.
    Enough,
    /// It came to no end, and this is all there is to say.
    Stuck(String),
}

impl Record {
    /// Whether the client was led through the whole script, so that the 204 at its end was its last answer.
    pub(crate) fn is_whole(&self, answers: usize) -> bool {
        self.asked.len() == answers + 1 && self.ended == Ended::GaveUp
    }

    /// Whether this has done all that the other did, in this order, and perhaps more after it.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        self.asked.starts_with(&other.asked) && self.shown.starts_with(&other.shown)
    }
}

/// Where ours is not what the tab was; nothing where it is.
///
/// A tab stops for ever at many an answer which ours outlives. What ours did up to there has to be the same. Where the
/// tab came through to the end of the script, ours must have done the same and nothing else.
pub(crate) fn differences(tab: &Record, ours: &Record, answers: usize) -> Vec<String> {
    let mut found = Vec::new();
    match &tab.ended {
        Ended::GaveUp => {}
        Ended::Running | Ended::Enough => found.push("the tab did not end".to_owned()),
        Ended::Stuck(words) => found.push(format!("the tab did not come to its end: {words}")),
    }
    if let Ended::Stuck(words) = &ours.ended {
        found.push(format!("we did not come to our end: {words}"));
    }
    let whole = tab.is_whole(answers);
    found.extend(difference("request", &tab.asked, &ours.asked, whole));
    found.extend(difference("event", &tab.shown, &ours.shown, whole));
    for data in ours.awaited.iter().filter(|data| !tab.awaited.contains(data)) {
        found.push(format!(
            "the tab showed {data:?} while the connection was open, and we did not"
        ));
    }
    found
}

fn difference<T: PartialEq + fmt::Debug>(what: &str, tab: &[T], ours: &[T], whole: bool) -> Option<String> {
    let same = tab.iter().zip(ours).take_while(|(tab, ours)| tab == ours).count();
    let number = same + 1;
    match (tab.get(same), ours.get(same)) {
        (None, None) => None,
        (None, Some(ours)) if whole => Some(format!("{what} {number}: the tab had none\n      we  {ours:?}")),
        (None, Some(_)) => None,
        (Some(tab), None) => Some(format!("{what} {number}: we had none\n      tab {tab:?}")),
        (Some(tab), Some(ours)) => Some(format!(
            "{what} {number} differs\n      tab {tab:?}\n      we  {ours:?}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(ids: &[&str], shown: &[&str]) -> Record {
        let asked = ids.iter().map(|id| Asked {
            path: Some("/sse".to_owned()),
            last_event_id: id.as_bytes().to_vec(),
        });
        let shown = shown.iter().map(|data| Shown {
            event: "message".to_owned(),
            data: (*data).to_owned(),
            id: String::new(),
        });
        Record {
            asked: asked.collect(),
            shown: shown.collect(),
            awaited: Vec::new(),
            ended: Ended::GaveUp,
        }
    }

    #[test]
    fn of_a_whole_script_nothing_may_differ() {
        let tab = record(&["", "1"], &["a", "b"]);
        assert!(differences(&tab, &tab, 1).is_empty());
        for (ours, words) in [
            (record(&["", "1"], &["a"]), "event 2: we had none"),
            (record(&["", "1"], &["a", "b", "b"]), "event 3: the tab had none"),
            (record(&["", "1"], &["b", "a"]), "event 1 differs"),
            (record(&["", "2"], &["a", "b"]), "request 2 differs"),
            (record(&[""], &["a", "b"]), "request 2: we had none"),
            (
                record(&["", "1", "1"], &["a", "b"]),
                "request 3: the tab had none",
            ),
        ] {
            let found = differences(&tab, &ours, 1);
            assert!(found.len() == 1 && found[0].starts_with(words), "{found:?}");
        }
    }

    #[test]
    fn what_a_tab_that_gave_up_never_saw_is_ours_to_have() {
        let tab = record(&["", "1"], &["a"]);
        assert!(differences(&tab, &record(&["", "1", "1"], &["a", "b"]), 5).is_empty());
        assert_eq!(differences(&tab, &record(&["", "1", "1"], &["b"]), 5).len(), 1);
        assert_eq!(differences(&tab, &record(&[""], &["a"]), 5).len(), 1);
    }

    #[test]
    fn who_does_not_end_or_shows_late_differs() {
        let tab = record(&[""], &["a"]);
        let mut ours = tab.clone();
        ours.ended = Ended::Stuck("it waits".to_owned());
        assert_eq!(differences(&tab, &ours, 0).len(), 1);
        assert_eq!(differences(&ours, &tab, 0).len(), 1);
        let mut ours = tab.clone();
        ours.awaited.push("a".to_owned());
        assert_eq!(differences(&tab, &ours, 0).len(), 1);
        assert!(differences(&ours, &tab, 0).is_empty());
    }
}
