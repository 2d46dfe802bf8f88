//! Replays the fuzz target's inputs.

use std::fs;
use std::path::Path;

use super::anything;

#[test]
fn every_input_of_the_corpus_is_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fuzz/corpus/decode");
    let mut count = 0;
    for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{error}: {}", folder.display())) {
        let path = entry.unwrap_or_else(|error| panic!("{error}")).path();
        let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{error}"));
        anything::read(&bytes);
        count += 1;
    }
    assert!(count > 20, "{count} inputs");
}
