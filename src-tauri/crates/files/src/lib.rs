//! Where the programs of Gloria Notify keep their files, how they keep them private, and how much they log to them.
//!
//! Decides where, not what: the contents belong to those who write them.

pub mod logging;
pub mod paths;
pub mod private;
pub mod shared;
