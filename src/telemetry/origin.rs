//! In whose name a task works: the request or the connection that its log lines belong to.

use std::fmt;
use std::sync::Arc;

use tokio::task::futures::TaskLocalFuture;

use super::{current_span, within};

/// A request or a connection, by its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Request(Arc<str>),
    /// Of a WebSocket; counted from 1 since the start.
    Connection(u64),
}

tokio::task_local! {
    static ORIGIN: Origin;
}

impl Origin {
    /// That of the task that asks.
    pub fn current() -> Option<Self> {
        ORIGIN.try_with(Self::clone).ok()
    }

    /// Does work in this name. Tasks that it spawns have none, unless they are given it.
    pub fn scope<F: Future>(self, work: F) -> TaskLocalFuture<Self, F> {
        ORIGIN.scope(self, work)
    }

    /// Does work that goes to another task in the name of this one, and as part of its span.
    pub fn keep<F: Future>(work: F) -> impl Future<Output = F::Output> {
        let (origin, work) = (Self::current(), within(current_span(), work));
        async move {
            match origin {
                Some(origin) => origin.scope(work).await,
                None => work.await,
            }
        }
    }

    /// What it is.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Request(_) => "request",
            Self::Connection(_) => "connection",
        }
    }
}

/// Its id.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(id) => f.write_str(id),
            Self::Connection(number) => number.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_has_the_name_that_it_was_given() {
        assert_eq!(Origin::current(), None);
        let kept = async { tokio::spawn(Origin::keep(async { Origin::current() })).await };
        assert_eq!(Origin::Connection(7).scope(kept).await.expect("done"), Some(Origin::Connection(7)));
        let lost = async { tokio::spawn(async { Origin::current() }).await };
        assert_eq!(Origin::Connection(7).scope(lost).await.expect("done"), None);
    }
}
