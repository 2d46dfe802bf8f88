//! Servers that nobody thought of: scripts from a seed.

use std::collections::BTreeSet;

use fastrand::Rng;

use crate::named::encodings::{Coding, encoded};
use crate::script::{Answer, End, RETRY, Script, types_in};

/// So many scripts, which the seed determines.
pub(crate) fn scripts(seed: u64, count: u32) -> Vec<Script> {
    (0..count)
        .map(|number| {
            let mut rng = Rng::with_seed(seed.wrapping_add(u64::from(number)));
            script(&format!("random {number} of seed {seed}"), &mut rng)
        })
        .collect()
}

fn script(name: &str, rng: &mut Rng) -> Script {
    let (mut answers, mut types) = (Vec::new(), BTreeSet::new());
    let connections = rng.usize(1..=3);
    for number in 0..connections {
        if one_in(rng, 8) {
            let status = pick(
                rng,
                &[
                    "301 Moved",
                    "302 Found",
                    "303 See Other",
                    "307 Temporary",
                    "308 Permanent",
                ],
            );
            let location = pick(
                rng,
                &["/moved", "moved?x=1", "{elsewhere}/there", "?again", "/a#b"],
            );
            answers.push(Answer::redirect(status, location));
        }
        answers.push(answer(rng, number == 0, &mut types));
        if one_in(rng, 12) {
            answers.push(pick(
                rng,
                &[
                    Answer::raw("").end(End::Reset),
                    Answer::raw(""),
                    Answer::stream(),
                    Answer::stream().length(),
                    Answer::status("503 Service Unavailable"),
                ],
            ));
        }
    }
    Script::new(name, answers).types(types)
}

fn answer(rng: &mut Rng, first: bool, types: &mut BTreeSet<String>) -> Answer {
    let mut text = Vec::new();
    if one_in(rng, 6) {
        text.extend_from_slice(BOM);
    }
    if first {
        text.extend_from_slice(RETRY.as_bytes());
    }
    let lines = Lines::pick(rng);
    for _ in 0..rng.usize(0..=8) {
        for _ in 0..rng.usize(0..=5) {
            line(rng, &mut text);
            text.extend_from_slice(lines.end(rng));
        }
        text.extend_from_slice(lines.end(rng));
    }
    if text.starts_with(BOM) && matches!(text.get(BOM.len()), Some(b'\n' | b'\r')) {
        // There Chromium loses the line end, and with it the next line; that server has a name.
        text.insert(BOM.len(), b':');
    }
    let end = pick(rng, &[End::Close, End::Close, End::Keep, End::Cut, End::Reset]);
    let mut tail = Vec::new();
    if one_in(rng, 3) {
        line(rng, &mut tail);
    }
    let mut last = None;
    if matches!(end, End::Cut | End::Reset) {
        // What was not read before a connection breaks is lost to anyone, or is not.
        let data = format!("last {}", rng.u32(..));
        text.extend_from_slice(format!("\n\n\ndata: {data}\n\n").as_bytes());
        last = Some(data);
    }
    types.extend(types_in(&text));
    let mut answer = head(rng);
    let mut pieces = cut(rng, &text);
    let before_tail = pieces.len();
    pieces.extend((!tail.is_empty()).then_some(tail));
    let pieces = match rng.u32(0..12) {
        0 => {
            answer = answer.header(&format!(
                "Content-Encoding: {}",
                pick(rng, &["gzip", "x-gzip", "GZip"])
            ));
            encoded(Coding::Gzip, &pieces)
        }
        1 => {
            answer = answer.header("Content-Encoding: deflate");
            let coding = pick(rng, &[Coding::Zlib, Coding::Deflate]);
            encoded(coding, &pieces)
        }
        2 => {
            answer = answer.header("Content-Encoding: br");
            encoded(Coding::Brotli, &pieces)
        }
        3 => {
            let plain = pick(rng, &["none", "identity", "", "utf-8", "x-unknown", "NONE"]);
            answer = answer.header(&format!("Content-Encoding: {plain}"));
            pieces
        }
        _ => pieces,
    };
    for (number, piece) in pieces.into_iter().enumerate() {
        if number == before_tail
            && let Some(data) = last.take()
        {
            answer = answer.until(&data);
        }
        answer = answer.send(piece);
        if rng.bool() {
            answer = answer.gap();
        }
    }
    answer = match (rng.u32(0..3), end) {
        (0, End::Close | End::Cut | End::Reset) => answer,
        (1, _) => answer.length(),
        _ => answer.chunked(),
    };
    if let Some(data) = last {
        answer = answer.until(&data);
    }
    answer.end(end)
}

fn head(rng: &mut Rng) -> Answer {
    let content_type = pick(
        rng,
        &[
            "text/event-stream",
            "text/event-stream",
            "text/event-stream; charset=utf-8",
            "text/event-stream;charset=UTF-8",
            "Text/Event-Stream ; x=y",
        ],
    );
    let mut answer = Answer::with(&format!("Content-Type: {content_type}"));
    for _ in 0..rng.usize(0..3) {
        answer = answer.header(pick(
            rng,
            &[
                "Cache-Control: no-cache, no-transform",
                "X-Accel-Buffering: no",
                "Server: größe/1",
                "Vary:",
                "Set-Cookie: a=b",
                "Date: Thu, 01 Jan 2026 00:00:00 GMT",
                "X-Content-Type-Options: nosniff",
                "Retry-After: 5",
            ],
        ));
    }
    answer
}

/// How the lines of a stream end.
enum Lines {
    Same(&'static [u8]),
    Any,
}

impl Lines {
    fn pick(rng: &mut Rng) -> Self {
        match rng.u32(0..4) {
            0 => Self::Same(b"\n"),
            1 => Self::Same(b"\r"),
            2 => Self::Same(b"\r\n"),
            _ => Self::Any,
        }
    }

    fn end(&self, rng: &mut Rng) -> &'static [u8] {
        match self {
            Self::Same(end) => end,
            Self::Any => [&b"\n"[..], b"\r", b"\r\n"][rng.usize(0..3)],
        }
    }
}

const BOM: &[u8] = b"\xEF\xBB\xBF";

const TYPES: &[&str] = &[
    "a",
    "notification.created",
    "error",
    "open",
    "message",
    "größe",
    "x:y",
    " spaced ",
    "a b",
];

const VALUES: &[&[u8]] = &[
    b"",
    b" ",
    b"  ",
    b"x",
    b"{\"a\":1}",
    b" x ",
    b":",
    b"::x",
    b"a: b",
    b"\t",
    "größe 日本 🔔".as_bytes(),
    "\u{FEFF}".as_bytes(),
    "\u{2028}\u{85}".as_bytes(),
    b"\xFF",
    b"\xF0\x9F\x94",
    b"\xC0\x80",
    b"\xED\xA0\x80",
    b"a\0b",
    b"\x1B[31m",
    b"\xE2\x82",
    b"<b>&amp;</b>",
];

const IDS: &[&[u8]] = &[
    b"",
    b"1",
    b"2",
    b"99",
    b" 7",
    b"7 ",
    b"a\0b",
    b"\0",
    b"01J8Z3K4M5",
    "größe-🔔".as_bytes(),
    b"a&b=c",
    b"\xFF",
    b"{\"x\":[1]}",
    b"a, b;c",
];

fn line(rng: &mut Rng, text: &mut Vec<u8>) {
    let (name, value): (&[u8], Vec<u8>) = match rng.u32(0..20) {
        0..=7 => (b"data", value(rng)),
        8..=10 => (b"event", pick(rng, TYPES).as_bytes().to_vec()),
        11..=13 => (b"id", pick(rng, IDS).to_vec()),
        14 => {
            let time = pick(
                rng,
                &[
                    "100", "0", "120", "abc", "-1", "1.5", "1e3", " 100", "100 ", "", "0x10",
                ],
            );
            (b"retry", time.as_bytes().to_vec())
        }
        15 => (b"", value(rng)),
        16 => (
            pick(
                rng,
                &[
                    &b"foo"[..],
                    b"Data",
                    b"DATA",
                    b" data",
                    b"dataa",
                    b"dat",
                    b"ID",
                    b"event\0",
                    b"\xFFdata",
                ],
            ),
            value(rng),
        ),
        // A name without a colon, and any bytes.
        17 | 18 => {
            text.extend_from_slice(pick(
                rng,
                &[
                    &b"data"[..],
                    b"event",
                    b"id",
                    b"retry",
                    b"foo",
                    b"\xEF\xBB\xBFdata",
                    b"\xEF\xBB\xBF",
                ],
            ));
            return;
        }
        _ => {
            text.extend((0..rng.usize(0..20)).map(|_| rng.u8(..)));
            return;
        }
    };
    text.extend_from_slice(name);
    text.extend_from_slice(pick(
        rng,
        &[&b":"[..], b": ", b": ", b": ", b":  ", b" :", b":\t"],
    ));
    text.extend(value);
}

fn value(rng: &mut Rng) -> Vec<u8> {
    if one_in(rng, 30) {
        return vec![rng.alphanumeric() as u8; rng.usize(1_000..100_000)];
    }
    (0..rng.usize(0..4))
        .flat_map(|_| pick(rng, VALUES).to_vec())
        .collect()
}

/// Pieces in which it is sent, empty ones left out.
fn cut(rng: &mut Rng, text: &[u8]) -> Vec<Vec<u8>> {
    let mut cuts: Vec<_> = (0..rng.usize(0..12)).map(|_| rng.usize(0..=text.len())).collect();
    cuts.extend([0, text.len()]);
    cuts.sort_unstable();
    let pieces = cuts.windows(2).map(|ends| text[ends[0]..ends[1]].to_vec());
    pieces.filter(|piece| !piece.is_empty()).collect()
}

fn one_in(rng: &mut Rng, many: u32) -> bool {
    rng.u32(0..many) == 0
}

fn pick<T: Clone>(rng: &mut Rng, from: &[T]) -> T {
    from[rng.usize(0..from.len())].clone()
}
