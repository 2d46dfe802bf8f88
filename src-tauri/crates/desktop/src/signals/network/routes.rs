//! The kernel's signals that another route may be taken (rtnetlink(7)). The routes are queried elsewhere.

use std::os::fd::OwnedFd;

use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, recv, socket_with};

// linux/rtnetlink.h, where groups count from one. The routes that go with a link or an address go without a word.
const LINKS: u32 = 1 << 0;
const ADDRESSES: u32 = 1 << 4 | 1 << 8;
const ROUTES: u32 = 1 << 6 | 1 << 10;
/// They choose among tables of routes: a VPN client may come with a rule alone.
const RULES: u32 = 1 << 7 | 1 << 18;

/// Begins to collect the signals. Fails if the kernel does not support this.
pub(super) fn open() -> rustix::io::Result<OwnedFd> {
    // The routing family is protocol number 0.
    let socket = socket_with(
        AddressFamily::NETLINK,
        SocketType::RAW,
        SocketFlags::CLOEXEC,
        None,
    )?;
    bind(
        &socket,
        &SocketAddrNetlink::new(0, LINKS | ADDRESSES | ROUTES | RULES),
    )?;
    Ok(socket)
}

/// Calls `notify` for each change until it returns false.
pub(super) fn listen(socket: &OwnedFd, notify: impl Fn() -> bool) -> rustix::io::Result<()> {
    // The messages themselves are discarded.
    let mut message = [0_u8; 64];
    loop {
        match recv(socket, &mut message, RecvFlags::empty()) {
            // There were more changes than fit into the socket's buffer.
            Ok(_) | Err(rustix::io::Errno::NOBUFS) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error),
        }
        if !notify() {
            return Ok(());
        }
    }
}
