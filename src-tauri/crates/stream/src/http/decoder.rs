//! Undoes the encodings of an answer as it arrives.
//!
//! Whatever the server flushed comes out at once, and no more comes out than was asked for: an answer of a few
//! kilobytes that would fill the memory is decoded as slowly as its events are taken.

use self::brotli::Brotli;
use self::deflate::{Deflate, Gzip};
use crate::machine::Coding;

mod brotli;
mod deflate;

/// What passes from one coding to the next at a time. The innermost fills what the caller brings.
const BETWEEN: usize = 16 << 10;

/// The input is not what the coding makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the compressed stream is damaged")]
pub(crate) struct Damaged;

/// One coding's decoder.
trait Decode: Send {
    /// Decodes from `input` into `output`, and says how much of each it used. Where it used neither, it needs more
    /// input.
    ///
    /// # Errors
    /// The input is damaged.
    fn decode(&mut self, input: &[u8], output: &mut [u8]) -> Result<(usize, usize), Damaged>;
}

/// The decoders of one answer, and what waits before each.
pub(crate) struct Decoder {
    /// The first takes what arrived, the last gives the stream.
    layers: Vec<Layer>,
}

struct Layer {
    decode: Box<dyn Decode>,
    waiting: Vec<u8>,
}

impl Decoder {
    /// Undoes these codings, which were applied in this order; `None` where there are none.
    pub(crate) fn new(codings: &[Coding]) -> Option<Self> {
        let layers = codings.iter().rev().map(|coding| Layer {
            decode: match coding {
                Coding::Gzip => Box::new(Gzip::default()),
                Coding::Deflate => Box::new(Deflate::default()),
                Coding::Brotli => Box::new(Brotli::default()),
            },
            waiting: Vec::new(),
        });
        (!codings.is_empty()).then(|| Self {
            layers: layers.collect(),
        })
    }

    /// Takes what arrived.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        if let Some(outermost) = self.layers.first_mut() {
            outermost.waiting.extend_from_slice(bytes);
        }
    }

    /// Fills `output` as far as what arrived reaches, and says how far; where that is not at all, more has to arrive.
    ///
    /// # Errors
    /// What arrived is damaged. What was decoded before it is in `output` of the calls before.
    pub(crate) fn decode(&mut self, output: &mut [u8]) -> Result<usize, Damaged> {
        decode(&mut self.layers, output)
    }
}

fn decode(layers: &mut [Layer], output: &mut [u8]) -> Result<usize, Damaged> {
    let Some((layer, outer)) = layers.split_last_mut() else {
        return Ok(0);
    };
    loop {
        let (used, written) = layer.decode.decode(&layer.waiting, output)?;
        layer.waiting.drain(..used);
        if written > 0 {
            return Ok(written);
        }
        if used == 0 {
            let mut between = [0; BETWEEN];
            let more = decode(outer, &mut between)?;
            if more == 0 {
                return Ok(0);
            }
            layer.waiting.extend_from_slice(&between[..more]);
        }
    }
}

#[cfg(test)]
mod tests;
