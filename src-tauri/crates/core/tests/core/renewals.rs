//! A provider of sign-ins that renews everybody's: the refresh token `NAME` leads to the access token `access.NAME`.

use std::sync::{Arc, Mutex};

use gloria_core::grant::{Person, SavedGrant};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// A provider, which ends when it is dropped.
pub(crate) struct FakeProvider {
    issuer: String,
    revoked: Arc<Mutex<Vec<String>>>,
    task: AbortHandle,
}

impl Drop for FakeProvider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl FakeProvider {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let revoked = Arc::<Mutex<Vec<String>>>::default();
        let (own, log) = (issuer.clone(), Arc::clone(&revoked));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, own.clone(), Arc::clone(&log)));
            }
        });
        Self {
            issuer,
            revoked,
            task: task.abort_handle(),
        }
    }

    /// The sign-in of this subject, by this application. Each sign-in of a person is another grant.
    pub(crate) fn grant(&self, subject: &str, client: &str) -> SavedGrant {
        let (issuer, client) = (self.issuer.clone(), client.to_owned());
        let grant = SavedGrant::new(issuer, client, subject.to_owned(), subject.into()).unwrap();
        grant.of_person(Person {
            name: Some(format!("Name of {subject}")),
            email: Some(format!("{}@gloria.example", subject.trim_end_matches("-anew"))),
        })
    }

    /// The refresh tokens that were revoked.
    pub(crate) fn revoked(&self) -> Vec<String> {
        self.revoked.lock().unwrap().clone()
    }
}

async fn answer(mut stream: TcpStream, issuer: String, revoked: Arc<Mutex<Vec<String>>>) {
    let Some((path, body)) = request(&mut stream).await else {
        return;
    };
    let field = |name: &str| {
        let mut fields = url::form_urlencoded::parse(body.as_bytes());
        let found = fields.find(|(known, _)| known == name);
        found.map(|(_, value)| value.into_owned()).unwrap_or_default()
    };
    let answer = match &*path {
        "/token" => json!({
            "access_token": format!("access.{}", field("refresh_token")),
            "token_type": "Bearer",
            "expires_in": 3600,
        }),
        "/revoke" => {
            revoked.lock().unwrap().push(field("token"));
            json!({})
        }
        _ => json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "revocation_endpoint": format!("{issuer}/revoke"),
            "code_challenge_methods_supported": ["S256"],
        }),
    };
    let answer = answer.to_string();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        answer.len()
    );
    // The client may have gone.
    let _ = stream.write_all(format!("{head}{answer}").as_bytes()).await;
}

/// Path and body of a request.
async fn request(stream: &mut TcpStream) -> Option<(String, String)> {
    let mut read = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                let is_length = name.eq_ignore_ascii_case("content-length");
                is_length.then(|| value.trim().parse::<usize>().ok())?
            });
            if body.len() >= length.unwrap_or(0) {
                let path = head.split(' ').nth(1)?.to_owned();
                return Some((path, body.to_owned()));
            }
        }
        let mut part = [0; 4096];
        let count = stream.read(&mut part).await.ok()?;
        if count == 0 {
            return None;
        }
        read.extend_from_slice(&part[..count]);
    }
}
