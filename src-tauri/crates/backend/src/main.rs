//! The reference backend as a program, for the demo and for tests in other languages.
//!
//! Prints its addresses as one line of JSON when it is ready, logs to stderr, ends on Ctrl-C.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use gloria_backend::demo::Feed;
use gloria_backend::{Backend, BackendOptions, SignIn};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tracing_subscriber::EnvFilter;

/// The reference backend of Gloria Notify.
#[derive(Debug, Parser)]
#[command(name = "gloria-backend", version)]
struct Arguments {
    /// Where the API listens; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8787")]
    listen: SocketAddr,

    /// Where commands are taken, without a token, so on loopback only
    #[arg(long, value_name = "ADDRESS")]
    control: Option<SocketAddr>,

    /// A token to accept; may be given several times
    #[arg(long, env = "GLORIA_BACKEND_TOKEN", hide_env_values = true, required = true)]
    token: Vec<String>,

    /// The time between heartbeats: milliseconds, or with a unit; 0 sends none
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    heartbeat: Duration,

    /// How many events are kept for clients that come back
    #[arg(long, value_name = "EVENTS", default_value_t = 10_000)]
    history: usize,

    /// The issuer of the OpenID provider where users sign in, for `GET {api}/auth`
    #[arg(long, value_name = "ISSUER", requires = "client_id")]
    issuer: Option<String>,

    /// The client's id at the provider
    #[arg(long, value_name = "ID", requires = "issuer")]
    client_id: Option<String>,

    /// The scopes to request there, separated by spaces
    #[arg(long, value_name = "SCOPES", requires = "issuer")]
    scopes: Option<String>,

    /// The prompt of the sign-in page, such as `consent`
    #[arg(long, value_name = "PROMPT", requires = "issuer")]
    prompt: Option<String>,

    /// The audience of the tokens, for providers that need it
    #[arg(long, value_name = "AUDIENCE", requires = "issuer")]
    audience: Option<String>,

    /// Play a working day, for ever
    #[arg(long)]
    demo: bool,

    /// The time between the demo's events: milliseconds, or with a unit
    #[arg(long, value_name = "TIME", default_value = "4s", value_parser = pace, requires = "demo")]
    pace: Duration,

    /// The same seed tells the same day
    #[arg(long, default_value_t = 1, requires = "demo")]
    seed: u64,
}

fn duration(text: &str) -> Result<Duration, String> {
    if let Ok(millis) = text.parse() {
        return Ok(Duration::from_millis(millis));
    }
    let parsed = text
        .parse::<SignedDuration>()
        .ok()
        .and_then(|duration| Duration::try_from(duration).ok());
    parsed.ok_or_else(|| "give milliseconds, or a number with a unit such as 4s".to_owned())
}

fn pace(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("give more than nothing, or the demo has no end and no pause".to_owned()),
        pace => Ok(pace),
    }
}

fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info")))
        .with_writer(io::stderr)
        .init();
    let arguments = Arguments::parse();
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime did not start")?
        .block_on(run(arguments, io::stdout()))
}

async fn run(arguments: Arguments, mut out: impl Write) -> anyhow::Result<()> {
    let sign_in = arguments.issuer.zip(arguments.client_id);
    let sign_in = sign_in.map(|(issuer, client_id)| SignIn {
        issuer,
        client_id,
        scopes: arguments.scopes,
        prompt: arguments.prompt,
        audience: arguments.audience,
    });
    let backend = Backend::start(BackendOptions {
        listen: arguments.listen,
        control_listen: arguments.control,
        tokens: arguments.token,
        heartbeat: Some(arguments.heartbeat),
        history: arguments.history,
        // A new user of the demo finds the previous days in the inbox.
        replay_to_newcomers: arguments.demo,
        sign_in,
        ..BackendOptions::default()
    })
    .await?;
    let ready =
        json!({ "api": backend.api_url(), "control": backend.control_url(), "pid": std::process::id() });
    writeln!(out, "{ready}")
        .and_then(|()| out.flush())
        .context("the addresses could not be written")?;

    let feed = async {
        match arguments.demo {
            true => {
                Feed::new(arguments.seed, arguments.pace)?
                    .play(backend.control(), Timestamp::now())
                    .await
            }
            false => std::future::pending().await,
        }
    };
    let ended = tokio::select! {
        played = feed => played.map_err(Into::into),
        pressed = tokio::signal::ctrl_c() => pressed.context("Ctrl-C cannot be waited for"),
    };
    backend.stop().await;
    ended
}
