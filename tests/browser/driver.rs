//! The chromedriver: one process for all tests of a run, started by the first and ended by the last that needs it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

/// Time for it to end its browsers and itself.
const ENDS_WITHIN: Duration = Duration::from_secs(5);

static RUNNING: Mutex<Weak<Driver>> = Mutex::new(Weak::new());

pub struct Driver {
    process: Child,
    port: u16,
    // A pipe without a reader would end it at its next word.
    _words: BufReader<ChildStdout>,
}

impl Driver {
    pub fn shared() -> Arc<Self> {
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        running.upgrade().unwrap_or_else(|| {
            let driver = Arc::new(Self::start());
            *running = Arc::downgrade(&driver);
            driver
        })
    }

    fn start() -> Self {
        let mut process = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("chromedriver does not start ({error}); tests/run installs what is needed"));
        let mut words = BufReader::new(process.stdout.take().expect("a pipe"));
        let port = said_port(&mut words).expect("chromedriver says its port");
        Self { process, port, _words: words }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn ask_to_end(&self) -> std::io::Result<()> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(ENDS_WITHIN))?;
        stream.write_all(b"GET /shutdown HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")?;
        stream.read_to_end(&mut Vec::new()).map(drop)
    }
}

fn said_port(words: &mut impl BufRead) -> Option<u16> {
    let mut lines = words.lines().map_while(Result::ok);
    lines.find_map(|line| line.split_once("successfully on port ")?.1.trim_end_matches('.').parse().ok())
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Asked, it ends the browsers of failed tests as well; killed, it would leave them.
        let _ = self.ask_to_end();
        let start = Instant::now();
        while start.elapsed() < ENDS_WITHIN && matches!(self.process.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
