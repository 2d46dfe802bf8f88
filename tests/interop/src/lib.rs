//! The test lives in `tests/`, its server beside this folder.
