//! Whom limits count.

use std::fmt;

use super::{AddressDigest, Principal, Role};

/// Who pays for what is done. Guests of one address pay together, because cookies cost nothing; whoever has an account pays alone,
/// wherever that is used.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Payer {
    Address(AddressDigest),
    Person(Principal),
}

impl Payer {
    /// `address` is `None` for what does not come from one, such as the server's own work.
    pub fn new(role: Role, principal: &Principal, address: Option<&AddressDigest>) -> Self {
        match address {
            Some(address) if role <= Role::Guest => Self::Address(address.clone()),
            _ => Self::Person(principal.clone()),
        }
    }
}

impl fmt::Display for Payer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // No principal begins with this.
            Self::Address(address) => write!(f, "@{address}"),
            Self::Person(principal) => principal.fmt(f),
        }
    }
}
