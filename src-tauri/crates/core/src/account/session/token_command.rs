//! The token that the administrator's command prints (`auth.command`): when the command is run, what its output means,
//! and what a refusal of the server means. Nothing of it is stored.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use gloria_sign_in::{Lifetime, Moment};
use gloria_stream::{Credential, CredentialError};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::{Answer, Inner, Server, Source, State};
use crate::account::check::{expiry, is_expired};
use crate::message::{self, Message};
use crate::ports::{CommandError, CommandLine};
use crate::protocol::TokenState;
use crate::token::Token;

/// After a refusal, the command is not run more often by itself: it may cost the user's attention or a service's quota,
/// and a token that was refused when it was new is not a matter of trying.
const MIN_RUN_INTERVAL: Duration = Duration::from_secs(60);

/// What shells and JSON put around a text or after it. No token begins or ends with one.
const WRAPPERS: [char; 8] = ['"', '\'', '`', '[', ']', ';', ',', '}'];

/// A command bound to its server: its token is only available for that one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerCommand {
    server: Server,
    command: CommandLine,
}

impl ServerCommand {
    /// Binds a command to the server that its token is for.
    pub fn new(server: Server, command: CommandLine) -> Self {
        Self { server, command }
    }

    /// The command, if its token belongs to this server.
    pub fn for_server(&self, server: &Server) -> Option<&CommandLine> {
        (self.server == *server).then_some(&self.command)
    }

    /// The server that its token belongs to, for messages.
    pub fn server(&self) -> &Server {
        &self.server
    }
}

/// Why there is no token of the command now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the command printed no token: {}", .0.id)]
pub(crate) struct CommandFailed(pub(crate) Message);

/// What a command printed.
#[derive(Debug, Clone)]
struct Printed {
    token: Token,
    /// How long it is valid, as far as it or the command says.
    lasts: Option<Duration>,
}

/// Why that is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unusable {
    Empty,
    NotText,
    NoToken,
    Quoted,
    Over,
}

impl Unusable {
    fn message(self, command: &CommandLine) -> Message {
        let program = command.program().display().to_string();
        match self {
            Self::Empty => message::command_empty(program),
            Self::NotText => message::command_not_text(program),
            Self::NoToken => message::command_no_token(program),
            Self::Quoted => message::command_quoted(program),
            Self::Over => message::command_token_over(program),
        }
    }
}

/// The JSON that a command may print. What else is in it does not matter.
#[derive(Deserialize)]
struct Output {
    access_token: SecretString,
    /// In whole seconds. A number in quotes is refused: taken for none, the token would be used for too long.
    #[serde(default)]
    expires_in: Option<u64>,
}

/// Reads what a command printed: a token in a single line, or JSON.
fn printed(output: &[u8], now: SystemTime) -> Result<Printed, Unusable> {
    let text = str::from_utf8(output).map_err(|_| Unusable::NotText)?;
    // Programs on Windows print a byte order mark unasked. It is no part of a token.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = text.trim_end_matches(['\r', '\n']);
    if text.trim().is_empty() {
        return Err(Unusable::Empty);
    }
    let is_white = |c: char| matches!(c, '\t' | '\r' | '\n');
    if text.contains(|c: char| c.is_control() && !is_white(c)) {
        return Err(Unusable::NotText);
    }
    let (token, said) = if text.trim_start().starts_with('{') {
        let output: Output = serde_json::from_str(text).map_err(|_| Unusable::NoToken)?;
        (output.access_token, output.expires_in)
    } else {
        (SecretString::from(text), None)
    };
    if is_wrapped(token.expose_secret()) {
        // It could be sent, and would be refused without a hint at the cause.
        return Err(Unusable::Quoted);
    }
    let token = Token::issued(token).ok_or(Unusable::NoToken)?;
    if said == Some(0) || is_expired(&token, now) {
        return Err(Unusable::Over);
    }
    // By a clock that is fast, a good token has ended; the server knows better.
    let left = expiry(&token).and_then(|end| end.duration_since(now).ok());
    let left = left.filter(|left| !left.is_zero());
    let lasts = said.map(Duration::from_secs).into_iter().chain(left).min();
    Ok(Printed { token, lasts })
}

/// Whether this has around it what belongs to the format that it was taken from.
fn is_wrapped(token: &str) -> bool {
    let token = token.trim();
    token.starts_with(WRAPPERS) || token.ends_with(WRAPPERS)
}

/// The command's token in memory. Empty before the first run.
#[derive(Debug, Default)]
pub(super) struct Commanded {
    /// When the command was last begun.
    ran: Option<Moment>,
    lifetime: Option<Lifetime>,
    /// The server refused the token in force.
    refused: bool,
    /// The token in force, which the server has not accepted yet, replaced one that it refused.
    replaces: bool,
    /// The user wants another attempt.
    asked: bool,
}

impl Commanded {
    /// The user wants another attempt: a token that was refused is not sent again.
    pub(super) fn on_user_asked(&mut self) {
        self.asked = true;
    }

    fn may_run_after_refusal(&self, now: Moment) -> bool {
        self.asked || self.ran.is_none_or(|ran| ran.elapsed(now) >= MIN_RUN_INTERVAL)
    }

    /// Whether a request needs another token than the one in force.
    fn has_to_run(&self, now: Moment) -> bool {
        let is_over = self.lifetime.is_none_or(|lifetime| lifetime.is_expired(now));
        is_over || (self.refused && self.may_run_after_refusal(now))
    }

    fn on_run(&mut self, now: Moment) {
        self.ran = Some(now);
        self.replaces = self.refused;
        self.asked = false;
    }

    /// `is_another` says whether the token differs from the one before: a command may have a cache.
    fn on_printed(&mut self, lifetime: Lifetime, is_another: bool) {
        self.lifetime = Some(lifetime);
        self.refused &= !is_another;
    }

    /// The server refused the token in force. Whether another run may help.
    fn on_refused(&mut self, now: Moment) -> bool {
        self.refused = true;
        !self.replaces && self.may_run_after_refusal(now)
    }

    /// The server accepted the token in force. Whether that is news.
    pub(super) fn on_accepted(&mut self) -> bool {
        self.replaces = false;
        std::mem::take(&mut self.refused)
    }
}

/// How a request gets the command's token.
pub(super) enum ByCommand {
    Ready(Credential),
    Running(Shared<BoxFuture<'static, Answer>>),
}

impl Inner {
    /// The token of the command, if one is set for this server and the environment has none.
    pub(super) fn by_command(self: &Arc<Self>, state: &mut State) -> Option<ByCommand> {
        let command = self.options.command.as_ref()?;
        if state.is_environments() {
            return None;
        }
        let ready = self
            .credential(state)
            .filter(|_| !state.commanded.has_to_run(self.ports.now()));
        Some(match ready {
            Some(ready) => ByCommand::Ready(ready),
            None => ByCommand::Running(self.run_command(state, command)),
        })
    }

    /// The run under way, or a new one. Its task goes on when its callers are gone: its answer is of use to the next.
    fn run_command(
        self: &Arc<Self>,
        state: &mut State,
        command: &CommandLine,
    ) -> Shared<BoxFuture<'static, Answer>> {
        // A finished run is left over only if its task failed.
        if let Some(run) = state.question.as_ref().filter(|run| run.peek().is_none()) {
            return run.clone();
        }
        let began = self.ports.now();
        state.commanded.on_run(began);
        let output = self.ports.commands.run(command);
        let (inner, asked, command) = (Arc::clone(self), state.decision, command.clone());
        let answered = tokio::spawn(async move {
            let output = output.await;
            inner.on_command_ended(asked, began, &command, output)
        });
        let run = async { answered.await.unwrap_or_else(|_| Answer::failed()) }
            .boxed()
            .shared();
        state.question = Some(run.clone());
        run
    }

    fn on_command_ended(
        &self,
        asked: u64,
        began: Moment,
        command: &CommandLine,
        output: Result<Zeroizing<Vec<u8>>, CommandError>,
    ) -> Answer {
        let printed = output
            .map_err(|error| error.message(command))
            .and_then(|output| printed(&output, began.wall).map_err(|unusable| unusable.message(command)));
        let mut state = self.state();
        if state.decision != asked {
            return Answer::Superseded;
        }
        state.question = None;
        let Printed { token, lasts } = match printed {
            Ok(printed) => printed,
            Err(why) => {
                tracing::warn!(%why, "the command printed no token");
                self.publish(&state, TokenState::CommandFailed, Some(why.clone()));
                return Answer::Settled(Err(CredentialError::NotRenewed(CommandFailed(why).into())));
            }
        };
        let before = state.generation;
        let entry = self.options.entry.clone();
        self.set_current(&mut state, Some((token, Source::Command, entry)));
        let is_another = state.generation != before;
        tracing::info!(is_another, "the command printed a token");
        let lifetime = Lifetime {
            received: began,
            lasts,
        };
        state.commanded.on_printed(lifetime, is_another);
        self.publish_commanded(&state);
        Answer::Settled(self.credential(&state).ok_or(CredentialError::Missing))
    }

    /// The server refused the command's token. It is run again once, not in a circle.
    pub(super) fn on_command_refused(&self, state: &mut State) {
        if !state.commanded.on_refused(self.ports.now()) {
            self.publish_commanded(state);
        }
    }

    pub(super) fn publish_commanded(&self, state: &State) {
        let Some(command) = self.options.command.as_ref().filter(|_| state.commanded.refused) else {
            return self.publish(state, TokenState::Present, None);
        };
        let program = command.program().display().to_string();
        let problem = message::command_token_refused(program);
        self.publish(state, TokenState::Rejected, Some(problem));
    }
}

#[cfg(test)]
mod tests;
