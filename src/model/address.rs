//! Groups IP addresses by subscriber, and refers to them without keeping them.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use serde::{Deserialize, Serialize};

/// The key for per-address counting and throttling: a subscriber has a whole /64 of
/// IPv6 to choose from (RFC 6177).
pub fn subscriber(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
    }
}

/// A digest of a subscriber's address that only one server's store can compute. It says what came from the same subscriber; the
/// address cannot be read from it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AddressDigest(String);

impl AddressDigest {
    /// Hexadecimal digits.
    const LENGTH: usize = 16;

    /// From the store's signature of the address, in hexadecimal.
    pub fn of_signature(signature: &str) -> Self {
        Self(signature.chars().take(Self::LENGTH).collect())
    }

    /// Parses an untrusted digest; `None` if it is invalid.
    pub fn parse(text: &str) -> Option<Self> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (text.len() == Self::LENGTH && text.bytes().all(is_digit)).then(|| Self(text.to_owned()))
    }
}

impl fmt::Display for AddressDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
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
