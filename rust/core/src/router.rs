//! A router: the scope within which producers can be consumed.

use crate::keys::{ObserverKey, TransportKey};

/// A router.
#[derive(Debug)]
pub struct Router {
    /// Id given by Python.
    pub id: String,
    /// Its transports.
    pub transports: Vec<TransportKey>,
    /// Observers of its producers.
    pub observers: Vec<ObserverKey>,
}
