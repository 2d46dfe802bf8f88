//! One sign-in in the browser: its link, its listener and its result.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use gloria_text::message::{self, Message};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use url::Url;

use crate::callback::{
    Arrival, AuthorizationRefusal, Came, Expected, Listener, Pages, Progress, Shared, Verdict,
};
use crate::client::{Client, Grant};
use crate::exchange::{Answer, Later, ProviderRefusal, ask};
use crate::identity::{IdentityError, Nonce};
use crate::pkce::{Entropy, NoEntropy, challenge, random_text};

/// The ports that are tried first, for providers that compare redirect addresses including the port. They are below the
/// ephemeral ports (Linux from 32768, Windows from 49152), and not registered for any service.
pub const PORTS: [u16; 3] = [21947, 23917, 28451];

/// How long the user may take at the provider's page. Most providers' pages expire after a few minutes.
const WAIT_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// The options of a sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The ports to try before any other.
    pub ports: Vec<u16>,
    /// What the provider should ask a user who is still signed in there.
    pub prompt: Prompt,
    /// The user name or mail address that the provider should suggest.
    pub login_hint: Option<String>,
    /// How long to wait for the user.
    pub lasts: Duration,
}

impl Default for Asked {
    fn default() -> Self {
        Self {
            ports: PORTS.to_vec(),
            prompt: Prompt::Settings,
            login_hint: None,
            lasts: WAIT_TIMEOUT,
        }
    }
}

/// What the provider should ask a user who is still signed in there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prompt {
    /// As configured.
    Settings,
    /// The user name again, so that another user can sign in.
    Login,
}

/// Why a sign-in could not begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BeginError {
    /// No port could be opened.
    #[error("no port can be listened at: {0}")]
    NoListener(io::ErrorKind),
    /// The system provided no random numbers.
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
}

impl BeginError {
    /// The error for users.
    pub fn message(self) -> Message {
        match self {
            Self::NoListener(problem) => message::sign_in_no_port(problem.to_string()),
            Self::NoEntropy(_) => message::sign_in_no_randomness(),
        }
    }
}

/// Why a sign-in failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignInError {
    /// The provider or the user refused.
    Refused(AuthorizationRefusal),
    /// The browser did not return in time.
    TimedOut,
    /// The response is from another provider.
    OtherIssuer,
    /// The code could not be exchanged. This is not repeated, because providers treat a second exchange as theft.
    Later(Later),
    /// The provider rejected its own code: it had expired, or was used already.
    CodeRefused,
    /// The provider rejected the application.
    Misconfigured(ProviderRefusal),
    /// The id_token is missing or invalid.
    Identity(IdentityError),
}

impl SignInError {
    /// The error for users.
    pub fn message(&self) -> Message {
        match self {
            Self::Refused(refusal) => refusal.message(),
            Self::TimedOut => message::sign_in_timed_out(),
            Self::OtherIssuer => message::sign_in_answer_of_another(),
            Self::Later(later) => later.why.message(),
            Self::CodeRefused => message::sign_in_code_refused(),
            Self::Misconfigured(refusal) => refusal.message(),
            Self::Identity(error) => error.message(),
        }
    }
}

/// Why a pasted address was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasteError {
    /// It is not an address, or not one of a redirect to this computer.
    #[error("this is no address of a sign-in")]
    NotAnAddress,
    /// It belongs to another or an earlier sign-in.
    #[error("this address belongs to another sign-in")]
    NotThisSignIn,
    /// The sign-in has received a response already.
    #[error("this sign-in has had its answer")]
    TooLate,
}

impl PasteError {
    /// The error for users.
    pub fn message(self) -> Message {
        match self {
            Self::NotAnAddress => message::sign_in_paste_no_address(),
            Self::NotThisSignIn => message::sign_in_paste_other(),
            Self::TooLate => message::sign_in_paste_late(),
        }
    }
}

/// One sign-in. Dropping it cancels it: its port is closed, and a later response is ignored.
pub struct Attempt {
    client: Client,
    link: Url,
    port: u16,
    until: Instant,
    shared: Arc<Shared>,
    arrivals: mpsc::Receiver<Arrival>,
    /// `None` once [`Browser`] controls the page.
    listening: Option<JoinHandle<()>>,
    secrets: Secrets,
}

/// The secrets of one sign-in.
struct Secrets {
    verifier: SecretString,
    nonce: SecretString,
    redirect_uri: String,
}

impl fmt::Debug for Attempt {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the link, which contains the state.
        out.debug_struct("Attempt")
            .field("port", &self.port)
            .field("shared", &self.shared)
            .finish_non_exhaustive()
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        // After the end, the page stays available for a while.
        if let Some(listening) = self.listening.take()
            && !self.shared.has_ended()
        {
            listening.abort();
        }
    }
}

impl Client {
    /// Begins a sign-in in the browser: opens a port and creates the link.
    ///
    /// # Errors
    /// When no port can be opened, or the system provides no random numbers.
    pub async fn begin(
        &self,
        asked: Asked,
        pages: Pages,
        entropy: &dyn Entropy,
    ) -> Result<Attempt, BeginError> {
        let listener = Listener::bind(&asked.ports).await;
        let listener = listener.map_err(|error| BeginError::NoListener(error.kind()))?;
        let [state, verifier, nonce] = [(); 3].map(|()| random_text(entropy));
        let (state, verifier, nonce) = (state?, verifier?, nonce?);
        let secrets = Secrets {
            verifier,
            nonce,
            redirect_uri: listener.redirect_uri(),
        };
        let metadata = self.metadata();
        let link = link(self, &asked, &secrets, &state);
        let expected = Expected {
            state,
            issuer: metadata.issuer.clone(),
            names_issuer: metadata.names_issuer,
        };
        let (shared, arrivals) = Shared::new(expected, pages);
        Ok(Attempt {
            link,
            port: listener.port(),
            until: Instant::now() + asked.lasts,
            arrivals,
            listening: Some(listener.serve(Arc::clone(&shared))),
            shared,
            secrets,
            client: self.clone(),
        })
    }
}

impl Attempt {
    /// The link to open in the browser, any number of times. It contains the state, so it must not be logged.
    pub fn link(&self) -> &Url {
        &self.link
    }

    /// The port of the listener.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How long until the sign-in times out.
    pub fn remaining(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// The progress of the sign-in.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.shared.progress()
    }

    /// Handles the address of the redirect, pasted by the user because the page did not open: some browsers refuse
    /// plain http, and one on another computer cannot reach this one.
    ///
    /// # Errors
    /// When it is not the response to this sign-in, which continues.
    pub fn paste(&self, text: &str) -> Result<(), PasteError> {
        self.paster().paste(text)
    }

    /// Returns a handle for pasting addresses while [`Attempt::wait`] is waiting.
    pub fn paster(&self) -> Paster {
        Paster(Arc::clone(&self.shared))
    }

    /// Waits for the provider's response, exchanges its code, and reads the id_token. The page in the browser waits
    /// until [`Browser`] is sent the result.
    ///
    /// Cancel-safe until the provider has responded; after that, dropping the future loses the sign-in.
    ///
    /// # Errors
    /// When the sign-in failed; the page shows why.
    pub async fn wait(&mut self) -> Result<(Grant, Browser), SignInError> {
        let result = self.grant().await;
        match result {
            Ok(grant) => {
                self.listening = None;
                Ok((grant, Browser(Arc::clone(&self.shared))))
            }
            Err(error) => {
                self.shared.end(Verdict::Failed(error.message()));
                Err(error)
            }
        }
    }

    /// Ends a sign-in whose [`Attempt::wait`] was dropped. The page shows why.
    pub fn cancel(&self, why: Message) {
        self.shared.end(Verdict::Failed(why));
    }

    /// The page with the result, once [`Attempt::wait`] has failed or after [`Attempt::cancel`].
    pub fn last_page(&self) -> LastPage {
        LastPage(Arc::clone(&self.shared))
    }

    async fn grant(&mut self) -> Result<Grant, SignInError> {
        let arrival = timeout_at(self.until, self.arrivals.recv()).await;
        let code = match arrival {
            Ok(Some(Arrival::Code(code))) => code,
            Ok(Some(Arrival::Refused(refusal))) => return Err(SignInError::Refused(refusal)),
            Ok(Some(Arrival::OtherIssuer)) => return Err(SignInError::OtherIssuer),
            Ok(None) | Err(_) => return Err(SignInError::TimedOut),
        };
        let asked = self.client.now();
        let provider = self.client.provider();
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code.expose_secret()),
            ("redirect_uri", &self.secrets.redirect_uri),
            ("client_id", &provider.client_id),
            ("code_verifier", self.secrets.verifier.expose_secret()),
        ];
        fields.extend(
            provider
                .resource
                .as_deref()
                .map(|resource| ("resource", resource)),
        );
        let endpoint = &self.client.metadata().token_endpoint;
        let tokens = match ask(self.client.http(), endpoint, &fields).await {
            Answer::Tokens(tokens) => tokens,
            Answer::Later(later) => return Err(SignInError::Later(later)),
            Answer::Refused(ProviderRefusal::InvalidGrant) => return Err(SignInError::CodeRefused),
            Answer::Refused(refusal) => return Err(SignInError::Misconfigured(refusal)),
        };
        let nonce = Nonce::Sent(&self.secrets.nonce);
        let grant = self.client.grant(*tokens, asked, nonce).await;
        grant.map_err(SignInError::Identity)
    }
}

/// Pastes addresses into one sign-in.
#[derive(Debug, Clone)]
pub struct Paster(Arc<Shared>);

impl Paster {
    /// See [`Attempt::paste`].
    ///
    /// # Errors
    /// When it is not the response to this sign-in, which continues.
    pub fn paste(&self, text: &str) -> Result<(), PasteError> {
        match self.0.on_pasted(text) {
            Some(Came::First) => Ok(()),
            Some(Came::Again) => Err(PasteError::TooLate),
            Some(Came::NotOurs | Came::Forgotten) => Err(PasteError::NotThisSignIn),
            None => Err(PasteError::NotAnAddress),
        }
    }
}

/// The page in the browser, which waits for the result of the sign-in. If this is dropped, the page refers to the app.
#[derive(Debug)]
pub struct Browser(Arc<Shared>);

impl Browser {
    /// Shows that the user is signed in. Call it once the tokens are stored.
    pub fn signed_in(self) -> LastPage {
        self.0.end(Verdict::SignedIn);
        LastPage(Arc::clone(&self.0))
    }

    /// Shows that the sign-in failed after all.
    pub fn failed(self, why: Message) -> LastPage {
        self.0.end(Verdict::Failed(why));
        LastPage(Arc::clone(&self.0))
    }
}

/// The page with the result. A program that ends before the browser has it leaves an error page there.
#[derive(Debug)]
pub struct LastPage(Arc<Shared>);

impl LastPage {
    /// Waits until the browser has it, for at most three seconds. If no browser came back, it does not wait.
    pub async fn until_shown(self) {
        self.0.until_shown().await;
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.0.end(Verdict::Open);
    }
}

/// Builds the address of the authorization request (RFC 6749, 4.1.1).
fn link(client: &Client, asked: &Asked, secrets: &Secrets, state: &SecretString) -> Url {
    let provider = client.provider();
    let metadata = client.metadata();
    let prompt = prompt(provider.prompt.as_deref(), asked.prompt, &metadata.prompts);
    let mut link = metadata.authorization_endpoint.clone();
    let mut query = link.query_pairs_mut();
    query.extend_pairs([
        ("response_type", "code"),
        ("client_id", &provider.client_id),
        ("redirect_uri", &secrets.redirect_uri),
        ("scope", &provider.scopes),
        ("state", state.expose_secret()),
        ("nonce", secrets.nonce.expose_secret()),
        ("code_challenge", &challenge(&secrets.verifier)),
        ("code_challenge_method", "S256"),
    ]);
    for (name, value) in [
        ("prompt", prompt.as_deref()),
        ("login_hint", asked.login_hint.as_deref()),
        ("resource", provider.resource.as_deref()),
        ("audience", provider.audience.as_deref()),
    ] {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    drop(query);
    link
}

/// The `prompt` parameter: the configured one, or to sign in as another user, `login`. A configured `none` is left out,
/// because it would forbid the provider to show its page.
fn prompt(settings: Option<&str>, asked: Prompt, known: &[String]) -> Option<String> {
    let mut words = Vec::new();
    if asked == Prompt::Login {
        words.push("login");
        if known.iter().any(|prompt| prompt == "select_account") {
            words.push("select_account");
        }
    }
    for word in settings.unwrap_or_default().split_whitespace() {
        if word != "none" && !words.contains(&word) {
            words.push(word);
        }
    }
    (!words.is_empty()).then(|| words.join(" "))
}

#[cfg(test)]
mod tests;
