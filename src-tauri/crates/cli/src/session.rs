//! Selects the server and its token.

use std::io::{IsTerminal as _, Read as _};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use gloria_core::account::address::Address;
use gloria_core::account::session::{EnvironmentTokenError, Server, ServerToken, environment_token};
use gloria_core::account::{Accounts, Entry, ErasingSecrets, Erasures, proxy_password};
use gloria_core::message::{self, Message};
use gloria_core::ports::{SecretError, Secrets};
use gloria_core::settings::{Layers, Settings};
use gloria_core::token::{AuthTransport, Token, TokenError};
use gloria_desktop::Keyring;
use gloria_desktop::socket::ask_failure;
use gloria_ipc::AskError;
use gloria_program::process;
use gloria_stream::{Credential, CredentialError, CredentialProvider, Generation, ProxyChoice};
use serde::Serialize;

use crate::USAGE;
use crate::output::{self, Format, Lines, catalogue, failure, print_error};

/// As much of the standard input as is read: a token of 16 KiB, with the quotes and line ends that people paste around
/// one.
const MAX_INPUT_BYTES: u64 = 64 * 1024;

/// Selects the server.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[arg(long)]
    address: Option<String>,
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    kind: Outcome,
    address: &'a str,
}

/// The settings in effect for this user; mistakes in them are printed to stderr.
pub(crate) fn settings() -> anyhow::Result<Settings> {
    let paths = gloria_program::paths(process::variable)?;
    let layers = Layers::read(&paths.settings(), &paths.managed);
    let resolved = Settings::resolve(&layers, process::text_variable);
    for problem in &resolved.problems {
        print_error(&problem.message());
    }
    Ok(resolved.settings)
}

/// The system's keyring, in which what erased accounts left is not there.
///
/// # Errors
///
/// When the system refuses a thread for it.
pub(crate) fn keyring(may_prompt: bool, erasures: &Erasures) -> std::io::Result<ErasingSecrets> {
    let keyring = if may_prompt {
        Keyring::new()?
    } else {
        Keyring::without_prompts()?
    };
    Ok(ErasingSecrets::new(Arc::new(keyring), erasures.clone()))
}

fn erasures() -> anyhow::Result<Erasures> {
    Ok(Erasures::read(&gloria_program::paths(process::variable)?))
}

fn address(options: &Options) -> anyhow::Result<Result<Address, Message>> {
    let settings = settings()?;
    Ok(match &options.address {
        Some(text) => Address::parse(text, settings.allow_plain_http)
            .inspect(|address| {
                if address.is_bare_word(text) {
                    print_error(&message::address_bare_word(address.to_string()));
                }
            })
            .map_err(|error| error.message()),
        None => settings.address.ok_or_else(message::cli_no_server),
    })
}

/// Stores the token from stdin.
pub(crate) async fn login(options: Options) -> anyhow::Result<ExitCode> {
    let address = match address(&options)? {
        Ok(address) => address.server(),
        Err(problem) => {
            print_error(&problem);
            return Ok(ExitCode::from(USAGE));
        }
    };
    if std::io::stdin().is_terminal() {
        print_error(&message::cli_paste_token());
    }
    let mut text = String::new();
    // What is longer is refused as too long, and what never ends is not read to its end.
    std::io::stdin()
        .take(MAX_INPUT_BYTES)
        .read_to_string(&mut text)
        .map_err(|error| failure(&message::cli_token_unreadable(error.to_string())))?;
    let token = match Token::parse(&text) {
        Ok(token) => token,
        Err(error) => {
            print_error(&error.message());
            return Ok(ExitCode::from(USAGE));
        }
    };
    keyring(true, &erasures()?)?.store(&address, token).await?;
    notify_running_app(&address).await;
    print_outcome(Outcome::LoggedIn, &address, options.json)
}

/// Removes the token.
pub(crate) async fn logout(options: Options) -> anyhow::Result<ExitCode> {
    let address = match address(&options)? {
        Ok(address) => address.server(),
        Err(problem) => {
            print_error(&problem);
            return Ok(ExitCode::from(USAGE));
        }
    };
    let keyring = keyring(true, &erasures()?)?;
    // Forgetting what is not there is no error to the keyring, and would read like a success.
    if load(&keyring, &address).await?.is_none() {
        print_error(&message::cli_not_logged_in(&address));
        return print_outcome(Outcome::NotLoggedIn, &address, options.json);
    }
    for entry in entries(&address) {
        keyring.forget(&entry).await?;
    }
    notify_running_app(&address).await;
    print_outcome(Outcome::LoggedOut, &address, options.json)
}

/// Where a server's token may be: a new one in the server's own entry, else in that of the account that was used last.
fn entries(server: &str) -> Vec<String> {
    let mut entries = vec![server.to_owned()];
    if let Ok(paths) = gloria_program::paths(process::variable) {
        let own = Accounts::read(&paths).in_force(server).map(Entry::keyring_name);
        entries.extend(own.filter(|own| own != server));
    }
    entries
}

async fn load(keyring: &ErasingSecrets, server: &str) -> Result<Option<Token>, SecretError> {
    if let Some(token) = keyring.load(server).await? {
        return Ok(Some(token));
    }
    // Only now: an app that runs may have moved the token there a moment ago.
    for entry in entries(server).iter().skip(1) {
        if let Some(token) = keyring.load(entry).await? {
            return Ok(Some(token));
        }
    }
    Ok(None)
}

/// An app that runs asks the keyring anew. Without this it would go on with the token that it has, or wait.
async fn notify_running_app(address: &str) {
    let Ok(paths) = gloria_program::paths(process::variable) else {
        return;
    };
    match gloria_ipc::send_credentials_changed(&paths.data, address).await {
        Ok(()) | Err(AskError::NotRunning) => {}
        Err(
            error @ (AskError::Silent | AskError::Unreachable(_) | AskError::Unknown | AskError::Refused(_)),
        ) => {
            print_error(&message::cli_taken_up_later(ask_failure(&error)));
        }
    }
}

/// The result for the token.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
enum Outcome {
    LoggedIn,
    LoggedOut,
    NotLoggedIn,
}

impl Outcome {
    /// For a person, where there is more to say than was said on stderr.
    fn message(self, address: &str) -> Option<Message> {
        match self {
            Self::LoggedIn => Some(message::cli_logged_in(address)),
            Self::LoggedOut => Some(message::cli_logged_out(address)),
            Self::NotLoggedIn => None,
        }
    }
}

fn print_outcome(outcome: Outcome, address: &str, json: bool) -> anyhow::Result<ExitCode> {
    match Format::chosen(json) {
        Format::Json => {
            let mut lines = Lines::new();
            lines.write(&Line {
                kind: outcome,
                address,
            })?;
            lines.flush()?;
        }
        Format::Words => {
            let text_of = outcome.message(address).map(|message| catalogue().say(&message));
            output::print_words(text_of)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The proxy with its password, where the keyring has one for it.
pub(crate) async fn proxy(settings: &Settings, may_prompt: bool) -> anyhow::Result<ProxyChoice> {
    let choice = settings.proxy.clone();
    if proxy_password::entry_to_load(&choice).is_none() {
        return Ok(choice);
    }
    let keyring = keyring(may_prompt, &erasures()?)?;
    match proxy_password::with_stored_password(choice.clone(), &keyring).await {
        Ok(completed) => Ok(completed),
        Err(error) => {
            print_error(&message::cli_proxy_password(error.message()));
            Ok(choice)
        }
    }
}

/// The token of one command: `GLORIA_TOKEN` where it is this server's, else the keyring, asked on each attempt.
pub(crate) struct CommandTokens {
    /// The keyring entry's name.
    entry: String,
    server: Server,
    transport: AuthTransport,
    given: Option<ServerToken>,
    keyring: Option<ErasingSecrets>,
    /// A stream named by its full URL may need no token at all.
    optional: bool,
}

impl CommandTokens {
    /// Says on stderr where `GLORIA_TOKEN` is another server's.
    ///
    /// # Errors
    ///
    /// When the system refuses a thread for the keyring; within, when `GLORIA_TOKEN` is no token.
    pub(crate) fn new(
        address: &Address,
        settings: &Settings,
        may_prompt: bool,
        optional: bool,
    ) -> anyhow::Result<Result<Self, TokenError>> {
        let server = Server::of(address);
        let given = match environment_token(
            process::text_variable,
            &settings.token_for,
            settings.address.as_ref(),
        ) {
            Ok(given) => given,
            Err(EnvironmentTokenError::Malformed(error)) => return Ok(Err(error)),
            Err(error @ EnvironmentTokenError::NoServer) => {
                print_error(&message::cli_token_unsent(error.message()));
                None
            }
        };
        let given = given.filter(|own| {
            let is_its_own = own.for_server(&server).is_some();
            if !is_its_own {
                let (own, asked) = (own.server().to_string(), server.to_string());
                print_error(&message::cli_token_of_another(own, asked));
            }
            is_its_own
        });
        let keyring = match given {
            Some(_) => None,
            None => Some(keyring(may_prompt, &erasures()?)?),
        };
        Ok(Ok(Self {
            entry: address.server(),
            server,
            transport: settings.auth_transport,
            given,
            keyring,
            optional,
        }))
    }

    async fn token(&self) -> Result<Option<Token>, SecretError> {
        let given = self.given.as_ref().and_then(|own| own.for_server(&self.server));
        match (given, &self.keyring) {
            (Some(token), _) => Ok(Some(token.clone())),
            (None, Some(keyring)) => load(keyring, &self.entry).await,
            (None, None) => Ok(None),
        }
    }
}

impl CredentialProvider for CommandTokens {
    fn credential(&self) -> BoxFuture<'_, Result<Credential, CredentialError>> {
        async move {
            let token = match self.token().await {
                Err(error) if self.optional => {
                    tracing::info!(%error, "no token from the keyring; asking without one");
                    None
                }
                token => token.map_err(|error| CredentialError::Unavailable(error.into()))?,
            };
            match token {
                Some(token) => Ok(Credential::of(Generation::default(), token.proof(self.transport))),
                None if self.optional => Ok(Credential::ANONYMOUS),
                None => Err(CredentialError::Missing),
            }
        }
        .boxed()
    }
}
