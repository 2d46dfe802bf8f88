//! Looks at the app, the server and this computer, all at once and each for a limited time.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt as _;
use gloria_core::account::address::Address;
use gloria_core::account::session::{Server, environment_token};
use gloria_core::connection::{Acceptance, Asking, accepts};
use gloria_core::doctor::reach::reach;
use gloria_core::doctor::{AppSeen, AppStatus, Observed, Probed, SavedSignIn, ServerSeen, SettingsSeen};
use gloria_core::grant::Secret;
use gloria_core::message::{self, Phrase};
use gloria_core::ports::{Autostart as _, SecretError, Secrets as _};
use gloria_core::settings::{Layers, Origin, Resolved, Settings};
use gloria_core::token::Token;
use gloria_desktop::socket::ask_failure;
use gloria_desktop::{LoginEntry, survey};
use gloria_ipc::AskError;
use gloria_program::process;
use gloria_stream::http::HttpOptions;
use gloria_stream::{DialLimits, NetworkOptions};
use tokio::time::{Instant, timeout, timeout_at};

use super::disk;
use crate::session::{self, USER_AGENT};

/// An app that runs answers within milliseconds.
pub(super) const APP_TIMEOUT: Duration = Duration::from_secs(3);

/// A keyring that is started for it takes a second or two. It is asked three times at most: for the proxy's password
/// and for two entries.
const KEYRING_TIMEOUT: Duration = Duration::from_secs(3);

/// A local disk answers within milliseconds, a network drive that is awake within a second.
const DISK_TIMEOUT: Duration = Duration::from_secs(3);

/// What is saved for the server, and the token if it can be used.
struct Saved {
    kind: Probed<SavedSignIn>,
    keyring: Probed<Result<(), SecretError>>,
    token: Option<Token>,
}

/// All that was seen.
pub(super) struct Looked {
    pub(super) seen: Observed,
    /// The document that the app answered with.
    pub(super) status: Option<String>,
    /// The saved token, which must be in no report.
    pub(super) token: Option<Token>,
}

/// Looks at everything until the deadline.
///
/// # Errors
/// When there is no place for the app's files.
pub(super) async fn observe(deadline: Instant) -> anyhow::Result<Looked> {
    let paths = gloria_program::paths(process::variable)?;
    let resolved = Settings::resolve(&Layers::of(&paths), process::text_variable);
    let settings = &resolved.settings;
    let at = SystemTime::now();
    let app = app(&paths.data).shared();
    let (_, (server, saved, acceptance), notifications, tray, sound, disk) = tokio::join!(
        app.clone(),
        at_server(app.clone(), settings, deadline),
        survey::notification_service(),
        survey::tray_host(),
        survey::sound_device(),
        disk::look(&paths, DISK_TIMEOUT),
    );
    let (app, status) = app.await;
    let seen = Observed {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        at,
        app,
        settings: seen_settings(&resolved),
        server,
        sign_in: saved.kind,
        acceptance,
        keyring: saved.keyring,
        notifications,
        tray,
        sound,
        autostart: LoginEntry::find(|name| std::env::var_os(name), PathBuf::new()).is_on(),
        disk,
        test_alert: None,
    };
    Ok(Looked {
        seen,
        status,
        token: saved.token,
    })
}

async fn app(data: &Path) -> (AppSeen, Option<String>) {
    match asked(data).await {
        Ok(document) => match AppStatus::read(&document) {
            Some(status) => (AppSeen::Running(Box::new(status)), Some(document)),
            // What another version says of itself is still worth reading.
            None => (AppSeen::Unreachable(message::cli_app_senseless()), Some(document)),
        },
        Err(seen) => (seen, None),
    }
}

/// The app's document, or why there is none.
async fn asked(data: &Path) -> Result<String, AppSeen> {
    match timeout(APP_TIMEOUT, gloria_ipc::ask_status(data)).await {
        Err(_) => Err(AppSeen::Unreachable(message::app_silent())),
        Ok(Err(AskError::NotRunning)) => Err(AppSeen::NotRunning),
        Ok(Err(
            error @ (AskError::Silent | AskError::Unreachable(_) | AskError::Unknown | AskError::Refused(_)),
        )) => Err(AppSeen::Unreachable(ask_failure(&error))),
        Ok(Ok(document)) => Ok(document),
    }
}

fn seen_settings(resolved: &Resolved) -> SettingsSeen {
    let shown = resolved.shown();
    let by_policy = shown.iter().filter(|setting| setting.origin == Origin::Policy);
    SettingsSeen {
        problems: resolved
            .problems
            .iter()
            .map(|problem| problem.message())
            .collect(),
        set_by_policy: by_policy.count(),
        is_without_notifications: !resolved.settings.receives_notifications(),
    }
}

/// How far a request comes, what is saved, and where no app runs, whether the server accepts a token.
async fn at_server(
    app: impl Future<Output = (AppSeen, Option<String>)>,
    settings: &Settings,
    deadline: Instant,
) -> (Option<ServerSeen>, Saved, Option<Acceptance>) {
    let Some(address) = &settings.address else {
        let nothing = Saved {
            kind: Probed::Untried,
            keyring: keyring_alone().await,
            token: None,
        };
        return (None, nothing, None);
    };
    let http = http(settings).await;
    let token = async {
        let saved = saved(address, settings).await;
        let accepted = match &saved.token {
            // One stream for a user: what an app does, or may do, is not repeated beside it.
            Some(token) if app.await.0 == AppSeen::NotRunning => {
                let asking = Asking {
                    address,
                    token,
                    transport: settings.auth_transport,
                    user_agent: USER_AGENT.to_owned(),
                    // There is one attempt, and nothing to spread.
                    seed: 0,
                    network: http.network.clone(),
                };
                let began = Instant::now();
                let accepted = timeout_at(deadline, accepts(asking)).await;
                let late = |_| Acceptance::Unknown(message::cause_answer_timeout(whole_seconds(began)));
                Some(accepted.unwrap_or_else(late))
            }
            Some(_) | None => None,
        };
        (saved, accepted)
    };
    let (server, (saved, accepted)) = tokio::join!(reach(address, http.clone()), token);
    (server, saved, accepted)
}

/// How long that took.
pub(super) fn whole_seconds(began: Instant) -> Duration {
    Duration::from_secs(began.elapsed().as_secs())
}

/// The way out of the network. A keyring that does not give the proxy's password in time is left out.
pub(super) async fn http(settings: &Settings) -> HttpOptions {
    match timeout(KEYRING_TIMEOUT, session::http(settings, false)).await {
        Ok(Ok(http)) => http,
        Ok(Err(_)) | Err(_) => HttpOptions {
            user_agent: USER_AGENT.to_owned(),
            network: NetworkOptions {
                system_proxies: Some(gloria_desktop::system_proxies()),
                ..settings.network()
            },
            limits: DialLimits::default(),
        },
    }
}

/// The keyring's answer where there is nothing to ask it for.
async fn keyring_alone() -> Probed<Result<(), SecretError>> {
    load("https://gloria.invalid")
        .await
        .map_seen(|loaded| loaded.map(drop))
}

async fn saved(address: &Address, settings: &Settings) -> Saved {
    let server = address.server();
    let mut loaded = Probed::Seen(Ok(None));
    for entry in session::account_entry(&server).into_iter().chain([server]) {
        loaded = load(&entry).await;
        if !matches!(loaded, Probed::Seen(Ok(None))) {
            break;
        }
    }
    let (found, keyring) = match loaded {
        Probed::Seen(Ok(found)) => (Probed::Seen(found), Probed::Seen(Ok(()))),
        Probed::Seen(Err(error)) => (Probed::Untried, Probed::Seen(Err(error))),
        Probed::Hangs(limit) => (Probed::Hangs(limit), Probed::Hangs(limit)),
        Probed::Untried => (Probed::Untried, Probed::Untried),
    };
    let given = environment_token(
        process::text_variable,
        &settings.token_for,
        settings.address.as_ref(),
    );
    let given = given.ok().flatten();
    let given = given
        .as_ref()
        .and_then(|own| own.for_server(&Server::of(address)));
    let (kind, token) = if let Some(token) = given {
        (Probed::Seen(SavedSignIn::Variable), Some(token.clone()))
    } else if session::command_for(address, settings).is_some() {
        (Probed::Seen(SavedSignIn::Command), None)
    } else {
        match found {
            Probed::Seen(Some(Secret::Token(token))) => (Probed::Seen(SavedSignIn::Token), Some(token)),
            Probed::Seen(Some(Secret::Grant(_))) => (Probed::Seen(SavedSignIn::Grant), None),
            Probed::Seen(None) => (Probed::Seen(SavedSignIn::Nothing), None),
            Probed::Hangs(limit) => (Probed::Hangs(limit), None),
            Probed::Untried => (Probed::Untried, None),
        }
    };
    Saved { kind, keyring, token }
}

/// What the keyring has in an entry. It raises no prompt.
async fn load(entry: &str) -> Probed<Result<Option<Secret>, SecretError>> {
    let opened = session::erasures().map(|erasures| session::keyring(false, &erasures));
    let keyring = match opened {
        Ok(Ok(keyring)) => Arc::new(keyring),
        Ok(Err(error)) => return Probed::Seen(Err(SecretError::Unavailable(error.to_string().into()))),
        Err(error) => return Probed::Seen(Err(SecretError::Unavailable(error.to_string().into()))),
    };
    match timeout(KEYRING_TIMEOUT, keyring.load_without_prompt(entry)).await {
        // Where every look raises a prompt.
        Ok(Err(SecretError::Unavailable(Phrase::Message(why)))) if why == message::keyring_would_prompt() => {
            Probed::Untried
        }
        Ok(loaded) => Probed::Seen(loaded),
        Err(_) => Probed::Hangs(KEYRING_TIMEOUT),
    }
}
