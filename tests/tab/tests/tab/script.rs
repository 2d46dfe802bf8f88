//! What a server does, request by request and byte by byte.

use std::collections::BTreeSet;
use std::fmt;

/// One server: its first request gets the first answer, and so on. Who asks again after the last is sent away with 204,
/// which ends a browser's EventSource and `gloria tail` alike.
#[derive(Clone)]
pub(crate) struct Script {
    pub(crate) name: String,
    /// What is asked for.
    pub(crate) path: String,
    pub(crate) answers: Vec<Answer>,
    types: BTreeSet<String>,
}

impl Script {
    pub(crate) fn new(name: impl Into<String>, answers: impl IntoIterator<Item = Answer>) -> Self {
        Self {
            name: name.into(),
            path: "/sse".to_owned(),
            answers: answers.into_iter().collect(),
            types: BTreeSet::new(),
        }
    }

    pub(crate) fn path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    /// A tab hears only the types it asks for; those that are not to be read in the script's bytes are named so.
    pub(crate) fn types<T: Into<String>>(mut self, types: impl IntoIterator<Item = T>) -> Self {
        self.types.extend(types.into_iter().map(Into::into));
        self
    }

    /// All event types that may come.
    pub(crate) fn heard_types(&self) -> BTreeSet<String> {
        let mut types = self.types.clone();
        types.insert("message".to_owned());
        for answer in &self.answers {
            let sent = answer.parts.iter().filter_map(|part| match part {
                Part::Send(bytes) => Some(bytes.as_slice()),
                Part::Raw(_) | Part::Gap | Part::Late | Part::Until(_) => None,
            });
            types.extend(types_in(&sent.collect::<Vec<_>>().concat()));
        }
        types
    }
}

/// What stands behind `event:` on any line of a stream.
pub(crate) fn types_in(stream: &[u8]) -> BTreeSet<String> {
    let lines = stream.split(|byte| matches!(byte, b'\n' | b'\r'));
    let values = lines.filter_map(|line| {
        let line = line.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(line);
        line.strip_prefix(b"event: ")
            .or_else(|| line.strip_prefix(b"event:"))
    });
    values
        .filter(|value| !value.is_empty())
        .map(|value| String::from_utf8_lossy(value).into_owned())
        .collect()
}

/// A server with one connection, and this stream on it.
pub(crate) fn once(name: &str, stream: impl AsRef<[u8]>) -> Script {
    Script::new(name, [Answer::stream().send(RETRY).send(stream)])
}

impl fmt::Display for Script {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, answer) in self.answers.iter().enumerate() {
            writeln!(out, "    answer {}:", number + 1)?;
            writeln!(out, "      {}", shortened(answer.head.as_bytes()))?;
            for part in &answer.parts {
                match part {
                    Part::Send(bytes) => writeln!(out, "      send {}", shortened(bytes))?,
                    Part::Raw(bytes) => writeln!(out, "      raw {}", shortened(bytes))?,
                    Part::Gap => writeln!(out, "      gap")?,
                    Part::Late => writeln!(out, "      late")?,
                    Part::Until(data) => writeln!(out, "      until {data:?} is shown")?,
                }
            }
            writeln!(out, "      {:?}, {:?}", answer.framing, answer.end)?;
        }
        Ok(())
    }
}

/// Bytes for people, and the middle of many left out.
pub(crate) fn shortened(bytes: &[u8]) -> String {
    const ENDS: usize = 80;
    if bytes.len() <= 3 * ENDS {
        return format!("\"{}\"", bytes.escape_ascii());
    }
    let (start, end) = (&bytes[..ENDS], &bytes[bytes.len() - ENDS..]);
    format!(
        "\"{}\" … {} bytes … \"{}\"",
        start.escape_ascii(),
        bytes.len() - 2 * ENDS,
        end.escape_ascii()
    )
}

/// Both clients are to come back soon. The tab does after exactly this, gloria after a quarter of a second or so.
pub(crate) const RETRY: &str = "retry: 100\n\n";

/// What the server does with one request.
#[derive(Clone)]
pub(crate) struct Answer {
    /// The status line and the headers. `{here}` and `{elsewhere}` are the server's two origins, `{cors}` is what lets
    /// a page of another origin read the answer, `{length}` is the length of the body.
    pub(crate) head: String,
    pub(crate) parts: Vec<Part>,
    pub(crate) framing: Framing,
    pub(crate) end: End,
}

/// A piece of an answer's body.
#[derive(Clone)]
pub(crate) enum Part {
    /// Framed as the answer is.
    Send(Vec<u8>),
    /// As it is.
    Raw(Vec<u8>),
    /// A moment, so that what is before and what is after are likely to be read apart. Nothing depends on it.
    Gap,
    /// Longer than a client that is used to quick answers has patience.
    Late,
    /// Goes on when the client has shown an event with this data.
    Until(String),
}

/// How the body's end is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// By the connection's end.
    Connection,
    Chunked,
    /// By `Content-Length`, which is in the head.
    Length,
}

/// How an answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// In good order, and the connection with it.
    Close,
    /// In good order; the connection waits for another request.
    Keep,
    /// The connection is closed, and the body was not complete.
    Cut,
    /// The connection is reset.
    Reset,
}

impl Answer {
    /// These are the status line and the headers, line by line.
    pub(crate) fn head(lines: &[&str]) -> Self {
        Self::raw(format!("{}\r\n{{cors}}\r\n", lines.join("\r\n")))
    }

    /// This is the head, to the byte.
    pub(crate) fn raw(head: impl Into<String>) -> Self {
        Self {
            head: head.into(),
            parts: Vec::new(),
            framing: Framing::Connection,
            end: End::Close,
        }
    }

    /// An event stream that ends with its connection.
    pub(crate) fn stream() -> Self {
        Self::with("Content-Type: text/event-stream")
    }

    /// 200 and these headers.
    pub(crate) fn with(headers: &str) -> Self {
        Self::head(&["HTTP/1.1 200 OK", headers])
    }

    /// A status, such as `404 Not Found`, and an empty body.
    pub(crate) fn status(status: &str) -> Self {
        Self::head(&[&format!("HTTP/1.1 {status}"), "Content-Length: 0"])
    }

    /// A redirect.
    pub(crate) fn redirect(status: &str, location: &str) -> Self {
        Self::status(status).header(&format!("Location: {location}"))
    }

    pub(crate) fn is_redirect(&self) -> bool {
        self.head
            .split(' ')
            .nth(1)
            .is_some_and(|status| status.starts_with('3'))
    }

    /// A header more.
    pub(crate) fn header(mut self, line: &str) -> Self {
        self.head = self.head.replace("{cors}", &format!("{line}\r\n{{cors}}"));
        self
    }

    pub(crate) fn chunked(self) -> Self {
        let mut answer = self.header("Transfer-Encoding: chunked");
        answer.framing = Framing::Chunked;
        answer
    }

    pub(crate) fn length(self) -> Self {
        let mut answer = self.header("Content-Length: {length}");
        answer.framing = Framing::Length;
        answer
    }

    pub(crate) fn framing(mut self, framing: Framing) -> Self {
        self.framing = framing;
        self
    }

    pub(crate) fn send(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.parts.push(Part::Send(bytes.as_ref().to_vec()));
        self
    }

    pub(crate) fn send_raw(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.parts.push(Part::Raw(bytes.as_ref().to_vec()));
        self
    }

    /// Each of these comes by itself.
    pub(crate) fn pieces<T: AsRef<[u8]>>(mut self, pieces: impl IntoIterator<Item = T>) -> Self {
        for piece in pieces {
            self = self.send(piece).gap();
        }
        self
    }

    pub(crate) fn gap(mut self) -> Self {
        self.parts.push(Part::Gap);
        self
    }

    pub(crate) fn late(mut self) -> Self {
        self.parts.push(Part::Late);
        self
    }

    pub(crate) fn until(mut self, data: &str) -> Self {
        self.parts.push(Part::Until(data.to_owned()));
        self
    }

    pub(crate) fn end(mut self, end: End) -> Self {
        self.end = end;
        self
    }
}
