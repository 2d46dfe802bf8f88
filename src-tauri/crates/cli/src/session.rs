//! Selects the server and its token.

use std::process::ExitCode;
use std::sync::{Arc, Once};

use clap::Args;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use gloria_core::account::address::Address;
use gloria_core::account::session::{
    CommandOptions, CommandPorts, CommandSession, EnvironmentTokenError, Server, ServerToken,
    environment_token,
};
use gloria_core::account::{Accounts, Entry, ErasingSecrets, Erasures, proxy_password};
use gloria_core::message::{self, Message};
use gloria_core::ports::CommandLine;
use gloria_core::provider::Pins;
use gloria_core::settings::{Layers, Settings};
use gloria_core::token::{AuthTransport, TokenError};
use gloria_desktop::socket::ask_failure;
use gloria_desktop::{FolderLock, Keyring, Processes};
use gloria_ipc::AskError;
use gloria_program::process;
use gloria_stream::http::HttpOptions;
use gloria_stream::{
    Credential, CredentialError, CredentialProvider, DialLimits, Generation, NetworkOptions, ProxyChoice,
};
use serde::Serialize;

use crate::app_token::AppToken;
use crate::output::{self, Format, Lines, catalogue, print_error};

/// Of all requests of a command.
pub(crate) const USER_AGENT: &str = concat!("gloria/", env!("CARGO_PKG_VERSION"));

/// Selects the server.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[arg(long)]
    pub(crate) address: Option<String>,
    #[arg(long)]
    pub(crate) json: bool,
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
    let layers = Layers::of(&paths);
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

/// Like [`keyring`], for a command that somebody waits for: the prompt of a locked keyring is waited for until it is
/// answered, which is said on stderr.
///
/// # Errors
///
/// When the system refuses a thread for it.
fn awaited_keyring(erasures: &Erasures) -> std::io::Result<ErasingSecrets> {
    let said = Once::new();
    let keyring = Keyring::awaiting(move || {
        said.call_once(|| print_error(&message::cli_keyring_asks()));
    })?;
    Ok(ErasingSecrets::new(Arc::new(keyring), erasures.clone()))
}

pub(crate) fn erasures() -> anyhow::Result<Erasures> {
    Ok(Erasures::read(&gloria_program::paths(process::variable)?))
}

pub(crate) fn address(options: &Options, settings: &Settings) -> Result<Address, Message> {
    match &options.address {
        Some(text) => Address::parse(text, settings.allow_plain_http)
            .inspect(|address| {
                if address.is_bare_word(text) {
                    print_error(&message::address_bare_word(address.to_string()));
                }
            })
            .map_err(|error| error.message()),
        None => settings.address.clone().ok_or_else(message::cli_no_server),
    }
}

/// The entry of the account that was used last, where a server's token is if it is not in the server's own entry.
pub(crate) fn account_entry(server: &str) -> Option<String> {
    let paths = gloria_program::paths(process::variable).ok()?;
    let own = Accounts::read(&paths).in_force(server).map(Entry::keyring_name);
    own.filter(|own| own != server)
}

/// The keyring and the lock that it is used with.
pub(crate) fn ports(may_prompt: bool) -> anyhow::Result<CommandPorts> {
    ports_with(keyring(may_prompt, &erasures()?)?)
}

/// Like [`ports`], with an [`awaited_keyring`].
pub(crate) fn awaited_ports() -> anyhow::Result<CommandPorts> {
    ports_with(awaited_keyring(&erasures()?)?)
}

fn ports_with(secrets: ErasingSecrets) -> anyhow::Result<CommandPorts> {
    let paths = gloria_program::paths(process::variable)?;
    Ok(CommandPorts {
        secrets: Arc::new(secrets),
        exclusive: Arc::new(FolderLock::new(&paths)),
        commands: Arc::new(Processes::default()),
    })
}

/// The providers of earlier sign-ins.
pub(crate) fn pins() -> anyhow::Result<Pins> {
    Ok(Pins::new(&gloria_program::paths(process::variable)?))
}

/// The way out of the network, as the stream takes it.
pub(crate) async fn http(settings: &Settings, may_prompt: bool) -> anyhow::Result<HttpOptions> {
    Ok(HttpOptions {
        user_agent: USER_AGENT.to_owned(),
        network: NetworkOptions {
            system_proxies: Some(gloria_desktop::system_proxies()),
            proxy: proxy(settings, may_prompt).await?,
            ..settings.network()
        },
        limits: DialLimits::default(),
    })
}

/// The session of this command.
pub(crate) fn session(
    address: &Address,
    settings: &Settings,
    ports: CommandPorts,
    http: HttpOptions,
) -> CommandSession {
    let of = CommandOptions {
        transport: settings.auth_transport,
        account: account_entry(&address.server()),
        command: command_for(address, settings),
        rule: settings.grant_rule(),
    };
    CommandSession::new(address, of, ports, http)
}

/// The administrator's command that prints the token of this server.
pub(crate) fn command_for(address: &Address, settings: &Settings) -> Option<CommandLine> {
    let command = settings.command()?;
    command.for_server(&Server::of(address)).cloned()
}

/// Says on stderr where the command is set and not used.
fn print_unused_command(server: &Server, settings: &Settings) {
    match settings.command() {
        Some(command) if command.for_server(server).is_none() => {
            let (own, asked) = (command.server().to_string(), server.to_string());
            print_error(&message::cli_command_of_another(own, asked));
        }
        None if settings.auth_command.is_some() => print_error(&message::cli_command_unsent()),
        Some(_) | None => {}
    }
}

/// An app that runs asks the keyring anew. Without this it would go on with the token that it has, or wait.
pub(crate) async fn notify_running_app(address: &str) {
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
pub(crate) enum Outcome {
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

pub(crate) fn print_outcome(outcome: Outcome, address: &str, json: bool) -> anyhow::Result<ExitCode> {
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
async fn proxy(settings: &Settings, may_prompt: bool) -> anyhow::Result<ProxyChoice> {
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

/// The token of one command: `GLORIA_TOKEN` where it is this server's, else that of the running app's sign-in, else
/// what the keyring has.
pub(crate) struct CommandTokens {
    server: Server,
    transport: AuthTransport,
    given: Option<ServerToken>,
    /// `None` where the administrator's command prints the token: the app may not know that yet.
    app: Option<AppToken>,
    session: Option<CommandSession>,
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
        http: HttpOptions,
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
        let session = match given {
            Some(_) => None,
            None => {
                print_unused_command(&server, settings);
                Some(session(address, settings, ports(may_prompt)?, http))
            }
        };
        let data = gloria_program::paths(process::variable)?.data;
        Ok(Ok(Self {
            server,
            transport: settings.auth_transport,
            given,
            app: command_for(address, settings)
                .is_none()
                .then(|| AppToken::new(data, address.server())),
            session,
            optional,
        }))
    }

    /// The session, unless the environment has the token.
    pub(crate) fn session(&self) -> Option<&CommandSession> {
        self.session.as_ref()
    }
}

impl CredentialProvider for CommandTokens {
    fn credential(&self) -> BoxFuture<'_, Result<Credential, CredentialError>> {
        async move {
            let given = self.given.as_ref().and_then(|own| own.for_server(&self.server));
            let credential = match (given, &self.session) {
                (Some(token), _) => Ok(Credential::of(Generation::default(), token.proof(self.transport))),
                (None, Some(session)) => {
                    let of_the_app = match &self.app {
                        Some(app) => app.credential(self.transport).await,
                        None => None,
                    };
                    match of_the_app {
                        Some(credential) => Ok(credential),
                        None => session.credential().await,
                    }
                }
                (None, None) => Err(CredentialError::Missing),
            };
            match credential {
                Err(error) if self.optional => {
                    tracing::info!(%error, "no token from the keyring; asking without one");
                    Ok(Credential::ANONYMOUS)
                }
                credential => credential,
            }
        }
        .boxed()
    }

    fn invalidate(&self, refused: Generation) {
        if let Some(session) = &self.session
            && !self.app.as_ref().is_some_and(|app| app.on_refused(refused))
        {
            session.invalidate(refused);
        }
    }
}
