//! What clients and server exchange, as `docs/protocol.md` promises it: plain data, no I/O. What is called a view is a part of frames,
//! and most are also an answer of the API.

mod client;
mod close;
mod job;
mod message;
mod schedule;
mod server;
mod stats;

pub use client::{BadFrame, ClientFrame, DEFAULT_HISTORY, MAX_HISTORY, SimpleFrame};
pub use close::CloseReason;
pub use job::{ChangeView, GroundsView, JobDetails, JobView, LogLineView, Partial};
pub use message::MessageView;
pub use schedule::ScheduleView;
pub use server::{CommandView, LimitsView, MemberView, ServerFrame, UserView};
pub use stats::{JobsNow, StatsPoint};

/// Version of the contract.
pub const PROTOCOL: u32 = 1;
