//! Decides where a request may connect to: addresses of the public internet.

use std::net::IpAddr;
use std::sync::Arc;

use super::FetchError;
use super::look_ups::{Asker, LookUps};
use super::public::is_public;

/// Checks hosts before anything connects to them.
pub struct Guard {
    /// Hosts that are not checked.
    allowed: Vec<String>,
    look_ups: Arc<LookUps>,
}

impl Guard {
    /// `allowed` names hosts that may have any address.
    pub fn new(allowed: &[String]) -> Self {
        Self::with(allowed, LookUps::new())
    }

    /// With another view of the network than the operating system's.
    pub(super) fn with(allowed: &[String], look_ups: Arc<LookUps>) -> Self {
        let allowed = allowed.iter().map(|host| bare(host).to_lowercase()).collect();
        Self { allowed, look_ups }
    }

    /// The addresses that a request to a URL's host may connect to. One forbidden address among others is an attack or a
    /// mistake, and refuses them all.
    pub async fn addresses(&self, host: &str, asker: &Asker) -> Result<Vec<IpAddr>, FetchError> {
        let host = bare(host);
        let addresses = match host.parse() {
            Ok(address) => vec![address],
            Err(_) => self.look_ups.look_up(host, asker).await?,
        };
        let is_allowed = self.allowed.iter().any(|allowed| allowed == host);
        if is_allowed || addresses.iter().copied().all(is_public) { Ok(addresses) } else { Err(FetchError::NotPublic) }
    }
}

/// A host without the brackets that a URL has around IPv6.
fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}
