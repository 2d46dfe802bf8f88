//! Memory and time are bounded for any input.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gloria_stream::{Frame, Item, Limits, Overflow, Parser};

use crate::{read, read_chunks};

const SMALL: Limits = Limits {
    line: 32,
    event: 40,
    id: 4,
};
const LARGE: Limits = Limits {
    line: 16 << 20,
    event: 32 << 20,
    id: 1 << 10,
};

/// The payload of one TCP segment.
const SEGMENT: usize = 1460;

/// Ten times what a linear parser needs here without optimisation, and far less than a quadratic one: scanning ten
/// megabytes again for every 64 bytes of them takes minutes.
const LINEAR: Duration = Duration::from_secs(15);

#[test]
fn a_line_at_its_limit_passes_and_one_over_it_fails() {
    let at = format!("data: a\n\ndata:{}\n\n", "x".repeat(27));
    let over = format!("data: a\n\ndata:{}\n\n", "x".repeat(28));
    for size in [1, 7, 1000] {
        let (seen, result) = read_chunks(SMALL, "", at.as_bytes().chunks(size));
        assert_eq!((seen.events.len(), result), (2, Ok(())));
        let (seen, result) = read_chunks(SMALL, "", over.as_bytes().chunks(size));
        assert_eq!(result, Err(Overflow::Line { limit: 32 }));
        assert_eq!(seen.events.len(), 1, "the event before it was handed out");
    }
}

#[test]
fn an_event_at_its_limit_passes_and_one_over_it_fails() {
    let at = format!("data:{}\ndata:{}\n\n", "x".repeat(20), "y".repeat(19));
    let over = format!("data:{}\ndata:{}\n\n", "x".repeat(20), "y".repeat(20));
    for size in [1, 7, 1000] {
        let (seen, result) = read_chunks(SMALL, "", at.as_bytes().chunks(size));
        assert_eq!((seen.events[0].1.len(), result), (40, Ok(())));
        let (_, result) = read_chunks(SMALL, "", over.as_bytes().chunks(size));
        assert_eq!(result, Err(Overflow::Event { limit: 40 }));
    }
}

#[test]
fn a_line_fails_before_it_ends() {
    let mut parser = Parser::new(SMALL, "");
    assert_eq!(
        parser.feed(&b"data:".repeat(7), |_| {}),
        Err(Overflow::Line { limit: 32 })
    );
}

#[test]
fn a_parser_that_failed_takes_no_more() {
    let mut parser = Parser::new(SMALL, "7");
    let overflow = parser
        .feed(&[b"data:", &[b'x'; 40][..]].concat(), |_| {})
        .unwrap_err();
    let mut items = 0;
    assert_eq!(
        parser.feed(b"\n\nid: 8\ndata: a\n\n", |_| items += 1),
        Err(overflow)
    );
    assert_eq!((items, &**parser.last_event_id()), (0, "7"));
}

#[test]
fn an_id_over_its_limit_is_as_if_absent() {
    let (seen, result) = read_chunks(SMALL, "", [&b"id: 1234\ndata: a\n\nid: 12345\ndata: b\n\n"[..]]);
    assert_eq!(result, Ok(()));
    let ids: Vec<_> = seen.events.iter().map(|(_, _, id)| id.as_str()).collect();
    assert_eq!(ids, ["1234", "1234"]);
}

#[test]
fn an_id_that_decoding_makes_too_long_is_as_if_absent() {
    let (seen, _) = read_chunks(SMALL, "", [&b"id: \xFF\xFF\ndata: a\n\n"[..]]);
    assert_eq!(seen.last_id, "");
}

#[test]
fn comments_and_unknown_fields_are_counted_and_have_no_limit() {
    for start in [&b":"[..], b"unknown: ", b"datax", b"Data: ", b"\xFF"] {
        let mut parser = Parser::new(SMALL, "");
        let line = [start, &vec![b'x'; 1 << 20], b"\ndata: a\n\n"].concat();
        let mut items = 0;
        for chunk in line.chunks(SEGMENT) {
            parser.feed(chunk, |_| items += 1).unwrap();
        }
        assert_eq!(items, 1, "{}", start.escape_ascii());
        assert_eq!(parser.ignored(), (start.len() + (1 << 20)) as u64);
    }
}

#[test]
fn ten_megabytes_in_one_line_are_linear_in_any_chunking() {
    let line = [b"data: ", &vec![b'x'; 10 << 20][..], b"\n\n"].concat();
    for size in [64, SEGMENT, 16 << 10, line.len()] {
        let begun = Instant::now();
        let (seen, result) = read_chunks(LARGE, "", line.chunks(size));
        assert_eq!((seen.events[0].1.len(), result), (10 << 20, Ok(())));
        assert!(
            begun.elapsed() < LINEAR,
            "{size}-byte chunks took {:?}",
            begun.elapsed()
        );
    }
}

#[test]
fn ten_megabytes_in_many_lines_are_linear() {
    let event = [b"data: 0123456789\n".repeat((10 << 20) / 10), b"\n".to_vec()].concat();
    let begun = Instant::now();
    let (seen, result) = read_chunks(LARGE, "", event.chunks(SEGMENT));
    assert_eq!(
        (seen.events[0].1.len(), result),
        (11 * ((10 << 20) / 10) - 1, Ok(()))
    );
    assert!(begun.elapsed() < LINEAR, "took {:?}", begun.elapsed());
}

#[test]
fn a_hundred_thousand_events_in_one_chunk_are_linear() {
    let stream = b"id: 1\nevent: t\ndata: {}\n\n".repeat(100_000);
    let begun = Instant::now();
    assert_eq!(read(&stream, "").events.len(), 100_000);
    assert!(begun.elapsed() < LINEAR, "took {:?}", begun.elapsed());
}

#[test]
fn a_frame_holds_little_more_than_its_data() {
    let stream = b"data: 0123456789012345678901234567890123456789\n".repeat(1000);
    let mut frames = Vec::new();
    let mut parser = Parser::new(Limits::default(), "");
    parser
        .feed(&[&stream[..], b"\n"].concat(), |item| {
            if let Item::Frame(frame) = item {
                frames.push(frame);
            }
        })
        .unwrap();
    assert!(frames[0].data.capacity() - frames[0].data.len() <= 1 << 10);
}

#[test]
fn equal_types_and_ids_are_shared() {
    let mut frames: Vec<Frame> = Vec::new();
    let mut parser = Parser::new(Limits::default(), "");
    parser
        .feed(&b"id: 1\nevent: t\ndata: a\n\n".repeat(2), |item| {
            if let Item::Frame(frame) = item {
                frames.push(frame);
            }
        })
        .unwrap();
    assert!(Arc::ptr_eq(&frames[0].event, &frames[1].event));
    assert!(Arc::ptr_eq(&frames[0].id, &frames[1].id));
}

#[test]
fn an_oversized_event_is_skipped_when_asked_and_its_id_counts() {
    let stream = format!(
        "id: 1\ndata: a\n\nid: 2\nevent: big\ndata:{}\ndata: more\n\ndata: b\n\n\
         id: 3\ndata:{}\ndata:{}\n\nid: 4\ndata: c\n\n",
        "x".repeat(100),
        "y".repeat(25),
        "z".repeat(25),
    );
    for size in [1, 7, 10_000] {
        let mut parser = Parser::new(SMALL, "").skip_oversized();
        let mut seen = Vec::new();
        for chunk in stream.as_bytes().chunks(size) {
            parser
                .feed(chunk, |item| {
                    seen.push(match item {
                        Item::Frame(frame) => format!("{} {} {}", frame.id, frame.event, frame.data),
                        Item::Skipped { id, bytes } => format!("{id} skipped {bytes}"),
                        Item::Retry(_) => unreachable!(),
                    });
                })
                .unwrap();
        }
        assert_eq!(
            seen,
            [
                "1 message a",
                "2 skipped 115",
                "2 message b",
                "3 skipped 55",
                "4 message c"
            ]
        );
    }
}

#[test]
fn a_line_without_end_is_an_overflow_even_when_skipping() {
    let mut parser = Parser::new(SMALL, "").skip_oversized();
    let mut fed = 0;
    let mut result = parser.feed(b"data:", |_| {});
    while result.is_ok() && fed < 1 << 20 {
        fed += 64;
        result = parser.feed(&[b'x'; 64], |_| {});
    }
    assert_eq!(result, Err(Overflow::Event { limit: 40 }));
    assert!(fed < 40 * 17 + 64);
}
