//! The server on this computer that the provider sends the browser to, for as long as one sign-in takes.
//!
//! Anything on this computer may ask it, and any web page may make a browser ask it: only a GET of the one place with
//! the state of the sign-in counts. That is answered with a redirect to an address without secrets, whose page waits
//! until the app knows how the sign-in went.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gloria_text::message::Message;
use hyper::body::Incoming;
use hyper::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderName, HeaderValue, LOCATION,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use secrecy::SecretString;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

use super::page::{Page, Pages};
use super::{AuthorizationRefusal, DONE, Expected, Knock, PATH, pasted, read};

/// A browser opens some connections in advance and sends nothing on them; they must not keep the answer out.
const MAX_CONNECTIONS: usize = 32;

/// From a connection to its request. A browser on this computer sends it at once, or never.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// A request without cookies has half a kilobyte and a code; hyper has no smaller buffer than this.
const MAX_HEAD: usize = 8 << 10;

/// How long the page waits for the end of the sign-in. Then it says that the app knows more, as browsers and people
/// take a page that loads for longer for broken.
const PAGE_TIMEOUT: Duration = Duration::from_secs(15);

/// How long the page is there after the end: for a reload, the way back, and a browser that is slow to ask.
const LINGER_TIMEOUT: Duration = Duration::from_secs(10);

/// When the system is out of sockets, retrying at once would only waste CPU time.
const ACCEPT_RETRY_INTERVAL: Duration = Duration::from_millis(200);

/// Nothing is loaded, run or sent by the page, and nobody may frame it.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// How far a sign-in is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Somebody is at the provider's page, or has not gone there yet.
    Waiting,
    /// The provider's page lost the request on its way. Opening the link again works once somebody is signed in there.
    Forgotten,
    /// The provider agreed; its code is exchanged and what it gave is stored.
    Exchanging,
    /// It is over, well or not.
    Ended,
}

/// What came of waiting.
#[derive(Debug)]
pub(crate) enum Arrival {
    Code(SecretString),
    Refused(AuthorizationRefusal),
    OtherIssuer,
}

/// How a sign-in ended, for the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    SignedIn,
    Failed(Message),
    /// Nobody says.
    Open,
}

/// One sign-in, as its listener and its owner see it.
pub(crate) struct Shared {
    expected: Expected,
    pages: Pages,
    progress: watch::Sender<Progress>,
    verdict: watch::Sender<Option<Verdict>>,
    /// Empty once something came: nothing that comes after it counts.
    arrived: Mutex<Option<mpsc::Sender<Arrival>>>,
}

impl Shared {
    pub(crate) fn new(expected: Expected, pages: Pages) -> (Arc<Self>, mpsc::Receiver<Arrival>) {
        let (sender, receiver) = mpsc::channel(1);
        let shared = Self {
            expected,
            pages,
            progress: watch::Sender::new(Progress::Waiting),
            verdict: watch::Sender::new(None),
            arrived: Mutex::new(Some(sender)),
        };
        (Arc::new(shared), receiver)
    }

    pub(crate) fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// Says how it ended. What was said first stays.
    pub(crate) fn end(&self, verdict: Verdict) {
        self.arrived().take();
        self.progress.send_replace(Progress::Ended);
        self.verdict.send_if_modified(|said| {
            let is_first = said.is_none();
            if is_first {
                *said = Some(verdict);
            }
            is_first
        });
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.verdict.borrow().is_some()
    }

    /// Handles an address from the clipboard. `None`: it is none.
    pub(crate) fn on_pasted(&self, text: &str) -> Option<Came> {
        Some(self.on_knock(pasted(text, &self.expected)?))
    }

    fn on_knock(&self, knock: Knock) -> Came {
        let arrival = match knock {
            Knock::Ours(code) => Arrival::Code(code),
            Knock::Refused(refusal) => Arrival::Refused(refusal),
            Knock::OtherIssuer => Arrival::OtherIssuer,
            Knock::NotOurs => return Came::NotOurs,
            Knock::Forgotten => {
                let is_waiting = self.arrived().is_some();
                if is_waiting {
                    self.progress.send_replace(Progress::Forgotten);
                }
                return Came::Forgotten;
            }
        };
        let Some(sender) = self.arrived().take() else {
            return Came::Again;
        };
        self.progress.send_replace(Progress::Exchanging);
        // Its receiver is gone when the sign-in was given up a moment ago.
        match sender.try_send(arrival) {
            Ok(()) => Came::First,
            Err(_) => Came::Again,
        }
    }

    fn arrived(&self) -> std::sync::MutexGuard<'_, Option<mpsc::Sender<Arrival>>> {
        self.arrived.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The page for the end, once it is known.
    async fn page(&self) -> Page {
        if self.arrived().is_some() {
            return Page::Unknown;
        }
        let mut verdict = self.verdict.subscribe();
        let verdict = timeout(PAGE_TIMEOUT, verdict.wait_for(Option::is_some)).await;
        match verdict {
            Ok(Ok(verdict)) => match &*verdict {
                Some(Verdict::SignedIn) => Page::SignedIn,
                Some(Verdict::Failed(why)) => Page::Failed(why.clone()),
                Some(Verdict::Open) | None => Page::GoBack,
            },
            Ok(Err(_)) | Err(_) => Page::GoBack,
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Shared")
            .field("progress", &*self.progress.borrow())
            .finish_non_exhaustive()
    }
}

/// What a request, or an address from the clipboard, was to a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Came {
    First,
    Again,
    Forgotten,
    NotOurs,
}

/// A bound port, which keeps what connects until it is served.
pub(crate) struct Listener {
    listener: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Binds the first of these ports that is free, else any. By IPv6 only where this computer has no IPv4: the
    /// provider knows the addresses by their text.
    ///
    /// # Errors
    /// This computer lets no program listen.
    pub(crate) async fn bind(ports: &[u16]) -> io::Result<Self> {
        let mut result = Err(io::ErrorKind::AddrNotAvailable.into());
        for host in [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)] {
            // A port may be in use, or reserved by Windows; the listener stays open, so nobody can take it in between.
            for port in ports.iter().copied().chain([0]) {
                match TcpListener::bind((host, port)).await {
                    Ok(listener) => {
                        let address = listener.local_addr()?;
                        return Ok(Self { listener, address });
                    }
                    Err(error) => result = Err(error),
                }
            }
        }
        result
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Where the provider sends the browser.
    pub(crate) fn redirect_uri(&self) -> String {
        format!("http://{}{PATH}", self.address)
    }

    /// Serves this sign-in, until a while after its end.
    pub(crate) fn serve(self, shared: Arc<Shared>) -> JoinHandle<()> {
        tokio::spawn(serve(self, shared))
    }
}

async fn serve(listener: Listener, shared: Arc<Shared>) {
    let Listener { listener, address } = listener;
    let host: Arc<str> = address.to_string().into();
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    // Dropped with this task, and with them what they serve.
    let mut connections = JoinSet::new();
    let accepting = async {
        while let Ok(place) = Arc::clone(&places).acquire_owned().await {
            while connections.try_join_next().is_some() {}
            match listener.accept().await {
                Ok((socket, _)) => {
                    let (shared, host) = (Arc::clone(&shared), Arc::clone(&host));
                    connections.spawn(async move {
                        serve_connection(socket, &host, &shared).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a browser could not be let in");
                    sleep(ACCEPT_RETRY_INTERVAL).await;
                }
            }
        }
    };
    let mut verdict = shared.verdict.subscribe();
    let over = async {
        let _ = verdict.wait_for(Option::is_some).await;
        sleep(LINGER_TIMEOUT).await;
    };
    tokio::select! {
        () = accepting => {}
        () = over => {}
    }
}

async fn serve_connection(socket: TcpStream, host: &Arc<str>, shared: &Arc<Shared>) {
    let service = service_fn(|request: Request<Incoming>| {
        let (host, shared) = (Arc::clone(host), Arc::clone(shared));
        async move { Ok::<_, Infallible>(answer(&request, &host, &shared).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_HEAD)
        .keep_alive(false)
        .serve_connection(TokioIo::new(socket), service);
    match timeout(HEAD_TIMEOUT + PAGE_TIMEOUT + HEAD_TIMEOUT, connection).await {
        Ok(Ok(())) => {}
        // Neither names what was asked for.
        Ok(Err(_)) => tracing::debug!("a browser broke off"),
        Err(_) => tracing::debug!("a browser took too long"),
    }
}

async fn answer(request: &Request<Incoming>, host: &str, shared: &Shared) -> Response<String> {
    // A web page can reach a loopback port under a name of its own (DNS rebinding); the provider knows this one alone.
    let asked = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    if asked != Some(host) {
        return empty(StatusCode::MISDIRECTED_REQUEST);
    }
    // A browser asks before it lets a web page ask, or asks in advance, with the very address and nobody to see it.
    if request.method() != Method::GET || is_in_advance(request.headers()) {
        return empty(StatusCode::NO_CONTENT);
    }
    let Some(target) = request.uri().path_and_query() else {
        return empty(StatusCode::NO_CONTENT);
    };
    match target.path() {
        PATH => match shared.on_knock(read(target.as_str(), &shared.expected)) {
            Came::First | Came::Again => to_done(),
            Came::Forgotten => page(StatusCode::OK, &Page::Forgotten, shared),
            Came::NotOurs => page(StatusCode::NOT_FOUND, &Page::Unknown, shared),
        },
        DONE => page(StatusCode::OK, &shared.page().await, shared),
        "/favicon.ico" => empty(StatusCode::NO_CONTENT),
        _ => page(StatusCode::NOT_FOUND, &Page::Unknown, shared),
    }
}

/// Whether a browser asks because somebody might go there, and nobody does yet.
fn is_in_advance(headers: &HeaderMap) -> bool {
    ["sec-purpose", "purpose", "x-moz", "x-purpose"]
        .map(HeaderName::from_static)
        .iter()
        .flat_map(|name| headers.get_all(name))
        .filter_map(|value| value.to_str().ok())
        .map(str::to_ascii_lowercase)
        .any(|value| value.contains("prefetch") || value.contains("preview"))
}

fn to_done() -> Response<String> {
    let mut response = empty(StatusCode::SEE_OTHER);
    response
        .headers_mut()
        .insert(LOCATION, HeaderValue::from_static(DONE));
    response
}

fn page(status: StatusCode, page: &Page, shared: &Shared) -> Response<String> {
    let mut response = empty(status);
    response.headers_mut().insert(CONTENT_TYPE, HTML);
    *response.body_mut() = page.html(&shared.pages);
    response
}

/// What every answer has: the address of the request, with its code, must go nowhere and stay nowhere.
fn empty(status: StatusCode) -> Response<String> {
    let mut response = Response::new(String::new());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

#[cfg(test)]
mod tests;
