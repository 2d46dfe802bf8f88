//! Decodes the content encodings of a response as it arrives.
//!
//! Data that the server flushed is returned at once, and never more than requested: a response of a few kilobytes that
//! decodes to gigabytes is decoded only as fast as its events are consumed.

use self::brotli::Brotli;
use self::deflate::{Deflate, Gzip};
use crate::machine::Coding;

mod brotli;
mod deflate;

/// The buffer between two codings. The innermost one fills the caller's buffer.
const BETWEEN: usize = 16 << 10;

/// The input is not valid for the coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the compressed stream is damaged")]
pub(crate) struct Damaged;

/// The decoder of one coding.
trait Decode: Send {
    /// Decodes from `input` into `output`, and returns how many bytes of each it used. If it used none, it needs more
    /// input.
    ///
    /// # Errors
    /// When the input is damaged.
    fn decode(&mut self, input: &[u8], output: &mut [u8]) -> Result<(usize, usize), Damaged>;
}

/// The decoders of one response, with the input that each has not decoded yet.
pub(crate) struct Decoder {
    /// The first one decodes what arrived, the last one returns the stream.
    layers: Vec<Layer>,
}

struct Layer {
    decode: Box<dyn Decode>,
    waiting: Vec<u8>,
}

impl Decoder {
    /// Returns decoders for these codings, which were applied in this order; `None` if there are none.
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

    /// Adds received bytes.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        if let Some(outermost) = self.layers.first_mut() {
            outermost.waiting.extend_from_slice(bytes);
        }
    }

    /// Decodes into `output` and returns the number of bytes; 0 if more input is needed.
    /// # Errors
    /// When the input is damaged. Output before the damage was returned by earlier calls.
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
