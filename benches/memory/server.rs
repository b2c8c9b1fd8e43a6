//! The server as a process of its own.

use std::error::Error;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::shared::Process;

/// With it documents are added.
pub const OWNER_KEY: &str = "the-key-of-the-bench";

const PATIENCE: Duration = Duration::from_secs(120);

/// A server, which ends with this.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
}

/// What a process wrote to the disk so far.
#[derive(Clone, Copy)]
pub struct Written {
    /// As the kernel counts them: pages that were made dirty, and where it keeps a file in larger pieces than pages (ext4 does
    /// since Linux 6.16), the whole of a piece of which one byte was overwritten.
    pub counted: u64,
    /// Bytes given to write calls.
    pub given: u64,
    pub calls: u64,
}

impl Server {
    /// Starts it and waits until it answers.
    pub async fn start(binary: &Path, data: &Path) -> Result<Self, Box<dyn Error>> {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let mut command = Command::new(binary);
        let own = std::env::vars_os().map(|(name, _)| name);
        for name in own.filter(|name| name.as_encoded_bytes().starts_with(b"CHATBOT_")) {
            command.env_remove(name);
        }
        command.args(["serve", "--host", "127.0.0.1", "--port", &address.port().to_string(), "--data-dir"]).arg(data);
        command
            .env("CHATBOT_LIMITS__MESSAGES_PER_SECOND", "0")
            .env("CHATBOT_LIMITS__CONNECTIONS_PER_ADDRESS", "0")
            .env("CHATBOT_BUDGETS__FACTOR", "0")
            .env("CHATBOT_ACCOUNTS__OWNER_KEY", OWNER_KEY);
        let log = File::create(data.with_extension("log"))?;
        let child = command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?;
        let mut server = Self { child, address };
        let start = Instant::now();
        while reqwest::get(server.url("/healthz")).await.is_err() {
            if let Some(status) = server.child.try_wait()? {
                return Err(format!("the server ended at once with {status}").into());
            }
            if start.elapsed() > PATIENCE {
                return Err("the server does not answer".into());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(server)
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Asks it to end and waits.
    pub fn stop(mut self) -> Result<(), Box<dyn Error>> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        self.child.wait()?;
        Ok(())
    }

    /// Bytes of memory now.
    pub fn resident(&self) -> Result<u64, Box<dyn Error>> {
        Ok(self.process().memory("VmRSS")?)
    }

    /// Most bytes of memory since [`Server::forget_peak`].
    pub fn peak(&self) -> Result<u64, Box<dyn Error>> {
        Ok(self.process().memory("VmHWM")?)
    }

    pub fn forget_peak(&self) -> Result<(), Box<dyn Error>> {
        Ok(fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5").map_err(only_for_root)?)
    }

    /// By proc_pid_io(5).
    pub fn written(&self) -> Result<Written, Box<dyn Error>> {
        let io = fs::read_to_string(format!("/proc/{}/io", self.child.id())).map_err(only_for_root)?;
        let number = |name: &str| {
            let line = io.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|number| number.trim().parse().ok()).ok_or_else(|| format!("no {name} in /proc/PID/io"))
        };
        Ok(Written { counted: number("write_bytes:")?, given: number("wchar:")?, calls: number("syscw:")? })
    }

    fn process(&self) -> Process {
        Process::of(self.child.id())
    }
}

fn only_for_root(error: std::io::Error) -> String {
    format!("cannot measure the server, which shows itself only to root: {error}")
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only when it has already been waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
