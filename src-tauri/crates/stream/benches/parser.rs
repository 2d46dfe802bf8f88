//! What the parser costs on the shapes that are hard, beside eventsource-stream. `cargo xtask bench parser` runs it and
//! makes the table.

#![expect(clippy::unwrap_used, reason = "a failed unwrap ends the bench")]

use std::convert::Infallible;
use std::hint::black_box;
use std::time::Duration;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use eventsource_stream::Eventsource as _;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use gloria_stream::{Item, Limits, Parser};

/// What one read brings over Ethernet, and from a local socket.
const PACKET: usize = 1460;
const READ: usize = 16 << 10;

/// Bytes, cut as they arrive, and the events that are in them.
struct Shape {
    name: &'static str,
    chunks: Vec<Bytes>,
    events: usize,
}

impl Shape {
    fn new(name: &'static str, bytes: Vec<u8>, chunk: usize, events: usize) -> Self {
        let bytes = Bytes::from(bytes);
        let chunks = (0..bytes.len())
            .step_by(chunk)
            .map(|from| bytes.slice(from..(from + chunk).min(bytes.len())))
            .collect();
        Self { name, chunks, events }
    }

    fn bytes(&self) -> u64 {
        self.chunks.iter().map(|chunk| chunk.len() as u64).sum()
    }
}

fn small(id: usize) -> String {
    format!(
        "event: notification.created\nid: {id}\ndata: {{\"id\":\"{id}\",\"title\":\"Load\",\"message\":\"x\"}}\n\n"
    )
}

fn many(events: usize, event: impl Fn(usize) -> String) -> Vec<u8> {
    (0..events).map(event).collect::<String>().into_bytes()
}

fn large(bytes: usize) -> Vec<u8> {
    // Lines stay below their own limit; the blank line is an event's end.
    let line = format!("data: {}\n", "x".repeat(64 << 10));
    let mut event = line.repeat(bytes / (64 << 10)).into_bytes();
    event.push(b'\n');
    event
}

/// 14 MB of events as small as they come.
const SMALL: usize = 150_000;

/// The shapes, with their sizes; `slow` says that they are for a parser whose cost is quadratic in some.
fn shapes(slow: bool) -> Vec<Shape> {
    let size = |full: usize, reduced: usize| if slow { reduced } else { full };
    let large_event = size((4 << 20) - (64 << 10), 512 << 10);
    let burst = size(100_000, 10_000);
    let burst_bytes = many(burst, |id| format!("data: {id}\n\n"));
    let whole = burst_bytes.len();
    let mut shapes = vec![
        Shape::new("one-large-event", large(large_event), PACKET, 1),
        Shape::new("one-write", burst_bytes, whole, burst),
        Shape::new("small-64", many(SMALL, small), 64, SMALL),
        Shape::new("small-1460", many(SMALL, small), PACKET, SMALL),
        Shape::new("small-16384", many(SMALL, small), READ, SMALL),
        Shape::new(
            "comments",
            many(SMALL, |id| format!(": keep-alive\n:\ndata: {id}\n\n")),
            READ,
            SMALL,
        ),
        Shape::new(
            "ids",
            many(SMALL, |id| format!("id: {id:064}\ndata: x\n\n")),
            READ,
            SMALL,
        ),
    ];
    if !slow {
        // What follows stalls or silences the other one, so there is no figure.
        shapes.push(Shape::new(
            "bare-cr",
            many(SMALL, |id| small(id).replace('\n', "\r")),
            READ,
            SMALL,
        ));
        let invalid = b"data: \xFF\xC3\x28 \xE2\x82 \xF0\x9F broken\n\n".repeat(SMALL);
        shapes.push(Shape::new("invalid-utf-8", invalid, READ, SMALL));
    }
    shapes
}

fn ours(shape: &Shape) -> usize {
    let mut parser = Parser::new(Limits::default(), "");
    let mut events = 0;
    for chunk in &shape.chunks {
        parser
            .feed(chunk, |item| {
                events += usize::from(matches!(black_box(item), Item::Frame(_)))
            })
            .unwrap();
    }
    events
}

fn theirs(shape: &Shape) -> usize {
    let chunks = shape.chunks.iter().cloned().map(Ok::<_, Infallible>);
    let events = stream::iter(chunks).eventsource().map(black_box);
    // Nothing here ever waits.
    events
        .filter(|event| std::future::ready(event.is_ok()))
        .count()
        .now_or_never()
        .unwrap()
}

fn parser(criterion: &mut Criterion) {
    for (who, parse, slow) in [
        ("gloria-stream", ours as fn(&Shape) -> usize, false),
        ("eventsource-stream", theirs, true),
    ] {
        for shape in shapes(slow) {
            assert_eq!(parse(&shape), shape.events, "{who} {}", shape.name);
            let mut group = criterion.benchmark_group(shape.name);
            group.throughput(Throughput::Bytes(shape.bytes()));
            group.bench_function(who, |bencher| bencher.iter(|| parse(black_box(&shape))));
            group.finish();
        }
    }
}

fn quick() -> Criterion {
    // The shapes take milliseconds to a second; ten of each are enough to tell linear from quadratic.
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
}

criterion_group! { name = benches; config = quick(); targets = parser }
criterion_main!(benches);
