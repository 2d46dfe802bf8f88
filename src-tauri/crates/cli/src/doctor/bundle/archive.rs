//! A `.tar.gz` in memory: POSIX ustar (IEEE Std 1003.1), which every system unpacks.

use std::io::{self, Write as _};

use flate2::Compression;
use flate2::write::GzEncoder;

/// Headers and contents are padded to blocks of this size.
const BLOCK: usize = 512;

/// A file of the archive. Its name has at most 100 ASCII characters.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: &'static str,
    pub(super) contents: Vec<u8>,
}

/// Packs the files into a folder of this name. `time` is that of all files, in seconds since 1970.
pub(super) fn pack(folder: &str, entries: &[Entry], time: u64) -> io::Result<Vec<u8>> {
    let mut out = GzEncoder::new(Vec::new(), Compression::default());
    for entry in entries {
        out.write_all(&header(
            &format!("{folder}/{}", entry.name),
            entry.contents.len(),
            time,
        ))?;
        out.write_all(&entry.contents)?;
        let padding = entry.contents.len().next_multiple_of(BLOCK) - entry.contents.len();
        out.write_all(&[0; BLOCK][..padding])?;
    }
    // Two empty blocks end it.
    out.write_all(&[0; 2 * BLOCK])?;
    out.finish()
}

fn header(name: &str, size: usize, time: u64) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    let mut put = |at: usize, bytes: &[u8]| {
        block[at..at + bytes.len()].copy_from_slice(bytes);
    };
    put(0, &name.as_bytes()[..name.len().min(100)]);
    put(100, b"0000600\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{size:011o}\0").as_bytes());
    put(136, format!("{time:011o}\0").as_bytes());
    // The checksum is made with spaces in its place.
    put(148, b"        ");
    put(156, b"0");
    put(257, b"ustar\x0000");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}
