//! Line ends, byte order marks, broken UTF-8, and where it is all cut.

use crate::script::{Answer, RETRY, Script, once};

pub(crate) fn scripts() -> Vec<Script> {
    let stream = || Answer::stream().send(RETRY);
    let mut scripts = vec![
        once("lines that end with CR", "id: 1\rdata: a\r\rdata: b\r\r"),
        once(
            "lines that end with CRLF",
            "id: 1\r\ndata: a\r\n\r\ndata: b\r\n\r\n",
        ),
        once(
            "lines that end with any",
            "id: 1\rdata: a\n\r\ndata: b\r\n\rdata: c\n\rdata: d\r\r\n",
        ),
        once("LF before CR", "data: a\n\rdata: b\n\r\n\r"),
        Script::new(
            "a CR ends an event at once",
            [stream().send("data: a\r\r").until("a").send("data: b\r\r")],
        ),
        Script::new(
            "an LF ends an event at once",
            [stream().send("data: a\n\n").until("a").send("data: b\n\n")],
        ),
        Script::new(
            "a CRLF ends an event at once",
            [stream()
                .send("data: a\r\n\r\n")
                .until("a")
                .send("data: b\r\n\r\n")],
        ),
        Script::new(
            "the CR of a CRLF ends an event at once",
            [stream()
                .send("data: a\r\n\r")
                .until("a")
                .send("\ndata: b\r\n\r\n")
                .until("b")],
        ),
        Script::new(
            "a CRLF in two pieces",
            [stream().pieces([
                "data: a\r",
                "\n\r",
                "\n",
                "data: b\r",
                "\n",
                "data: c\r\n\r",
                "\n",
            ])],
        ),
        Script::new(
            "a CR, and much later no LF",
            [stream()
                .send("data: a\r")
                .gap()
                .send("data: b\r")
                .gap()
                .send("\r")
                .until("a\nb")],
        ),
        Script::new(
            "byte by byte",
            [stream().pieces(
                "id: ü\r\ndata: 🔔a\r\n\r\nevent: x\ndata: b\r\r"
                    .as_bytes()
                    .chunks(1),
            )],
        ),
        once(
            "other line ends are none",
            "data: a\u{2028}b\u{2029}c\u{85}d\u{B}e\u{C}f\n\n",
        ),
        Script::new(
            "a byte order mark",
            [
                Answer::stream().send("\u{FEFF}retry: 100\ndata: a\n\n"),
                Answer::stream().send("\u{FEFF}data: b\n\n"),
            ],
        ),
        Script::new(
            "a byte order mark in pieces",
            [Answer::stream().pieces([&b"\xEF"[..], b"\xBB", b"\xBF", b"data: a\n\nretry: 100\n\n"])],
        ),
        Script::new(
            "two byte order marks",
            [Answer::stream().send("\u{FEFF}\u{FEFF}data: a\n\ndata: b\n\nretry: 100\n\n")],
        ),
        Script::new(
            "half a byte order mark",
            [Answer::stream().send(b"\xEF\xBBdata: a\n\ndata: b\n\nretry: 100\n\n")],
        ),
        Script::new(
            "a byte order mark before a line end",
            [Answer::stream().send("\u{FEFF}\n\ndata: a\n\nretry: 100\n\n")],
        ),
        Script::new(
            "a byte order mark on a line of its own",
            [Answer::stream().send("\u{FEFF}\nevent: x\ndata: a\n\nretry: 100\n\n")],
        ),
        Script::new(
            "nothing but a byte order mark",
            [stream(), Answer::stream().send("\u{FEFF}")],
        ),
        Script::new(
            "two thirds of a byte order mark and an end",
            [stream(), Answer::stream().send(b"\xEF\xBB")],
        ),
        Script::new(
            "byte order marks within",
            [stream().send(
                "\u{FEFF}data: a\n\ndata: \u{FEFF}b\n\ndata:\u{FEFF}c\n\n\
                 event: \u{FEFF}x\nid: \u{FEFF}1\ndata: d\u{FEFF}\n\n",
            )],
        ),
        Script::new(
            "a byte order mark after a comment",
            [Answer::stream().send(":\n\u{FEFF}data: a\n\nretry: 100\ndata: b\n\n")],
        ),
        Script::new(
            "UTF-16",
            [
                stream(),
                Answer::stream().send(b"\xFF\xFEd\0a\0t\0a\0:\0x\0\n\0\n\0"),
            ],
        ),
        once(
            "NUL in data and type",
            "event: a\0b\ndata: c\0d\n\n\0data: e\n\ndata: f\n\n",
        ),
        once(
            "control characters in data",
            "data: \x01\x02\x1B[31m\x07\x7F\u{80}\u{9B}\n\n",
        ),
        once("every byte in data", every_byte()),
        once(
            "characters beyond the first plane",
            "data: 😀👩‍👩‍👧\u{10FFFF}\u{E000}\u{FFFE}\n\n",
        ),
        once(
            "UTF-8 that is too long",
            b"data: \xC0\x80\xE0\x80\xAF\xF0\x80\x80\xAF\n\n",
        ),
        once("UTF-8 of surrogates", b"data: \xED\xA0\xBD\xED\xB4\x94\n\n"),
        once(
            "UTF-8 beyond its end",
            b"data: \xF4\x90\x80\x80\xF8\x88\x80\x80\x80\xFE\n\n",
        ),
        once(
            "UTF-8 cut at a line's end",
            b"data: a\xF0\x9F\x94\ndata: b\xE2\x82\ndata: c\xC3\n\n",
        ),
        once(
            "UTF-8 cut at the field's name",
            b"da\xC3ta: a\n\xC3data: b\ndata\xC3: c\ndata: d\n\n",
        ),
        once("UTF-8 that starts with its middle", b"data: \x94\x80a\xBF\n\n"),
        once("Latin-1", b"event: gr\xF6\xDFe\ndata: \xFCbel\n\n"),
        Script::new(
            "a character in two pieces",
            [stream().pieces([&b"data: \xF0\x9F"[..], b"\x94\x94\xC3", b"\xA4\n\n"])],
        ),
        once("an event without its blank line", "data: a\n\ndata: b\n"),
        once("an event without its line end", "data: a\n\ndata: b"),
        once("a stream that ends within a name", "data: a\n\nda"),
    ];
    scripts.extend([1, 2, 3, 5, 7].map(|size| {
        let text = "\u{FEFF}retry: 100\r\n:x\r\n\r\nid: ä\r\nevent: ö\r\ndata: ü\r\ndata: 🔔\r\n\r\n\
                    id\rdata\r\rdata: z\n\n";
        Script::new(
            format!("chunks of {size}"),
            [Answer::stream().chunked().pieces(text.as_bytes().chunks(size))],
        )
    }));
    scripts
}

/// A line of data with every byte but those that end a line.
fn every_byte() -> Vec<u8> {
    let bytes = (0..=255_u8).filter(|byte| !matches!(byte, b'\n' | b'\r'));
    b"data: ".iter().copied().chain(bytes).chain(*b"\n\n").collect()
}
