//! The receive side of a publisher: what is missing, what arrived when, how much was lost, how fast it may send.
//!
//! Everything is told the time. After construction no `on_packet` allocates.

mod nack;
mod rate;
mod receiver_report;
mod remb;
mod twcc;
mod twcc_writer;

pub use crate::rtcp::TccStatuses as TwccReceived;
pub use nack::NackGenerator;
pub use rate::RateMeter;
pub use receiver_report::ReceiverReportState;
pub use remb::RembEstimator;
pub use twcc::TwccFeedback;
