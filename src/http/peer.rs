//! Whoever is at the other end of a connection: a client, or a proxy in front of many.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::limits::Permit;

/// The connection a request came over.
#[derive(Clone)]
pub struct Peer {
    pub address: IpAddr,
    /// Whether it is a proxy that is trusted.
    pub is_proxy: bool,
    /// Whether this server encrypts it.
    pub is_encrypted: bool,
    /// The connection's permit; `None` behind a proxy, where the client's own address is counted instead.
    pub permit: Option<Arc<Permit>>,
    /// Answers under way that take as long as they take.
    lasting: Arc<AtomicUsize>,
}

impl Peer {
    pub fn new(address: IpAddr, is_proxy: bool, permit: Option<Arc<Permit>>) -> Self {
        Self { address, is_proxy, is_encrypted: false, permit, lasting: Arc::default() }
    }

    /// Lets the connection outlive its time until what is returned is dropped: for an answer that sees to its pace itself.
    pub fn last(&self) -> Lasting {
        self.lasting.fetch_add(1, Ordering::Relaxed);
        Lasting(self.lasting.clone())
    }

    /// Whether an answer is under way that takes as long as it takes.
    pub fn is_lasting(&self) -> bool {
        self.lasting.load(Ordering::Relaxed) > 0
    }
}

/// An answer that takes as long as it takes.
pub struct Lasting(Arc<AtomicUsize>);

impl Drop for Lasting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
