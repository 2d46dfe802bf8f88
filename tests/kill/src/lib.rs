//! Only tests, in `tests/kill`.
