//! The user's browser.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use gloria_core::ports::{OpenError, Opener};
use url::Url;

/// A missing or failing launcher is noticed within milliseconds. One that still runs after this time has the link, and
/// the caller need not wait any longer.
const FAILURE_TIMEOUT: Duration = Duration::from_millis(100);

/// Opens web links in the user's browser.
#[derive(Debug, Clone, Copy, Default)]
pub struct Browser;

impl Opener for Browser {
    /// Waits at most 100 ms; a failure after that is logged.
    fn open(&self, link: &str) -> Result<(), OpenError> {
        let link = web_link(link)?;
        let (sender, receiver) = mpsc::sync_channel(1);
        let start = move || {
            // The query of a link may contain secrets, so neither the link nor the launcher's message is logged.
            let opened = open::that_detached(link.as_str());
            if let Err(mpsc::SendError(Err(error))) = sender.send(opened) {
                tracing::warn!(kind = ?error.kind(), "no browser took a link");
            }
        };
        let spawned = thread::Builder::new().name("browser".to_owned()).spawn(start);
        let opened = match spawned {
            Ok(_) => receiver.recv_timeout(FAILURE_TIMEOUT).unwrap_or(Ok(())),
            Err(error) => Err(error),
        };
        opened.map_err(|error| OpenError::Failed(error.to_string().into()))
    }
}

/// The link as a browser would write it: spaces, quotes and control characters, which a launcher could misinterpret,
/// are encoded.
fn web_link(link: &str) -> Result<Url, OpenError> {
    let url = Url::parse(link).map_err(|_| OpenError::NotAWebLink)?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        _ => Err(OpenError::NotAWebLink),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_links_pass() {
        for link in [
            "https://gloria.example/tasks/1?x=%41#top",
            "http://127.0.0.1:8080/",
        ] {
            assert_eq!(web_link(link).map(String::from), Ok(link.to_owned()));
        }
        for link in [
            "file:///etc/passwd",
            "javascript:alert(1)",
            "--help",
            "/usr/bin/xterm",
            "mailto:a@b",
            "",
            "https://",
        ] {
            assert_eq!(web_link(link), Err(OpenError::NotAWebLink), "{link}");
        }
    }

    #[test]
    fn what_a_launcher_could_misread_is_encoded() {
        assert_eq!(
            web_link("https://gloria.example/a b?\"c\"\n&d").map(String::from),
            Ok("https://gloria.example/a%20b?%22c%22&d".to_owned())
        );
    }
}
