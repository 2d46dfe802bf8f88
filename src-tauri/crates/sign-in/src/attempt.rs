//! One sign-in in the browser: a link, a listener, and what comes of them.

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

/// The ports that are tried first, for providers that know addresses with their port alone. They are below those that
/// systems give away (Linux from 32768, Windows from 49152), and no service is known there.
pub const PORTS: [u16; 3] = [21947, 23917, 28451];

/// How long somebody may take at the provider's page. Theirs are good for some minutes.
const WAIT_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// What a sign-in asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The ports to listen at, before any other.
    pub ports: Vec<u16>,
    /// What the provider asks a person whose session the browser still has.
    pub prompt: Prompt,
    /// Whom the provider should expect.
    pub login_hint: Option<String>,
    /// How long to wait.
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

/// What the provider asks a person whose session the browser still has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prompt {
    /// What the settings say.
    Settings,
    /// Who they are, though the browser knows: to sign in as somebody else.
    Login,
}

/// Why no sign-in begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BeginError {
    /// This computer lets no program listen.
    #[error("no port can be listened at: {0}")]
    NoListener(io::ErrorKind),
    /// It has no random numbers.
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
}

impl BeginError {
    /// The error for people.
    pub fn message(self) -> Message {
        match self {
            Self::NoListener(problem) => message::sign_in_no_port(problem.to_string()),
            Self::NoEntropy(_) => message::sign_in_no_randomness(),
        }
    }
}

/// Why nobody is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignInError {
    /// The provider, or somebody there, did not agree.
    Refused(AuthorizationRefusal),
    /// Nobody came back in time.
    TimedOut,
    /// The answer was another provider's.
    OtherIssuer,
    /// The code could not be exchanged. It is never tried twice: a provider takes that for theft.
    Later(Later),
    /// The provider did not take its own code: it was too old, or somebody was there before.
    CodeRefused,
    /// The provider refuses the application.
    Misconfigured(ProviderRefusal),
    /// It does not say as it should who signed in.
    Identity(IdentityError),
}

impl SignInError {
    /// The error for people.
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

/// Why an address from the clipboard did not help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasteError {
    /// It is none, or not of the page that did not open.
    #[error("this is no address of a sign-in")]
    NotAnAddress,
    /// It is of another sign-in, or an earlier one.
    #[error("this address belongs to another sign-in")]
    NotThisSignIn,
    /// There was an answer already.
    #[error("this sign-in has had its answer")]
    TooLate,
}

impl PasteError {
    /// The error for people.
    pub fn message(self) -> Message {
        match self {
            Self::NotAnAddress => message::sign_in_paste_no_address(),
            Self::NotThisSignIn => message::sign_in_paste_other(),
            Self::TooLate => message::sign_in_paste_late(),
        }
    }
}

/// One sign-in. Dropped, it is cancelled: nothing listens any more, and what comes is for nobody.
pub struct Attempt {
    client: Client,
    link: Url,
    port: u16,
    until: Instant,
    shared: Arc<Shared>,
    arrivals: mpsc::Receiver<Arrival>,
    /// Empty once the page is the [`Browser`]'s.
    listening: Option<JoinHandle<()>>,
    secrets: Secrets,
}

/// What only this sign-in knows.
struct Secrets {
    verifier: SecretString,
    nonce: SecretString,
    redirect_uri: String,
}

impl fmt::Debug for Attempt {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The link has the state in it.
        out.debug_struct("Attempt")
            .field("port", &self.port)
            .field("shared", &self.shared)
            .finish_non_exhaustive()
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        // After its end the page is there for a while.
        if let Some(listening) = self.listening.take()
            && !self.shared.has_ended()
        {
            listening.abort();
        }
    }
}

impl Client {
    /// Begins a sign-in in the browser: listens, and makes the link.
    ///
    /// # Errors
    /// This computer lets no program listen, or has no random numbers.
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
    /// What the browser opens. It works as often as it is opened. It is for the person who signs in, and for no log.
    pub fn link(&self) -> &Url {
        &self.link
    }

    /// Where this computer listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How long it is still waited for.
    pub fn remaining(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// How far it is.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.shared.progress()
    }

    /// Handles the address of the page that did not open: browsers that refuse plain http, and those on another
    /// computer, cannot bring it themselves.
    ///
    /// # Errors
    /// It is not the answer to this sign-in, which goes on.
    pub fn paste(&self, text: &str) -> Result<(), PasteError> {
        self.paster().paste(text)
    }

    /// Handles pasted addresses while [`Attempt::wait`] waits.
    pub fn paster(&self) -> Paster {
        Paster(Arc::clone(&self.shared))
    }

    /// Waits for the provider's answer, exchanges its code, and reads who signed in. The page in the browser waits
    /// until [`Browser`] says how it ended.
    ///
    /// Once the provider has answered, a dropped future loses the sign-in.
    ///
    /// # Errors
    /// Nobody is signed in; the page says why.
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

/// Handles pasted addresses of one sign-in.
#[derive(Debug, Clone)]
pub struct Paster(Arc<Shared>);

impl Paster {
    /// As [`Attempt::paste`].
    ///
    /// # Errors
    /// It is not the answer to this sign-in, which goes on.
    pub fn paste(&self, text: &str) -> Result<(), PasteError> {
        match self.0.on_pasted(text) {
            Some(Came::First) => Ok(()),
            Some(Came::Again) => Err(PasteError::TooLate),
            Some(Came::NotOurs | Came::Forgotten) => Err(PasteError::NotThisSignIn),
            None => Err(PasteError::NotAnAddress),
        }
    }
}

/// The page in the browser, which waits until the app knows how the sign-in ended. Dropped, it sends people back to
/// the app.
#[derive(Debug)]
pub struct Browser(Arc<Shared>);

impl Browser {
    /// Somebody is signed in, and what was given is stored.
    pub fn signed_in(self) {
        self.0.end(Verdict::SignedIn);
    }

    /// It failed after all.
    pub fn failed(self, why: Message) {
        self.0.end(Verdict::Failed(why));
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.0.end(Verdict::Open);
    }
}

/// Where somebody signs in.
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

/// The `prompt`: what the settings say, and to sign in as somebody else what makes the provider ask. `none` forbids it
/// to ask at all, and so nobody could sign in.
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
