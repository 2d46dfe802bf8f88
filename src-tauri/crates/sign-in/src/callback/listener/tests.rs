use secrecy::ExposeSecret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::provider::Issuer;

const OURS: &str = "/callback?code=c0de&state=s-1";

/// A sign-in that waits, as a browser sees it.
struct Stage {
    shared: Arc<Shared>,
    arrivals: mpsc::Receiver<Arrival>,
    address: SocketAddr,
    _serving: JoinHandle<()>,
}

impl Stage {
    async fn new() -> Self {
        let expected = Expected {
            state: "s-1".into(),
            issuer: Issuer::parse("https://id.example").unwrap(),
            names_issuer: false,
        };
        let pages = Pages {
            language: "en".to_owned(),
            say: Arc::new(ToString::to_string),
        };
        let (shared, arrivals) = Shared::new(expected, pages);
        let listener = Listener::bind(&[]).await.unwrap();
        let address = listener.address;
        Self {
            _serving: listener.serve(Arc::clone(&shared)),
            shared,
            arrivals,
            address,
        }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// The whole answer to a request, head and body.
    async fn ask(&self, method: &str, target: &str, headers: &str) -> String {
        let host = self.address;
        self.send(&format!(
            "{method} {target} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n"
        ))
        .await
    }

    async fn send(&self, request: &str) -> String {
        let mut socket = self.connect().await;
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).await.unwrap();
        String::from_utf8(answer).unwrap()
    }

    async fn get(&self, target: &str) -> String {
        self.ask("GET", target, "").await
    }

    fn progress(&self) -> Progress {
        *self.shared.progress().borrow()
    }

    fn code(&mut self) -> Option<String> {
        match self.arrivals.try_recv().ok()? {
            Arrival::Code(code) => Some(code.expose_secret().to_owned()),
            other @ (Arrival::Refused(_) | Arrival::OtherIssuer) => panic!("{other:?}"),
        }
    }
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn the_answer_is_received_once_and_its_address_is_left_behind() {
    let mut stage = Stage::new().await;
    let answer = stage.get(OURS).await;
    assert_eq!(status(&answer), 303);
    let lower = answer.to_ascii_lowercase();
    for header in [
        "location: /done\r\n",
        "cache-control: no-store\r\n",
        "referrer-policy: no-referrer\r\n",
        "content-security-policy: default-src 'none';",
    ] {
        assert!(lower.contains(header), "{answer}");
    }
    assert_eq!(stage.code().as_deref(), Some("c0de"));
    assert_eq!(stage.progress(), Progress::Exchanging);
    // A reload, and the way back.
    assert_eq!(status(&stage.get(OURS).await), 303);
    assert_eq!(
        status(&stage.get("/callback?error=access_denied&state=s-1").await),
        303
    );
    stage.shared.end(Verdict::SignedIn);
    assert_eq!(status(&stage.get(OURS).await), 303);
    assert_eq!(stage.code(), None);
    assert_eq!(stage.progress(), Progress::Ended);
}

#[tokio::test]
async fn the_page_waits_for_the_truth() {
    let stage = Stage::new().await;
    stage.get(OURS).await;
    let mut socket = stage.connect().await;
    let request = format!("GET /done HTTP/1.1\r\nHost: {}\r\n\r\n", stage.address);
    socket.write_all(request.as_bytes()).await.unwrap();
    // It has been read, and there is no answer.
    let other = stage.get("/favicon.ico").await;
    assert_eq!(status(&other), 204);
    stage
        .shared
        .end(Verdict::Failed(gloria_text::message::sign_in_not_json()));
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.contains("sign-in-page-failed") && answer.contains("sign-in-not-json"),
        "{answer}"
    );
    // What was said first stays.
    stage.shared.end(Verdict::SignedIn);
    assert!(stage.get("/done").await.contains("sign-in-page-failed"));
}

/// Whether a program that ends now would leave nothing behind in the browser.
async fn may_end(stage: &Stage) -> bool {
    timeout(Duration::ZERO, stage.shared.until_shown()).await.is_ok()
}

#[tokio::test]
async fn who_has_nothing_else_to_do_waits_until_the_browser_has_the_page() {
    let stage = Stage::new().await;
    assert!(may_end(&stage).await, "no browser came back");
    stage.get(OURS).await;
    assert!(!may_end(&stage).await);
    stage.shared.end(Verdict::SignedIn);
    assert!(!may_end(&stage).await);
    let (page, ()) = tokio::join!(stage.get("/done"), stage.shared.until_shown());
    assert!(page.contains("sign-in-page-done"), "{page}");
    assert!(may_end(&stage).await);
}

#[tokio::test(start_paused = true)]
async fn a_browser_that_never_asks_for_the_page_is_not_waited_for() {
    let stage = Stage::new().await;
    stage.get(OURS).await;
    stage.shared.end(Verdict::SignedIn);
    stage.shared.until_shown().await;
}

#[tokio::test(start_paused = true)]
async fn a_page_that_waits_too_long_sends_people_back() {
    let stage = Stage::new().await;
    stage.get(OURS).await;
    let answer = stage.get("/done").await;
    assert!(answer.contains("sign-in-page-back"), "{answer}");
}

#[tokio::test]
async fn what_knocks_besides_consumes_nothing() {
    let mut stage = Stage::new().await;
    let host = stage.address;
    for (method, headers) in [
        ("OPTIONS", "Access-Control-Request-Private-Network: true\r\n"),
        ("HEAD", ""),
        ("POST", "Content-Length: 0\r\n"),
        ("GET", "Sec-Purpose: prefetch;prerender\r\n"),
        ("GET", "Purpose: prefetch\r\n"),
        ("GET", "X-Moz: prefetch\r\n"),
    ] {
        let answer = stage.ask(method, OURS, headers).await;
        assert_eq!(status(&answer), 204, "{method} {headers}: {answer}");
        assert!(
            !answer.to_ascii_lowercase().contains("access-control"),
            "{answer}"
        );
    }
    for (target, expected) in [
        ("/favicon.ico", 204),
        ("/", 404),
        ("/callback", 404),
        ("/callback?error=access_denied&state=guessed", 404),
        ("/callback?code=c0de&state=s-2", 404),
        ("/callback?code=a&code=b&state=s-1", 404),
        ("/done", 200),
    ] {
        assert_eq!(status(&stage.get(target).await), expected, "{target}");
    }
    for other in [
        "evil.example",
        "localhost",
        "127.0.0.1",
        &format!("{host}.evil.example"),
    ] {
        let answer = stage
            .send(&format!("GET {OURS} HTTP/1.1\r\nHost: {other}\r\n\r\n"))
            .await;
        assert_eq!(status(&answer), 421, "{other}");
    }
    let long = format!("X-Long: {}\r\n", "a".repeat(9 << 10));
    assert_eq!(status(&stage.ask("GET", OURS, &long).await), 431);
    assert_eq!(stage.progress(), Progress::Waiting);
    assert_eq!(stage.code(), None);
    stage.get(OURS).await;
    assert_eq!(stage.code().as_deref(), Some("c0de"));
}

#[tokio::test]
async fn an_error_without_a_state_is_a_hint_and_ends_nothing() {
    let mut stage = Stage::new().await;
    let answer = stage
        .get("/callback?error=unsupported_response_type&state=")
        .await;
    assert!(answer.contains("sign-in-page-forgotten"), "{answer}");
    assert_eq!(stage.progress(), Progress::Forgotten);
    stage.get(OURS).await;
    assert_eq!(stage.code().as_deref(), Some("c0de"));
    assert_eq!(stage.progress(), Progress::Exchanging);
    stage.get("/callback?error=x&state=").await;
    assert_eq!(stage.progress(), Progress::Exchanging);
}

#[tokio::test]
async fn connections_that_send_nothing_do_not_keep_the_answer_out() {
    let mut stage = Stage::new().await;
    let mut idle = Vec::new();
    for _ in 0..MAX_CONNECTIONS - 1 {
        idle.push(stage.connect().await);
    }
    stage.get(OURS).await;
    assert_eq!(stage.code().as_deref(), Some("c0de"));
}

#[tokio::test]
async fn a_port_that_is_taken_is_passed_over() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let listener = Listener::bind(&[port]).await.unwrap();
    assert_ne!(listener.port(), port);
    assert_eq!(
        listener.redirect_uri(),
        format!("http://127.0.0.1:{}/callback", listener.port())
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_listens_a_while_after_the_end() {
    let stage = Stage::new().await;
    stage.get(OURS).await;
    stage.shared.end(Verdict::SignedIn);
    assert!(stage.get("/done").await.contains("sign-in-page-done"));
    let Stage { _serving, .. } = stage;
    _serving.await.unwrap();
}

#[tokio::test]
async fn an_address_from_the_clipboard_counts_as_the_browsers_answer() {
    let mut stage = Stage::new().await;
    let paste = |text: &str| stage.shared.on_pasted(text);
    assert_eq!(paste("nothing"), None);
    assert_eq!(
        paste("http://127.0.0.1:1/callback?code=x&state=s-2"),
        Some(Came::NotOurs)
    );
    let ours = format!("http://{}{OURS}", stage.address);
    assert_eq!(paste(&ours), Some(Came::First));
    assert_eq!(paste(&ours), Some(Came::Again));
    assert_eq!(stage.code().as_deref(), Some("c0de"));
}
