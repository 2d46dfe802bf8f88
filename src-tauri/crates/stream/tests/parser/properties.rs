//! Any input in any chunking, compared with the reference and with an independent client.

use eventsource_stream::Eventsource as _;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use gloria_stream::{Item, Limits, Parser};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::{read, read_chunks, reference};

/// Pieces of streams, including unusual ones.
#[rustfmt::skip] // a line for each kind, not for each piece
const PIECES: &[&[u8]] = &[
    b"data", b"event", b"id", b"retry", b"data:", b"data: ", b"event: ", b"id: ", b"retry: ", b":", b" ",
    b"\n", b"\n", b"\n\n", b"\r", b"\r\n", b"\r\n\r\n", b"\r\r", b"\n\r",
    b"\0", b"\t", b"x", b"7", b"12", b"+1", b"Data", b"dat", b"even", b"foo: ",
    b"\xEF\xBB\xBF", b"\xEF\xBB", b"\xEF", b"\xBF",
    "€".as_bytes(), "🍣".as_bytes(), "\u{85}".as_bytes(), "\u{2028}".as_bytes(),
    b"\xF0\x9F", b"\xE2\x82", b"\xFF", b"\xC0\xAF", b"\xED\xA0\x80",
    b"data: a\n\n", b"id: 1\ndata: b\n\n", b"id\n\n", b"retry: 5\n",
];

/// Lines that both clients parse according to the standard.
#[rustfmt::skip] // a line for each kind, not for each piece
const FIELDS: &[&str] = &[
    "event: t", "event:u", "event", "id: 1", "id:2", "id", "id: x\0y",
    "data", "data:", "data: a", "data:  b", "data: €🍣", "data:c: d",
    ": comment", ":", "foo: bar", "Data: x", " data: y", "data\0: z", "datum",
];

fn any_stream() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        9 => select(PIECES).prop_map(<[u8]>::to_vec),
        1 => vec(any::<u8>(), 0..8),
    ];
    vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

/// How a stream is split, as the lengths of its chunks; the rest is the last chunk.
fn any_cuts() -> impl Strategy<Value = Vec<usize>> {
    vec(prop_oneof![3 => 0_usize..4, 1 => 0_usize..40], 0..120)
}

fn cut<'a>(mut stream: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut chunks = Vec::new();
    for length in cuts {
        let (chunk, rest) = stream.split_at((*length).min(stream.len()));
        chunks.push(chunk);
        stream = rest;
    }
    chunks.push(stream);
    chunks
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_reads_as_the_standard_says_in_any_chunking(
        stream in any_stream(),
        cuts in any_cuts(),
        last_id in select(&["", "41"][..]),
    ) {
        let wanted = reference::read(&stream, last_id);
        prop_assert_eq!(&read(&stream, last_id), &wanted);
        let (seen, result) = read_chunks(Limits::default(), last_id, cut(&stream, &cuts));
        prop_assert_eq!(result, Ok(()));
        prop_assert_eq!(&seen, &wanted);
    }

    #[test]
    fn its_limits_hold_in_any_chunking(
        stream in any_stream(),
        cuts in any_cuts(),
        line in 4_usize..30,
        event in 1_usize..12,
        id in 0_usize..3,
    ) {
        let limits = Limits { line, event, id };
        let whole = read_chunks(limits, "", [&stream[..]]);
        let chunked = read_chunks(limits, "", cut(&stream, &cuts));
        prop_assert_eq!(&whole, &chunked);
        for (_, data, id) in &whole.0.events {
            // An invalid byte becomes a character of three bytes.
            prop_assert!(data.len() <= 3 * event);
            prop_assert!(id.len() <= limits.id);
        }
    }

    #[test]
    fn it_skips_the_same_in_any_chunking(
        stream in any_stream(),
        cuts in any_cuts(),
        line in 4_usize..30,
        event in 1_usize..12,
    ) {
        let limits = Limits { line, event, id: 8 };
        let read = |chunks: Vec<&[u8]>| {
            let mut parser = Parser::new(limits, "").skip_oversized();
            let mut items: Vec<Item> = Vec::new();
            let result = chunks.into_iter().try_for_each(|chunk| parser.feed(chunk, |item| items.push(item)));
            (items, result, parser.last_event_id().to_string())
        };
        prop_assert_eq!(read(vec![&stream]), read(cut(&stream, &cuts)));
    }

    /// eventsource-stream 0.2.3 is correct for streams that are valid UTF-8, contain no U+FEFF (it panics on one at the
    /// start) and do not end in CR (it waits for the next byte). Reconnection times are excluded: it accepts a sign
    /// before the digits, and ignores a time in a block without data.
    #[test]
    fn it_agrees_with_an_independent_client(
        blocks in vec(vec(select(FIELDS), 0..6), 0..12),
        ends in vec(select(&["\n", "\r\n", "\r"][..]), 72),
        cuts in any_cuts(),
    ) {
        let mut stream = String::new();
        let mut ends = ends.iter();
        for block in &blocks {
            for line in block.iter().chain([&""]) {
                let end = ends.next().unwrap();
                stream.push_str(line);
                // A single LF after CR would not be a separate line.
                stream.push_str(if line.is_empty() && stream.ends_with('\r') { "\r\n" } else { end });
            }
        }
        stream.push_str(": the end\n");

        let chunks: Vec<Result<Vec<u8>, std::io::Error>> =
            cut(stream.as_bytes(), &cuts).into_iter().map(|chunk| Ok(chunk.to_vec())).collect();
        let theirs: Vec<_> = stream::iter(chunks)
            .eventsource()
            .map(|event| event.unwrap())
            .map(|event| (event.event, event.data, event.id))
            .collect()
            .now_or_never()
            .unwrap();
        let (ours, _) = read_chunks(Limits::default(), "", cut(stream.as_bytes(), &cuts));
        prop_assert_eq!(ours.events, theirs);
    }
}
