//! Gloria Notify without a screen.

pub mod protocol;
pub mod session;
