//! Parses proxies in the formats of the systems.

use gloria_core::ports::{ProxyAddress, ProxyRoute};
#[cfg(any(test, target_os = "windows"))]
use url::Url;

/// Parses proxies of the desktop portal: `http://a:80`, `socks5://b:1080`, `direct://`. Unknown kinds are ignored.
#[cfg(any(test, target_os = "linux"))]
pub(super) fn of_addresses<'a>(addresses: impl IntoIterator<Item = &'a str>) -> Vec<ProxyRoute> {
    let route = |address: &str| {
        if address.starts_with("direct://") {
            return Some(ProxyRoute::Direct);
        }
        ProxyAddress::parse(address).ok().map(ProxyRoute::Proxy)
    };
    addresses.into_iter().filter_map(route).collect()
}

/// Converts a proxy of CFNetwork.
#[cfg(any(test, target_os = "macos"))]
pub(super) fn of_parts(scheme: &str, host: &str, port: u16) -> Option<ProxyRoute> {
    let address = if host.contains(':') && !host.starts_with('[') {
        format!("{scheme}://[{host}]:{port}")
    } else {
        format!("{scheme}://{host}:{port}")
    };
    ProxyAddress::parse(&address).ok().map(ProxyRoute::Proxy)
}

/// Parses a list of WinHTTP: `a:80 b:81`, `http=a:80;https=b:81`, or the result of a script, `PROXY a:80; DIRECT`.
///
/// SOCKS is used as version 5 even if version 4 is meant: most proxies support both, and this client only the newer.
#[cfg(any(test, target_os = "windows"))]
pub(super) fn of_list(list: &str, url: &Url) -> Vec<ProxyRoute> {
    let (mut routes, mut socks) = (Vec::new(), Vec::new());
    for part in list.split(';') {
        let mut words = part.split_whitespace().peekable();
        while let Some(word) = words.next() {
            if word.eq_ignore_ascii_case("DIRECT") {
                routes.push(ProxyRoute::Direct);
                continue;
            }
            let keyword = match word.to_ascii_uppercase().as_str() {
                "PROXY" | "HTTP" => Some("http"),
                "HTTPS" => Some("https"),
                "SOCKS" | "SOCKS4" | "SOCKS5" => Some("socks5"),
                _ => None,
            };
            if let (Some(scheme), Some(address)) = (keyword, words.peek()) {
                routes.extend(proxy(scheme, address));
                words.next();
                continue;
            }
            match word.split_once('=') {
                None => routes.extend(proxy("http", word)),
                Some((of, address)) if of.eq_ignore_ascii_case("socks") => {
                    socks.extend(proxy("socks5", address))
                }
                Some((of, address)) if of.eq_ignore_ascii_case(url.scheme()) => {
                    routes.extend(proxy("http", address))
                }
                // A proxy for another protocol, such as ftp.
                Some(_) => {}
            }
        }
    }
    // They are for protocols without a proxy of their own.
    routes.extend(socks);
    routes
}

#[cfg(any(test, target_os = "windows"))]
fn proxy(scheme: &str, address: &str) -> Option<ProxyRoute> {
    let address = if address.contains("://") {
        address.to_owned()
    } else {
        format!("{scheme}://{address}")
    };
    ProxyAddress::parse(&address).ok().map(ProxyRoute::Proxy)
}

/// Whether an address is on WinHTTP's list of exceptions: `*.example;10.*;https://a.example:8443;<local>`.
#[cfg(any(test, target_os = "windows"))]
pub(super) fn is_bypassed(list: &str, url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let entries = list.split([';', ' ', ',']).filter(|entry| !entry.is_empty());
    entries.map(str::to_ascii_lowercase).any(|entry| {
        if entry == "<local>" {
            return !host.contains(['.', ':']);
        }
        let entry = match entry.split_once("://") {
            Some((scheme, rest)) if scheme == url.scheme() => rest,
            Some(_) => return false,
            None => &entry,
        };
        let (pattern, port) = match entry.rsplit_once(':') {
            Some((pattern, port)) if !port.contains(']') => (pattern, port.parse().ok()),
            Some(_) | None => (entry, None),
        };
        port.is_none_or(|port: u16| url.port_or_known_default() == Some(port)) && matches(pattern, host)
    })
}

/// Whether a text matches a pattern in which `*` is any text.
#[cfg(any(test, target_os = "windows"))]
fn matches(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<_> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match text.find(part) {
            Some(at) => text = &text[at + part.len()..],
            None => return false,
        }
    }
    text.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(routes: Vec<ProxyRoute>) -> Vec<String> {
        let word = |route| match route {
            ProxyRoute::Direct => "direct".to_owned(),
            ProxyRoute::Proxy(address) => address.to_string(),
        };
        routes.into_iter().map(word).collect()
    }

    #[test]
    fn lists_of_winhttp_are_read_in_order() {
        for (list, https, http) in [
            (
                "a:80 b:81",
                &["http://a", "http://b:81"][..],
                &["http://a", "http://b:81"][..],
            ),
            ("http=a:80;https=b:81", &["http://b:81"], &["http://a"]),
            (
                "ftp=a:80;socks=c:1080;https=b:81",
                &["http://b:81", "socks5://c:1080"],
                &["socks5://c:1080"],
            ),
            ("https=http://b:81", &["http://b:81"], &[]),
            (
                "PROXY a:3128; SOCKS5 c; https d:8443 ;DIRECT",
                &["http://a:3128", "socks5://c:1080", "https://d:8443", "direct"],
                &["http://a:3128", "socks5://c:1080", "https://d:8443", "direct"],
            ),
            ("direct", &["direct"], &["direct"]),
            ("proxy", &["http://proxy"], &["http://proxy"]),
            (
                "PROXY [2001:db8::1]:3128",
                &["http://[2001:db8::1]:3128"],
                &["http://[2001:db8::1]:3128"],
            ),
            (";; PROXY ;", &["http://proxy"], &["http://proxy"]),
            ("", &[], &[]),
            ("PROXY a:99999; b:1", &["http://b:1"], &["http://b:1"]),
        ] {
            let of = |url: &str| words(of_list(list, &url.parse().unwrap()));
            assert_eq!(of("https://gloria.example/"), https, "{list}");
            assert_eq!(of("http://gloria.example/"), http, "{list}");
        }
    }

    #[test]
    fn the_bypass_list_knows_stars_local_names_schemes_and_ports() {
        for (list, address, bypassed) in [
            ("*.example", "https://a.gloria.example/", true),
            ("*.example;x", "https://x/", true),
            ("*.example", "https://example/", false),
            ("10.*", "http://10.1.2.3/", true),
            ("10.*", "http://11.10.2.3/", false),
            ("10.*.3", "http://10.1.2.3/", true),
            ("GLORIA.example", "https://gloria.example/", true),
            ("<local>", "https://intranet/", true),
            ("<local>", "https://gloria.example/", false),
            ("<-loopback>", "https://gloria.example/", false),
            (
                "https://gloria.example:8443",
                "https://gloria.example:8443/",
                true,
            ),
            ("gloria.example:8443", "https://gloria.example/", false),
            ("http://gloria.example", "https://gloria.example/", false),
            ("[2001:db8::1]", "https://[2001:db8::1]/", true),
            ("*", "https://gloria.example/", true),
            ("", "https://gloria.example/", false),
        ] {
            assert_eq!(
                is_bypassed(list, &address.parse().unwrap()),
                bypassed,
                "{list} {address}"
            );
        }
    }

    #[test]
    fn proxies_of_the_portal_and_of_cfnetwork_are_taken() {
        let of = [
            "http://a:3128",
            "socks://b",
            "socks4://c:1",
            "direct://",
            "pac+http://d/x.pac",
            "https://[::1]:2",
        ];
        let taken = ["http://a:3128", "socks5://b:1080", "direct", "https://[::1]:2"];
        assert_eq!(words(of_addresses(of)), taken);
        let parts = [
            ("http", "a", 3128),
            ("socks5", "2001:db8::1", 1080),
            ("http", "", 1),
        ];
        let parts = parts.map(|(scheme, host, port)| of_parts(scheme, host, port));
        let taken = ["http://a:3128", "socks5://[2001:db8::1]:1080"];
        assert_eq!(words(parts.into_iter().flatten().collect()), taken);
    }
}
