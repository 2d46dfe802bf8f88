//! The window's program, seen from the agent: there is one, or one is on its way, or there is none.

use std::time::{Duration, Instant};

use tokio::sync::mpsc;

/// How long a window may take from its start to its first word. On a slow disk it reads a hundred megabytes.
const START_TIMEOUT: Duration = Duration::from_secs(15);

/// A window that is attached is asked to come to the front by this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raise {
    /// Of the click, where the desktop gave one.
    pub activation_token: Option<String>,
}

/// What there is of the window.
#[derive(Debug, Default)]
pub(super) enum WindowState {
    #[default]
    Closed,
    Starting {
        since: Instant,
        /// Of the newest click that the start has not been given.
        token: Option<String>,
    },
    Attached(mpsc::UnboundedSender<Raise>),
}

/// What a wish to see the window comes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Opening {
    /// Start the program.
    Launch,
    /// It is there, or will be in a moment.
    Done,
}

impl WindowState {
    /// Somebody wants to see the window.
    pub(super) fn open(&mut self, token: Option<&String>, now: Instant) -> Opening {
        match self {
            Self::Attached(raise) => {
                let raised = raise.send(Raise {
                    activation_token: token.cloned(),
                });
                if raised.is_ok() {
                    return Opening::Done;
                }
            }
            // A second click while it starts must not start a second one.
            Self::Starting { since, token: newest } if now < *since + START_TIMEOUT => {
                if token.is_some() {
                    *newest = token.cloned();
                }
                return Opening::Done;
            }
            Self::Starting { .. } | Self::Closed => {}
        }
        *self = Self::Starting {
            since: now,
            token: None,
        };
        Opening::Launch
    }

    /// A window is there. `None` if there is another one already.
    pub(super) fn attach(&mut self) -> Option<mpsc::UnboundedReceiver<Raise>> {
        if let Self::Attached(raise) = self
            && !raise.is_closed()
        {
            return None;
        }
        let (raise, receiver) = mpsc::unbounded_channel();
        if let Self::Starting {
            token: Some(token), ..
        } = self
        {
            // The receiver is right here.
            let _ = raise.send(Raise {
                activation_token: Some(token.clone()),
            });
        }
        *self = Self::Attached(raise);
        Some(receiver)
    }

    /// The start came to nothing.
    pub(super) fn on_launch_failed(&mut self) {
        if let Self::Starting { .. } = self {
            *self = Self::Closed;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_clicks_start_one_window_which_comes_to_the_front_by_the_second() {
        let (mut window, now) = (WindowState::default(), Instant::now());
        let second = "second".to_owned();
        assert_eq!(window.open(Some(&"first".to_owned()), now), Opening::Launch);
        assert_eq!(window.open(Some(&second), now), Opening::Done);
        assert_eq!(window.open(None, now), Opening::Done);
        let mut raises = window.attach().expect("the first window");
        assert_eq!(
            raises.try_recv().ok().and_then(|raise| raise.activation_token),
            Some(second)
        );
        assert!(window.attach().is_none(), "a second window is refused");
        assert_eq!(window.open(None, now), Opening::Done);
        assert!(raises.try_recv().is_ok());
    }

    #[test]
    fn a_window_that_is_gone_is_started_anew() {
        let (mut window, now) = (WindowState::default(), Instant::now());
        drop(window.attach());
        assert_eq!(window.open(None, now), Opening::Launch);
        assert!(window.attach().is_some());
    }

    #[test]
    fn a_start_that_fails_or_takes_too_long_is_tried_again() {
        let (mut window, now) = (WindowState::default(), Instant::now());
        assert_eq!(window.open(None, now), Opening::Launch);
        window.on_launch_failed();
        assert_eq!(window.open(None, now), Opening::Launch);
        let late = now + START_TIMEOUT;
        assert_eq!(window.open(None, late), Opening::Launch);
        assert_eq!(window.open(None, late), Opening::Done);
    }
}
