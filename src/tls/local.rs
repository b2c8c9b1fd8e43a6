//! A certificate authority of this server's own, for networks whose names and addresses no other one certifies.
//!
//! Devices have to be told to trust it. It can vouch for names and addresses of local networks only: whoever steals its key is no
//! bank.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use data_encoding::HEXUPPER;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, date_time_ymd,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

use super::certificate::Certificate;
use super::shown::Shown;
use crate::durable;
use crate::fetch;
use crate::model::Timestamp;
use crate::threads;

const FILE: &str = "local.json";

/// The authority's certificate alone, for people to copy.
const PUBLIC_FILE: &str = "local-ca.crt";

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Devices are told once; ten years later they are others.
const AUTHORITY_LIFE: Duration = DAY.saturating_mul(3650);

/// Less than what any browser accepts at most.
const LIFE: Duration = DAY.saturating_mul(90);

/// Clocks of devices at home may be slow.
const EARLIER: Duration = DAY;

/// How often it is looked whether the machine has other addresses.
const EVERY: Duration = Duration::from_secs(10 * 60);

/// Endings of names that the authority may vouch for, beside the name of the machine.
const LOCAL_NAMES: [&str; 5] = ["local", "home.arpa", "internal", "lan", "localhost"];

/// Networks whose addresses it may vouch for: those that are used behind routers, and this machine itself.
const LOCAL_NETWORKS: [(&str, u8); 6] =
    [("10.0.0.0", 8), ("172.16.0.0", 12), ("192.168.0.0", 16), ("127.0.0.0", 8), ("fc00::", 7), ("::1", 128)];

/// An authority.
pub struct LocalAuthority {
    kept: Kept,
    path: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    /// As which devices show it.
    name: String,
    /// The name of the machine, for which it may vouch.
    machine: String,
    /// In the PEM format.
    certificate: String,
    key: String,
}

impl LocalAuthority {
    /// The one that is kept in a folder; makes one if there is none. Blocks.
    ///
    /// # Errors
    /// In words, if it can be neither read nor made.
    pub fn open(folder: &Path) -> Result<Self, String> {
        let file = folder.join(FILE);
        let failed = |error: &dyn std::fmt::Display| cannot_use(&file, error);
        let path = folder.join(PUBLIC_FILE);
        let kept = match fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| failed(&error))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let kept = Kept::make(&machine_name()).map_err(|error| failed(&error))?;
                durable::private_dir(folder).map_err(|error| failed(&error))?;
                let json = serde_json::to_vec(&kept).map_err(|error| failed(&error))?;
                durable::write(&file, &json).map_err(|error| failed(&error))?;
                kept
            }
            Err(error) => return Err(failed(&error)),
        };
        durable::write(&path, kept.certificate.as_bytes()).map_err(|error| failed(&error))?;
        Ok(Self { kept, path })
    }

    /// Whether the one that is kept in a folder can be used, if there is one. Blocks.
    ///
    /// # Errors
    /// In words, if not.
    pub fn look(folder: &Path) -> Result<(), String> {
        let file = folder.join(FILE);
        match fs::read(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            read => {
                let kept = read.map_err(|error| cannot_use(&file, &error))?;
                let kept: Kept = serde_json::from_slice(&kept).map_err(|error| cannot_use(&file, &error))?;
                KeyPair::from_pem(&kept.key).map(drop).map_err(|error| cannot_use(&file, &error))
            }
        }
    }

    /// The file with its certificate, for people to copy.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its certificate, in the PEM format.
    pub fn certificate(&self) -> &str {
        &self.kept.certificate
    }

    /// By which people compare it: SHA-256, in pairs of digits.
    pub fn fingerprint(&self) -> String {
        let der = CertificateDer::from_pem_slice(self.kept.certificate.as_bytes());
        let digest = Sha256::digest(der.map(|der| der.to_vec()).unwrap_or_default());
        digest.iter().map(|byte| HEXUPPER.encode(&[*byte])).collect::<Vec<_>>().join(":")
    }

    /// A certificate for these names and addresses.
    fn issue(&self, names: &[String]) -> Result<Certificate, String> {
        let issued = (|| {
            let authority = KeyPair::from_pem(&self.kept.key)?;
            let (params, key) = (authority_params(&self.kept.name, &self.kept.machine)?, KeyPair::generate()?);
            let mut of_server = CertificateParams::new(names.to_vec())?;
            set_life(&mut of_server, LIFE);
            of_server.distinguished_name = named(names.first().map_or("chatbot", String::as_str));
            of_server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            of_server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            of_server.use_authority_key_identifier_extension = true;
            let signed = of_server.signed_by(&key, &Issuer::from_params(&params, authority))?;
            Ok::<_, rcgen::Error>((signed.pem(), key.serialize_pem()))
        })();
        let (chain, key) = issued.map_err(|error| format!("cannot make a certificate: {error}"))?;
        Certificate::from_pem(chain.as_bytes(), key.as_bytes()).map_err(|(_, error)| error.to_string())
    }
}

fn cannot_use(file: &Path, error: &dyn std::fmt::Display) -> String {
    format!("cannot use {}: {error}", file.display())
}

impl Kept {
    fn make(machine: &str) -> Result<Self, rcgen::Error> {
        let name = format!("chatbot on {machine}");
        let key = KeyPair::generate()?;
        let certificate = authority_params(&name, machine)?.self_signed(&key)?.pem();
        Ok(Self { name, machine: machine.to_owned(), certificate, key: key.serialize_pem() })
    }
}

/// What an authority of that name is. The same for its own certificate and for those that it issues.
fn authority_params(name: &str, machine: &str) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    set_life(&mut params, AUTHORITY_LIFE);
    params.distinguished_name = named(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let names = LOCAL_NAMES.into_iter().chain([machine]);
    let networks = LOCAL_NETWORKS.iter().filter_map(|(address, prefix)| {
        let address: IpAddr = address.parse().ok()?;
        Some(GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(address, *prefix)))
    });
    let permitted_subtrees = names.map(|name| GeneralSubtree::DnsName(name.to_owned())).chain(networks).collect();
    params.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
    Ok(params)
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

fn set_life(params: &mut CertificateParams, life: Duration) {
    let now = Duration::from_millis(Timestamp::now().since(Timestamp(0)));
    params.not_before = date_time_ymd(1970, 1, 1) + now.saturating_sub(EARLIER);
    params.not_after = date_time_ymd(1970, 1, 1) + now + life;
}

/// The name of this machine, without its domain, as a label of the DNS.
fn machine_name() -> String {
    let system = rustix::system::uname();
    let name = system.nodename().to_string_lossy().to_lowercase();
    let label: String =
        name.split('.').next().unwrap_or_default().chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    let label = label.trim_matches('-');
    if label.is_empty() { "chatbot".to_owned() } else { label.to_owned() }
}

/// By which devices in the same network reach this machine. Under a new name it is known with an ending only: the authority may
/// not vouch for another alone. Blocks.
fn own_names(machine_then: &str) -> Vec<String> {
    let machine = machine_name();
    let mut names = vec![format!("{machine}.local")];
    names.extend(Some(machine).filter(|machine| machine == machine_then && machine != "localhost"));
    names.extend(["localhost", "127.0.0.1", "::1"].map(str::to_owned));
    let mut addresses = fetch::own_addresses().unwrap_or_default();
    addresses.retain(|address| match address {
        IpAddr::V4(v4) => v4.is_private(),
        IpAddr::V6(v6) => v6.is_unique_local(),
    });
    addresses.sort_unstable();
    names.extend(addresses.iter().map(IpAddr::to_string));
    names
}

/// Keeps a certificate of an authority valid for the names and addresses that this machine has.
pub struct LocalUpkeep {
    authority: Arc<LocalAuthority>,
    shown: Arc<Shown>,
}

impl LocalUpkeep {
    /// Shows a certificate.
    ///
    /// # Errors
    /// In words, if none can be made.
    pub async fn open(authority: Arc<LocalAuthority>, shown: Arc<Shown>) -> Result<Self, String> {
        let this = Self { authority, shown };
        this.look().await?;
        Ok(this)
    }

    /// Looks from time to time until it is dropped.
    pub async fn keep_up(self, note: impl Fn(Option<String>)) {
        loop {
            tokio::time::sleep(EVERY).await;
            let looked = self.look().await;
            if let Err(problem) = &looked {
                tracing::error!(problem, "the certificate was not renewed");
            }
            note(looked.err());
        }
    }

    async fn look(&self) -> Result<(), String> {
        let current = self.shown.current();
        let authority = self.authority.clone();
        let issued = threads::blocking(move || {
            let names = own_names(&authority.kept.machine);
            let is_fresh = |current: &Certificate| current.is_for(&names) && Timestamp::now() < current.renew_at();
            if current.is_some_and(|current| is_fresh(&current)) { None } else { Some(authority.issue(&names)) }
        });
        if let Some(issued) = issued.await.map_err(|error| error.to_string())? {
            let certificate = issued?;
            tracing::info!(names = ?certificate.names, not_after = %certificate.not_after, "made a certificate");
            self.shown.show(certificate);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_is_made_once_and_its_key_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().expect("a folder");
        let first = LocalAuthority::open(dir.path()).expect("an authority");
        let again = LocalAuthority::open(dir.path()).expect("the same");
        assert_eq!(first.fingerprint(), again.fingerprint());
        assert_eq!((first.fingerprint().len(), first.fingerprint().matches(':').count()), (95, 31));
        let mode = fs::metadata(dir.path().join(FILE)).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(!fs::read_to_string(first.path()).expect("there").contains("KEY"));
        assert_eq!(LocalAuthority::look(dir.path()), Ok(()));
        fs::write(dir.path().join(FILE), "{").expect("written");
        assert!(LocalAuthority::look(dir.path()).is_err());
        assert!(LocalAuthority::open(dir.path()).is_err(), "what devices trust is not replaced silently");
    }

    #[test]
    fn a_certificate_is_for_all_names_of_this_machine() {
        let dir = tempfile::tempdir().expect("a folder");
        let authority = LocalAuthority::open(dir.path()).expect("an authority");
        let (names, now) = (own_names(&authority.kept.machine), Timestamp::now());
        let issued = authority.issue(&names).expect("a certificate");
        assert!(issued.is_for(&names) && issued.not_before < now);
        assert!(names.iter().any(|name| name.ends_with(".local")) && names.contains(&"127.0.0.1".to_owned()));
        assert!(issued.not_after.since(now) <= 90 * 24 * 60 * 60 * 1000);
    }
}
