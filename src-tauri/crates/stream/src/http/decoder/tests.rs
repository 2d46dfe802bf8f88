use std::io::Write;

use ::brotli::CompressorWriter;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use flate2::{Compression, GzBuilder};
use proptest::prelude::*;

use super::*;

/// The encoding that a server uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    /// gzip, with every optional field of the header.
    Gzip,
    /// gzip, with a separate member for each piece.
    Members,
    Zlib,
    Bare,
    Brotli,
}

const ALL: [Encoding; 5] = [
    Encoding::Gzip,
    Encoding::Members,
    Encoding::Zlib,
    Encoding::Bare,
    Encoding::Brotli,
];

impl Encoding {
    fn coding(self) -> Coding {
        match self {
            Self::Gzip | Self::Members => Coding::Gzip,
            Self::Zlib | Self::Bare => Coding::Deflate,
            Self::Brotli => Coding::Brotli,
        }
    }

    /// Encodes these pieces. Returns the flushed output of each piece, and the end of the stream.
    fn encode(self, pieces: &[Vec<u8>]) -> Vec<Vec<u8>> {
        let level = Compression::default();
        match self {
            Self::Gzip => flushed(
                GzBuilder::new()
                    .extra(vec![7; 300])
                    .filename("stream")
                    .comment("c")
                    .write(Vec::new(), level),
                pieces,
                |encoder| encoder.get_mut(),
                |encoder| encoder.finish().unwrap(),
            ),
            Self::Members => {
                let member = |piece: &Vec<u8>| {
                    let mut encoder = GzEncoder::new(Vec::new(), level);
                    encoder.write_all(piece).unwrap();
                    encoder.finish().unwrap()
                };
                pieces.iter().map(member).chain([b"\0\0\0".to_vec()]).collect()
            }
            Self::Zlib => flushed(
                ZlibEncoder::new(Vec::new(), level),
                pieces,
                |encoder| encoder.get_mut(),
                |encoder| encoder.finish().unwrap(),
            ),
            Self::Bare => flushed(
                DeflateEncoder::new(Vec::new(), level),
                pieces,
                |encoder| encoder.get_mut(),
                |encoder| encoder.finish().unwrap(),
            ),
            Self::Brotli => flushed(
                CompressorWriter::new(Vec::new(), 4096, 5, 22),
                pieces,
                |encoder| encoder.get_mut(),
                CompressorWriter::into_inner,
            ),
        }
    }
}

fn flushed<E: Write>(
    mut encoder: E,
    pieces: &[Vec<u8>],
    output: impl Fn(&mut E) -> &mut Vec<u8>,
    finish: impl FnOnce(E) -> Vec<u8>,
) -> Vec<Vec<u8>> {
    let mut encoded = Vec::new();
    for piece in pieces {
        encoder.write_all(piece).unwrap();
        encoder.flush().unwrap();
        encoded.push(std::mem::take(output(&mut encoder)));
    }
    encoded.push(finish(encoder));
    encoded
}

/// Returns everything that the input decodes to, in steps of `step` bytes.
fn drain(decoder: &mut Decoder, step: usize) -> Result<Vec<u8>, Damaged> {
    let mut output = Vec::new();
    let mut buffer = vec![0; step];
    loop {
        match decoder.decode(&mut buffer)? {
            0 => return Ok(output),
            written => output.extend_from_slice(&buffer[..written]),
        }
    }
}

fn decoder(encodings: &[Encoding]) -> Decoder {
    let codings: Vec<_> = encodings.iter().map(|encoding| encoding.coding()).collect();
    Decoder::new(&codings).unwrap()
}

fn pieces() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let noise = prop::collection::vec(any::<u8>(), 0..200);
    let event = "[a-z]{0,40}".prop_map(|text| format!("data: {text}\n\n").into_bytes());
    let long = (any::<u8>(), 1_usize..80_000).prop_map(|(byte, length)| vec![byte; length]);
    prop::collection::vec(prop_oneof![noise, event, long], 1..6)
}

proptest! {
    #[test]
    fn whatever_was_flushed_is_decoded_at_once(
        pieces in pieces(),
        encoding in prop::sample::select(&ALL[..]),
        step in prop_oneof![Just(1_usize), 1_usize..70_000],
    ) {
        let mut decoder = decoder(&[encoding]);
        for (piece, encoded) in pieces.iter().zip(encoding.encode(&pieces)) {
            decoder.feed(&encoded);
            prop_assert!(drain(&mut decoder, step).as_ref() == Ok(piece), "{encoding:?}");
        }
    }

    #[test]
    fn where_the_input_is_cut_makes_no_difference(
        pieces in pieces(),
        encodings in prop::collection::vec(prop::sample::select(&ALL[..]), 1..4),
        cut in 1_usize..300,
    ) {
        let mut encoded = pieces.concat();
        for encoding in &encodings {
            encoded = encoding.encode(&[encoded]).concat();
        }
        let mut decoder = decoder(&encodings);
        let mut decoded = Vec::new();
        for part in encoded.chunks(cut) {
            decoder.feed(part);
            decoded.extend(drain(&mut decoder, 10_000).unwrap());
        }
        prop_assert!(decoded == pieces.concat(), "{encodings:?}");
    }

    #[test]
    fn nonsense_is_damaged_or_decodes(
        nonsense in prop::collection::vec(any::<u8>(), 0..400),
        start in prop_oneof![Just(""), Just("\x78\x01"), Just("H\x07")],
        encoding in prop::sample::select(&ALL[..]),
    ) {
        let mut decoder = decoder(&[encoding]);
        decoder.feed(start.as_bytes());
        decoder.feed(&nonsense);
        // It succeeds or fails, but does not panic.
        let _ = drain(&mut decoder, 1000);
    }
}

#[test]
fn damage_is_noticed_after_what_came_before_it() {
    let pieces = [b"data: a\n\n".to_vec(), vec![b'x'; 100]];
    for encoding in ALL {
        let [first, second, ..] = &encoding.encode(&pieces)[..] else {
            unreachable!("one for each piece")
        };
        let mut decoder = decoder(&[encoding]);
        decoder.feed(first);
        assert_eq!(drain(&mut decoder, 1000), Ok(pieces[0].clone()), "{encoding:?}");
        if encoding == Encoding::Members {
            // Data that does not begin a member is the rest after the last one.
            continue;
        }
        // A block of an invalid type.
        decoder.feed(&vec![0xFF; second.len()]);
        assert_eq!(drain(&mut decoder, 1000), Err(Damaged), "{encoding:?}");
    }
}

#[test]
fn an_answer_that_is_not_encoded_at_all_is_damaged() {
    for coding in [Coding::Gzip, Coding::Deflate, Coding::Brotli] {
        let mut decoder = Decoder::new(&[coding]).unwrap();
        decoder.feed(b"data: this is what a server sends that only claims to compress\n\n");
        assert_eq!(drain(&mut decoder, 1000), Err(Damaged), "{coding:?}");
    }
}

#[test]
fn a_little_that_becomes_much_waits_encoded() {
    const MUCH: usize = 64 << 20;
    let mut encoded = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..MUCH >> 20 {
        encoded.write_all(&[b':'; 1 << 20]).unwrap();
    }
    let twice = Encoding::Brotli.encode(&[encoded.finish().unwrap()]).concat();
    let mut decoder = decoder(&[Encoding::Gzip, Encoding::Brotli]);
    decoder.feed(&twice);
    let mut buffer = [0; 1000];
    for _ in 0..100 {
        assert!(decoder.decode(&mut buffer).unwrap() > 0);
        let waiting: usize = decoder.layers.iter().map(|layer| layer.waiting.len()).sum();
        assert!(waiting <= twice.len() + BETWEEN, "{waiting} bytes wait");
    }
}
