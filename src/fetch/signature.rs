//! Request signatures: authenticity, integrity and replay protection.

use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Time of the request, in Unix seconds.
pub const TIMESTAMP_HEADER: &str = "x-chatbot-timestamp";

/// `v1=` and the HMAC-SHA256 over `TIMESTAMP.BODY`, in hexadecimal.
pub const SIGNATURE_HEADER: &str = "x-chatbot-signature";

/// A secret shared with one receiver.
#[derive(Clone)]
pub struct Secret(Hmac<Sha256>);

impl Secret {
    pub fn new(text: &str) -> Self {
        let keyed = Hmac::new_from_slice(text.as_bytes());
        Self(keyed.unwrap_or_else(|error| unreachable!("HMAC takes keys of any length: {error}")))
    }

    /// The value of [`SIGNATURE_HEADER`]. The time is signed too, so that a receiver can refuse what is too old.
    pub fn sign(&self, timestamp: &str, body: &[u8]) -> String {
        let signed = self.0.clone().chain_update(timestamp).chain_update(".").chain_update(body);
        format!("v1={:x}", signed.finalize().into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_what_other_programs_compute() {
        // printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac 'a secret'
        let expected = "v1=b4c5d5c08194254de18b80695176335ee482a5907fb5e68f7bd993b1b00b018d";
        assert_eq!(Secret::new("a secret").sign("1700000000", b"{\"a\":1}"), expected);
    }
}
