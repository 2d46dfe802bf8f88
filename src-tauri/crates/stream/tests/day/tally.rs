//! Counts what happened in a day.

/// Counters, to check that everything happened.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Tally {
    pub(crate) published: u64,
    pub(crate) dials: u64,
    pub(crate) replayed: u64,
    pub(crate) repeated: u64,
    pub(crate) closed: u64,
    pub(crate) broken: u64,
    pub(crate) stalls: u64,
    pub(crate) garbage: u64,
    pub(crate) refused: u64,
    pub(crate) busy: u64,
    pub(crate) web_pages: u64,
    pub(crate) unavailable: u64,
    pub(crate) unauthorized: u64,
    pub(crate) halts: u64,
    pub(crate) silences: u64,
    pub(crate) commands: u64,
    pub(crate) crashes: u64,
    pub(crate) without_cursor: u64,
}

impl Tally {
    fn counts(&self) -> [(&'static str, u64); 18] {
        [
            ("published", self.published),
            ("dials", self.dials),
            ("replayed", self.replayed),
            ("repeated", self.repeated),
            ("closed", self.closed),
            ("broken", self.broken),
            ("stalls", self.stalls),
            ("garbage", self.garbage),
            ("refused", self.refused),
            ("busy", self.busy),
            ("web pages", self.web_pages),
            ("unavailable", self.unavailable),
            ("unauthorized", self.unauthorized),
            ("halts", self.halts),
            ("silences", self.silences),
            ("commands", self.commands),
            ("crashes", self.crashes),
            ("without a cursor", self.without_cursor),
        ]
    }

    pub(crate) fn assert_everything_happened(&self) {
        for (what, count) in self.counts() {
            assert!(count >= 10, "{what} happened {count} times only");
        }
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, day: Self) {
        self.published += day.published;
        self.dials += day.dials;
        self.replayed += day.replayed;
        self.repeated += day.repeated;
        self.closed += day.closed;
        self.broken += day.broken;
        self.stalls += day.stalls;
        self.garbage += day.garbage;
        self.refused += day.refused;
        self.busy += day.busy;
        self.web_pages += day.web_pages;
        self.unavailable += day.unavailable;
        self.unauthorized += day.unauthorized;
        self.halts += day.halts;
        self.silences += day.silences;
        self.commands += day.commands;
        self.crashes += day.crashes;
        self.without_cursor += day.without_cursor;
    }
}
