//! The server on this computer to which the provider redirects the browser, for the duration of one sign-in.
//!
//! Any program on this computer can send requests, and any web page can make a browser do so. Only a GET of the
//! callback path with the sign-in's state counts. The response redirects to an address without secrets, whose page
//! waits for the result of the sign-in.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
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

/// Concurrent connections. Browsers open some in advance without sending anything, which must not block the response.
const MAX_CONNECTIONS: usize = 32;

/// How long a connection may take to send its request. A browser on this computer sends it at once, or never.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// A request has half a kilobyte plus the code. This is hyper's smallest buffer.
const MAX_HEAD: usize = 8 << 10;

/// How long the page waits for the result of the sign-in before it refers to the app. Users take a page that loads for
/// longer for broken.
const PAGE_TIMEOUT: Duration = Duration::from_secs(15);

/// How long the page stays available after the end, for reloads and slow browsers.
const LINGER_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a program that has nothing else to do waits until a browser that came back has the page. It requests it at
/// once, from this computer.
const SHOWN_TIMEOUT: Duration = Duration::from_secs(3);

/// When the system is out of sockets, retrying at once would only waste CPU time.
const ACCEPT_RETRY_INTERVAL: Duration = Duration::from_millis(200);

/// The page loads, runs and sends nothing, and must not be framed.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// The progress of a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The user has not finished at the provider's page.
    Waiting,
    /// The provider lost the request. Opening the link again works once the user is signed in there.
    Forgotten,
    /// The provider has responded, and the code is being exchanged.
    Exchanging,
    /// It has ended, successfully or not.
    Ended,
}

/// The response that ends the waiting.
#[derive(Debug)]
pub(crate) enum Arrival {
    Code(SecretString),
    Refused(AuthorizationRefusal),
    OtherIssuer,
}

/// The result of a sign-in, for the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    SignedIn,
    Failed(Message),
    /// Unknown.
    Open,
}

/// What the browser has of the page with the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// No browser came back; the address was pasted, or nobody came.
    NotAsked,
    /// A browser came back, and will request the page.
    Awaited,
    /// The page was sent.
    Sent,
}

/// The state of one sign-in, shared by its listener and its owner.
pub(crate) struct Shared {
    expected: Expected,
    pages: Pages,
    progress: watch::Sender<Progress>,
    verdict: watch::Sender<Option<Verdict>>,
    shown: watch::Sender<Shown>,
    /// `None` once there was a response; later ones are ignored.
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
            shown: watch::Sender::new(Shown::NotAsked),
            arrived: Mutex::new(Some(sender)),
        };
        (Arc::new(shared), receiver)
    }

    pub(crate) fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// Sets the result, unless it is set already.
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

    /// Waits until the browser that came back, if one did, has the page with the result.
    pub(crate) async fn until_shown(&self) {
        let mut shown = self.shown.subscribe();
        let _ = timeout(SHOWN_TIMEOUT, shown.wait_for(|shown| *shown != Shown::Awaited)).await;
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.verdict.borrow().is_some()
    }

    /// Handles a pasted address. `None` if it is not an address.
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
        // The receiver is gone if the sign-in was just cancelled.
        match sender.try_send(arrival) {
            Ok(()) => Came::First,
            Err(_) => Came::Again,
        }
    }

    fn arrived(&self) -> std::sync::MutexGuard<'_, Option<mpsc::Sender<Arrival>>> {
        self.arrived.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The page with the result, once it is known.
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

/// What a request or a pasted address meant to a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Came {
    First,
    Again,
    Forgotten,
    NotOurs,
}

/// A bound port, whose connections wait until it is served.
pub(crate) struct Listener {
    listener: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Binds the first free one of these ports, or else any. Uses IPv6 only if this computer has no IPv4, because
    /// providers compare redirect addresses as text.
    ///
    /// # Errors
    /// When no port can be opened.
    pub(crate) async fn bind(ports: &[u16]) -> io::Result<Self> {
        let mut result = Err(io::ErrorKind::AddrNotAvailable.into());
        for host in [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)] {
            // A port may be in use, or reserved by Windows. The first listener stays open, so that no other program can
            // take it.
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

    /// The redirect address.
    pub(crate) fn redirect_uri(&self) -> String {
        format!("http://{}{PATH}", self.address)
    }

    /// Serves this sign-in until some time after its end.
    pub(crate) fn serve(self, shared: Arc<Shared>) -> JoinHandle<()> {
        tokio::spawn(serve(self, shared))
    }
}

async fn serve(listener: Listener, shared: Arc<Shared>) {
    let Listener { listener, address } = listener;
    let host: Arc<str> = address.to_string().into();
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    // Dropped with this task, which closes the connections.
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
    let is_last = AtomicBool::new(false);
    let service = service_fn(|request: Request<Incoming>| {
        let (host, shared, is_last) = (Arc::clone(host), Arc::clone(shared), &is_last);
        async move {
            let response = answer(&request, &host, &shared).await;
            let is_page = request.uri().path() == DONE && response.status() == StatusCode::OK;
            is_last.store(is_page && shared.has_ended(), Ordering::Relaxed);
            Ok::<_, Infallible>(response)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_HEAD)
        .keep_alive(false)
        .serve_connection(TokioIo::new(socket), service);
    match timeout(HEAD_TIMEOUT + PAGE_TIMEOUT + HEAD_TIMEOUT, connection).await {
        Ok(Ok(())) if is_last.load(Ordering::Relaxed) => {
            shared.shown.send_replace(Shown::Sent);
        }
        Ok(Ok(())) => {}
        // Neither error contains the request.
        Ok(Err(_)) => tracing::debug!("a browser broke off"),
        Err(_) => tracing::debug!("a browser took too long"),
    }
}

async fn answer(request: &Request<Incoming>, host: &str, shared: &Shared) -> Response<String> {
    // A web page can reach a loopback port under its own host name (DNS rebinding); the provider uses only this one.
    let asked = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    if asked != Some(host) {
        return empty(StatusCode::MISDIRECTED_REQUEST);
    }
    // Preflight and prefetch requests have the same address, but no user sees their response.
    if request.method() != Method::GET || is_in_advance(request.headers()) {
        return empty(StatusCode::NO_CONTENT);
    }
    let Some(target) = request.uri().path_and_query() else {
        return empty(StatusCode::NO_CONTENT);
    };
    match target.path() {
        PATH => match shared.on_knock(read(target.as_str(), &shared.expected)) {
            Came::First => {
                shared.shown.send_replace(Shown::Awaited);
                to_done()
            }
            Came::Again => to_done(),
            Came::Forgotten => page(StatusCode::OK, &Page::Forgotten, shared),
            Came::NotOurs => page(StatusCode::NOT_FOUND, &Page::Unknown, shared),
        },
        DONE => page(StatusCode::OK, &shared.page().await, shared),
        "/favicon.ico" => empty(StatusCode::NO_CONTENT),
        _ => page(StatusCode::NOT_FOUND, &Page::Unknown, shared),
    }
}

/// Whether this is a prefetch, which the user has not requested.
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

/// Adds the headers of every response, which keep the request's address and its code out of caches and referrers.
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
