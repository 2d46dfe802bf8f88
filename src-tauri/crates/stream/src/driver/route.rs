//! Whether an open connection still uses the network path that it was opened on.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// The local address that the system would speak to a peer from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Route {
    peer: SocketAddr,
    from: IpAddr,
}

impl Route {
    /// Asks the routing table; nothing is sent. `None` where there is no way to the peer.
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

    /// Whether the path is still the same. Answers to a connection over an earlier one no longer arrive.
    pub(super) fn holds(self) -> bool {
        Self::to(self.peer).is_some_and(|now| now.from == self.from || self.was_renewed_as(now.from))
    }

    /// Whether new connections leave from this computer's next temporary address (RFC 8981), while the one that the
    /// open connection stands on is still there.
    fn was_renewed_as(self, next: IpAddr) -> bool {
        match (self.from, next) {
            (IpAddr::V6(from), IpAddr::V6(next)) => {
                from.segments()[..4] == next.segments()[..4] && self.has_address()
            }
            _ => false,
        }
    }

    /// Whether this computer still has the address that it spoke from. Without it, no answer finds the way back.
    pub(super) fn has_address(self) -> bool {
        // An address can only be bound while an interface has it.
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
