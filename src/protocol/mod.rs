//! Types of the protocol described in `docs/protocol.md`: plain data, no I/O. Views are parts of frames,
//! and most are also responses of the API.

mod account;
mod client;
mod close;
mod held;
mod job;
mod message;
mod schedule;
mod server;
mod stats;

pub use account::{AccountView, SessionView};
pub use client::{BadFrame, ClientFrame, DEFAULT_HISTORY, MAX_HISTORY, SimpleFrame};
pub use close::CloseReason;
pub use held::HeldView;
pub use job::{ChangeView, CitationsView, JobDetails, JobView, LogLineView, Partial};
pub use message::MessageView;
pub use schedule::ScheduleView;
pub use server::{CommandView, LimitsView, MemberView, RoomSettingsView, ServerFrame, UserView};
pub use stats::{JobsNow, StatsPoint};

/// Protocol version.
pub const PROTOCOL: u32 = 1;
