//! The icons are those that are drawn.

use std::fs;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use crate::commands::{expect, limited, root};

/// How far two versions of the renderer may be apart, on average, for each of the 255 steps of a colour.
const MAX_DIFFERENCE: f64 = 1.0;

fn pixels(path: &Path) -> (u32, u32, Vec<u8>) {
    let file = fs::File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut reader = png::Decoder::new(BufReader::new(file)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut pixels).unwrap();
    (frame.width, frame.height, pixels)
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

#[test]
fn each_icon_is_made_from_its_drawing() {
    let folder = tempfile::tempdir().unwrap();
    expect(
        limited("python3")
            .arg(root().join("icons/make.py"))
            .arg(folder.path()),
    );
    let mut made = Vec::new();
    files(folder.path(), &mut made);
    assert!(made.len() > 10, "{made:?}");
    for new in made {
        let old = root()
            .join("icons")
            .join(new.strip_prefix(folder.path()).unwrap());
        if new.extension().is_none_or(|ending| ending != "png") {
            // Made of the same pictures.
            assert!(old.is_file(), "{}", old.display());
            continue;
        }
        let ((width, height, new), (old_width, old_height, old_pixels)) = (pixels(&new), pixels(&old));
        assert_eq!((width, height), (old_width, old_height), "{}", old.display());
        let apart: u64 = new
            .iter()
            .zip(&old_pixels)
            .map(|(new, old)| u64::from(new.abs_diff(*old)))
            .sum();
        let difference = apart as f64 / new.len() as f64;
        assert!(
            difference <= MAX_DIFFERENCE,
            "{}: {difference}: run icons/make.py",
            old.display()
        );
    }
}
