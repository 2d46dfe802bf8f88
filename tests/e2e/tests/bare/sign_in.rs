//! `gloria login` at a provider, what the app makes of it, and `gloria logout`.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gloria_backend::{Answer, Route, TEST_TOKEN};
use gloria_desktop_session::{SessionOptions, wait_until};
use serde_json::{Value, json};

use super::credentials::{gloria, tray_says};
use crate::scene::{DEADLINE, Scene, program};

pub(crate) const CLIENT: &str = "gloria-desktop";

/// A provider of one sign-in: each refresh token can be used once.
#[derive(Clone)]
pub(crate) struct Provider {
    pub(crate) issuer: String,
    state: Arc<Mutex<State>>,
}

/// A person, by the subject and the access token.
#[derive(Clone)]
struct Person {
    subject: String,
    access: String,
}

#[derive(Default)]
struct State {
    nonce: String,
    /// Who signs in at its page.
    person: Option<Person>,
    given: u32,
    /// The refresh tokens that were not used yet, and whose they are.
    unused: HashMap<String, Person>,
    /// What it was asked for, without metadata.
    requests: Vec<String>,
    /// Exchanges of codes are not answered.
    hangs: bool,
    unanswered: Vec<TcpStream>,
}

impl Provider {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let provider = Self {
            issuer: format!("http://{}", listener.local_addr().unwrap()),
            state: Arc::default(),
        };
        provider.admit("user-1", TEST_TOKEN);
        let serving = provider.clone();
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                serving.serve(connection.unwrap());
            }
        });
        provider
    }

    /// This person signs in at its page from now on.
    pub(crate) fn admit(&self, subject: &str, access: &str) {
        let person = Person {
            subject: subject.to_owned(),
            access: access.to_owned(),
        };
        self.state.lock().unwrap().person = Some(person);
    }

    /// From now on no exchange of a code is answered.
    pub(crate) fn hang(&self) {
        self.state.lock().unwrap().hangs = true;
    }

    fn serve(&self, connection: TcpStream) {
        let mut reader = BufReader::new(connection);
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
        let mut length = 0;
        loop {
            let mut header = String::new();
            if reader.read_line(&mut header).unwrap() < 3 {
                break;
            }
            if let Some(value) = header.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let body = String::from_utf8(body).unwrap();
        let (status, answer) = match &*path {
            "/.well-known/openid-configuration" => ("200 OK", self.metadata()),
            "/token" => self.token(&body),
            "/revoke" => {
                let token = field(&body, "token");
                let mut state = self.state.lock().unwrap();
                state.unused.remove(&token);
                state.requests.push(format!("revoke {token}"));
                ("200 OK", json!({}))
            }
            _ => ("404 Not Found", json!({})),
        };
        let mut state = self.state.lock().unwrap();
        if state.hangs && path == "/token" {
            state.unanswered.push(reader.into_inner());
            return;
        }
        let answer = answer.to_string();
        let head = format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nConnection: close\r\n");
        let length = answer.len();
        let mut connection = reader.into_inner();
        write!(connection, "{head}Content-Length: {length}\r\n\r\n{answer}").unwrap();
    }

    fn metadata(&self) -> Value {
        let issuer = &self.issuer;
        json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "revocation_endpoint": format!("{issuer}/revoke"),
            "code_challenge_methods_supported": ["S256"],
        })
    }

    fn token(&self, body: &str) -> (&'static str, Value) {
        let mut state = self.state.lock().unwrap();
        let is_code = field(body, "grant_type") == "authorization_code";
        let (shown, person) = if is_code {
            ("code".to_owned(), state.person.clone())
        } else {
            let sent = field(body, "refresh_token");
            let person = state.unused.remove(&sent);
            (sent, person)
        };
        state.requests.push(shown);
        let Some(person) = person else {
            return ("400 Bad Request", json!({"error": "invalid_grant"}));
        };
        state.given += 1;
        let next = format!("refresh-{}", state.given);
        let mut answer = json!({
            "token_type": "Bearer",
            "access_token": person.access,
            "refresh_token": next,
            "expires_in": 3600,
        });
        if is_code {
            answer["id_token"] = self.id_token(&state.nonce, &person.subject).into();
        }
        state.unused.insert(next, person);
        ("200 OK", answer)
    }

    fn id_token(&self, nonce: &str, subject: &str) -> String {
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_secs();
        let claims = json!({
            "iss": self.issuer, "sub": subject, "aud": CLIENT, "nonce": nonce, "name": "Anna Test",
            "iat": now, "exp": now + 3600,
        });
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = json!({"alg": "RS256"});
        format!("{}.{}.c2lnbmF0dXJl", encode(&header), encode(&claims))
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.state.lock().unwrap().requests.clone()
    }
}

/// A field of a form or a query.
fn field(form: &str, name: &str) -> String {
    let mut fields = form.split('&').filter_map(|field| field.split_once('='));
    let value = fields.find(|(key, _)| *key == name).map(|(_, value)| value);
    value.unwrap_or_default().replace("%3A", ":").replace("%2F", "/")
}

/// Does what a browser does in which somebody signs in: the provider redirects it to the app.
pub(crate) fn come_back(link: &str, provider: &Provider) {
    let query = link.split_once('?').unwrap().1;
    provider.state.lock().unwrap().nonce = field(query, "nonce");
    let callback = field(query, "redirect_uri");
    let (host, path) = callback.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut browser = TcpStream::connect(host).unwrap();
    let state = field(query, "state");
    let request = format!("GET /{path}?code=the-code&state={state} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    browser.write_all(request.as_bytes()).unwrap();
    // It waits for the page in a browser; here the head is enough.
    BufReader::new(browser).read_line(&mut String::new()).unwrap();
}

/// `gloria login` on a terminal.
fn login(scene: &Scene) -> Command {
    login_with(scene, "")
}

/// `gloria login` on a terminal, with an option. It replaces the shell, which would end by Ctrl-C as well.
pub(crate) fn login_with(scene: &Scene, option: &str) -> Command {
    let mut command = scene.session.command("script");
    scene.configure(&mut command);
    let line = format!("exec {} login {option}", program("gloria").display());
    command.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
    command
}

/// Runs `gloria login` on a terminal, and signs in.
pub(crate) fn log_in(scene: &Scene, provider: &Provider) -> String {
    let mut command = login(scene);
    command
        .env("GLORIA_AUTH_ISSUER", &provider.issuer)
        .env("GLORIA_AUTH_CLIENT_ID", CLIENT);
    sign_in(command, provider)
}

/// Runs this login, and signs in. Returns what it printed.
pub(crate) fn sign_in(mut command: Command, provider: &Provider) -> String {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let said = come_back_when_asked(&mut child, provider);
    assert!(child.wait().unwrap().success(), "{said}");
    said
}

/// Signs in once the address for the browser was printed. Returns what was printed.
fn come_back_when_asked(child: &mut Child, provider: &Provider) -> String {
    let mut said = String::new();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    while lines.read_line(&mut said).unwrap() > 0 {
        let link = said
            .split_whitespace()
            .find(|word| word.starts_with("http") && word.contains("/authorize?"));
        if let Some(link) = link {
            come_back(link, provider);
            break;
        }
    }
    lines.read_to_string(&mut said).unwrap();
    said
}

/// The server says that people sign in at this provider.
fn names(scene: &Scene, provider: &Provider, client_id: &str) {
    let document = json!({"issuer": provider.issuer, "client_id": client_id});
    let answer = Answer::new(200).body("application/json", document.to_string());
    let control = scene.backend.control();
    control.clear_answers();
    control.answer(Route::Auth, 99, answer).unwrap();
}

/// Runs `gloria login` on a terminal, with this input. Returns the exit code and what it printed.
fn answered(scene: &Scene, input: &str) -> (i32, String) {
    let mut child = login(scene)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    (output.status.code().unwrap(), said)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_servers_address_is_enough_to_sign_in_and_another_provider_is_asked_about() {
    let scene = Scene::set(SessionOptions::default()).await;
    let (provider, other) = (Provider::start(), Provider::start());
    names(&scene, &provider, CLIENT);
    let said = sign_in(login(&scene), &provider);
    let named = format!("names {} as its sign-in service", provider.issuer);
    let shown = said.find(&named).expect(&said);
    assert!(shown < said.find("/authorize?").unwrap(), "{said}");
    assert!(said.contains("signed in as Anna Test"), "{said}");

    // Once more, without a question.
    let said = sign_in(login(&scene), &provider);
    assert!(said.contains("signed in as Anna Test"), "{said}");

    for (issuer, client_id, words) in [
        (&other, CLIENT, &*other.issuer),
        (&provider, "another-client", "another registration"),
    ] {
        names(&scene, issuer, client_id);
        for refusal in ["n\n", "\n", "what\n"] {
            let (code, said) = answered(&scene, refusal);
            assert_eq!(code, 5, "{said}");
            assert!(said.contains(words) && said.contains("[y/N]"), "{said}");
            assert!(!said.contains("/authorize?"), "{said}");
        }
    }
    assert_eq!(other.requests(), [""; 0], "it was not asked for anything");

    // A user who agrees signs in there, and is not asked again.
    names(&scene, &other, CLIENT);
    for input in ["y\n", ""] {
        let mut child = login(&scene)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut keyboard = child.stdin.take().unwrap();
        keyboard.write_all(input.as_bytes()).unwrap();
        let said = come_back_when_asked(&mut child, &other);
        assert!(child.wait().unwrap().success(), "{said}");
        assert_eq!(said.contains("[y/N]"), !input.is_empty(), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_say_where_to_sign_in_takes_a_token_or_is_tried_again_later() {
    let scene = Scene::set(SessionOptions::default()).await;
    let paste = format!("{TEST_TOKEN}\n\x04");
    let control = scene.backend.control();
    let answer = |status| control.answer(Route::Auth, 1, Answer::new(status)).unwrap();
    for (status, words) in [(404, "does not offer"), (401, "demands a token")] {
        answer(status);
        let (code, said) = answered(&scene, &paste);
        assert_eq!(code, 0, "{said}");
        assert!(said.contains(words) && said.contains("paste the token"), "{said}");
        assert!(said.contains("is in the keyring"), "{said}");
    }
    answer(503);
    let (code, said) = answered(&scene, &paste);
    assert_eq!(code, 5, "{said}");
    assert!(
        said.contains("status 503") && !said.contains("paste the token"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_signs_in_by_the_command_line_is_signed_in_by_the_app_until_they_sign_out() {
    let scene = Scene::set(SessionOptions::default()).await;
    let provider = Provider::start();
    let said = log_in(&scene, &provider);
    assert!(said.contains("signed in as Anna Test"), "{said}");
    assert!(said.contains("is in the keyring"), "{said}");
    assert!(
        !said.contains("refresh-1") && !said.contains(TEST_TOKEN),
        "{said}"
    );

    // A command renews by itself where no app runs, and does not end before the next refresh token is stored.
    let tail = || {
        let mut tail = scene.command("gloria");
        tail.arg("tail").stdout(Stdio::piped()).spawn().unwrap()
    };
    let kill = |mut tail: Child| {
        let pid = tail.id().to_string();
        let killed = std::process::Command::new("kill").arg(pid).status();
        assert!(killed.unwrap().success());
        tail.wait().unwrap();
    };
    let alone = tail();
    wait_until("the command to renew", DEADLINE, async || {
        Ok(provider
            .requests()
            .contains(&"refresh-1".to_owned())
            .then_some(()))
    })
    .await
    .unwrap();
    kill(alone);

    let mut running = super::credentials::app(&scene);
    scene.connected().await;
    tray_says(&scene, "Connected").await;
    assert_eq!(provider.requests(), ["code", "refresh-1", "refresh-2"]);

    // Beside the app it has the app's access token. The test server has one stream for a user.
    let mut beside = tail();
    let mut lines = BufReader::new(beside.stdout.take().unwrap()).lines();
    let connected = lines.find(|line| line.as_ref().unwrap().contains("\"connected\""));
    assert!(connected.is_some());
    kill(beside);
    assert_eq!(provider.requests(), ["code", "refresh-1", "refresh-2"]);
    scene.connected().await;

    // Another sign-in replaces this one. Revoking it could end both: they are of one user and application.
    log_in(&scene, &provider);
    wait_until("the app to use it", DEADLINE, async || {
        running.check_alive()?;
        Ok(provider
            .requests()
            .contains(&"refresh-4".to_owned())
            .then_some(()))
    })
    .await
    .unwrap();
    scene.connected().await;

    assert!(gloria(&scene, &["logout"], "").contains("loggedOut"));
    let mut requests = provider.requests();
    requests.retain(|request| request.starts_with("revoke"));
    assert_eq!(requests, ["revoke refresh-5"]);
    scene
        .backend
        .control()
        .wait_for(|seen| seen.streams == 0, DEADLINE)
        .await
        .unwrap();
    tray_says(&scene, "Set-up needed").await;
    let requests = provider.requests();
    let refreshes = || requests.iter().filter(|request| request.starts_with("refresh"));
    let used: std::collections::BTreeSet<_> = refreshes().collect();
    assert_eq!(used.len(), refreshes().count(), "no refresh token was sent twice");
}

/// A program in the browser's place, which writes down the link that it is to open, and its environment.
pub(crate) fn browser(scene: &Scene) -> std::path::PathBuf {
    let folder = scene.session.dir().join("browser");
    std::fs::create_dir(&folder).unwrap();
    let program = folder.join("xdg-open");
    let script = "#!/bin/sh\ncd \"${0%/*}\"\nenv >environment\necho \"$1\" >part\nmv part link\n";
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_from_the_window_goes_on_without_it_and_the_command_line_ends_it() {
    let scene = Scene::set(SessionOptions::default()).await;
    let provider = Provider::start();
    let browser = browser(&scene);
    let mut command = scene.command("gloria");
    let path = std::env::var("PATH").unwrap_or_default();
    command
        .arg("agent")
        .env("PATH", format!("{}:{path}", browser.display()))
        .env("GLORIA_AUTH_ISSUER", &provider.issuer)
        .env("GLORIA_AUTH_CLIENT_ID", CLIENT);
    let mut running = scene.session.spawn("app", command).unwrap();
    tray_says(&scene, "Set-up needed").await;

    // As the page asks, and then goes away.
    let begin = json!({"address": scene.backend.api_url(), "way": "browser", "anotherAccount": false});
    let mut page = gloria_ipc::AppConnection::open(&scene.home).await.unwrap();
    page.call("sign_in_begin", begin.clone()).await.unwrap();
    drop(page);
    let link = wait_until("the browser to be opened", DEADLINE, async || {
        running.check_alive()?;
        Ok(std::fs::read_to_string(browser.join("link")).ok())
    })
    .await
    .unwrap();
    let environment = std::fs::read_to_string(browser.join("environment")).unwrap();
    assert!(!environment.contains("GLORIA_"), "{environment}");
    come_back(link.trim(), &provider);
    scene.connected().await;
    tray_says(&scene, "Connected").await;
    assert_eq!(
        provider.requests(),
        ["code"],
        "the token that came with it is used"
    );

    // The command line signs out of what the app signed in to.
    assert!(gloria(&scene, &["logout"], "").contains("loggedOut"));
    assert_eq!(provider.requests(), ["code", "revoke refresh-1"]);
    let control = scene.backend.control();
    control
        .wait_for(|seen| seen.streams == 0, DEADLINE)
        .await
        .unwrap();
    tray_says(&scene, "Set-up needed").await;

    // A sign-in that still waits for its user is over once they sign in by the command line.
    std::fs::remove_file(browser.join("link")).unwrap();
    let mut page = gloria_ipc::AppConnection::open(&scene.home).await.unwrap();
    page.call("sign_in_begin", begin).await.unwrap();
    wait_until("the browser to be opened", DEADLINE, async || {
        Ok(std::fs::read_to_string(browser.join("link")).ok())
    })
    .await
    .unwrap();
    log_in(&scene, &provider);
    scene.connected().await;
    wait_until("nothing to be waited for", DEADLINE, async || {
        Ok(page
            .call("sign_in_open", Value::Null)
            .await
            .is_err()
            .then_some(()))
    })
    .await
    .unwrap();
    running.check_alive().unwrap();
}
