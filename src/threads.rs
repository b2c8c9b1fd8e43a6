//! Work off the async workers: a call that blocks, and threads that stay. A panic in either is logged and ends nothing else.
//! [`wait`] is how such work waits for what is asynchronous.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake};
use std::thread::{Builder, JoinHandle, Thread};

/// Blocking work that did not come to its end: it panicked, or the runtime is being shut down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("work off the async workers did not come to its end")]
pub struct Unfinished;

/// Runs what may block for long on a thread where it holds up nobody. It goes on when whoever waits for it is gone.
///
/// # Errors
/// [`Unfinished`] when it panicked.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Unfinished> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        // What it panicked with may be a part of somebody's text; where it did is on standard error.
        if error.is_panic() {
            tracing::error!("blocking work panicked");
        }
        Unfinished
    })
}

/// Starts a thread of its own for what stays. Whoever starts it keeps the handle, and joins it at the end.
///
/// # Errors
/// When the system gives no thread.
pub fn start(name: &'static str, work: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    Builder::new().name(name.to_owned()).spawn(move || {
        // The work is consumed: nobody sees what it left half done but through locks, which say so themselves.
        if catch_unwind(AssertUnwindSafe(work)).is_err() {
            tracing::error!(thread = name, "a thread panicked");
        }
    })
}

/// Lowers the priority of this thread and of those that it starts: they get what others leave.
pub fn lower_priority() {
    /// Niceness (0 to 19). At 10 the writer of the index and the threads that it starts took a fifth of a busy machine.
    #[cfg(target_os = "linux")]
    const PRIORITY: i32 = 19;
    // On Linux this applies to the thread; elsewhere it would apply to the whole process.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, PRIORITY) {
        tracing::debug!(%error, "a thread in the background keeps its priority");
    }
}

/// Waits for a future on this thread, for threads that stay and for blocking work. Blocking; do not call from async code.
///
/// What it waits for must come from elsewhere than [`blocking`], whose threads may all be waiting here.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Arc::new(Unpark(std::thread::current())).into();
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(result) => return result,
            // Returns at once if it was woken meanwhile.
            Poll::Pending => std::thread::park(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_ends_with_the_future() {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let thread = start("test", move || sender.send(7).expect("awaited")).expect("a thread");
        assert_eq!(wait(receiver), Ok(7));
        assert!(thread.join().is_ok());
        assert_eq!(wait(std::future::ready(1)), 1);
    }

    #[tokio::test]
    async fn a_panic_is_an_error_for_who_waits_and_nobody_else() {
        assert_eq!(blocking(|| 1).await, Ok(1));
        assert_eq!(blocking(|| panic!("a test")).await, Err::<(), _>(Unfinished));
        let thread = start("test", || panic!("a test")).expect("a thread");
        assert!(thread.join().is_ok());
    }
}
