//! The facts of WHATWG HTML 9.2 that clients get wrong, each as bytes and the expected result.

use crate::{Seen, read, read_chunks, reference};
use gloria_stream::Limits;

struct Vector {
    name: &'static str,
    stream: &'static [u8],
    events: &'static [(&'static str, &'static str, &'static str)],
    retries: &'static [u64],
    last_id: &'static str,
}

const fn vector(
    name: &'static str,
    stream: &'static [u8],
    events: &'static [(&'static str, &'static str, &'static str)],
) -> Vector {
    Vector {
        name,
        stream,
        events,
        retries: &[],
        last_id: "",
    }
}

const VECTORS: &[Vector] = &[
    vector("one line", b"data: Hello\n\n", &[("message", "Hello", "")]),
    vector(
        "two events",
        b"data: a\n\ndata: b\n\n",
        &[("message", "a", ""), ("message", "b", "")],
    ),
    vector(
        "data lines are joined by line feeds",
        b"data: a\ndata: b\n\n",
        &[("message", "a\nb", "")],
    ),
    vector(
        "a type",
        b"event: greeting\ndata: a\n\n",
        &[("greeting", "a", "")],
    ),
    vector(
        "an empty type is message",
        b"event: \ndata: a\n\n",
        &[("message", "a", "")],
    ),
    vector(
        "a type holds for one event",
        b"event: t\ndata: a\n\ndata: b\n\n",
        &[("t", "a", ""), ("message", "b", "")],
    ),
    vector(
        "a blank line without data drops the type",
        b"event: t\n\ndata: a\n\n",
        &[("message", "a", "")],
    ),
    vector(
        "the last of two types counts",
        b"event: t\nevent: u\ndata: a\n\n",
        &[("u", "a", "")],
    ),
    vector(
        "a type may be cleared again",
        b"event: t\nevent\ndata: a\n\n",
        &[("message", "a", "")],
    ),
    vector(
        "data with no value is an event",
        b"data\n\n",
        &[("message", "", "")],
    ),
    vector(
        "data with an empty value is an event",
        b"data:\n\n",
        &[("message", "", "")],
    ),
    vector(
        "two empty data lines are one line feed",
        b"data\ndata\n\n",
        &[("message", "\n", "")],
    ),
    vector(
        "empty data lines between others stay",
        b"data:\n\ndata\ndata\n\ndata:test\n\n",
        &[
            ("message", "", ""),
            ("message", "\n", ""),
            ("message", "test", ""),
        ],
    ),
    vector("no data, no event", b"event: t\nid\n\n", &[]),
    vector("blank lines alone are nothing", b"\n\n\r\r\n\n", &[]),
    vector("only one space goes", b"data:  a\n\n", &[("message", " a", "")]),
    vector("a space alone goes", b"data: \n\n", &[("message", "", "")]),
    vector("a tab stays", b"data:\ta\n\n", &[("message", "\ta", "")]),
    vector(
        "a colon in the value stays",
        b"data: a: b:\n\n",
        &[("message", "a: b:", "")],
    ),
    vector(
        "names are case-sensitive",
        b"Data: a\nDATA: b\ndata: c\n\n",
        &[("message", "c", "")],
    ),
    vector(
        "a space before the name makes another",
        b" data: a\ndata: b\n\n",
        &[("message", "b", "")],
    ),
    vector(
        "a space before the colon makes another",
        b"data : a\ndata: b\n\n",
        &[("message", "b", "")],
    ),
    vector(
        "unknown fields are nothing",
        b"foo: a\nbar\ndata: b\ndatax: c\ndat: d\n\n",
        &[("message", "b", "")],
    ),
    vector(
        "comments are nothing",
        b": a\n:\ndata: b\n:data: c\n\n",
        &[("message", "b", "")],
    ),
    vector(
        "a comment does not end a block",
        b"data: a\n: b\ndata: c\n\n",
        &[("message", "a\nc", "")],
    ),
    vector(
        "CR ends lines",
        b"data: a\rdata: b\r\r",
        &[("message", "a\nb", "")],
    ),
    vector(
        "CRLF ends lines",
        b"data: a\r\ndata: b\r\n\r\n",
        &[("message", "a\nb", "")],
    ),
    vector(
        "line ends may be mixed",
        b"data: a\r\ndata: b\rdata: c\n\r\n",
        &[("message", "a\nb\nc", "")],
    ),
    vector(
        "LF CR is two line ends",
        b"data: a\n\rdata: b\n\n",
        &[("message", "a", ""), ("message", "b", "")],
    ),
    vector(
        "CR CR LF is two line ends",
        b"data: a\r\r\ndata: b\n\n",
        &[("message", "a", ""), ("message", "b", "")],
    ),
    vector(
        "nothing else ends a line",
        "data: a\u{85}b\u{2028}c\u{2029}d\x0Be\x0Cf\n\n".as_bytes(),
        &[("message", "a\u{85}b\u{2028}c\u{2029}d\x0Be\x0Cf", "")],
    ),
    vector("NUL is a character", b"data:\0\n\n", &[("message", "\0", "")]),
    vector(
        "NUL in a name makes another",
        b"data\0: a\ndata: b\n\n",
        &[("message", "b", "")],
    ),
    vector(
        "many bytes to a character",
        "data: €豆腐🍣\n\n".as_bytes(),
        &[("message", "€豆腐🍣", "")],
    ),
    vector(
        "one BOM goes",
        b"\xEF\xBB\xBFdata: a\n\n",
        &[("message", "a", "")],
    ),
    vector(
        "only one BOM goes",
        b"\xEF\xBB\xBF\xEF\xBB\xBFdata: a\n\ndata: b\n\n",
        &[("message", "b", "")],
    ),
    vector(
        "a BOM later makes another field",
        b"data: a\n\n\xEF\xBB\xBFdata: b\n\ndata: c\n\n",
        &[("message", "a", ""), ("message", "c", "")],
    ),
    vector(
        "a BOM in a value stays",
        b"\xEF\xBB\xBFdata: \xEF\xBB\xBFa\n\n",
        &[("message", "\u{FEFF}a", "")],
    ),
    vector(
        "half a BOM is a broken name",
        b"\xEF\xBBdata: a\ndata: b\n\n",
        &[("message", "b", "")],
    ),
    vector(
        "a BOM before a comment",
        b"\xEF\xBB\xBF:a\ndata: b\n\n",
        &[("message", "b", "")],
    ),
    vector(
        "a BOM before a blank line",
        b"\xEF\xBB\xBF\ndata: b\n\n",
        &[("message", "b", "")],
    ),
    vector(
        "invalid UTF-8 is replaced, by maximal subparts",
        b"data: a\xFFb\xE2\x82c\xF0\x9F\n\n",
        &[("message", "a\u{FFFD}b\u{FFFD}c\u{FFFD}", "")],
    ),
    vector(
        "a surrogate is three replacements",
        b"data: \xED\xA0\x80\n\n",
        &[("message", "\u{FFFD}\u{FFFD}\u{FFFD}", "")],
    ),
    vector(
        "a cut character does not eat the line end",
        b"data: \xE2\x82\ndata: b\n\n",
        &[("message", "\u{FFFD}\nb", "")],
    ),
    vector(
        "invalid UTF-8 in a type is replaced",
        b"event: \xFF\ndata: a\n\n",
        &[("\u{FFFD}", "a", "")],
    ),
    vector(
        "what no blank line ends is dropped",
        b"data: a\n\ndata: b\n",
        &[("message", "a", "")],
    ),
    vector(
        "what no line end ends is dropped",
        b"data: a\n\ndata: b",
        &[("message", "a", "")],
    ),
    Vector {
        name: "an id",
        stream: b"id: 1\ndata: a\n\n",
        events: &[("message", "a", "1")],
        retries: &[],
        last_id: "1",
    },
    Vector {
        name: "the order of fields is free",
        stream: b"data: a\nid: 1\nevent: t\n\n",
        events: &[("t", "a", "1")],
        retries: &[],
        last_id: "1",
    },
    Vector {
        name: "an id holds until the next",
        stream: b"id: 1\ndata: a\n\ndata: b\n\nid: 2\ndata: c\n\n",
        events: &[
            ("message", "a", "1"),
            ("message", "b", "1"),
            ("message", "c", "2"),
        ],
        retries: &[],
        last_id: "2",
    },
    Vector {
        name: "an id alone counts",
        stream: b"id: 1\n\ndata: a\n\n",
        events: &[("message", "a", "1")],
        retries: &[],
        last_id: "1",
    },
    Vector {
        name: "an id counts at the blank line",
        stream: b"id: 1\n\nid: 2\n",
        events: &[],
        retries: &[],
        last_id: "1",
    },
    Vector {
        name: "an id of a block that was cut does not count",
        stream: b"id: 1\ndata: a\n\nid: 2\ndata: b",
        events: &[("message", "a", "1")],
        retries: &[],
        last_id: "1",
    },
    vector(
        "an empty id clears",
        b"id: 1\ndata: a\n\nid:\ndata: b\n\n",
        &[("message", "a", "1"), ("message", "b", "")],
    ),
    vector(
        "an id without a colon clears",
        b"id: 1\ndata: a\n\nid\ndata: b\n\n",
        &[("message", "a", "1"), ("message", "b", "")],
    ),
    Vector {
        name: "an id with NUL is ignored and clears nothing",
        stream: b"id: 1\ndata: a\n\nid: x\0y\ndata: b\n\nid: \0\n\n",
        events: &[("message", "a", "1"), ("message", "b", "1")],
        retries: &[],
        last_id: "1",
    },
    Vector {
        name: "an id may be any text",
        stream: "id: …€ x\u{7F}\ndata: a\n\n".as_bytes(),
        events: &[("message", "a", "…€ x\u{7F}")],
        retries: &[],
        last_id: "…€ x\u{7F}",
    },
    Vector {
        name: "retry needs no blank line",
        stream: b"retry: 2\n",
        events: &[],
        retries: &[2],
        last_id: "",
    },
    Vector {
        name: "retry reads in base ten",
        stream: b"retry:03000\n\n",
        events: &[],
        retries: &[3000],
        last_id: "",
    },
    Vector {
        name: "retry may be zero",
        stream: b"retry: 0\n",
        events: &[],
        retries: &[0],
        last_id: "",
    },
    Vector {
        name: "a retry beyond 64 bits is none",
        stream: b"retry: 18446744073709551615\nretry: 18446744073709551616\nretry: 99999999999999999999999\n",
        events: &[],
        retries: &[u64::MAX],
        last_id: "",
    },
    Vector {
        name: "retry is digits alone",
        stream: "retry: +5\nretry: -5\nretry: 5.0\n\
                 retry: 5 \nretry:  5\nretry: 1000x\nretry: ٣\nretry:\nretry\nretry: 7\n"
            .as_bytes(),
        events: &[],
        retries: &[7],
        last_id: "",
    },
    vector(
        "fields, all together",
        b"data:\0\ndata:  2\rData:1\ndata\0:2\ndata:1\r\0data:4\n\
          da-ta:3\rdata_5\ndata:3\rdata:\r\n data:32\ndata:4\n\n",
        &[("message", "\0\n 2\n1\n3\n\n4", "")],
    ),
];

fn expected(vector: &Vector) -> Seen {
    Seen {
        events: vector
            .events
            .iter()
            .map(|(event, data, id)| ((*event).to_owned(), (*data).to_owned(), (*id).to_owned()))
            .collect(),
        retries: vector.retries.to_vec(),
        last_id: vector.last_id.to_owned(),
    }
}

#[test]
fn every_fact_holds() {
    for vector in VECTORS {
        assert_eq!(read(vector.stream, ""), expected(vector), "{}", vector.name);
    }
}

#[test]
fn every_fact_holds_for_the_reference() {
    for vector in VECTORS {
        assert_eq!(
            reference::read(vector.stream, ""),
            expected(vector),
            "{}",
            vector.name
        );
    }
}

#[test]
fn every_fact_holds_cut_at_any_two_places() {
    for vector in VECTORS {
        let wanted = expected(vector);
        for first in 0..=vector.stream.len() {
            let (start, rest) = vector.stream.split_at(first);
            for second in 0..=rest.len() {
                let (middle, end) = rest.split_at(second);
                let (seen, _) = read_chunks(Limits::default(), "", [start, middle, end]);
                assert_eq!(
                    seen,
                    wanted,
                    "{}, cut at {first} and {}",
                    vector.name,
                    first + second
                );
            }
        }
    }
}

#[test]
fn every_fact_holds_byte_by_byte() {
    for vector in VECTORS {
        let (seen, _) = read_chunks(Limits::default(), "", vector.stream.chunks(1));
        assert_eq!(seen, expected(vector), "{}", vector.name);
    }
}

#[test]
fn an_event_is_dispatched_at_the_cr_and_once() {
    let mut parser = gloria_stream::Parser::new(Limits::default(), "");
    let mut seen = Seen::default();
    parser.feed(b"data: a\r\n\r", |item| seen.take(item)).unwrap();
    assert_eq!(
        seen.events.len(),
        1,
        "the block is complete at CR, whatever follows"
    );
    parser.feed(b"\n", |item| seen.take(item)).unwrap();
    parser.feed(b"data: b\n\n", |item| seen.take(item)).unwrap();
    assert_eq!(seen.events.len(), 2, "the LF belonged to the CR");
    assert_eq!(seen.events[1].1, "b");
}

#[test]
fn a_resumed_stream_keeps_its_id() {
    let seen = read(b"data: a\n\n", "41");
    assert_eq!(
        seen.events,
        [("message".to_owned(), "a".to_owned(), "41".to_owned())]
    );
    assert_eq!(seen.last_id, "41");
    assert_eq!(
        read(b"id\n\n", "41").last_id,
        "",
        "an empty id clears one of an earlier connection"
    );
    assert_eq!(read(b"", "41").last_id, "41");
}

#[test]
fn every_mix_of_line_ends_reads_the_same() {
    let ends = ["\n", "\r", "\r\n"];
    let wanted = read(b"id: 1\ndata: a\ndata: b\n\n: c\ndata: d\n\n", "");
    for code in 0..3_usize.pow(7) {
        let mut code = code;
        let mut stream = String::new();
        for line in ["id: 1", "data: a", "data: b", "", ": c", "data: d", ""] {
            let end = ends[code % 3];
            code /= 3;
            // CR before an empty line that ends with LF would be one CRLF.
            let end = if line.is_empty() && stream.ends_with('\r') && end == "\n" {
                "\r\n"
            } else {
                end
            };
            stream.push_str(line);
            stream.push_str(end);
        }
        assert_eq!(read(stream.as_bytes(), ""), wanted, "{}", stream.escape_debug());
        for size in [1, 2, 3] {
            let (seen, _) = read_chunks(Limits::default(), "", stream.as_bytes().chunks(size));
            assert_eq!(seen, wanted, "{} in {size}s", stream.escape_debug());
        }
    }
}
