//! The packages as people and administrators use them.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod commands;
mod contents;
mod debian;
mod icons;
mod machine;
mod packages;
mod policy;
mod repository;
mod rpm;
mod scene;
mod windows;
