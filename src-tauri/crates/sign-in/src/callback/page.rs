//! The pages that the browser shows. They have no scripts and load nothing.

use std::fmt;
use std::sync::Arc;

use gloria_text::message::{self, Message};

/// The texts of the pages, from the catalogue in the user's language.
#[derive(Clone)]
pub struct Pages {
    /// The language, for HTML's `lang`.
    pub language: String,
    /// Translates a message.
    pub say: Arc<dyn Fn(&Message) -> String + Send + Sync>,
}

impl fmt::Debug for Pages {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Pages")
            .field("language", &self.language)
            .finish_non_exhaustive()
    }
}

/// The content of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Page {
    SignedIn,
    Failed(Message),
    /// The result is not known yet; the page refers to the app.
    GoBack,
    /// The provider lost the request.
    Forgotten,
    /// The request belongs to no sign-in.
    Unknown,
}

impl Page {
    /// Heading and text of the page.
    fn messages(&self) -> (Message, Message) {
        match self {
            Self::SignedIn => (message::sign_in_page_done(), message::sign_in_page_close()),
            Self::Failed(why) => (message::sign_in_page_failed(), why.clone()),
            Self::GoBack => (message::sign_in_page_back(), message::sign_in_page_unfinished()),
            Self::Forgotten => (message::sign_in_page_again(), message::sign_in_page_forgotten()),
            Self::Unknown => (message::sign_in_page_nothing(), message::sign_in_page_unknown()),
        }
    }

    pub(super) fn html(&self, pages: &Pages) -> String {
        let (heading, text) = self.messages();
        let [heading, text] = [heading, text].map(|message| escaped(&(pages.say)(&message)));
        let language = escaped(&pages.language);
        format!(
            "<!doctype html><html lang=\"{language}\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\"><title>{heading}</title>\
             <style>:root{{color-scheme:light dark}}body{{font:1rem/1.5 system-ui,sans-serif;max-width:32rem;\
             margin:20vh auto;padding:0 1.5rem}}h1{{font-size:1.4rem}}</style></head>\
             <body><h1>{heading}</h1><p>{text}</p></body></html>"
        )
    }
}

/// Escapes text for HTML.
fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            _ => html.push(c),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_elsewhere_is_never_html() {
        let pages = Pages {
            language: "en\"><script>".to_owned(),
            say: Arc::new(ToString::to_string),
        };
        let why = message::sign_in_refused_because("<img src=x>", "<b>gone</b> & 'more'");
        let html = Page::Failed(why).html(&pages);
        assert!(
            !html.contains("<b>") && !html.contains("<img") && !html.contains("<script>"),
            "{html}"
        );
        assert!(
            html.contains("&lt;b&gt;gone&lt;/b&gt; &amp; &#39;more&#39;"),
            "{html}"
        );
    }
}
