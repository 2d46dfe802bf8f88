//! The effect of a network change on the stream: none, another network path, or no network.
//!
//! A computer's adapters change all the time: containers start and stop, addresses are renewed, Wi-Fi drops for a
//! moment. The stream gets a command once such a change has settled, and only if it can affect the connection.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

use gloria_stream::Reachability;

use crate::ports::NetworkSnapshot;

/// A change that lasts this long has settled. An adapter that comes up gets its address and its route one after
/// another, within a few tenths of a second.
pub const SETTLE: Duration = Duration::from_millis(500);

/// A shorter time for a network that is back after there was none: a stream should be open a second and a half later,
/// and needs up to a second of that for its jitter.
pub const SETTLE_WHEN_BACK: Duration = Duration::from_millis(250);

/// A network that does not settle is reported as it is after this time: long enough to reduce minutes of noise to a few
/// commands, and short compared with the heartbeats that would detect a dead connection anyway.
pub const MAX_SETTLE: Duration = Duration::from_secs(5);

/// The role of an adapter for the connection, as far as its name shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Hardware, or a virtual machine's equivalent.
    Adapter,
    /// A tunnel of a private network. It may lead to the server, but only over an adapter.
    Tunnel,
    /// Reaches only this computer or its immediate neighbours: containers, virtual machines, loopback.
    Local,
}

impl Kind {
    /// Determines the kind from an interface's name: `wlan0`, `utun3`, on Windows the display name, such as `vEthernet
    /// (WSL)`.
    fn of(name: &str) -> Self {
        const LOCAL: &[&str] = &[
            "docker",
            "br-",
            "veth",
            "virbr",
            "vmnet",
            "vboxnet",
            "lxc",
            "lxdbr",
            "podman",
            "cni",
            "cali",
            "flannel",
            "ifb",
            "dummy",
            "awdl",
            "llw",
            "bridge",
            "anpi",
            "vethernet",
            "loopback",
        ];
        const TUNNEL: &[&str] = &[
            "utun",
            "tun",
            "tap",
            "wg",
            "zt",
            "tailscale",
            "ppp",
            "ipsec",
            "nordlynx",
            "zerotier",
            "wireguard",
        ];
        let name = name.to_ascii_lowercase();
        let begins = |beginnings: &[&str]| beginnings.iter().any(|beginning| name.starts_with(beginning));
        let is_loopback = name
            .strip_prefix("lo")
            .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
        // These names of hypervisors occur within longer ones.
        let is_host_only = name.contains("vmware") || name.contains("virtualbox");
        if is_loopback || is_host_only || begins(LOCAL) {
            Self::Local
        } else if begins(TUNNEL) {
            Self::Tunnel
        } else {
            Self::Adapter
        }
    }
}

/// Waits until the network has settled, and returns the command for the stream.
#[derive(Debug, Default)]
pub(crate) struct Settling {
    published: Option<Routes>,
    pending: Option<Pending>,
}

#[derive(Debug)]
struct Pending {
    routes: Routes,
    quiet: Instant,
    latest: Instant,
}

impl Settling {
    /// Handles the state of the network at `now`. Only the first state is reported at once.
    pub(crate) fn observe(&mut self, now: Instant, snapshot: &NetworkSnapshot) -> Option<Reachability> {
        let routes = Routes::of(snapshot);
        let Some(published) = &self.published else {
            return Some(self.published.insert(routes).reachability());
        };
        if *published == routes {
            self.pending = None;
            return None;
        }
        let is_back = published.reachability() == Reachability::Offline
            && routes.reachability() == Reachability::Online;
        let quiet = now + if is_back { SETTLE_WHEN_BACK } else { SETTLE };
        if let Some(pending) = &mut self.pending {
            // Changes of irrelevant adapters must not delay relevant ones.
            if pending.routes != routes {
                pending.routes = routes;
                pending.quiet = quiet;
            }
        } else {
            self.pending = Some(Pending {
                routes,
                quiet,
                latest: now + MAX_SETTLE,
            });
        }
        None
    }

    /// Returns when [`Settling::settle`] is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.pending
            .as_ref()
            .map(|pending| pending.quiet.min(pending.latest))
    }

    /// Returns what to publish at `now`. [`Reachability::Online`] after the same means that the network path may have
    /// changed.
    pub(crate) fn settle(&mut self, now: Instant) -> Option<Reachability> {
        if self.deadline()? > now {
            return None;
        }
        let routes = self.pending.take()?.routes;
        let reachability = routes.reachability();
        let published = self.published.replace(routes)?;
        let news = published.reachability() != reachability || self.published.as_ref()?.may_break(&published);
        news.then_some(reachability)
    }
}

/// The part of a network that concerns a connection to another machine.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Routes {
    /// The networks through which packets leave for the internet, by IP version.
    routes: [Option<IpAddr>; 2],
    adapters: BTreeSet<(u32, IpAddr)>,
    tunnels: BTreeSet<(u32, IpAddr)>,
}

impl Routes {
    fn of(snapshot: &NetworkSnapshot) -> Self {
        let of_kind = |kind: Kind| {
            snapshot
                .interfaces
                .iter()
                .filter(|interface| Kind::of(&interface.name) == kind)
                .flat_map(|interface| {
                    interface
                        .addresses
                        .iter()
                        .map(|address| (interface.index, *address))
                })
                .filter(|(_, address)| leads_somewhere(address))
                .collect()
        };
        let route = |source: Option<IpAddr>| source.filter(leads_somewhere).map(network);
        Self {
            routes: [
                route(snapshot.source_v4.map(IpAddr::from)),
                route(snapshot.source_v6.map(IpAddr::from)),
            ],
            adapters: of_kind(Kind::Adapter),
            tunnels: of_kind(Kind::Tunnel),
        }
    }

    /// An adapter with an address suffices, because a server in the same network is reachable without a router.
    fn reachability(&self) -> Reachability {
        if self.routes.iter().any(Option::is_some) || !self.adapters.is_empty() {
            Reachability::Online
        } else {
            Reachability::Offline
        }
    }

    /// Whether an existing connection may be broken, or an attempt that failed may now succeed.
    fn may_break(&self, before: &Self) -> bool {
        let addresses = |routes: &Self| {
            routes
                .adapters
                .union(&routes.tunnels)
                .copied()
                .collect::<BTreeSet<_>>()
        };
        let (had, has) = (addresses(before), addresses(self));
        let networks = |all: &BTreeSet<(u32, IpAddr)>| {
            all.iter()
                .map(|(index, address)| (*index, network(*address)))
                .collect::<BTreeSet<_>>()
        };
        self.routes != before.routes || !had.is_subset(&has) || !networks(&has).is_subset(&networks(&had))
    }
}

/// Returns the part of an address that matters to a connection. In IPv6 it is the /64, in which another address is this
/// computer's next temporary one (RFC 8981), while the previous one stays usable.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

/// Whether packets from this address are routed beyond the local link.
fn leads_somewhere(address: &IpAddr) -> bool {
    let is_link_local = match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    };
    !(is_link_local || address.is_loopback() || address.is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adapters_are_known_by_their_names() {
        for name in [
            "eth0",
            "enp3s0",
            "wlan0",
            "wlp2s0",
            "en0",
            "wwan0",
            "Wi-Fi",
            "Ethernet 2",
            "lowpan0",
            "usb0",
        ] {
            assert_eq!(Kind::of(name), Kind::Adapter, "{name}");
        }
        for name in [
            "tun0",
            "tap1",
            "wg0",
            "utun4",
            "ztabcdef",
            "tailscale0",
            "Tailscale",
            "ppp0",
            "ipsec0",
        ] {
            assert_eq!(Kind::of(name), Kind::Tunnel, "{name}");
        }
        for name in [
            "lo",
            "lo0",
            "docker0",
            "br-5e6f",
            "veth1a2b",
            "virbr0",
            "vmnet1",
            "vboxnet0",
            "bridge100",
            "awdl0",
            "llw0",
            "vEthernet (Default Switch)",
            "VMware Network Adapter VMnet8",
            "VirtualBox Host-Only Network",
            "Loopback Pseudo-Interface 1",
        ] {
            assert_eq!(Kind::of(name), Kind::Local, "{name}");
        }
    }
}
