//! Which addresses are on the public internet.

use std::net::{IpAddr, Ipv6Addr};

/// IPv4 networks that are not, from IANA's special-purpose address registry (RFC 6890 and its updates), with multicast and the
/// reserved class E; `(network, prefix length)`.
const SPECIAL_V4: [([u8; 4], u32); 16] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 31, 196, 0], 24),
    ([192, 52, 193, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 3),
];

/// Networks inside 2000::/3, which is all of IPv6 that is public, that are not: protocol assignments with Teredo,
/// documentation, 6to4, documentation again, segment routing's neighbours.
const SPECIAL_V6: [([u16; 2], u32); 4] =
    [([0x2001, 0x0000], 23), ([0x2001, 0x0db8], 32), ([0x2002, 0x0000], 16), ([0x3fff, 0x0000], 20)];

/// Whether an address is on the public internet. Addresses that carry an IPv4 address inside are judged by it, or refused.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let bits = u32::from(v4);
            !SPECIAL_V4.iter().any(|(network, length)| (bits ^ u32::from_be_bytes(*network)) >> (32 - length) == 0)
        }
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => is_public(IpAddr::V4(v4)),
            None => is_public_v6(v6),
        },
    }
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let first = (u32::from(address.segments()[0]) << 16) | u32::from(address.segments()[1]);
    let is_special = |network: &[u16; 2], length: u32| {
        let network = (u32::from(network[0]) << 16) | u32::from(network[1]);
        (first ^ network) >> (32 - length) == 0
    };
    first >> 29 == 1 && !SPECIAL_V6.iter().any(|(network, length)| is_special(network, *length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: bool) {
        assert_eq!(text.parse().map(is_public), Ok(expected), "{text}");
    }

    #[test]
    fn addresses_of_the_internet_are_public() {
        for text in ["1.1.1.1", "93.184.216.34", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8"] {
            check(text, true);
        }
    }

    #[test]
    fn all_others_are_not() {
        let v4 = ["0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255"];
        let more_v4 = ["192.168.1.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1"];
        let v6 = ["::", "::1", "fe80::1", "fc00::1", "fd12::1", "ff02::1", "2001:db8::1", "2001::1", "2002:7f00:1::"];
        let carrying_v4 = ["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "3fff::1"];
        for text in v4.iter().chain(&more_v4).chain(&v6).chain(&carrying_v4) {
            check(text, false);
        }
    }
}
