//! The kernel's signal that a route changed (rtnetlink(7)). The routes are queried elsewhere.

use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, recv, socket_with};

// linux/rtnetlink.h: RTMGRP_IPV4_ROUTE and RTMGRP_IPV6_ROUTE.
const ROUTES: u32 = 0x40 | 0x400;

/// Calls `notify` for each change until it returns false. If the kernel does not support this, routes are found by the
/// regular queries.
pub(super) fn watch(notify: impl Fn() -> bool) {
    if let Err(error) = listen(notify) {
        tracing::info!(%error, "changed routes are seen some seconds later");
    }
}

fn listen(notify: impl Fn() -> bool) -> rustix::io::Result<()> {
    // The routing family is protocol number 0.
    let socket = socket_with(
        AddressFamily::NETLINK,
        SocketType::RAW,
        SocketFlags::CLOEXEC,
        None,
    )?;
    bind(&socket, &SocketAddrNetlink::new(0, ROUTES))?;
    // The messages themselves are discarded.
    let mut message = [0_u8; 64];
    loop {
        match recv(&socket, &mut message, RecvFlags::empty()) {
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
