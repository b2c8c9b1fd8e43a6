//! The program that started this one, if it is a service manager such as systemd: the sockets that it hands over, and what it is told.
//!
//! Where there is none, nothing is handed over and nobody is told. Home of `sd-notify`.

use std::io;

use socket2::Socket;

/// What the service manager is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State<'a> {
    /// Connections are accepted; in words, where.
    Ready(&'a str),
    /// The settings are being read again; [`State::Ready`] follows.
    Reloading,
    Stopping,
}

/// The listening sockets that were handed over, with their names (`FileDescriptorName=`).
///
/// # Errors
/// If what is said of them makes no sense.
#[cfg(target_os = "linux")]
pub fn sockets() -> io::Result<Vec<(String, Socket)>> {
    Ok(sd_notify::listen_fds_with_names()?.map(|(fd, name)| (name, take(fd))).collect())
}

#[cfg(not(target_os = "linux"))]
pub fn sockets() -> io::Result<Vec<(String, Socket)>> {
    Ok(Vec::new())
}

#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "what is handed over is a number")]
fn take(fd: std::os::fd::RawFd) -> Socket {
    use std::os::fd::{FromRawFd, OwnedFd};
    // SAFETY: The service manager opened it for this process and for nothing else (sd_listen_fds(3)); nothing here has closed or
    // taken it before, because it is asked for once, at the start.
    unsafe { OwnedFd::from_raw_fd(fd) }.into()
}

/// Tells the service manager. One that does not hear it is a line in the log.
pub fn tell(state: State<'_>) {
    #[cfg(target_os = "linux")]
    {
        use sd_notify::NotifyState;
        let told = match state {
            State::Ready(place) => sd_notify::notify(&[NotifyState::Ready, NotifyState::Status(place)]),
            State::Reloading => {
                NotifyState::monotonic_usec_now().and_then(|now| sd_notify::notify(&[NotifyState::Reloading, now]))
            }
            State::Stopping => sd_notify::notify(&[NotifyState::Stopping, NotifyState::Status("stopping")]),
        };
        if let Err(error) = told {
            tracing::warn!(%error, ?state, "cannot tell the service manager");
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = state;
}

/// Says from time to time that this process still works through its tasks, if the service manager wants to know; it restarts one
/// that does not. Never completes.
pub async fn keep_alive() {
    #[cfg(target_os = "linux")]
    if let Some(within) = sd_notify::watchdog_enabled() {
        loop {
            if let Err(error) = sd_notify::notify(&[sd_notify::NotifyState::Watchdog]) {
                tracing::warn!(%error, "cannot tell the service manager that all is well");
            }
            tokio::time::sleep(within / 3).await;
        }
    }
    std::future::pending::<()>().await;
}
