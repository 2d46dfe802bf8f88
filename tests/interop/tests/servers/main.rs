//! The client against real servers, directly and behind real proxies. What is seen is docs/servers.md, which is
//! compared here, and written anew by `cargo xtask test interop --write`.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod endings;
mod heads;
mod makes;
mod page;
mod visit;

async fn check(make: &makes::Make) {
    page::check(make, &visit::visit(make).await);
}
