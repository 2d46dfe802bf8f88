//! A provider, and the browser in which its users sign in.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::harness::within_deadline;

pub(super) const CLIENT: &str = "gloria-desktop";

/// What it gives, and what it was asked for.
pub(super) struct State {
    pub(super) access: String,
    /// Who signs in.
    pub(super) subject: &'static str,
    pub(super) refreshes: bool,
    pub(super) lasts: u64,
    /// Codes on another device have been entered.
    pub(super) entered: bool,
    /// Refresh tokens count as revoked.
    pub(super) refuses: bool,
    /// How often its metadata was read.
    pub(super) read: u32,
    nonce: Option<String>,
    given: u32,
    pub(super) requests: Vec<String>,
}

#[derive(Clone)]
pub(super) struct Provider {
    pub(super) issuer: String,
    pub(super) state: Arc<Mutex<State>>,
}

impl Provider {
    pub(super) async fn start(access: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let provider = Self {
            issuer: format!("http://{}", listener.local_addr().unwrap()),
            state: Arc::new(Mutex::new(State {
                access: access.to_owned(),
                subject: "anna",
                refreshes: true,
                lasts: 3600,
                entered: false,
                refuses: false,
                read: 0,
                nonce: None,
                given: 0,
                requests: Vec::new(),
            })),
        };
        let serving = provider.clone();
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(connection));
            }
        });
        provider
    }

    async fn serve(self, connection: TcpStream) {
        let mut reader = BufReader::new(connection);
        let (mut line, mut length) = (String::new(), 0);
        reader.read_line(&mut line).await.unwrap();
        let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
        loop {
            let mut header = String::new();
            if reader.read_line(&mut header).await.unwrap() < 3 {
                break;
            }
            if let Some(value) = header.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).await.unwrap();
        let (status, answer) = self.answer(&path, &String::from_utf8(body).unwrap());
        let answer = answer.to_string();
        let head = format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nConnection: close\r\n");
        let answer = format!("{head}Content-Length: {}\r\n\r\n{answer}", answer.len());
        let _ = reader.into_inner().write_all(answer.as_bytes()).await;
    }

    fn answer(&self, path: &str, body: &str) -> (&'static str, Value) {
        let mut state = self.state.lock().unwrap();
        match path {
            "/.well-known/openid-configuration" => {
                state.read += 1;
                ("200 OK", self.metadata())
            }
            "/device" => {
                state.requests.push("device".to_owned());
                let answer = json!({
                    "device_code": "the-device", "user_code": "WDJB-MJHT", "interval": 1, "expires_in": 600,
                    "verification_uri": format!("{}/enter", self.issuer),
                    "verification_uri_complete": format!("{}/enter?code=WDJB-MJHT", self.issuer),
                });
                ("200 OK", answer)
            }
            "/token" => {
                let grant_type = field(body, "grant_type");
                if grant_type.ends_with("device_code") && !state.entered {
                    return ("400 Bad Request", json!({"error": "authorization_pending"}));
                }
                let shown = match &*grant_type {
                    "refresh_token" => field(body, "refresh_token"),
                    "authorization_code" => "code".to_owned(),
                    _ => "device-code".to_owned(),
                };
                state.requests.push(shown);
                if grant_type == "refresh_token" && state.refuses {
                    return ("400 Bad Request", json!({"error": "invalid_grant"}));
                }
                state.given += 1;
                let mut answer = json!({
                    "token_type": "Bearer", "access_token": state.access, "expires_in": state.lasts,
                    "id_token": self.id_token(state.subject, state.nonce.as_deref()),
                });
                if state.refreshes {
                    answer["refresh_token"] = format!("refresh-{}", state.given).into();
                }
                ("200 OK", answer)
            }
            "/revoke" => {
                state.requests.push(format!("revoke {}", field(body, "token")));
                ("200 OK", json!({}))
            }
            _ => ("404 Not Found", json!({})),
        }
    }

    fn metadata(&self) -> Value {
        let issuer = &self.issuer;
        json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "revocation_endpoint": format!("{issuer}/revoke"),
            "device_authorization_endpoint": format!("{issuer}/device"),
            "code_challenge_methods_supported": ["S256"],
        })
    }

    fn id_token(&self, subject: &str, nonce: Option<&str>) -> String {
        let now = jiff::Timestamp::now().as_second();
        let mut claims = json!({
            "iss": self.issuer, "sub": subject, "aud": CLIENT, "name": "Anna Test", "email": "anna@test.example",
            "iat": now, "exp": now + 3600,
        });
        if let Some(nonce) = nonce {
            claims["nonce"] = nonce.into();
        }
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!(
            "{}.{}.c2lnbmF0dXJl",
            encode(&json!({"alg": "RS256"})),
            encode(&claims)
        )
    }

    /// Another person signs in from here on, and gets this access token.
    pub(super) fn set_person(&self, subject: &'static str, access: &str) {
        let mut state = self.state.lock().unwrap();
        (state.subject, state.access) = (subject, access.to_owned());
    }

    /// Waits until it was asked for this.
    pub(super) async fn requested(&self, request: &str) {
        within_deadline(request, async {
            while !self.requests().iter().any(|known| known == request) {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    pub(super) fn requests(&self) -> Vec<String> {
        self.state.lock().unwrap().requests.clone()
    }

    /// The address to which the provider sends the browser, once the user has signed in there.
    pub(super) fn callback(&self, link: &str) -> String {
        let query = link.split_once('?').unwrap().1;
        self.state.lock().unwrap().nonce = Some(field(query, "nonce"));
        let (callback, state) = (field(query, "redirect_uri"), field(query, "state"));
        format!("{callback}?code=the-code&state={state}")
    }

    /// Signs in, in a browser that follows redirects. Returns the page that it ends at.
    pub(super) async fn sign_in(&self, link: &str) -> String {
        let mut address = self.callback(link);
        loop {
            let rest = address.strip_prefix("http://").unwrap();
            let (host, path) = rest.split_once('/').unwrap();
            let mut browser = TcpStream::connect(host).await.unwrap();
            let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
            browser.write_all(request.as_bytes()).await.unwrap();
            let mut page = String::new();
            browser.read_to_string(&mut page).await.unwrap();
            let location = page
                .lines()
                .find_map(|line| line.to_lowercase().starts_with("location:").then(|| &line[9..]));
            match location.map(str::trim) {
                Some(next) if next.starts_with("http") => address = next.to_owned(),
                Some(next) => address = format!("http://{host}{next}"),
                None => return page,
            }
        }
    }
}

/// A field of a form or a query.
pub(super) fn field(form: &str, name: &str) -> String {
    let mut fields = form.split('&').filter_map(|field| field.split_once('='));
    let value = fields.find(|(key, _)| *key == name).map(|(_, value)| value);
    value.unwrap_or_default().replace("%3A", ":").replace("%2F", "/")
}
