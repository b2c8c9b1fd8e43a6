//! The documents of data/, indexed and embedded.

use std::collections::HashSet;
use std::fmt;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use chatbot::analysis;
use chatbot::documents::{Passage, passages};
use chatbot::embedding::{Embedder, EmbeddingSource, Vectors, passage_text};
use chatbot::index::{IndexedDocument, PassageIndex};
use chatbot::model::{DocumentKind, DocumentNumber, UsedIn};
use chatbot::retrieval::Documents;
use sha2::{Digest, Sha256};

/// One document.
pub struct Document {
    pub number: DocumentNumber,
    /// Changes with the text, so that vectors of an older one are not used.
    pub version: u64,
    /// Folder and file without its ending, such as `en/outdoor-shop-faq`.
    pub name: String,
    pub title: String,
    pub text: String,
    pub passages: Vec<Passage>,
}

impl Document {
    fn read(path: &Path, number: u64) -> anyhow::Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let text = analysis::normalize(&text);
        let name = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let language = path.parent().map(name).unwrap_or_default();
        let kind = if name(path).ends_with("-faq") { DocumentKind::Faq } else { DocumentKind::Text };
        let title = text.lines().find_map(|line| line.strip_prefix("# ")).map(str::to_owned);
        let digest = Sha256::digest(text.as_bytes());
        let version = digest.iter().take(7).fold(0, |version, &byte| version << 8 | u64::from(byte));
        Ok(Self {
            number: DocumentNumber(number),
            version,
            name: format!("{language}/{}", name(path)),
            title: title.unwrap_or_else(|| name(path)),
            passages: passages(&text, kind),
            text,
        })
    }

    pub fn content(&self, range: &Range<usize>) -> &str {
        &self.text[range.clone()]
    }

    /// What of a passage is embedded.
    fn embedded(&self, passage: &Passage) -> String {
        let heading = passage.heading.as_ref().map(|heading| self.content(heading));
        passage_text(&self.title, heading, self.content(&passage.range))
    }
}

/// All documents, ready for questions.
pub struct Corpus {
    pub documents: Vec<Document>,
    pub index: Arc<PassageIndex>,
    pub embedder: Arc<Embedder>,
    pub vectors: Arc<Vectors>,
    indexing: Duration,
    /// Passages embedded now and how long that took; those of an earlier run are taken from its files.
    embedding: (usize, Duration),
    _dir: tempfile::TempDir,
}

impl Corpus {
    pub fn open() -> anyhow::Result<Self> {
        let documents = read_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/quality/data"))?;
        let dir = tempfile::tempdir()?;
        let index = Arc::new(PassageIndex::open(dir.path())?);
        let start = Instant::now();
        let entries: Vec<IndexedDocument<'_>> = documents.iter().map(entry).collect();
        index.replace(&entries)?;
        let indexing = start.elapsed();

        let embedder = Arc::new(Embedder::new(EmbeddingSource::BuiltIn).map_err(anyhow::Error::msg)?);
        let model = embedder.id().context("this build has no embedding model")?;
        let vectors = Arc::new(Vectors::open(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("quality"), model)?);
        let embedding = (0, Duration::ZERO);
        Ok(Self { documents, index, embedder, vectors, indexing, embedding, _dir: dir })
    }

    /// Embeds what has no vectors from an earlier run.
    pub async fn embed(&mut self) -> anyhow::Result<()> {
        let (start, known) = (Instant::now(), self.vectors.contents());
        for document in &self.documents {
            if known.get(&document.number) == Some(&document.version) {
                continue;
            }
            eprintln!("embedding {} ({} passages)", document.name, document.passages.len());
            let texts = document.passages.iter().map(|passage| document.embedded(passage)).collect();
            let mut new = self.vectors.begin(document.number, document.version)?;
            new.append(self.embedder.passages(texts).await?)?;
            self.vectors.put(&new)?;
            self.embedding.0 += document.passages.len();
        }
        self.embedding.1 = start.elapsed();
        Ok(())
    }

    /// All of its documents, of which the lists of questions have entries that stand alone.
    pub fn all(&self) -> impl Documents + use<> {
        let those = |belongs: fn(&Document) -> bool| {
            self.documents.iter().filter(|document| belongs(document)).map(|document| document.number).collect()
        };
        AllDocuments {
            faqs: those(|document| document.name.ends_with("-faq")),
            chinese: those(|document| document.name.starts_with("zh-")),
        }
    }

    pub fn document(&self, number: DocumentNumber) -> Option<&Document> {
        self.documents.iter().find(|document| document.number == number)
    }
}

struct AllDocuments {
    faqs: HashSet<DocumentNumber>,
    chinese: HashSet<DocumentNumber>,
}

impl Documents for AllDocuments {
    fn may_be_found(&self, _: DocumentNumber, _: u64) -> bool {
        true
    }

    fn is_continuous(&self, document: DocumentNumber) -> bool {
        !self.faqs.contains(&document)
    }

    fn is_chinese(&self, document: DocumentNumber) -> Option<bool> {
        Some(self.chinese.contains(&document))
    }
}

fn read_all(data: &Path) -> anyhow::Result<Vec<Document>> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for language in ["en", "zh-Hans", "zh-Hant"] {
        for file in fs::read_dir(data.join(language))? {
            paths.push(file?.path());
        }
    }
    paths.sort();
    paths.iter().zip(1..).map(|(path, number)| Document::read(path, number)).collect()
}

fn entry(document: &Document) -> IndexedDocument<'_> {
    IndexedDocument {
        number: document.number,
        version: document.version,
        title: &document.title,
        used_in: &UsedIn::AllRooms,
        text: &document.text,
        passages: &document.passages,
    }
}

impl fmt::Display for Corpus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |language: &str| {
            let documents = self.documents.iter().filter(|document| document.name.starts_with(language));
            documents.map(|document| document.passages.len()).sum::<usize>()
        };
        let all = self.index.passage_count();
        writeln!(f, "{} documents, {all} passages:", self.documents.len())?;
        writeln!(f, "  {} English, {} simplified, {} traditional", of("en/"), of("zh-Hans/"), of("zh-Hant/"))?;
        write!(f, "keyword index made in {:.2?}", self.indexing)?;
        let (count, time) = self.embedding;
        if count > 0 {
            let minute = count as f64 / time.as_secs_f64() * 60.0;
            write!(f, "; {count} passages embedded in {time:.1?}, {minute:.0} a minute on one thread")?;
        }
        Ok(())
    }
}
