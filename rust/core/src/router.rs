//! A router: the scope within which producers can be consumed.

use crate::keys::TransportKey;

/// A router.
#[derive(Debug)]
pub struct Router {
    /// Id given by Python.
    pub id: String,
    /// Its transports.
    pub transports: Vec<TransportKey>,
}
