//! The fuzzer's corpus, replayed without the fuzzer.

use std::fs;
use std::path::Path;

use gloria_stream::Limits;

use crate::{read, read_chunks, reference};

#[test]
fn the_corpus_reads_as_the_standard_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fuzz/corpus/parser");
    let mut files = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let stream = fs::read(&path).unwrap();
        let wanted = reference::read(&stream, "");
        assert_eq!(read(&stream, ""), wanted, "{}", path.display());
        for size in [1, 2, 3, 7, 1460] {
            let (seen, result) = read_chunks(Limits::default(), "", stream.chunks(size));
            assert_eq!(result, Ok(()));
            assert_eq!(seen, wanted, "{} in {size}s", path.display());
        }
        files += 1;
    }
    assert!(files >= 30, "only {files} files in {}", folder.display());
}
