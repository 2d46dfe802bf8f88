//! Whether an open connection still uses the network path that it was opened on.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// The local address from which the system would reach a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Route {
    peer: SocketAddr,
    from: IpAddr,
}

impl Route {
    /// Looks the peer up in the routing table; nothing is sent. `None` if there is no route to it.
    pub(super) fn to(peer: SocketAddr) -> Option<Self> {
        let any: IpAddr = match peer {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let socket = UdpSocket::bind((any, 0)).ok()?;
        socket.connect(peer).ok()?;
        Some(Self {
            peer,
            from: socket.local_addr().ok()?.ip(),
        })
    }

    /// Whether the path is still the same. If not, packets of the connection no longer arrive.
    pub(super) fn holds(self) -> bool {
        Self::to(self.peer).is_some_and(|now| now.from == self.from || self.was_renewed_as(now.from))
    }

    /// Whether new connections use this computer's next temporary address (RFC 8981), while the open connection's
    /// address still exists.
    fn was_renewed_as(self, next: IpAddr) -> bool {
        match (self.from, next) {
            (IpAddr::V6(from), IpAddr::V6(next)) => {
                from.segments()[..4] == next.segments()[..4] && self.has_address()
            }
            _ => false,
        }
    }

    /// Whether this computer still has the connection's local address. Without it, no packets arrive.
    pub(super) fn has_address(self) -> bool {
        // Binding succeeds only while an interface has the address.
        UdpSocket::bind((self.from, 0)).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_this_machine_stays() {
        let route = Route::to(SocketAddr::from((Ipv4Addr::LOCALHOST, 9))).unwrap();
        assert_eq!(route.from, Ipv4Addr::LOCALHOST);
        assert!(route.holds());
    }

    #[test]
    fn a_renewed_temporary_address_leaves_what_stands_on_the_old_one() {
        let route = Route::to(SocketAddr::from((Ipv6Addr::LOCALHOST, 9))).unwrap();
        let next = "::2".parse().unwrap();
        assert!(route.was_renewed_as(next), "the old one is still there");
        let gone = Route {
            from: "::3".parse().unwrap(),
            ..route
        };
        assert!(!gone.was_renewed_as(next), "the old one is gone");
        assert!(
            !route.was_renewed_as("2001:db8::1".parse().unwrap()),
            "another network"
        );
        assert!(!gone.holds());
    }

    #[test]
    fn an_address_that_no_interface_has_is_gone() {
        let route = Route::to(SocketAddr::from((Ipv4Addr::LOCALHOST, 9))).unwrap();
        assert!(route.has_address());
        let from = Ipv4Addr::new(192, 0, 2, 1).into();
        assert!(!Route { from, ..route }.has_address());
    }

    #[test]
    fn another_local_address_is_another_way() {
        let route = Route::to(SocketAddr::from((Ipv4Addr::LOCALHOST, 9))).unwrap();
        assert!(
            !Route {
                from: Ipv4Addr::new(192, 0, 2, 1).into(),
                ..route
            }
            .holds()
        );
    }
}
