//! Deflate (RFC 1951) in its three formats: raw, zlib (RFC 1950) and gzip (RFC 1952).

use flate2::{Decompress, FlushDecompress, Status};
use memchr::memchr;

use super::{Damaged, Decode};

/// The decoder of `deflate`, which is zlib by the standard and raw deflate from some servers; browsers accept both.
/// Data after its end is ignored.
#[derive(Default)]
pub(super) enum Deflate {
    /// Too little data arrived to decide between the two.
    #[default]
    Unknown,
    /// Decoding.
    Known(Decompress),
    /// The end was reached.
    Ended,
}

impl Decode for Deflate {
    fn decode(&mut self, input: &[u8], output: &mut [u8]) -> Result<(usize, usize), Damaged> {
        match self {
            Self::Unknown => {
                let &[method, check, ..] = input else {
                    return Ok((0, 0));
                };
                *self = Self::Known(Decompress::new(is_zlib(method, check)));
                self.decode(input, output)
            }
            Self::Known(state) => {
                let (used, written, ended) = inflate(state, input, output)?;
                if ended {
                    *self = Self::Ended;
                }
                Ok((used, written))
            }
            Self::Ended => Ok((input.len(), 0)),
        }
    }
}

/// Whether these bytes begin a zlib stream: the method is deflate, and the check bits are right (RFC 1950, 2.2).
fn is_zlib(method: u8, check: u8) -> bool {
    method & 0x0F == 8 && u16::from_be_bytes([method, check]).is_multiple_of(31)
}

/// The decoder of `gzip`. Members may follow each other, because some servers end one with each event.
pub(super) struct Gzip {
    state: Decompress,
    part: Part,
}

/// The part of a member to which the next byte belongs.
#[derive(Clone, Copy)]
enum Part {
    /// The first ten bytes of the first member, or of one that may follow.
    Header { first: bool },
    /// The remaining fields, by their flags.
    Fields { flags: u8 },
    /// The rest of the extra field, before the fields of these flags.
    Extra { left: usize, flags: u8 },
    /// The compressed data.
    Data,
    /// The rest of checksum and size. They are not checked, because the data has already been delivered.
    Trailer { left: usize },
    /// Data after the last member, such as zero padding.
    Rest,
}

const MAGIC: [u8; 3] = [0x1F, 0x8B, 8];
const HEADER: usize = 10;
const TRAILER: usize = 8;

// The flags of a header (RFC 1952, 2.3.1), in the order of their fields.
const EXTRA: u8 = 1 << 2;
const NAME: u8 = 1 << 3;
const COMMENT: u8 = 1 << 4;
const CHECK: u8 = 1 << 1;

impl Default for Gzip {
    fn default() -> Self {
        Self {
            state: Decompress::new(false),
            part: Part::Header { first: true },
        }
    }
}

impl Decode for Gzip {
    fn decode(&mut self, input: &[u8], output: &mut [u8]) -> Result<(usize, usize), Damaged> {
        // How many bytes of the part were used, `None` if the part is incomplete.
        let used = match self.part {
            Part::Data => {
                let (used, written, ended) = inflate(&mut self.state, input, output)?;
                if ended {
                    self.part = Part::Trailer { left: TRAILER };
                }
                return Ok((used, written));
            }
            Part::Header { first } => self.header(input, first)?,
            Part::Fields { flags } => self.fields(input, flags),
            Part::Extra { left, flags } => self.skip(input, left, Part::Fields { flags }, |left| {
                Part::Extra { left, flags }
            }),
            Part::Trailer { left } => self.skip(input, left, Part::Header { first: false }, |left| {
                Part::Trailer { left }
            }),
            Part::Rest => Some(input.len()),
        };
        match used {
            // The part was empty.
            Some(0) if !matches!(self.part, Part::Rest) => self.decode(input, output),
            used => Ok((used.unwrap_or(0), 0)),
        }
    }
}

impl Gzip {
    fn header(&mut self, input: &[u8], first: bool) -> Result<Option<usize>, Damaged> {
        let known = input.len().min(MAGIC.len());
        if input[..known] != MAGIC[..known] {
            if first {
                return Err(Damaged);
            }
            self.part = Part::Rest;
            return Ok(Some(input.len()));
        }
        Ok(input.get(..HEADER).map(|header| {
            self.state.reset(false);
            self.part = Part::Fields {
                flags: header[MAGIC.len()],
            };
            HEADER
        }))
    }

    /// Skips the next field of the header.
    fn fields(&mut self, input: &[u8], flags: u8) -> Option<usize> {
        let without = |flag: u8| Part::Fields { flags: flags & !flag };
        if flags & EXTRA != 0 {
            let length = input.first_chunk().map(|length| u16::from_le_bytes(*length))?;
            self.part = Part::Extra {
                left: length.into(),
                flags: flags & !EXTRA,
            };
            return Some(2);
        }
        for flag in [NAME, COMMENT] {
            if flags & flag != 0 {
                // A text ends with a zero byte.
                let end = memchr(0, input);
                if end.is_some() {
                    self.part = without(flag);
                }
                return end
                    .map(|end| end + 1)
                    .or((!input.is_empty()).then_some(input.len()));
            }
        }
        if flags & CHECK != 0 {
            input.first_chunk::<2>()?;
            self.part = without(CHECK);
            return Some(2);
        }
        self.part = Part::Data;
        Some(0)
    }

    fn skip(&mut self, input: &[u8], left: usize, next: Part, rest: impl Fn(usize) -> Part) -> Option<usize> {
        let skipped = input.len().min(left);
        if skipped == left {
            self.part = next;
        } else if skipped > 0 {
            self.part = rest(left - skipped);
        } else {
            return None;
        }
        Some(skipped)
    }
}

fn inflate(state: &mut Decompress, input: &[u8], output: &mut [u8]) -> Result<(usize, usize, bool), Damaged> {
    let (read, written) = (state.total_in(), state.total_out());
    let status = state
        .decompress(input, output, FlushDecompress::None)
        .map_err(|_| Damaged)?;
    // Neither exceeds its buffer, whose length is a usize.
    let used = usize::try_from(state.total_in() - read).map_err(|_| Damaged)?;
    let written = usize::try_from(state.total_out() - written).map_err(|_| Damaged)?;
    Ok((used, written, status == Status::StreamEnd))
}
