//! docs/servers.md: the results for each server, and advice for the people who run one.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;

use gloria_interop_tests::folder;

use crate::makes::{ALL, Make};

/// The results for one server. Each outcome is that of all checks over one route to it.
#[derive(Debug)]
pub(crate) struct Row {
    /// Whether the head of the response arrived before the first event or heartbeat was due.
    pub(crate) head_at_once: Option<bool>,
    pub(crate) by_header: Result<(), String>,
    pub(crate) by_query: Result<(), String>,
    pub(crate) ends_in_order: Option<bool>,
    pub(crate) nginx_as_it_comes: Option<Result<(), String>>,
    pub(crate) nginx_buffering: Option<Result<(), String>>,
    pub(crate) nginx_not_buffering: Option<Result<(), String>>,
    pub(crate) haproxy: Option<Result<(), String>>,
}

impl Row {
    fn render(&self, make: &Make) -> String {
        let head = match self.head_at_once {
            Some(true) => "at once",
            Some(false) => "with the first bytes",
            None => "never",
        };
        let end = match self.ends_in_order {
            Some(true) => "in order",
            Some(false) => "cut off",
            None => "–",
        };
        let direct = |outcome: &Result<(), String>| match outcome {
            Ok(()) => "yes".to_owned(),
            Err(words) => format!("no: {words}"),
        };
        let proxied = |outcome: &Option<Result<(), String>>| match outcome {
            None => "–".to_owned(),
            Some(Err(words)) if is_buffered(words) => "buffered".to_owned(),
            Some(outcome) => direct(outcome),
        };
        let cells = [
            head.to_owned(),
            direct(&self.by_header),
            direct(&self.by_query),
            end.to_owned(),
            proxied(&self.nginx_as_it_comes),
            proxied(&self.nginx_buffering),
            proxied(&self.nginx_not_buffering),
            proxied(&self.haproxy),
        ];
        format!("| {} | {} |", name(make), cells.join(" | "))
    }
}

/// Whether this is the client's message for a proxy that withholds the response.
fn is_buffered(words: &str) -> bool {
    words.starts_with("no answer within")
}

const COLUMNS: &str = "| server | response head | token in header | in query | at shutdown | nginx, default \
     | nginx, HTTP/1.1 | nginx, unbuffered | haproxy |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |";

/// The maximum width of a line, as in all documents; a test in tests/architecture checks it.
const WIDTH: usize = 140;

fn file() -> PathBuf {
    folder().join("../../docs/servers.md")
}

/// Compares the results with the page, or writes them to it.
pub(crate) fn check(make: &Make, row: &Row) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock();
    let line = row.render(make);
    let page = Page::read();
    if !is_writing() {
        let hint = "the results differ from docs/servers.md; `cargo xtask test interop --write` updates it";
        assert_eq!(page.row(make), line, "{hint}");
        return;
    }
    let today = jiff::Zoned::now().date().to_string();
    let full_on = if make.is_heavy { today } else { page.full_on() };
    let rows = |other: &Make| {
        if other.title == make.title {
            line.clone()
        } else {
            page.row(other)
        }
    };
    fs::write(file(), render(rows, &full_on)).unwrap();
}

fn is_writing() -> bool {
    std::env::var_os("GLORIA_REGENERATE").is_some()
}

/// The page as committed.
struct Page(String);

const FULL_ON: &str = "last on ";

impl Page {
    fn read() -> Self {
        Self(fs::read_to_string(file()).unwrap_or_default())
    }

    /// The row of a server.
    fn row(&self, make: &Make) -> String {
        let begin = format!("| {} |", name(make));
        let found = self.0.lines().find(|line| line.starts_with(&begin));
        found.map_or_else(|| format!("{begin} not tried yet |"), str::to_owned)
    }

    /// When the manually tested servers were last run.
    fn full_on(&self) -> String {
        let after = self.0.split_once(FULL_ON).map(|(_, after)| after);
        after
            .and_then(|after| after.split_once('.'))
            .map_or_else(|| "no day".to_owned(), |(day, _)| day.to_owned())
    }
}

fn render(row: impl Fn(&Make) -> String, full_on: &str) -> String {
    let mut text = include_str!("page.md").replace("{full_on}", &format!("{FULL_ON}{full_on}"));
    let mut table = COLUMNS.to_owned();
    let mut advice = String::new();
    for make in ALL {
        write!(table, "\n{}", row(make)).unwrap();
        wrap(&mut advice, &format!("- **{}**: {}", name(make), make.advice));
    }
    text = text
        .replace("{table}", &table)
        .replace("{advice}", advice.trim_end());
    text
}

/// Appends a list item, wrapped at the usual width.
fn wrap(text: &mut String, point: &str) {
    let mut width = 0;
    for word in point.split(' ') {
        let length = word.chars().count();
        if width > 0 && width + 1 + length > WIDTH {
            text.push_str("\n ");
            width = 1;
        }
        if width > 0 {
            text.push(' ');
            width += 1;
        }
        text.push_str(word);
        width += length;
    }
    text.push('\n');
}

/// A server's name with the pinned versions of its packages.
fn name(make: &Make) -> String {
    let mut name = make.title.to_owned();
    for pinned in pinned() {
        name = name.replace(&format!("{{{}}}", pinned.0), &pinned.1);
    }
    assert!(!name.contains('{'), "{name} has a package that is not pinned");
    name
}

/// Packages and their versions, which are pinned.
fn pinned() -> Vec<(String, String)> {
    let mut pinned = Vec::new();
    for file in ["package.json", "full/package.json"] {
        let text = fs::read_to_string(folder().join(file)).unwrap();
        let package: serde_json::Value = serde_json::from_str(&text).unwrap();
        for (name, version) in package["dependencies"].as_object().unwrap() {
            pinned.push((name.clone(), version.as_str().unwrap().to_owned()));
        }
    }
    let requirements = fs::read_to_string(folder().join("requirements.in")).unwrap();
    for line in requirements.lines() {
        let (name, version) = line.split_once("==").unwrap();
        pinned.push((name.to_owned(), version.to_owned()));
    }
    pinned
}

#[test]
fn the_page_is_current_and_lists_every_server() {
    let page = Page::read();
    let made = render(|make| page.row(make), &page.full_on());
    if is_writing() {
        fs::write(file(), made).unwrap();
    } else {
        assert_eq!(page.0, made, "`cargo xtask test interop --write` updates it");
    }
}
