//! The pixels of a virtual screen, from the file in which its server keeps them: looking at them takes a millisecond,
//! where a program that asks the server takes a tenth of a second.

use std::collections::BTreeSet;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use anyhow::{Context as _, Result};

/// Every so many lines are looked at: text is higher.
const LINE_STEP: usize = 8;

/// Bytes of a pixel: blue, green, red, and one without meaning.
const PIXEL: usize = 4;

/// A line in which fewer pixels changed has no part of the window: the tray icon and the clock change, too.
const MIN_CHANGED: usize = 300;

/// Fewer such lines are no window.
const MIN_LINES: usize = 20;

/// What is this near to the window's edge is its frame.
const FRAME: usize = 48;

/// Fewer colours than this are a window without its page; smoothed text has more.
const PAINTED_COLOURS: usize = 40;

/// Where the fields of the file's header are that matter here (`XWDFile.h`), as numbers of four bytes.
const HEADER_SIZE: u64 = 0;
const HEIGHT: u64 = 5;
const BYTES_PER_LINE: u64 = 12;
const COLOUR_COUNT: u64 = 19;
/// The size of an entry in the table of colours.
const COLOUR_SIZE: u64 = 12;

/// A screen.
#[derive(Debug)]
pub(super) struct Screen {
    file: File,
    pixels: u64,
    bytes_per_line: usize,
    height: usize,
}

/// What it showed at one time: some of its lines.
#[derive(Debug)]
pub(super) struct Picture(Vec<Vec<u8>>);

impl Screen {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).with_context(|| path.display().to_string())?;
        let field = |number: u64| -> Result<u64> {
            let mut bytes = [0; 4];
            file.read_exact_at(&mut bytes, number * 4)?;
            Ok(u64::from(u32::from_be_bytes(bytes)))
        };
        let pixels = field(HEADER_SIZE)? + field(COLOUR_COUNT)? * COLOUR_SIZE;
        let (bytes_per_line, height) = (field(BYTES_PER_LINE)?, field(HEIGHT)?);
        Ok(Self {
            pixels,
            bytes_per_line: usize::try_from(bytes_per_line)?,
            height: usize::try_from(height)?,
            file,
        })
    }

    pub(super) fn picture(&self) -> Result<Picture> {
        let mut lines = Vec::new();
        for line in (0..self.height).step_by(LINE_STEP) {
            let mut bytes = vec![0; self.bytes_per_line];
            let at = self.pixels + u64::try_from(line * self.bytes_per_line)?;
            self.file.read_exact_at(&mut bytes, at)?;
            lines.push(bytes);
        }
        Ok(Picture(lines))
    }
}

impl Picture {
    /// Whether there is a window that was not there before, with a page in it and not just its background.
    pub(super) fn has_page(&self, before: &Self) -> bool {
        let lines = self.window(before);
        let frame = FRAME / LINE_STEP;
        let within = lines
            .get(frame..lines.len().saturating_sub(frame))
            .unwrap_or_default();
        let colours: BTreeSet<_> = within
            .iter()
            .flat_map(|line| line.chunks_exact(PIXEL).map(|pixel| &pixel[..PIXEL - 1]))
            .collect();
        lines.len() >= MIN_LINES && colours.len() > PAINTED_COLOURS
    }

    /// The lines that changed, each from the left edge of what changed to the right, without the frame.
    fn window(&self, before: &Self) -> Vec<&[u8]> {
        let lines = self.0.iter().zip(&before.0);
        lines.filter_map(|(now, before)| changed(now, before)).collect()
    }
}

fn changed<'a>(now: &'a [u8], before: &[u8]) -> Option<&'a [u8]> {
    let pixels = now.chunks_exact(PIXEL).zip(before.chunks_exact(PIXEL));
    let differ: Vec<_> = pixels
        .enumerate()
        .filter(|(_, (now, before))| now[..PIXEL - 1] != before[..PIXEL - 1])
        .map(|(at, _)| at)
        .collect();
    let (first, last) = (differ.first()? + FRAME, differ.last()?.checked_sub(FRAME)?);
    (differ.len() >= MIN_CHANGED)
        .then(|| now.get(first * PIXEL..last * PIXEL))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTH: usize = 1000;

    fn picture(pixel: impl Fn(usize, usize) -> [u8; PIXEL]) -> Picture {
        Picture(
            (0..100)
                .map(|line| (0..WIDTH).flat_map(|at| pixel(line, at)).collect())
                .collect(),
        )
    }

    /// A window in the middle, with a frame of many colours.
    fn with_window(page: impl Fn(usize) -> u8) -> Picture {
        picture(|line, at| {
            let byte = |number: usize| u8::try_from(number % 200).unwrap();
            match (line, at) {
                (20..80, 100..900) if (26..74).contains(&line) && (140..860).contains(&at) => {
                    [255, page(at), 255, 0]
                }
                (20..80, 100..900) => [byte(at), byte(line), 1, 0],
                _ => [9, 9, 9, 0],
            }
        })
    }

    #[test]
    fn a_window_is_painted_when_there_is_more_than_its_background() {
        let before = picture(|_, _| [9, 9, 9, 7]);
        let empty = with_window(|_| 255);
        assert!(empty.window(&before).len() >= MIN_LINES && !empty.has_page(&before));
        let painted = with_window(|at| u8::try_from(at % 100).unwrap());
        assert!(painted.has_page(&before));
    }

    #[test]
    fn what_moves_in_the_panel_is_no_window() {
        let before = picture(|_, _| [9, 9, 9, 0]);
        let clock = picture(|line, at| {
            if line > 95 && at > 900 {
                [1, 1, 1, 0]
            } else {
                [9, 9, 9, 0]
            }
        });
        assert!(clock.window(&before).is_empty() && !clock.has_page(&before));
        assert!(!before.has_page(&before));
    }
}
