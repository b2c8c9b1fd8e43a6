//! A release: signed checksums of files, in a folder on the web.

use std::fmt;
use std::fs::{File, Permissions};
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use anyhow::{Context, bail};
use data_encoding::HEXLOWER;
use indicatif::{ProgressBar, ProgressStyle};
use lzma_rust2::XzReader;
use minisign_verify::{PublicKey, Signature};
use sha2::{Digest, Sha256};

/// Largest list of checksums, in bytes.
const MOST_SUMS: u64 = 1024 * 1024;

/// Largest program, in bytes.
const MOST_PROGRAM: u64 = 512 * 1024 * 1024;

/// Most memory to unpack it, in KiB: twice what the highest level of xz needs.
const MOST_MEMORY: u32 = 128 * 1024;

/// Longest wait for the next piece.
const IDLE: Duration = Duration::from_secs(30);

/// A version; later ones are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version([u32; 3]);

impl Version {
    /// That of this program.
    pub fn own() -> Self {
        // A test parses it.
        Self::parse(env!("CARGO_PKG_VERSION")).unwrap_or(Self([0; 3]))
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.').map(|part| part.parse().ok());
        let version = Self([parts.next()??, parts.next()??, parts.next()??]);
        parts.next().is_none().then_some(version)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self([major, minor, patch]) = self;
        write!(f, "{major}.{minor}.{patch}")
    }
}

/// The program of a release for this machine.
pub struct Release {
    pub version: Version,
    http: reqwest::Client,
    url: String,
    sha256: String,
}

impl Release {
    /// The one at that address, signed by the owner of that public key.
    ///
    /// # Errors
    /// Also if the signature is wrong, or nothing is for this machine.
    pub async fn newest(folder: &str, signer: &str) -> anyhow::Result<Self> {
        let signer = PublicKey::from_base64(signer.trim()).context("the signer's key is not one of minisign")?;
        let agent = concat!("chatbot/", env!("CARGO_PKG_VERSION"));
        let http = reqwest::Client::builder().user_agent(agent).connect_timeout(IDLE).read_timeout(IDLE).build()?;
        let folder = folder.trim_end_matches('/');
        let sums = text(&http, &format!("{folder}/SHA256SUMS")).await?;
        let signature = text(&http, &format!("{folder}/SHA256SUMS.minisig")).await?;
        let signature = Signature::decode(&signature).context("the release's signature is not one of minisign")?;
        let verified = signer.verify(sums.as_bytes(), &signature, false);
        verified.context("the release is not signed by whom the settings trust; nothing was changed")?;
        let (version, name, sha256) = find(&sums).context("the release has no program for this machine")?;
        Ok(Self { version, http, url: format!("{folder}/{name}"), sha256: sha256.to_owned() })
    }

    /// Downloads the program and unpacks it into a file, which can be executed then.
    ///
    /// # Errors
    /// Also if it is not what was released.
    pub async fn download(&self, mut to: File) -> anyhow::Result<()> {
        let mut packed = tempfile::tempfile()?;
        let mut response = self.http.get(&self.url).send().await?.error_for_status()?;
        let style = ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}");
        let bar = ProgressBar::new(response.content_length().unwrap_or(0));
        let bar = bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        let (mut digest, mut length) = (Sha256::new(), 0);
        while let Some(chunk) = response.chunk().await.context("the download broke off")? {
            length += chunk.len() as u64;
            if length > MOST_PROGRAM {
                bail!("the program is larger than any there was");
            }
            digest.update(&chunk);
            packed.write_all(&chunk)?;
            bar.inc(chunk.len() as u64);
        }
        bar.finish_and_clear();
        if HEXLOWER.encode(&digest.finalize()) != self.sha256 {
            bail!("what {} has is not what was released; nothing was changed", self.url);
        }
        packed.seek(SeekFrom::Start(0))?;
        let unpacked = std::io::copy(
            &mut XzReader::new_mem_limit(BufReader::new(packed), false, MOST_MEMORY).take(MOST_PROGRAM),
            &mut to,
        )?;
        if unpacked == MOST_PROGRAM {
            bail!("the program is larger than any there was");
        }
        to.set_permissions(Permissions::from_mode(0o755))?;
        Ok(to.sync_all()?)
    }
}

async fn text(http: &reqwest::Client, url: &str) -> anyhow::Result<String> {
    let response = http.get(url).send().await.and_then(reqwest::Response::error_for_status);
    let mut response = response.with_context(|| format!("there is no release at {url}"))?;
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() as u64 > MOST_SUMS {
            bail!("{url} is too large");
        }
    }
    String::from_utf8(bytes).with_context(|| format!("{url} is no text"))
}

/// The version, the file and the checksum of the program for this machine, of a list of checksums.
fn find(sums: &str) -> Option<(Version, &str, &str)> {
    // Programs that are given away bring their own C library.
    let own = env!("CHATBOT_TARGET");
    let static_one = own.replace("-gnueabihf", "-musleabihf").replace("-gnu", "-musl");
    let of = |target: &str| {
        sums.lines().find_map(|line| {
            let (sha256, name) = line.split_once("  ")?;
            let version =
                name.strip_prefix("chatbot-")?.strip_suffix(".xz")?.strip_suffix(target)?.strip_suffix('-')?;
            Some((Version::parse(version)?, name, sha256))
        })
    };
    of(own).or_else(|| of(&static_one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        let version = |text| Version::parse(text).expect("a version");
        assert!(version("0.10.0") > version("0.9.9") && version("1.0.0") > version("0.10.0"));
        assert_eq!(Version::own().to_string(), env!("CARGO_PKG_VERSION"));
        for text in ["1", "1.2", "1.2.3.4", "1.2.x", "v1.2.3"] {
            assert_eq!(Version::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_program_for_this_machine_is_found_and_no_other_file() {
        let target = env!("CHATBOT_TARGET");
        let sums = format!(
            "aa  chatbot-9.8.7-{target}.debug.xz\nbb  chatbot-9.8.7-{target}.tar.xz\ncc  chatbot-9.8.7-other.xz\n\
             dd  chatbot-9.8.7-{target}.xz\n"
        );
        let (version, name, sha256) = find(&sums).expect("found");
        assert_eq!((version.to_string().as_str(), sha256), ("9.8.7", "dd"));
        assert_eq!(name, format!("chatbot-9.8.7-{target}.xz"));
        assert!(find("cc  chatbot-9.8.7-other.xz\n").is_none());
    }
}
