//! Content encodings.

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

use crate::script::{Answer, End, Part, RETRY, Script};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Gzip,
    Zlib,
    /// Deflate without zlib's head, as some servers send it.
    Deflate,
    Brotli,
}

/// Encodes texts so that each can be read when its bytes are there.
pub(crate) fn encoded<T: AsRef<[u8]>>(coding: Coding, texts: impl IntoIterator<Item = T>) -> Vec<Vec<u8>> {
    let fast = Compression::fast();
    match coding {
        Coding::Gzip => flushed(
            GzEncoder::new(Vec::new(), fast),
            texts,
            GzEncoder::get_mut,
            |coder| coder.finish().unwrap(),
        ),
        Coding::Zlib => flushed(
            ZlibEncoder::new(Vec::new(), fast),
            texts,
            ZlibEncoder::get_mut,
            |coder| coder.finish().unwrap(),
        ),
        Coding::Deflate => flushed(
            DeflateEncoder::new(Vec::new(), fast),
            texts,
            DeflateEncoder::get_mut,
            |coder| coder.finish().unwrap(),
        ),
        Coding::Brotli => flushed(
            brotli::CompressorWriter::new(Vec::new(), 4096, 4, 20),
            texts,
            brotli::CompressorWriter::get_mut,
            brotli::CompressorWriter::into_inner,
        ),
    }
}

fn flushed<W: std::io::Write, T: AsRef<[u8]>>(
    mut coder: W,
    texts: impl IntoIterator<Item = T>,
    output: impl Fn(&mut W) -> &mut Vec<u8>,
    finish: impl Fn(W) -> Vec<u8>,
) -> Vec<Vec<u8>> {
    let mut pieces = Vec::new();
    for text in texts {
        coder.write_all(text.as_ref()).unwrap();
        coder.flush().unwrap();
        pieces.push(std::mem::take(output(&mut coder)));
    }
    pieces.push(finish(coder));
    pieces
}

const EVENTS: [&str; 4] = [
    RETRY,
    "id: 1\nevent: x\ndata: a\n\n",
    "id: 2\ndata: b\n\n",
    "id: 3\ndata: ü\n\n",
];

fn named(name: &str) -> Answer {
    Answer::stream().header(&format!("Content-Encoding: {name}"))
}

/// Each event is to be shown before the next is sent.
fn live(mut answer: Answer, pieces: Vec<Vec<u8>>) -> Answer {
    for (piece, data) in pieces.into_iter().zip(["", "a", "b", "ü", ""]) {
        answer = answer.send(piece);
        if !data.is_empty() {
            answer.parts.push(Part::Until(data.to_owned()));
        }
    }
    answer
}

pub(crate) fn scripts() -> Vec<Script> {
    let last = || Answer::stream().send("id: 9\ndata: z\n\n");
    let mut scripts = Vec::new();
    for name in [
        "none",
        "None",
        "identity",
        "IDENTITY",
        "",
        "utf-8",
        "UTF8",
        "binary",
        "8bit",
        "chunked",
        "x-unknown",
        "text/event-stream",
        "*",
        "none, identity",
        "identity, identity",
        "identity;q=1",
        "aws-chunked",
        "compress",
        "dcb",
    ] {
        let answer = EVENTS.into_iter().fold(named(name), Answer::send);
        scripts.push(
            Script::new(
                format!("content encoding {name:?}, and a plain stream"),
                [answer, last()],
            )
            .types(["x"]),
        );
    }
    for name in ["gzip", "deflate", "br", "zstd"] {
        let answer = EVENTS.into_iter().fold(named(name), Answer::send);
        scripts.push(Script::new(
            format!("content encoding {name:?}, and a plain stream"),
            [Answer::stream().send(RETRY), answer, last()],
        ));
    }
    for (name, coding) in [
        ("gzip", Coding::Gzip),
        ("x-gzip", Coding::Gzip),
        ("GZIP", Coding::Gzip),
        ("deflate", Coding::Zlib),
        ("deflate", Coding::Deflate),
        ("br", Coding::Brotli),
    ] {
        let pieces = encoded(coding, EVENTS);
        scripts.push(
            Script::new(
                format!("content encoding {name:?} as {coding:?}, each event at once"),
                [live(named(name).chunked(), pieces.clone()), last()],
            )
            .types(["x"]),
        );
        scripts.push(
            Script::new(
                format!("content encoding {name:?} as {coding:?}, by the connection's end"),
                [live(named(name), pieces.clone()), last()],
            )
            .types(["x"]),
        );
        scripts.push(
            Script::new(
                format!("content encoding {name:?} as {coding:?}, cut"),
                [
                    live(named(name).chunked(), pieces[..4].to_vec()).end(End::Cut),
                    last(),
                ],
            )
            .types(["x"]),
        );
    }
    let gzip = |texts: &[&str]| encoded(Coding::Gzip, texts);
    let once = |texts: &[&str]| gzip(texts).concat();
    let broken = [
        gzip(&[RETRY, "id: 1\ndata: a\n\n"])[..2].concat(),
        b"\xFF\xFF\xFFnonsense\xFF\xFF".to_vec(),
    ];
    scripts.extend([
        Script::new(
            "gzip byte by byte",
            [named("gzip").pieces(once(&EVENTS).chunks(1)), last()],
        )
        .types(["x"]),
        Script::new(
            "gzip in two members",
            [
                named("gzip").send(once(&EVENTS[..2])).send(once(&EVENTS[2..])),
                last(),
            ],
        )
        .types(["x"]),
        Script::new(
            "gzip and rubbish behind it",
            [named("gzip").send(once(&EVENTS)).send("rubbish"), last()],
        )
        .types(["x"]),
        Script::new(
            "gzip that breaks",
            [named("gzip").send(&broken[0]).until("a").send(&broken[1]), last()],
        ),
        Script::new(
            "gzip of nothing",
            [
                Answer::stream().send(RETRY),
                named("gzip").send(once(&[])),
                last(),
            ],
        ),
        Script::new(
            "an empty body said to be gzip",
            [Answer::stream().send(RETRY), named("gzip").length(), last()],
        ),
        Script::new(
            "gzip with a length",
            [named("gzip").send(once(&EVENTS)).length(), last()],
        )
        .types(["x"]),
        Script::new(
            "gzip of zeros",
            [
                named("gzip").send(once(&[RETRY, ":", &"0".repeat(3_000_000), "\ndata: a\n\n"])),
                last(),
            ],
        ),
        Script::new(
            "gzip with a byte order mark",
            [
                named("gzip").send(once(&["\u{FEFF}data: a\n\nretry: 100\n\n"])),
                last(),
            ],
        ),
        Script::new(
            "gzip twice",
            [
                named("gzip, gzip").send(encoded(Coding::Gzip, [once(&EVENTS)]).concat()),
                last(),
            ],
        )
        .types(["x"]),
        Script::new(
            "gzip twice in two headers",
            [
                named("gzip")
                    .header("Content-Encoding: gzip")
                    .send(encoded(Coding::Gzip, [once(&EVENTS)]).concat()),
                last(),
            ],
        )
        .types(["x"]),
        Script::new(
            "gzip and identity",
            [named("gzip, identity").send(once(&EVENTS)), last()],
        )
        .types(["x"]),
        Script::new(
            "gzip and an unknown one",
            [
                Answer::stream().send(RETRY),
                named("x-unknown, gzip").send(once(&EVENTS)),
                last(),
            ],
        )
        .types(["x"]),
        Script::new(
            "brotli in gzip",
            [
                named("br, gzip")
                    .send(encoded(Coding::Gzip, [encoded(Coding::Brotli, EVENTS).concat()]).concat()),
                last(),
            ],
        )
        .types(["x"]),
        Script::new(
            "gzip as a transfer encoding",
            [
                Answer::stream().send(RETRY),
                Answer::stream()
                    .header("Transfer-Encoding: gzip, chunked")
                    .chunked()
                    .send(once(&EVENTS)),
                last(),
            ],
        )
        .types(["x"]),
        Script::new(
            "zstd",
            [Answer::stream().send(RETRY), named("zstd").send(ZSTD), last()],
        ),
    ]);
    scripts
}

/// `data: a` and two line feeds, in a frame of zstd with one raw block.
const ZSTD: &[u8] = b"\x28\xB5\x2F\xFD\x20\x09\x49\x00\x00data: a\n\n";
