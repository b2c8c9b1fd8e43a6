//! What is printed once the server is ready.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::IpAddr;

use chatbot::config::Config;
use chatbot::server::{Address, Server};
use chatbot::threads;

/// The start-up message.
pub fn text(config: &Config, server: &Server) -> String {
    let mut text = format!("chatbot {} is ready.\n\n", env!("CARGO_PKG_VERSION"));
    let open = open_at(config, server);
    for (label, url) in &open {
        // Writing into a String cannot fail.
        let _ = writeln!(text, "  {label:<15} {url}");
    }
    if config.tls.local
        && let Some((_, url)) = open.last()
    {
        let _ = writeln!(text, "  {:<15} {}/certificate", "Devices", url.replacen("https", "http", 1));
    }
    if let Address::Unix(path) = server.address() {
        let _ = writeln!(text, "  {:<15} {}", "For the proxy", path.display());
    }
    let data_dir = std::path::absolute(&config.server.data_dir).unwrap_or_else(|_| config.server.data_dir.clone());
    let _ = writeln!(text, "  {:<15} {}", "Data", data_dir.display());
    // At the address that most browsers can reach.
    if let Some((token, (_, url))) = server.first_invitation().zip(open.last()) {
        let _ = writeln!(text, "  {:<15} {url}/join#{token}", "Set up");
    }
    if server.first_invitation().is_some() {
        text.push_str(
            "\nOpen the set-up link to make the owner's account. It works once, within 30 minutes; a restart makes a new one.\n",
        );
    }
    text
}

/// Prints it on standard output. If nobody reads that, a thread waits for it rather than the server.
pub fn print(text: String) {
    let printing = move || {
        // Somebody who closed it does not want to know.
        let _ = writeln!(std::io::stdout(), "{text}");
    };
    if let Err(error) = threads::start("welcome", printing) {
        tracing::warn!(%error, "the welcome is not printed");
    }
}

/// URLs of the page, each with a label.
fn open_at(config: &Config, server: &Server) -> Vec<(&'static str, String)> {
    let address = match server.address() {
        Address::Tcp(address) => address,
        Address::Unix(_) if config.http.public_url.is_empty() => return vec![("Open", "http://localhost".to_owned())],
        Address::Unix(_) => return vec![("Open", config.http.public_url.clone())],
    };
    let shown = |ip: IpAddr| if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() };
    let Some(tls) = server.tls() else {
        let url = |host: String| format!("http://{host}:{}", address.port());
        if !address.ip().is_unspecified() {
            return vec![("Open", url(shown(address.ip())))];
        }
        let mut open = vec![("This computer", url("localhost".to_owned()))];
        open.extend(network_address().map(|ip| ("Your network", url(shown(ip)))));
        return open;
    };
    // A certificate is for names: by others, browsers do not trust the server.
    let public = Some(&config.http.public_url).filter(|url| !url.is_empty());
    let certified = || tls.certificate()?.names.first().cloned();
    let url = |host: String| match address.port() {
        443 => format!("https://{host}"),
        port => format!("https://{host}:{port}"),
    };
    vec![("Open", public.cloned().unwrap_or_else(|| url(certified().unwrap_or_else(|| shown(address.ip())))))]
}

/// The address of this machine in the local network: its outgoing one. Connecting a datagram
/// socket sends nothing; the target is only looked up in the routing table.
fn network_address() -> Option<IpAddr> {
    let socket = std::net::UdpSocket::bind(("0.0.0.0", 0)).ok()?;
    socket.connect(("192.0.2.1", 9)).ok()?;
    let ip = socket.local_addr().ok()?.ip();
    (!ip.is_unspecified() && !ip.is_loopback()).then_some(ip)
}
