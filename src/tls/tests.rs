//! Handshakes with the real server side over loopback connections.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream as ClientStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::*;

async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let client = TcpStream::connect(listener.local_addr().expect("an address")).await.expect("a connection");
    (client, listener.accept().await.expect("a connection").0)
}

/// A server on a certificate in files.
async fn server(name: &str) -> (Tls, String, tempfile::TempDir) {
    let dir = tempfile::tempdir().expect("a folder");
    let files = Files { cert: dir.path().join("cert.pem"), key: dir.path().join("key.pem") };
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).expect("a certificate");
    std::fs::write(&files.cert, made.cert.pem()).expect("written");
    std::fs::write(&files.key, made.signing_key.serialize_pem()).expect("written");
    let (tls, _) = Tls::open(Source::Files(files)).await.expect("a certificate");
    (Arc::into_inner(tls).expect("nobody else has it"), made.cert.pem(), dir)
}

async fn connect(stream: TcpStream, name: &str, root: &str, protocol: &[u8]) -> io::Result<ClientStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(root.as_bytes()).expect("PEM")).expect("a root");
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().expect("versions").with_root_certificates(roots);
    let mut config = builder.with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    let name = ServerName::try_from(name.to_owned()).expect("a name");
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

#[tokio::test]
async fn a_client_sees_the_certificate_of_the_name_and_commands_the_servers_own() {
    let (tls, root, _dir) = server("chat.example").await;
    let own = tls.own_certificate().to_owned();
    for (name, root, is_fine) in
        [("chat.example", &root, true), (OWN_NAME, &own, true), (OWN_NAME, &root, false), ("chat.example", &own, false)]
    {
        let (client, accepted) = pair().await;
        let (client, accepted) = tokio::join!(connect(client, name, root, b"http/1.1"), tls.accept(accepted));
        assert_eq!(client.is_ok(), is_fine, "{name}");
        if let (Ok(mut client), Ok(Accepted::Encrypted(mut server))) = (client, accepted) {
            server.write_all(b"hello").await.expect("written");
            let mut read = [0; 5];
            client.read_exact(&mut read).await.expect("read");
            assert_eq!(&read, b"hello");
        }
    }
}

#[tokio::test]
async fn a_challenge_is_shown_while_it_is_open_and_to_nobody_else() {
    let (tls, _root, _dir) = server("chat.example").await;
    let ask = async |name: &str| {
        let (client, accepted) = pair().await;
        let own = tls.own_certificate();
        let (client, accepted) = tokio::join!(connect(client, name, own, CHALLENGE_PROTOCOL), tls.accept(accepted));
        // The challenge's certificate is not one that anybody trusts: the client hangs up, having seen it.
        (client.map(drop).map_err(|error| error.to_string()), accepted.is_ok())
    };
    let (refused, _) = ask("chat.example").await;
    assert!(!refused.expect_err("no challenge is open").contains("invalid peer certificate"));
    let open = tls.shown.challenge("chat.example", &[7; 32]).expect("a challenge");
    let (refused, _) = ask("chat.example").await;
    assert!(refused.expect_err("nobody trusts it").contains("invalid peer certificate"));
    let (refused, _) = ask("other.example").await;
    assert!(!refused.expect_err("a challenge for another name").contains("invalid peer certificate"));
    drop(open);
    let (refused, _) = ask("chat.example").await;
    assert!(!refused.expect_err("it is over").contains("invalid peer certificate"));
}

#[tokio::test]
async fn plain_text_is_told_from_tls_and_the_first_byte_stays_to_be_read() {
    let (tls, _root, _dir) = server("chat.example").await;
    let (mut client, accepted) = pair().await;
    client.write_all(b"GET").await.expect("written");
    let Ok(Accepted::Plain(mut stream)) = tls.accept(accepted).await else { panic!("it is plain text") };
    let mut read = [0; 3];
    stream.read_exact(&mut read).await.expect("read");
    assert_eq!(&read, b"GET");
    let (client, accepted) = pair().await;
    drop(client);
    assert!(tls.accept(accepted).await.is_err(), "the client went away");
}
