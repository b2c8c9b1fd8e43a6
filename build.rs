//! Prepares what is embedded: the web page's files, each beside its compressed forms, the licences of others' software, and the
//! revision for `--version`.

#![allow(clippy::expect_used, clippy::panic, reason = "a build that cannot go on ends and says why")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

/// Files that shrink by being compressed.
const COMPRESSIBLE: [&str; 7] = ["html", "js", "css", "json", "svg", "txt", "webmanifest"];

/// Licences of others' software, as text.
const LICENSES: &str = "THIRD-PARTY-LICENSES.txt";

fn main() {
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    println!("cargo:rerun-if-changed={LICENSES}");
    let licenses = fs::read(LICENSES).unwrap_or_else(|error| panic!("{LICENSES}: {error}"));
    write(&out.join("licenses.gz"), &gzip(&licenses));

    let out = out.join("web");
    let web = Path::new("web");
    println!("cargo:rerun-if-changed=web");
    let mut files = Vec::new();
    collect(web, &mut files);
    files.sort();
    let hash = hash_of(web, &files);
    let _ = fs::remove_dir_all(&out);
    for file in &files {
        let relative = file.strip_prefix(web).expect("collected below web");
        let mut content = fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        if relative == Path::new("index.html") {
            let page = String::from_utf8(content).expect("the page is UTF-8");
            // Another build has other addresses, so that browsers may keep these for ever.
            content = page.replace("/assets/", &format!("/assets/{hash}/")).into_bytes();
        }
        embed(&out.join(relative), &content);
    }
    println!("cargo:rustc-env=CHATBOT_ASSETS_HASH={hash}");
    println!("cargo:rustc-env=CHATBOT_REVISION={}", revision());
    println!("cargo:rustc-env=CHATBOT_TARGET={}", std::env::var("TARGET").expect("cargo sets TARGET"));
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}

fn hash_of(web: &Path, files: &[PathBuf]) -> String {
    let mut hasher = Sha256::new();
    for file in files {
        let name = file.strip_prefix(web).expect("collected below web").to_string_lossy();
        hasher.update(name.as_bytes());
        hasher.update(fs::read(file).unwrap_or_default());
    }
    hasher.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes a file and those of its compressed forms that are smaller.
fn embed(path: &Path, content: &[u8]) {
    let folder = path.parent().expect("a file is in a folder");
    fs::create_dir_all(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    write(path, content);
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    if !COMPRESSIBLE.contains(&ending) {
        return;
    }
    for (added, compressed) in [("br", brotli(content)), ("gz", gzip(content))] {
        if compressed.len() < content.len() {
            write(&path.with_extension(format!("{ending}.{added}")), &compressed);
        }
    }
}

fn write(path: &Path, content: &[u8]) {
    fs::write(path, content).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

fn brotli(content: &[u8]) -> Vec<u8> {
    let mut compressed = Vec::new();
    let parameters = brotli::enc::BrotliEncoderParams { quality: 11, ..Default::default() };
    brotli::BrotliCompress(&mut &content[..], &mut compressed, &parameters).expect("memory does not fail");
    compressed
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(content).expect("memory does not fail");
    encoder.finish().expect("memory does not fail")
}

/// The revision this is built from; a source archive has none.
fn revision() -> String {
    for watched in [".git/HEAD", ".git/refs/heads"] {
        // A path that is not there would make every build run this again.
        if Path::new(watched).exists() {
            println!("cargo:rerun-if-changed={watched}");
        }
    }
    let output = Command::new("git").args(["rev-parse", "--short=10", "HEAD"]).output();
    match output {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        _ => "unknown".to_owned(),
    }
}
