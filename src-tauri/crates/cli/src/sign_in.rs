//! `gloria login`: at a provider in the browser, with a code on another device, or with a token from stdin.

use std::io::{IsTerminal as _, Read as _};
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use futures_util::future::join;
use gloria_core::account::address::Address;
use gloria_core::message::{self, Message};
use gloria_core::ports::Opener as _;
use gloria_core::provider::{self, SignInPlace};
use gloria_core::settings::Settings;
use gloria_core::token::Token;
use gloria_desktop::Browser as SystemBrowser;
use gloria_sign_in::{
    Asked, Browser, Client, Grant, Identity, Moment, Pages, Progress, Prompt, Provider, SystemEntropy,
    discover,
};
use gloria_stream::http::Http;

use crate::acceptance::Checked;
use crate::interruption::Interruption;
use crate::output::{catalogue, failure, print_error};
use crate::session::{self, Outcome, address, notify_running_app, print_outcome, settings};
use crate::{NO_TOKEN, USAGE};

mod keeping;

use keeping::{Keeping, Unkept};

/// As much of the standard input as is read: a token of 16 KiB, with the quotes and line ends that people paste around
/// one.
const MAX_INPUT_BYTES: u64 = 64 * 1024;

/// How to log in.
#[derive(Debug, Args)]
pub(crate) struct LoginOptions {
    #[command(flatten)]
    server: session::Options,
    #[arg(long)]
    token: bool,
    #[arg(long, conflicts_with = "token")]
    device: bool,
    #[arg(long, conflicts_with_all = ["token", "device"])]
    other: bool,
}

/// Signs in with the browser if the settings or the server say where; otherwise, and with a token on stdin, stores the
/// token.
pub(crate) async fn login(options: LoginOptions) -> anyhow::Result<ExitCode> {
    let LoginOptions {
        server: options,
        token,
        device,
        other,
    } = options;
    let settings = settings()?;
    let address = match address(&options, &settings) {
        Ok(address) => address,
        Err(problem) => {
            print_error(&problem);
            return Ok(ExitCode::from(USAGE));
        }
    };
    if session::command_for(&address, &settings).is_some() {
        print_error(&message::command_signs_in());
        return Ok(ExitCode::from(USAGE));
    }
    // What is written to a pipe or redirected from a file is a token.
    let wants_token = token || (!device && !other && !std::io::stdin().is_terminal());
    if !wants_token {
        match place(&address, &settings, device || other).await? {
            Place::Provider(provider) => {
                let way = match (device, other) {
                    (true, _) => Way::Device,
                    (false, false) => Way::Browser(Prompt::Settings),
                    (false, true) => Way::Browser(Prompt::Login),
                };
                return run(&address, *provider, &settings, way, options.json).await;
            }
            Place::Token => {}
            Place::None(code) => return Ok(code),
        }
    }
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
    let http = session::http(&settings, true).await?;
    let asked = match Checked::server(&address, &settings, http, &token).await {
        Ok(asked) => asked,
        Err(why) => {
            print_error(&message::cli_token_refused(why));
            return Ok(ExitCode::from(NO_TOKEN));
        }
    };
    let address = address.server();
    session::awaited_ports()?.store_token(&address, token).await?;
    asked.print();
    notify_running_app(&address).await;
    print_outcome(Outcome::LoggedIn, &address, options.json)
}

/// What a login is made with.
enum Place {
    Provider(Box<Provider>),
    Token,
    /// Nothing, and the exit code.
    None(ExitCode),
}

/// Finds out where to sign in, and prints what the user should know before the browser opens.
async fn place(address: &Address, settings: &Settings, needs_provider: bool) -> anyhow::Result<Place> {
    let http = Http::new(session::http(settings, true).await?);
    let pins = session::pins()?;
    match provider::find(&http, address, settings, &pins).await {
        Ok(SignInPlace::Set(provider)) => Ok(Place::Provider(Box::new(provider))),
        Ok(SignInPlace::Named(provider)) => {
            let (server, issuer) = (address.server(), provider.issuer.as_str());
            print_error(&message::cli_sign_in_named(server, issuer));
            Ok(Place::Provider(Box::new(provider)))
        }
        Ok(changed @ SignInPlace::Changed { .. }) => on_changed(changed).await,
        Ok(SignInPlace::Nowhere) if needs_provider => {
            print_error(&message::cli_no_provider());
            Ok(Place::None(ExitCode::from(USAGE)))
        }
        Ok(SignInPlace::Nowhere) => {
            print_error(&message::sign_in_offer_nothing());
            Ok(Place::Token)
        }
        Err(error) => {
            print_error(&error.message());
            // A token would be needed only until the server says where to sign in.
            let gives_up = needs_provider || error.is_transient();
            Ok(if gives_up {
                Place::None(ExitCode::from(NO_TOKEN))
            } else {
                Place::Token
            })
        }
    }
}

/// Asks whether another provider than the last time is followed. Without a terminal it is not.
async fn on_changed(changed: SignInPlace) -> anyhow::Result<Place> {
    if let Some(why) = changed.change_message() {
        print_error(&why);
    }
    let SignInPlace::Changed { provider, .. } = changed else {
        return Ok(Place::None(ExitCode::from(NO_TOKEN)));
    };
    let mut answer = String::new();
    if std::io::stdin().is_terminal() {
        print_error(&message::cli_ask_to_follow(provider.issuer.as_str()));
        std::io::stdin().read_line(&mut answer)?;
    }
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        Ok(Place::Provider(Box::new(provider)))
    } else {
        print_error(&message::cli_sign_in_cancelled());
        Ok(Place::None(ExitCode::from(NO_TOKEN)))
    }
}

/// How somebody signs in at a provider.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// In the browser, which may be signed in already.
    Browser(Prompt),
    Device,
}

/// Signs in at this provider and stores what renews the sign-in.
async fn run(
    address: &Address,
    provider: Provider,
    settings: &Settings,
    way: Way,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let options = session::http(settings, true).await?;
    let session = session::session(address, settings, session::awaited_ports()?, options.clone());
    let http = Http::new(options.clone());
    let named = provider.clone();
    let interruption = Interruption::new();
    let signed_in = async {
        let client = interruption.or(connect(http, provider)).await;
        let client = client.ok_or_else(message::cli_sign_in_cancelled)??;
        let (grant, page) = match way {
            Way::Device => {
                let grant = with_device(&client, &interruption).await?;
                (grant, None)
            }
            Way::Browser(prompt) => {
                let ports = settings.auth_ports.clone();
                with_browser(&client, ports, prompt, &interruption).await?
            }
        };
        Ok::<_, Message>((client, grant, page))
    };
    let (client, grant, page) = match signed_in.await {
        Ok(signed_in) => signed_in,
        Err(why) => {
            print_error(&why);
            return Ok(ExitCode::from(NO_TOKEN));
        }
    };
    let Identity { name, email, .. } = grant.identity.clone();
    let keeping = Keeping {
        client: &client,
        session: &session,
        interruption: &interruption,
    };
    let checked = |token| async move { Checked::server(address, settings, options, &token).await };
    let (asked, replaced) = match keeping.keep(grant, checked).await {
        Ok(kept) => kept,
        Err(Unkept { why, left }) => {
            print_error(&why);
            let page = page.map(|page| page.failed(why));
            keeping.leave(left, page).await;
            return Ok(ExitCode::from(NO_TOKEN));
        }
    };
    asked.print();
    if let Err(error) = session::pins()?.pin(&address.server(), &named) {
        print_error(&message::cli_provider_unremembered(error.to_string()));
    }
    let address = address.server();
    let page = page.map(Browser::signed_in);
    // First, because nobody else tells an app that runs: one that is signed out would ask the keyring seconds later.
    interruption.or_soon(notify_running_app(&address)).await;
    let revoked = async {
        for replaced in replaced {
            session.revoke(&replaced).await;
        }
    };
    let shown = async {
        if let Some(page) = page {
            page.until_shown().await;
        }
    };
    join(interruption.or_soon(revoked), interruption.or_shown(shown)).await;
    if let Some(name) = name.or(email) {
        print_error(&message::cli_signed_in_as(name));
    }
    print_outcome(Outcome::LoggedIn, &address, json)
}

async fn connect(http: Http, provider: Provider) -> Result<Client, Message> {
    let metadata = discover(&http, &provider.issuer)
        .await
        .map_err(|error| error.message())?;
    let now = || Moment {
        monotonic: std::time::Instant::now(),
        wall: std::time::SystemTime::now(),
    };
    Ok(Client::new(http, provider, metadata, Arc::new(now)))
}

async fn with_browser(
    client: &Client,
    ports: Vec<u16>,
    prompt: Prompt,
    interruption: &Interruption,
) -> Result<(Grant, Option<Browser>), Message> {
    let asked = Asked {
        ports,
        prompt,
        ..Asked::default()
    };
    let pages = Pages {
        language: catalogue().language().to_string(),
        say: Arc::new(|message| catalogue().say(message)),
    };
    let attempt = client.begin(asked, pages, &SystemEntropy).await;
    let mut attempt = attempt.map_err(|error| error.message())?;
    let host = client.provider().issuer.host();
    // Whatever the browser does, the address is there to be copied.
    print_error(&message::cli_sign_in_at(host, attempt.link().as_str()));
    if let Err(error) = SystemBrowser.open(attempt.link().as_str()) {
        print_error(&error.message());
    }
    let progress = attempt.progress();
    let signed_in = {
        let mut wait = pin!(attempt.wait());
        match interruption.or(&mut wait).await {
            // The provider may be about to answer with a sign-in, which can be revoked only once it is known.
            None if *progress.borrow() == Progress::Exchanging => interruption.or_soon(wait).await,
            signed_in => signed_in,
        }
    };
    match signed_in {
        Some(Ok((grant, page))) => Ok((grant, Some(page))),
        Some(Err(error)) => {
            interruption.or_shown(attempt.last_page().until_shown()).await;
            Err(error.message())
        }
        None => {
            attempt.cancel(message::cli_sign_in_cancelled());
            interruption.or_shown(attempt.last_page().until_shown()).await;
            Err(message::cli_sign_in_cancelled())
        }
    }
}

async fn with_device(client: &Client, interruption: &Interruption) -> Result<Grant, Message> {
    let attempt = interruption.or(client.begin_device()).await;
    let attempt = attempt.ok_or_else(message::cli_sign_in_cancelled)?;
    let mut attempt = attempt.map_err(|error| error.message())?;
    let (place, code) = (attempt.verification_uri().as_str(), attempt.user_code());
    print_error(&message::cli_sign_in_with_code(place, code));
    let mut asking = attempt.asking();
    let mut wait = pin!(attempt.wait());
    let signed_in = match interruption.or(&mut wait).await {
        // The provider may be about to answer with a sign-in, as above.
        None => {
            let answered = async {
                tokio::select! {
                    biased;
                    signed_in = wait => Some(signed_in),
                    _ = asking.wait_for(|asking| !asking) => None,
                }
            };
            interruption.or_soon(answered).await.flatten()
        }
        signed_in => signed_in,
    };
    let signed_in = signed_in.ok_or_else(message::cli_sign_in_cancelled)?;
    signed_in.map_err(|error| error.message())
}
