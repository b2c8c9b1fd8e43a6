//! What is printed once the server is ready.

use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};

use chatbot::config::Config;
use chatbot::server::Server;

/// The start-up message.
pub fn text(config: &Config, server: &Server) -> String {
    let address = server.address();
    let mut text = format!("chatbot {} is ready.\n\n", env!("CARGO_PKG_VERSION"));
    let open = open_at(address);
    for (label, host) in &open {
        // Writing into a String cannot fail.
        let _ = writeln!(text, "  {label:<15} http://{host}:{}", address.port());
    }
    let data_dir = std::path::absolute(&config.server.data_dir).unwrap_or_else(|_| config.server.data_dir.clone());
    let _ = writeln!(text, "  {:<15} {}", "Data", data_dir.display());
    // At the address that most browsers can reach.
    if let Some((token, (_, host))) = server.first_invitation().zip(open.last()) {
        let _ = writeln!(text, "  {:<15} http://{host}:{}/join#{token}", "Set up", address.port());
    }
    if server.first_invitation().is_some() {
        text.push_str(
            "\nOpen the set-up link to make the owner's account. It works once, within 30 minutes; a restart makes a new one.\n",
        );
    }
    text
}

/// URLs of the page, each with a label.
fn open_at(address: SocketAddr) -> Vec<(&'static str, String)> {
    let shown = |ip: IpAddr| if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() };
    if !address.ip().is_unspecified() {
        return vec![("Open", shown(address.ip()))];
    }
    let mut open = vec![("This computer", "localhost".to_owned())];
    open.extend(network_address().map(|ip| ("Your network", shown(ip))));
    open
}

/// The address of this machine in the local network: its outgoing one. Connecting a datagram
/// socket sends nothing; the target is only looked up in the routing table.
fn network_address() -> Option<IpAddr> {
    let socket = std::net::UdpSocket::bind(("0.0.0.0", 0)).ok()?;
    socket.connect(("192.0.2.1", 9)).ok()?;
    let ip = socket.local_addr().ok()?.ip();
    (!ip.is_unspecified() && !ip.is_loopback()).then_some(ip)
}
