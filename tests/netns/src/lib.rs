//! The test lives in `tests/`.
