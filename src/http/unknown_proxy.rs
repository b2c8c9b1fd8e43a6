//! A proxy in front of this server that the settings do not name.
//!
//! It makes all people behind it one: they share one address's limits, and nobody knows that they came over HTTPS.

use std::net::IpAddr;
use std::sync::OnceLock;

use warp::http::HeaderMap;
use warp::http::header::HeaderName;

/// What such a proxy adds to a request.
const ADDED: [&str; 3] = ["x-forwarded-for", "x-real-ip", "forwarded"];

/// The first one that was seen.
#[derive(Default)]
pub struct UnknownProxy(OnceLock<IpAddr>);

impl UnknownProxy {
    pub fn address(&self) -> Option<IpAddr> {
        self.0.get().copied()
    }

    /// Looks at a request from somebody who is no trusted proxy.
    pub fn look(&self, headers: &HeaderMap, peer: IpAddr) {
        let is_forwarded = || ADDED.iter().any(|name| headers.contains_key(HeaderName::from_static(name)));
        // From elsewhere it is a client's invention.
        if self.0.get().is_none() && is_near(peer) && is_forwarded() && self.0.set(peer).is_ok() {
            tracing::warn!(
                %peer,
                "requests come through a proxy that is not in http.trusted_proxies: all people behind it count as one address"
            );
        }
    }
}

/// Whether it is this machine, or in its network.
fn is_near(peer: IpAddr) -> bool {
    match peer {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local(),
    }
}

#[cfg(test)]
mod tests {
    use warp::http::header::{HeaderValue, VIA};

    use super::*;

    #[test]
    fn a_proxy_nearby_is_noticed_and_what_clients_elsewhere_invent_is_not() {
        let headers = |name: HeaderName| HeaderMap::from_iter([(name, HeaderValue::from_static("192.0.2.7"))]);
        let forwarded = headers(HeaderName::from_static("x-forwarded-for"));
        let near = IpAddr::from([172, 17, 0, 1]);
        let proxy = UnknownProxy::default();
        proxy.look(&forwarded, IpAddr::from([203, 0, 113, 9]));
        proxy.look(&HeaderMap::new(), near);
        // So says a proxy in front of people, not of servers.
        proxy.look(&headers(VIA), near);
        assert_eq!(proxy.address(), None);
        proxy.look(&headers(HeaderName::from_static("x-real-ip")), near);
        proxy.look(&forwarded, IpAddr::from([127, 0, 0, 1]));
        assert_eq!(proxy.address(), Some(near));
    }
}
