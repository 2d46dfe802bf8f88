//! Somebody with a browser, by plain requests: cookies, redirects and forms.

use std::collections::BTreeMap;
use std::time::Duration;

use gloria_stream::NetworkOptions;
use gloria_stream::http::{DialLimits, Http, HttpOptions, Reply, Request};
use http::header::{HeaderName, HeaderValue, LOCATION};
use http::{Method, StatusCode};
use url::{Url, form_urlencoded};

/// The way out of tests: what all share of it is the program.
pub(crate) fn http() -> Http {
    Http::new(HttpOptions {
        user_agent: "Gloria/1".to_owned(),
        network: NetworkOptions {
            // Who listens on this machine's port 80 is no matter of these tests.
            probe_url: Some("http://127.0.0.1:1/generate_204".parse().unwrap()),
            ..NetworkOptions::default()
        },
        limits: DialLimits {
            // A browser waits for minutes, and a page can wait for a person.
            first_byte: Duration::from_secs(60),
            ..DialLimits::default()
        },
    })
}

/// What somebody does at the provider's pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    Agree,
    Cancel,
}

pub(crate) struct Person {
    name: &'static str,
    http: Http,
}

impl Person {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, http: http() }
    }

    /// The same browser, with somebody else before it.
    pub(crate) fn renamed(self, name: &'static str) -> Self {
        Self { name, ..self }
    }

    /// Follows a link through the provider's pages, to the address on this machine that the provider sends it back to.
    pub(crate) async fn walk(&self, link: &Url) -> Url {
        self.walk_and(link, Decision::Agree).await
    }

    pub(crate) async fn walk_and(&self, link: &Url, decision: Decision) -> Url {
        match self.wander(Request::get(link.clone()), decision).await {
            Place::Callback(url) => url,
            Place::Page(status, page) => panic!("the way ends at a page, {status}: {page}"),
        }
    }

    /// Opens the page for devices, enters the code, and signs in. The last page.
    pub(crate) async fn enter_code(&self, page: &Url, code: &str, decision: Decision) -> String {
        let reply = self.send(Request::get(page.clone())).await;
        let mut form = Form::of(&text(&reply), &reply.url).unwrap();
        form.fields.insert("user_code".to_owned(), code.to_owned());
        match self.wander(form.request(), decision).await {
            Place::Page(_, page) => page,
            Place::Callback(url) => panic!("a device has no {}", url.path()),
        }
    }

    /// Asks for an address as a browser does when somebody goes there. Redirects are followed.
    pub(crate) async fn open(&self, url: &Url) -> String {
        text(&self.http.send(Request::get(url.clone())).await.unwrap())
    }

    /// Asks for an address once, in this way.
    pub(crate) async fn ask(
        &self,
        method: Method,
        url: &Url,
        headers: &[(HeaderName, &'static str)],
    ) -> Reply {
        let mut request = Request::new(method, url.clone());
        for (name, value) in headers {
            request = request.header(name.clone(), HeaderValue::from_static(value));
        }
        self.send(request).await
    }

    async fn wander(&self, mut request: Request, decision: Decision) -> Place {
        let mut is_over = false;
        for _ in 0..20 {
            let reply = self.send(request).await;
            if let Some(to) = reply
                .headers
                .get(LOCATION)
                .filter(|_| reply.status.is_redirection())
            {
                let to = reply.url.join(to.to_str().unwrap()).unwrap();
                if to.path() == "/callback" {
                    return Place::Callback(to);
                }
                request = Request::get(to);
                continue;
            }
            let page = text(&reply);
            let form = Form::of(&page, &reply.url).filter(|_| !is_over);
            let Some(mut form) = form else {
                return Place::Page(reply.status, page);
            };
            if decision == Decision::Cancel && form.is_interaction() {
                is_over = true;
                request = Request::get(form.abort());
                continue;
            }
            form.fill_in(self.name);
            request = form.request();
        }
        panic!("the way has no end");
    }

    async fn send(&self, request: Request) -> Reply {
        self.http.send(request.without_redirects()).await.unwrap()
    }
}

enum Place {
    Callback(Url),
    Page(StatusCode, String),
}

fn text(reply: &Reply) -> String {
    String::from_utf8(reply.body.to_vec()).unwrap()
}

/// The first form of a page.
struct Form {
    action: Url,
    fields: BTreeMap<String, String>,
}

impl Form {
    fn of(page: &str, at: &Url) -> Option<Self> {
        let (_, form) = page.split_once("<form ")?;
        let form = form.split("</form>").next()?;
        let action = at.join(&attribute(form, "action")?).ok()?;
        let inputs = form.split("<input ").skip(1);
        let fields = inputs.filter_map(|input| {
            let input = input.split('>').next()?;
            Some((
                attribute(input, "name")?,
                attribute(input, "value").unwrap_or_default(),
            ))
        });
        Some(Self {
            action,
            fields: fields.collect(),
        })
    }

    fn is_interaction(&self) -> bool {
        self.action.path().contains("/interaction/")
    }

    fn abort(&self) -> Url {
        let mut url = self.action.clone();
        url.set_path(&format!("{}/abort", self.action.path()));
        url
    }

    fn fill_in(&mut self, name: &str) {
        if self.fields.contains_key("login") {
            self.fields.insert("login".to_owned(), name.to_owned());
            self.fields.insert("password".to_owned(), "pass".to_owned());
        }
        if self.fields.contains_key("user_code") {
            self.fields.insert("confirm".to_owned(), "yes".to_owned());
        }
    }

    fn request(self) -> Request {
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.fields)
            .finish();
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        Request::new(Method::POST, self.action).body(kind, form)
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!("{name}=\""))?;
    let value = rest.split('"').next()?;
    Some(value.replace("&amp;", "&"))
}
