//! Only tests: see `tests/sign-in`.
