//! Decides where a request may connect to: addresses of the public internet that are not in this machine's own networks.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use getifaddrs::InterfaceFilter;
use ipnet::IpNet;

use super::FetchError;
use super::look_ups::{Asker, LookUps};
use super::public::is_public;
use crate::threads;

/// Checks hosts before anything connects to them.
pub struct Guard {
    /// Hosts that are not checked.
    allowed: Vec<String>,
    look_ups: Arc<LookUps>,
    networks: fn() -> io::Result<Vec<IpNet>>,
}

impl Guard {
    /// `allowed` names hosts that may have any address.
    pub fn new(allowed: &[String]) -> Self {
        Self::with(allowed, LookUps::new(), own_networks)
    }

    /// With another view of the network than the operating system's.
    pub(super) fn with(allowed: &[String], look_ups: Arc<LookUps>, networks: fn() -> io::Result<Vec<IpNet>>) -> Self {
        let allowed = allowed.iter().map(|host| bare(host).to_lowercase()).collect();
        Self { allowed, look_ups, networks }
    }

    /// The addresses that a request to a URL's host may connect to. One forbidden address among others is an attack or a
    /// mistake, and refuses them all.
    pub async fn addresses(&self, host: &str, asker: &Asker) -> Result<Vec<IpAddr>, FetchError> {
        let host = bare(host);
        let addresses = match host.parse() {
            Ok(address) => vec![address],
            Err(_) => self.look_ups.look_up(host, asker).await?,
        };
        if !self.allowed.iter().any(|allowed| allowed == host) {
            self.check(&addresses).await?;
        }
        Ok(addresses)
    }

    async fn check(&self, addresses: &[IpAddr]) -> Result<(), FetchError> {
        if !addresses.iter().copied().all(is_public) {
            return Err(FetchError::NotPublic);
        }
        // Read each time: addresses come and go.
        let networks = threads::blocking(self.networks).await.map_err(io::Error::other).flatten();
        let networks = networks.map_err(|error| {
            tracing::error!(%error, "cannot tell which addresses are this machine's own, so none is asked");
            FetchError::Busy
        })?;
        let is_own = |address: &IpAddr| networks.iter().any(|network| network.contains(&address.to_canonical()));
        if addresses.iter().any(is_own) { Err(FetchError::NotPublic) } else { Ok(()) }
    }
}

/// A host without the brackets that a URL has around IPv6.
fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

/// This machine's addresses. Blocks.
///
/// # Errors
/// If the system does not tell.
pub fn own_addresses() -> io::Result<Vec<IpAddr>> {
    let interfaces = InterfaceFilter::new().v4().v6().get()?;
    Ok(interfaces.filter_map(|interface| interface.address.ip_addr()).collect())
}

/// This machine's addresses and the networks attached to its interfaces, which routers do not protect from it: services
/// that listen on all interfaces, and neighbours that trust their own network.
fn own_networks() -> io::Result<Vec<IpNet>> {
    let mut networks = Vec::new();
    for interface in InterfaceFilter::new().v4().v6().get()? {
        let address = interface.address;
        // The other one is the broadcast address, in the same network, or the peer of a point-to-point link.
        for one in [address.ip_addr(), address.associated_address()].into_iter().flatten() {
            networks.push(network(one, address.netmask()));
        }
    }
    Ok(networks)
}

/// The network of an address; itself alone where the mask says nothing about the neighbourhood.
fn network(address: IpAddr, mask: Option<IpAddr>) -> IpNet {
    let network = mask.and_then(|mask| IpNet::with_netmask(address, mask).ok());
    network.filter(|network| network.prefix_len() > 0).unwrap_or_else(|| address.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_network(address: &str, mask: &str, inside: &[&str], outside: &[&str]) {
        let parse = |text: &str| text.parse::<IpAddr>().expect("an address");
        let network = network(parse(address), mask.parse().ok());
        assert!(inside.iter().all(|one| network.contains(&parse(one))), "{network}");
        assert!(!outside.iter().any(|one| network.contains(&parse(one))), "{network}");
    }

    #[test]
    fn a_network_is_what_its_mask_says() {
        check_network("9.1.2.3", "255.255.255.0", &["9.1.2.0", "9.1.2.255"], &["9.1.3.1"]);
        check_network("2a01:4f8::1", "ffff:ffff:ffff:ffff::", &["2a01:4f8::ffff"], &["2a01:4f8:0:1::1"]);
        check_network("9.1.2.3", "255.255.255.255", &["9.1.2.3"], &["9.1.2.4"]);
        for mask in ["", "0.0.0.0", "255.0.255.0", "::"] {
            check_network("9.1.2.3", mask, &["9.1.2.3"], &["9.1.2.4"]);
        }
    }

    #[test]
    fn this_machine_is_in_its_own_networks() {
        let networks = own_networks().expect("they can be read");
        for own in ["127.0.0.1", "127.200.0.1"] {
            let own = own.parse::<IpAddr>().expect("an address");
            assert!(networks.iter().any(|network| network.contains(&own)), "{own} in {networks:?}");
        }
        assert!(!networks.iter().any(|network| network.prefix_len() == 0), "{networks:?}");
    }
}
