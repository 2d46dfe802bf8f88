//! Whether the user looks at the inbox. The window system knows the focus, the page knows what it shows, and the
//! desktop session knows whether the user is there. A page can crash or freeze and a screen can be locked, so none of
//! them is enough alone, and the page's report expires after a short time.

use std::time::{Duration, Instant};

use crate::ports::SessionState;
use crate::protocol::WindowView;

/// How often the page repeats its report. Reports are cheap, and a frozen page is noticed soon.
pub const PAGE_REPORT_INTERVAL: Duration = Duration::from_secs(5);

/// When the page's report expires: two may be late or lost on a busy machine.
pub const PAGE_LEASE_TIMEOUT: Duration = Duration::from_secs(15);

/// A user without input for this long counts as absent; reading a long text takes less.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(3 * 60);

/// The state of the window according to the window system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WindowPresence {
    /// It has the keyboard focus.
    pub focused: bool,
    /// It is on the screen, neither minimised nor hidden.
    pub visible: bool,
    /// The last key or pointer event in it; `None` if that is not known.
    pub last_input: Option<Instant>,
}

/// The page's report of what it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageReport {
    /// What it shows.
    pub view: WindowView,
    /// When it was made.
    pub at: Instant,
}

impl PageReport {
    /// Returns what it shows at `now`: nothing once it has expired.
    pub(crate) fn view_at(&self, now: Instant) -> WindowView {
        if now < self.at + PAGE_LEASE_TIMEOUT {
            self.view
        } else {
            WindowView::default()
        }
    }
}

/// Whether the user sees the newest part of the inbox.
pub fn in_view(
    window: Option<&WindowPresence>,
    page: Option<&PageReport>,
    session: SessionState,
    now: Instant,
) -> bool {
    page.is_some_and(|page| page.view_at(now).inbox_visible) && is_attended(window, session, now)
}

/// Whether the user is at the window, whatever it shows.
pub(crate) fn is_attended(window: Option<&WindowPresence>, session: SessionState, now: Instant) -> bool {
    window.is_some_and(|window| {
        window.focused && window.visible && !session.locked && !is_idle(window, session, now)
    })
}

/// The session's information has precedence. Without it, a window that has focus gets all input, so its idle time is
/// the user's.
fn is_idle(window: &WindowPresence, session: SessionState, now: Instant) -> bool {
    session
        .idle
        .unwrap_or_else(|| window.last_input.is_some_and(|input| now >= input + IDLE_TIMEOUT))
}

/// The state of window, page and session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Presence {
    window: Option<WindowPresence>,
    page: Option<PageReport>,
    session: SessionState,
}

impl Presence {
    /// Sets the state of the window; `None` without one. The page's report ends with its window, so that a late one is
    /// not taken for the next window's.
    pub(crate) fn on_window(&mut self, window: Option<WindowPresence>) {
        if window.is_none() || self.window.is_none() {
            self.page = None;
        }
        self.window = window;
    }

    /// Sets what the page shows.
    pub(crate) fn on_page(&mut self, view: WindowView, now: Instant) {
        self.page = Some(PageReport { view, at: now });
    }

    /// Sets the state of the session.
    pub(crate) fn on_session(&mut self, session: SessionState) {
        self.session = session;
    }

    /// Returns the initial state of a core that takes over: it observes the session anew, and observers report only
    /// differences from the default.
    #[must_use]
    pub(crate) fn without_session(self) -> Self {
        Self {
            session: SessionState::default(),
            ..self
        }
    }

    /// See [`in_view`].
    pub(crate) fn in_view(&self, now: Instant) -> bool {
        in_view(self.window.as_ref(), self.page.as_ref(), self.session, now)
    }

    /// See [`is_attended`].
    pub(crate) fn is_attended(&self, now: Instant) -> bool {
        is_attended(self.window.as_ref(), self.session, now)
    }

    /// Returns what the page shows, unless its report has expired.
    pub(crate) fn view(&self, now: Instant) -> WindowView {
        self.page
            .map_or_else(WindowView::default, |page| page.view_at(now))
    }

    /// Returns when the result next changes after `since` without an event: a report expires, or the user counts as
    /// idle.
    pub(crate) fn due(&self, since: Instant) -> Option<Instant> {
        let lease = self.page.map(|page| page.at + PAGE_LEASE_TIMEOUT);
        let idle = self
            .window
            .and_then(|window| window.last_input)
            .map(|input| input + IDLE_TIMEOUT);
        [lease, idle]
            .into_iter()
            .flatten()
            .filter(|due| *due > since)
            .min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INBOX: WindowView = WindowView {
        inbox_visible: true,
        connection_visible: false,
    };

    /// Returns an instant that tests can subtract from.
    fn noon() -> Instant {
        Instant::now() + Duration::from_secs(24 * 60 * 60)
    }

    fn looked_at(now: Instant) -> (WindowPresence, PageReport, SessionState) {
        let window = WindowPresence {
            focused: true,
            visible: true,
            last_input: Some(now),
        };
        (
            window,
            PageReport { view: INBOX, at: now },
            SessionState::default(),
        )
    }

    #[test]
    fn each_of_the_three_can_say_no() {
        let now = noon();
        let (window, page, session) = looked_at(now);
        let seen = |window: WindowPresence, page: PageReport, session| {
            in_view(Some(&window), Some(&page), session, now)
        };
        assert!(seen(window, page, session));
        assert!(!in_view(None, Some(&page), session, now), "no window");
        assert!(
            !in_view(Some(&window), None, session, now),
            "a page that said nothing"
        );
        let other = WindowPresence {
            focused: false,
            ..window
        };
        assert!(!seen(other, page, session), "another window is in front");
        let minimised = WindowPresence {
            visible: false,
            ..window
        };
        assert!(!seen(minimised, page, session));
        let elsewhere = PageReport {
            view: WindowView::default(),
            ..page
        };
        assert!(!seen(window, elsewhere, session), "the preferences are shown");
        let locked = SessionState {
            locked: true,
            ..session
        };
        assert!(!seen(window, page, locked));
    }

    #[test]
    fn the_page_repeats_itself_as_often_as_it_is_expected_to() {
        let page = include_str!("../../../../../ui/src/App.svelte");
        let interval = format!("const REPORT_MS = {}_000;", PAGE_REPORT_INTERVAL.as_secs());
        assert!(page.contains(&interval));
    }

    #[test]
    fn a_page_that_says_nothing_more_is_not_believed_for_long() {
        let now = noon();
        let (window, page, session) = looked_at(now);
        let after = |passed| in_view(Some(&window), Some(&page), session, now + passed);
        assert!(after(PAGE_LEASE_TIMEOUT - Duration::from_millis(1)));
        assert!(!after(PAGE_LEASE_TIMEOUT));
        assert!(
            PAGE_LEASE_TIMEOUT > 2 * PAGE_REPORT_INTERVAL,
            "one report may be lost"
        );
    }

    #[test]
    fn whoever_left_does_not_look() {
        let now = noon();
        let (window, page, _) = looked_at(now);
        let idle_since = |passed: Duration, idle| {
            let window = WindowPresence {
                last_input: Some(now - passed),
                ..window
            };
            let session = SessionState { locked: false, idle };
            !in_view(Some(&window), Some(&page), session, now)
        };
        let second = Duration::from_secs(1);
        assert!(!idle_since(IDLE_TIMEOUT - second, None));
        assert!(
            idle_since(IDLE_TIMEOUT, None),
            "no input in the window that gets it all"
        );
        assert!(!idle_since(IDLE_TIMEOUT, Some(false)), "the session knows better");
        assert!(idle_since(Duration::ZERO, Some(true)));
        let unknown = WindowPresence {
            last_input: None,
            ..window
        };
        assert!(in_view(Some(&unknown), Some(&page), SessionState::default(), now));
    }

    #[test]
    fn what_ends_by_itself_is_due_then() {
        let now = noon();
        let mut presence = Presence::default();
        assert_eq!(presence.due(now), None);
        presence.on_window(Some(WindowPresence {
            focused: true,
            visible: true,
            last_input: Some(now),
        }));
        presence.on_page(INBOX, now);
        assert!(presence.in_view(now));
        assert_eq!(presence.due(now), Some(now + PAGE_LEASE_TIMEOUT));
        let later = now + PAGE_LEASE_TIMEOUT;
        assert!(!presence.in_view(later));
        assert_eq!(presence.due(later), Some(now + IDLE_TIMEOUT));
        assert_eq!(presence.due(now + IDLE_TIMEOUT), None);
        presence.on_page(INBOX, later);
        assert!(presence.in_view(later));
        presence.on_window(None);
        assert_eq!(
            presence.view(later),
            WindowView::default(),
            "the page went with its window"
        );
        presence.on_page(INBOX, later);
        presence.on_window(Some(WindowPresence::default()));
        assert_eq!(
            presence.view(later),
            WindowView::default(),
            "the last word of the page before is not the next one's"
        );
    }

    #[test]
    fn a_core_that_takes_over_does_not_believe_that_the_screen_is_still_locked() {
        let mut presence = Presence::default();
        presence.on_session(SessionState {
            locked: true,
            idle: Some(true),
        });
        assert_eq!(presence.without_session(), Presence::default());
    }
}
