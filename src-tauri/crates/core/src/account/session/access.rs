//! The access token for other processes of the user, so that one process renews for all.

use super::{Inner, ServerToken, Session, State};

impl Session {
    /// The access token of the sign-in in force, after the renewal that is under way or due. `None` if there is no
    /// sign-in, it is not renewed now, or the server refuses it.
    ///
    /// Raises no prompt: who asks can do that. A token that was pasted is not given, because it is where who asks finds
    /// it, and one of the environment was given to this process alone.
    pub(crate) async fn access(&self) -> Option<ServerToken> {
        let question = {
            let mut state = self.0.state();
            let under_way = state
                .question
                .as_ref()
                .filter(|question| question.peek().is_none());
            match under_way.cloned() {
                Some(question) => Some(question),
                None if self.0.may_renew_for_others(&state) => Some(self.0.question(&mut state, false)),
                None => None,
            }
        };
        if let Some(question) = question {
            // A failure is part of the state.
            question.await;
        }
        let state = self.0.state();
        let is_good =
            state.is_sign_in() && state.has_usable(self.0.ports.now()) && !state.sign_in.is_rejected();
        let current = state.current.as_ref().filter(|_| is_good)?;
        Some(current.token.clone())
    }
}

impl Inner {
    /// Whether the sign-in in force should be renewed, and may be now.
    fn may_renew_for_others(&self, state: &State) -> bool {
        let now = self.ports.now();
        let is_needed = !state.has_usable(now) || state.sign_in.is_due(now);
        let is_possible = state.sign_in.wait(now).is_none() && !state.sign_in.is_rejected();
        state.is_sign_in() && is_needed && is_possible
    }
}
