//! Groups IP addresses by subscriber.

use std::net::{IpAddr, Ipv6Addr};

/// The key for per-address counting and throttling: a subscriber has a whole /64 of
/// IPv6 to choose from (RFC 6177).
pub fn subscriber(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscribers_addresses_are_one() {
        let check = |a: &str, b: &str, expected| {
            let [a, b] = [a, b].map(|text| subscriber(text.parse().expect("an address")));
            assert_eq!(a == b, expected, "{a} {b}");
        };
        check("2001:db8:1:1::1", "2001:db8:1:1:ffff::2", true);
        check("2001:db8:1:1::1", "2001:db8:1:2::1", false);
        check("192.0.2.1", "192.0.2.2", false);
    }
}
