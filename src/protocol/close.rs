//! Close codes.

/// Why the server closes a WebSocket, and what the client should do then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// The server is stopping: reconnect at once, with jitter.
    GoingAway,
    /// Invalid WebSocket frames: RFC 6455, 7.4.1.
    ProtocolError,
    /// A text frame was not UTF-8.
    InvalidText,
    /// A frame was bigger than `limits.frame_bytes`.
    TooBig,
    /// The session of this connection ended: reconnect, as a guest.
    SignedOut,
    /// The client accepted no data for some seconds, or something that it should get is missing: reconnect with `after`.
    TooSlow,
    /// Too many connections or messages: reconnect later.
    TooMany,
}

impl CloseReason {
    pub fn code(self) -> u16 {
        match self {
            Self::GoingAway => 1001,
            Self::ProtocolError => 1002,
            Self::InvalidText => 1007,
            Self::TooBig => 1009,
            Self::SignedOut => 4001,
            Self::TooSlow => 4008,
            Self::TooMany => 4029,
        }
    }

    /// One word, for metrics.
    pub fn label(self) -> &'static str {
        match self {
            Self::GoingAway => "going_away",
            Self::ProtocolError | Self::InvalidText | Self::TooBig => "bad_frame",
            Self::SignedOut => "signed_out",
            Self::TooSlow => "too_slow",
            Self::TooMany => "too_many",
        }
    }

    /// The reason phrase, for client logs.
    pub fn words(self) -> &'static str {
        match self {
            Self::GoingAway => "server going away",
            Self::ProtocolError => "protocol error",
            Self::InvalidText => "text is not UTF-8",
            Self::TooBig => "frame too big",
            Self::SignedOut => "signed out",
            Self::TooSlow => "too slow",
            Self::TooMany => "too many connections or messages",
        }
    }
}
