//! Storage of vectors: one file per document and version, all in memory while searches occur, and beside it one with the vectors of
//! its tokens, from which single passages are read.
//!
//! Derived data: damaged files are treated as missing and recomputed from the texts.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::ops::Range;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};
use sha2::{Digest, Sha256};

use super::tokens::PACKED;
use super::{Embedded, Embedding, TokenVectors, dot};
use crate::durable;
use crate::memory;
use crate::model::DocumentNumber;

/// Begins every file; the last byte is the layout's version.
const MAGIC: &[u8; 8] = b"vectors\x02";

/// Magic, dimensions and count.
const HEADER: usize = 16;

/// What the names of files with tokens end with.
const TOKENS: &str = ".tokens";

/// SHA-256 of all before it.
const CHECKSUM: usize = 32;

/// Why vectors cannot be kept or read.
#[derive(Debug, thiserror::Error)]
#[error("vectors in {}: {source}", path.display())]
pub struct VectorsError {
    path: PathBuf,
    source: io::Error,
}

/// A passage near a question.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VectorHit {
    pub document: DocumentNumber,
    pub version: u64,
    /// Number of the passage in its document, from 0.
    pub passage: u32,
    /// The cosine, from -1 to 1.
    pub score: f32,
}

/// A passage: document, version and number.
pub type PassageKey = (DocumentNumber, u64, u32);

/// The vectors of one model. All methods block; do not call from async code.
pub struct Vectors {
    dir: PathBuf,
    /// The version of each document that there is a good file of. Held while files change, so that memory and disk agree.
    files: Mutex<HashMap<DocumentNumber, u64>>,
    /// All vectors, while loaded.
    loaded: RwLock<Option<HashMap<DocumentNumber, Rows>>>,
    last_search: Mutex<Instant>,
}

impl Vectors {
    /// Opens `dir/model_id`, creating it if necessary, and reads every file once: damaged or incomplete ones are
    /// removed.
    pub fn open(dir: &Path, model_id: &str) -> Result<Self, VectorsError> {
        let dir = dir.join(model_id);
        let files = take_stock(&dir).map_err(|source| VectorsError { path: dir.clone(), source })?;
        let (files, loaded) = (Mutex::new(files), RwLock::new(None));
        Ok(Self { dir, files, loaded, last_search: Mutex::new(Instant::now()) })
    }

    /// The documents that have vectors, with their versions.
    pub fn contents(&self) -> HashMap<DocumentNumber, u64> {
        self.files.lock().clone()
    }

    pub fn is_empty(&self) -> bool {
        self.files.lock().is_empty()
    }

    /// Begins the vectors of a document.
    pub fn begin(&self, document: DocumentNumber, version: u64) -> Result<NewVectors, VectorsError> {
        /// A job that was cancelled may still work on the same version.
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let path = self.dir.join(format!("{}-{version}.{}.new", document.0, NEXT.fetch_add(1, Ordering::Relaxed)));
        let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let file = opened.map_err(|source| VectorsError { path: path.clone(), source })?;
        Ok(NewVectors { document, version, vectors: Vec::new(), token_ends: Vec::new(), path, file })
    }

    /// Stores the vectors of a document's passages, replacing those of earlier versions. Durable on return.
    pub fn put(&self, new: &NewVectors) -> Result<(), VectorsError> {
        let (document, version) = (new.document, new.version);
        let rows = Rows::new(version, &new.vectors, &new.token_ends);
        let (path, tokens) = (self.path(document, version), self.tokens_path(document, version));
        let mut files = self.files.lock();
        if files.get(&document).is_some_and(|&kept| kept > version) {
            // A newer version has been stored already.
            return Ok(());
        }
        let stored = durable::put(&new.file, &new.path, &tokens);
        stored.and_then(|()| durable::write(&path, &rows.encode())).map_err(|source| VectorsError { path, source })?;
        let old = files.insert(document, version).filter(|&old| old != version);
        if let Some(loaded) = self.loaded.write().as_mut() {
            loaded.insert(document, rows);
        }
        old.map_or(Ok(()), |old| self.remove_file(document, old))
    }

    /// Removes a document.
    pub fn remove(&self, document: DocumentNumber) -> Result<(), VectorsError> {
        let mut files = self.files.lock();
        if let Some(loaded) = self.loaded.write().as_mut() {
            loaded.remove(&document);
        }
        files.remove(&document).map_or(Ok(()), |version| self.remove_file(document, version))
    }

    /// The passages nearest to a question in documents that are `allowed`, nearest first. Reads all vectors at the first
    /// search, and again after they were unloaded.
    pub fn search(
        &self,
        question: &Embedding,
        allowed: impl Fn(DocumentNumber, u64) -> bool,
        limit: usize,
    ) -> Vec<VectorHit> {
        *self.last_search.lock() = Instant::now();
        self.load();
        let loaded = self.loaded.read();
        let mut nearest = Nearest::new(limit);
        for (&document, rows) in loaded.iter().flatten() {
            if rows.dimensions == question.dimensions() && allowed(document, rows.version) {
                rows.search(document, question, &mut nearest);
            }
        }
        nearest.hits
    }

    /// How well passages say what a question asks, by its tokens. `None` for those of which no tokens are stored.
    pub fn similarities(&self, question: &TokenVectors, passages: &[PassageKey]) -> Vec<Option<f32>> {
        self.load();
        let places: Vec<Option<Range<u64>>> = {
            let loaded = self.loaded.read();
            let place = |&(document, version, passage): &PassageKey| {
                let rows = loaded.as_ref()?.get(&document).filter(|rows| rows.version == version)?;
                rows.tokens_of(passage as usize)
            };
            passages.iter().map(place).collect()
        };
        let similarity = |(&(document, version, _), place): (&PassageKey, Option<Range<u64>>)| {
            let place = place?;
            let mut tokens = vec![0; (place.end - place.start) as usize];
            // Replaced or removed meanwhile: it is compared by its one vector alone.
            let file = File::open(self.tokens_path(document, version)).ok()?;
            file.read_exact_at(&mut tokens, place.start).ok()?;
            question.similarity(&tokens)
        };
        passages.iter().zip(places).map(similarity).collect()
    }

    /// Unloads the vectors if there was no search for a while; the next search loads them again.
    pub fn give_back_after(&self, rest: Duration) {
        if self.last_search.lock().elapsed() < rest {
            return;
        }
        let loaded = self.loaded.write().take();
        if loaded.is_some() {
            drop(loaded);
            memory::give_back();
        }
    }

    /// Memory used by the vectors, in bytes.
    pub fn memory(&self) -> usize {
        let loaded = self.loaded.read();
        loaded.iter().flatten().map(|(_, rows)| rows.values.len() + 8 * rows.scales.len()).sum()
    }

    fn load(&self) {
        // Without the other lock, which is held while a file is being written.
        if self.loaded.read().is_some() {
            return;
        }
        // Nothing is put or removed meanwhile, and only one of several searches reads.
        let mut files = self.files.lock();
        if self.loaded.read().is_some() {
            return;
        }
        let mut loaded = HashMap::with_capacity(files.len());
        files.retain(|&document, &mut version| {
            let rows = self.read(document, version);
            if rows.is_none() {
                tracing::warn!(document = document.0, "vectors are damaged and will be made anew");
            }
            rows.map(|rows| loaded.insert(document, rows)).is_some()
        });
        *self.loaded.write() = Some(loaded);
    }

    fn path(&self, document: DocumentNumber, version: u64) -> PathBuf {
        self.dir.join(format!("{}-{version}", document.0))
    }

    fn tokens_path(&self, document: DocumentNumber, version: u64) -> PathBuf {
        self.dir.join(format!("{}-{version}{TOKENS}", document.0))
    }

    fn read(&self, document: DocumentNumber, version: u64) -> Option<Rows> {
        read(&self.path(document, version), &self.tokens_path(document, version), version)
    }

    fn remove_file(&self, document: DocumentNumber, version: u64) -> Result<(), VectorsError> {
        for path in [self.path(document, version), self.tokens_path(document, version)] {
            match fs::remove_file(&path) {
                Err(source) if source.kind() != io::ErrorKind::NotFound => return Err(VectorsError { path, source }),
                _ => {}
            }
        }
        Ok(())
    }
}

/// The vectors of a document while they are made. Those of its tokens go to a file at once: they take six times as much.
pub struct NewVectors {
    document: DocumentNumber,
    version: u64,
    vectors: Vec<Embedding>,
    token_ends: Vec<u32>,
    path: PathBuf,
    file: File,
}

impl NewVectors {
    /// Passages that it has.
    pub fn len(&self) -> usize {
        self.vectors.len()
    }

    pub fn is_empty(&self) -> bool {
        self.vectors.is_empty()
    }

    /// Adds the next passages. Blocking.
    pub fn append(&mut self, passages: Vec<Embedded>) -> Result<(), VectorsError> {
        let mut packed = Vec::new();
        let before = self.token_ends.last().map_or(0, |end| *end as usize);
        for Embedded { vector, tokens } in passages {
            packed.extend(tokens.pack());
            self.vectors.push(vector);
            self.token_ends.push(u32::try_from(before + packed.len() / PACKED).unwrap_or(u32::MAX));
        }
        self.file.write_all(&packed).map_err(|source| VectorsError { path: self.path.clone(), source })
    }
}

impl Drop for NewVectors {
    fn drop(&mut self) {
        // Gone already if they were stored.
        let _ = fs::remove_file(&self.path);
    }
}

/// The vectors of one document.
struct Rows {
    version: u64,
    dimensions: usize,
    values: Box<[i8]>,
    scales: Box<[f32]>,
    /// Where the tokens of each passage end, in tokens of the document.
    token_ends: Box<[u32]>,
}

impl Rows {
    fn new(version: u64, passages: &[Embedding], token_ends: &[u32]) -> Self {
        let dimensions = passages.first().map_or(0, Embedding::dimensions);
        // One model makes vectors of one size; another size would shift all that follow.
        let same = || passages.iter().take_while(|passage| passage.dimensions() == dimensions);
        Self {
            version,
            dimensions,
            values: same().flat_map(|passage| &passage.values).copied().collect(),
            scales: same().map(|passage| passage.scale).collect(),
            token_ends: same().zip(token_ends).map(|(_, end)| *end).collect(),
        }
    }

    fn search(&self, document: DocumentNumber, question: &Embedding, nearest: &mut Nearest) {
        for (passage, (values, scale)) in self.values.chunks_exact(self.dimensions).zip(&self.scales).enumerate() {
            let score = dot(values, &question.values) as f32 * scale * question.scale;
            if nearest.takes(score) {
                nearest.take(VectorHit { document, version: self.version, passage: passage as u32, score });
            }
        }
    }

    /// Where the tokens of a passage are in their file, in bytes.
    fn tokens_of(&self, passage: usize) -> Option<Range<u64>> {
        let bytes = |token: u32| u64::from(token) * PACKED as u64;
        let start = passage.checked_sub(1).map_or(Some(0), |before| self.token_ends.get(before).copied())?;
        let end = *self.token_ends.get(passage)?;
        (start < end).then(|| bytes(start)..bytes(end))
    }

    /// Magic, dimensions, count, ends of tokens, scales, values, checksum; little-endian.
    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER + 8 * self.scales.len() + self.values.len() + CHECKSUM);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&(self.dimensions as u32).to_le_bytes());
        bytes.extend_from_slice(&(self.scales.len() as u32).to_le_bytes());
        bytes.extend(self.token_ends.iter().flat_map(|end| end.to_le_bytes()));
        bytes.extend(self.scales.iter().flat_map(|scale| scale.to_le_bytes()));
        bytes.extend(self.values.iter().map(|value| value.to_le_bytes()[0]));
        let checksum = Sha256::digest(&bytes);
        bytes.extend_from_slice(&checksum);
        bytes
    }

    fn decode(bytes: &[u8], version: u64) -> Option<Self> {
        let (content, checksum) = bytes.split_at_checked(bytes.len().checked_sub(CHECKSUM)?)?;
        let (header, rest) = content.split_at_checked(HEADER)?;
        if !header.starts_with(MAGIC) || Sha256::digest(content)[..] != *checksum {
            return None;
        }
        let number = |at: usize| Some(u32::from_le_bytes(header.get(at..at + 4)?.try_into().ok()?) as usize);
        let (dimensions, count) = (number(8)?, number(12)?);
        let (ends, rest) = rest.split_at_checked(count.checked_mul(4)?)?;
        let (scales, values) = rest.split_at_checked(count.checked_mul(4)?)?;
        if values.len() != count.checked_mul(dimensions)? {
            return None;
        }
        let end = |bytes: &[u8]| Some(u32::from_le_bytes(bytes.try_into().ok()?));
        let token_ends = ends.chunks_exact(4).map(end).collect::<Option<_>>()?;
        let scale = |bytes: &[u8]| Some(f32::from_le_bytes(bytes.try_into().ok()?));
        let scales = scales.chunks_exact(4).map(scale).collect::<Option<_>>()?;
        // A document without passages still has a size to step by.
        let dimensions = dimensions.max(1);
        let values = values.iter().map(|&byte| byte as i8).collect();
        Some(Self { version, dimensions, values, scales, token_ends })
    }
}

/// Reads vectors; `None` if they, or those of the tokens, are not whole.
fn read(path: &Path, tokens: &Path, version: u64) -> Option<Rows> {
    let rows = Rows::decode(&fs::read(path).ok()?, version)?;
    let end = rows.token_ends.last().map_or(0, |end| u64::from(*end) * PACKED as u64);
    (fs::metadata(tokens).ok()?.len() == end).then_some(rows)
}

/// The best hits so far, best first.
struct Nearest {
    limit: usize,
    hits: Vec<VectorHit>,
}

impl Nearest {
    fn new(limit: usize) -> Self {
        Self { limit, hits: Vec::with_capacity(limit.min(1_000)) }
    }

    fn takes(&self, score: f32) -> bool {
        self.hits.len() < self.limit || self.hits.last().is_some_and(|worst| score > worst.score)
    }

    fn take(&mut self, hit: VectorHit) {
        self.hits.truncate(self.limit.saturating_sub(1));
        let place = self.hits.partition_point(|better| better.score >= hit.score);
        self.hits.insert(place, hit);
    }
}

/// Removes damaged, incomplete and outdated files, and returns what is left.
fn take_stock(dir: &Path) -> io::Result<HashMap<DocumentNumber, u64>> {
    fs::create_dir_all(dir)?;
    let names = fs::read_dir(dir)?.map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()));
    let names: Vec<String> = names.collect::<io::Result<_>>()?;
    let mut files = HashMap::new();
    for name in &names {
        let tokens = dir.join(format!("{name}{TOKENS}"));
        let whole = parse_name(name).filter(|&(_, version)| read(&dir.join(name), &tokens, version).is_some());
        if let Some((document, version)) = whole {
            files.entry(document).and_modify(|newest: &mut u64| *newest = version.max(*newest)).or_insert(version);
        }
    }
    for name in &names {
        let is_newest = |(document, version)| files.get(&document) == Some(&version);
        if !parse_name(name.strip_suffix(TOKENS).unwrap_or(name)).is_some_and(is_newest) {
            fs::remove_file(dir.join(name))?;
        }
    }
    Ok(files)
}

fn parse_name(name: &str) -> Option<(DocumentNumber, u64)> {
    let (document, version) = name.split_once('-')?;
    Some((DocumentNumber(document.parse().ok()?), version.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn embedding(numbers: [f32; 3]) -> Embedding {
        Embedding::new(&numbers).expect("a direction")
    }

    fn put(vectors: &Vectors, document: u64, version: u64, passages: &[[f32; 3]]) {
        let mut new = vectors.begin(DocumentNumber(document), version).expect("begun");
        for passage in passages {
            new.append(vec![embedding(*passage).into()]).expect("appended");
        }
        vectors.put(&new).expect("put");
    }

    fn found(vectors: &Vectors, numbers: [f32; 3]) -> Vec<(u64, u64, u32)> {
        let hits = vectors.search(&embedding(numbers), |_, _| true, 10);
        hits.iter().map(|hit| (hit.document.0, hit.version, hit.passage)).collect()
    }

    #[test]
    fn the_nearest_passages_of_allowed_documents_are_found_nearest_first() {
        let dir = tempfile::tempdir().expect("a folder");
        let vectors = Vectors::open(dir.path(), "m").expect("vectors");
        put(&vectors, 1, 1, &[[1., 0., 0.], [0., 1., 0.]]);
        put(&vectors, 2, 7, &[[1., 1., 0.]]);
        assert_eq!(found(&vectors, [1., 0.2, 0.]), [(1, 1, 0), (2, 7, 0), (1, 1, 1)]);
        let hits = vectors.search(&embedding([1., 1., 0.]), |document, _| document.0 == 1, 1);
        assert_eq!((hits.len(), hits[0].document.0), (1, 1));
        assert!((hits[0].score - 0.5_f32.sqrt()).abs() < 0.01, "{}", hits[0].score);
        assert!(
            vectors.search(&Embedding::new(&[1.0]).expect("a direction"), |_, _| true, 3).is_empty(),
            "another size"
        );
    }

    #[test]
    fn a_new_version_takes_the_place_of_the_old_at_once_and_after_opening_again() {
        let dir = tempfile::tempdir().expect("a folder");
        let vectors = Vectors::open(dir.path(), "m").expect("vectors");
        put(&vectors, 1, 1, &[[1., 0., 0.]]);
        assert_eq!(found(&vectors, [1., 0., 0.]), [(1, 1, 0)]);
        put(&vectors, 1, 2, &[[0., 1., 0.], [0., 0., 1.]]);
        put(&vectors, 1, 1, &[[1., 0., 0.]]);
        put(&vectors, 3, 1, &[]);
        assert_eq!(found(&vectors, [0., 0., 1.]), [(1, 2, 1), (1, 2, 0)]);
        vectors.give_back_after(Duration::ZERO);
        assert_eq!(vectors.memory(), 0);
        assert_eq!(found(&vectors, [0., 0., 1.]), [(1, 2, 1), (1, 2, 0)]);

        let again = Vectors::open(dir.path(), "m").expect("vectors");
        assert_eq!(again.contents(), HashMap::from([(DocumentNumber(1), 2), (DocumentNumber(3), 1)]));
        again.remove(DocumentNumber(1)).expect("removed");
        assert_eq!(found(&again, [0., 0., 1.]), []);
        assert_eq!(Vectors::open(dir.path(), "m").expect("vectors").contents().len(), 1);
        assert!(Vectors::open(dir.path(), "other").expect("vectors").contents().is_empty(), "another model's");
    }

    #[test]
    fn tokens_are_read_by_passage_and_a_document_without_its_tokens_has_no_vectors() {
        let dir = tempfile::tempdir().expect("a folder");
        let vectors = Vectors::open(dir.path(), "m").expect("vectors");
        let tokens: Vec<TokenVectors> = (1..=3).map(TokenVectors::of_test).collect();
        let mut new = vectors.begin(DocumentNumber(1), 1).expect("begun");
        for tokens in &tokens {
            let vector = embedding([1., 0., 0.]);
            new.append(vec![Embedded { vector, tokens: tokens.clone() }]).expect("appended");
        }
        vectors.put(&new).expect("put");
        put(&vectors, 2, 1, &[[1., 0., 0.]]);
        let key = |document, version, passage| (DocumentNumber(document), version, passage);
        let wanted = [key(1, 1, 0), key(1, 1, 2), key(1, 2, 0), key(1, 1, 3), key(2, 1, 0)];
        let similarities = vectors.similarities(&tokens[2], &wanted);
        assert!(similarities[0] < similarities[1] && similarities[0].is_some(), "{similarities:?}");
        assert_eq!(similarities[2..], [None, None, None], "another version, no such passage, no tokens");
        fs::write(dir.path().join("m/1-1.tokens"), b"short").expect("written");
        let again = Vectors::open(dir.path(), "m").expect("vectors");
        assert_eq!(again.contents(), HashMap::from([(DocumentNumber(2), 1)]));
    }

    #[test]
    fn what_is_damaged_or_half_written_is_as_if_it_were_not_there() {
        let dir = tempfile::tempdir().expect("a folder");
        let vectors = Vectors::open(dir.path(), "m").expect("vectors");
        for document in 1..=3 {
            put(&vectors, document, 1, &[[1., 0., 0.]]);
        }
        let file = |name: &str| dir.path().join("m").join(name);
        let mut bytes = fs::read(file("1-1")).expect("a file");
        bytes[HEADER + 5] ^= 1;
        fs::write(file("1-1"), &bytes).expect("written");
        fs::write(file("2-1"), &bytes[..20]).expect("written");
        fs::write(file("3-2.new"), b"vec").expect("written");
        fs::write(file("4-1"), b"").expect("written");
        assert_eq!(found(&vectors, [1., 0., 0.]), [(3, 1, 0)], "seen when they are loaded");
        assert_eq!(vectors.contents().len(), 1);
        let again = Vectors::open(dir.path(), "m").expect("vectors");
        assert_eq!(again.contents(), HashMap::from([(DocumentNumber(3), 1)]), "seen when they are opened");
        assert_eq!(fs::read_dir(dir.path().join("m")).expect("a folder").count(), 2, "nothing is left lying about");
    }
}
