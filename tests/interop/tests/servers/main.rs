//! The client against real servers, directly and behind real proxies. The results are docs/servers.md, which is
//! compared here, and written again by `cargo xtask test interop --write`.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod endings;
mod heads;
mod makes;
mod page;
mod visit;

async fn check(make: &makes::Make) {
    page::check(make, &visit::visit(make).await);
}
