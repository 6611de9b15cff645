//! ICE-lite (RFC 8445 section 2.5): answers connectivity checks and sends none.
//!
//! A remote address counts once a request from it carried the right MESSAGE-INTEGRITY. The agent is
//! always the controlled one and follows the newest nomination, as browsers move between pairs. It
//! notices a lost peer by the absence of requests, which are its consent (RFC 7675).

mod agent;
mod credentials;
mod stun;
#[cfg(test)]
mod tests;

pub use agent::{IceLite, IceReply, IceState};
pub use credentials::IceParameters;
pub use stun::peek_local_ufrag;
