//! The kernel's word that some route changed (rtnetlink(7)). What it is now is asked for elsewhere.

use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, recv, socket_with};

// linux/rtnetlink.h: RTMGRP_IPV4_ROUTE and RTMGRP_IPV6_ROUTE.
const ROUTES: u32 = 0x40 | 0x400;

/// Calls `notify` at each change until it answers false. Where the kernel does not speak to us routes are found by the
/// regular looks.
pub(super) fn watch(notify: impl Fn() -> bool) {
    if let Err(error) = listen(notify) {
        tracing::info!(%error, "changed routes are seen some seconds later");
    }
}

fn listen(notify: impl Fn() -> bool) -> rustix::io::Result<()> {
    // Of the kernel's netlink families, routing is the one without a number of its own.
    let socket = socket_with(
        AddressFamily::NETLINK,
        SocketType::RAW,
        SocketFlags::CLOEXEC,
        None,
    )?;
    bind(&socket, &SocketAddrNetlink::new(0, ROUTES))?;
    // The messages themselves are thrown away.
    let mut message = [0_u8; 64];
    loop {
        match recv(&socket, &mut message, RecvFlags::empty()) {
            // More changed than the socket could hold.
            Ok(_) | Err(rustix::io::Errno::NOBUFS) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error),
        }
        if !notify() {
            return Ok(());
        }
    }
}
