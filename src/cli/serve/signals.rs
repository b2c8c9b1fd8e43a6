//! What signals make the server do.

use std::io::{self, IsTerminal};
use std::sync::Arc;

use chatbot::config::{self, Config, Sources};
use chatbot::server::CustomCommands;
use chatbot::supervisor::{self, State};
use chatbot::tls::Tls;
use tokio::signal::unix::{SignalKind, signal};

/// Completes at the first Ctrl-C or SIGTERM.
pub fn shutdown() -> io::Result<impl Future<Output = ()>> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Reloads the settings at every SIGHUP: replaces the commands, unless the file has an error, and the certificate if its files
/// have changed. Completes if the signal was caused by closing the server's terminal. `place` is where the server listens.
pub fn reload_on_hangup(
    commands: CustomCommands,
    tls: Option<Arc<Tls>>,
    sources: Sources,
    started_with: Config,
    place: String,
) -> io::Result<impl Future<Output = ()>> {
    let mut hangup = signal(SignalKind::hangup())?;
    let had_terminal = io::stdin().is_terminal();
    Ok(async move {
        while hangup.recv().await.is_some() {
            if had_terminal && !io::stdin().is_terminal() {
                return;
            }
            supervisor::tell(State::Reloading);
            if let Some(tls) = &tls {
                tls.look_now();
            }
            let reloaded = config::load(&sources).map_err(anyhow::Error::from);
            let reloaded = reloaded.and_then(|config| commands.set(&config).map(|()| config));
            match reloaded {
                Ok(config) => {
                    tracing::info!(commands = config.commands.len(), "settings read again");
                    let (commands, command_permissions) =
                        (started_with.commands.clone(), started_with.command_permissions.clone());
                    let others_changed = Config { commands, command_permissions, ..config } != started_with;
                    if others_changed {
                        tracing::warn!("settings other than the commands have changed too; they need a restart");
                    }
                }
                Err(error) => {
                    tracing::error!(error = format!("{error:#}"), "settings not read again; all stays as it was")
                }
            }
            supervisor::tell(State::Ready(&place));
        }
        // The signal stream has ended.
        std::future::pending().await
    })
}
