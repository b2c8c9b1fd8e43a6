//! Vectors from a remote OpenAI-compatible `/embeddings` endpoint.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use super::{EmbedError, Embedding};
use crate::fetch::{Endpoint, Key, Waits};

/// Texts in one request; hosted services take hundreds, small servers compute one after the other.
const BATCH: usize = 16;

/// Maximum number of concurrent requests for questions.
const QUESTIONS: usize = 8;

/// Bytes of an answer: a batch of 4,096 numbers of 25 characters each takes 1.6 MB.
const MAX_ANSWER: usize = 8 * 1024 * 1024;

/// A server without a GPU needs seconds for a batch.
const WAITS: Waits =
    Waits { first: Duration::from_secs(60), idle: Duration::from_secs(15), total: Duration::from_secs(120) };

/// A remote model.
pub struct Remote {
    endpoint: Endpoint,
    model: String,
    id: String,
    questions: Semaphore,
    /// One batch of passages at a time, so as not to overload the server.
    passages: Semaphore,
}

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    input: &'a [String],
    encoding_format: &'static str,
}

#[derive(Deserialize)]
struct Answer {
    data: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    index: usize,
    embedding: Vec<f32>,
}

impl Remote {
    /// `url` is an address such as `http://localhost:11434/v1`; an error is in words for whoever wrote the settings.
    pub fn new(url: &str, model: String, key: Key) -> Result<Self, String> {
        let endpoint = Endpoint::new(url, key)?;
        let digest = Sha256::digest(format!("{}\n{model}", url.trim_end_matches('/')));
        let id = format!("{digest:x}")[..16].to_owned();
        Ok(Self { endpoint, model, id, questions: Semaphore::new(QUESTIONS), passages: Semaphore::new(1) })
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    pub async fn question(&self, text: String) -> Result<Embedding, EmbedError> {
        let _turn = self.questions.try_acquire().map_err(|_| EmbedError::Busy)?;
        self.ask(&[text]).await?.pop().ok_or(EmbedError::Stopped)
    }

    pub async fn passages(&self, texts: &[String]) -> Result<Vec<Embedding>, EmbedError> {
        let _turn = self.passages.acquire().await.map_err(|_| EmbedError::Stopped)?;
        let mut vectors = Vec::with_capacity(texts.len());
        for batch in texts.chunks(BATCH) {
            vectors.extend(self.ask(batch).await?);
        }
        Ok(vectors)
    }

    async fn ask(&self, texts: &[String]) -> Result<Vec<Embedding>, EmbedError> {
        let wrong = |reason: String| EmbedError::Remote(reason);
        let request = Request { model: &self.model, input: texts, encoding_format: "float" };
        let request = serde_json::to_vec(&request).map_err(|error| wrong(error.to_string()))?;
        let answer = self.endpoint.post("embeddings", request, WAITS).await;
        let answer = answer.map_err(|error| wrong(error.to_string()))?;
        let status = answer.status();
        let (body, truncated) = answer.body(MAX_ANSWER).await.map_err(|error| wrong(error.to_string()))?;
        if !status.is_success() || truncated {
            return Err(wrong(format!("it answered {status}")));
        }
        let answer: Answer = serde_json::from_slice(&body).map_err(|_| wrong("not the vectors asked for".into()))?;
        vectors(answer, texts.len()).ok_or_else(|| wrong("not the vectors asked for".into()))
    }
}

/// One vector for each text, in their order; `None` when any is missing, twice there, or of another size than the rest.
fn vectors(answer: Answer, texts: usize) -> Option<Vec<Embedding>> {
    let mut vectors: Vec<Option<Embedding>> = vec![None; texts];
    for row in answer.data {
        let place = vectors.get_mut(row.index)?;
        if place.replace(Embedding::new(&row.embedding)?).is_some() {
            return None;
        }
    }
    let vectors: Vec<Embedding> = vectors.into_iter().collect::<Option<_>>()?;
    let same_size = vectors.windows(2).all(|pair| pair[0].dimensions() == pair[1].dimensions());
    same_size.then_some(vectors)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// What `texts` become when the server answers with `body`, and what it was asked.
    async fn asked(texts: &[String], status: &str, body: &str) -> (Result<Vec<Embedding>, EmbedError>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
        let remote = Remote::new(&url, "small".into(), Key::new("sk-secret")).expect("a remote model");
        let answering = async {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let mut request = vec![0; 16_384];
            let mut read = 0;
            // The request is whole when its JSON object has ended.
            while !request[..read].ends_with(b"}") {
                read += stream.read(&mut request[read..]).await.expect("a request");
            }
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).await.expect("answered");
            String::from_utf8_lossy(&request[..read]).into_owned()
        };
        tokio::join!(remote.passages(texts), answering)
    }

    #[tokio::test]
    async fn vectors_come_in_the_order_of_the_texts() {
        let body = r#"{"data": [{"index": 1, "embedding": [0, 2]}, {"index": 0, "embedding": [3, 0]}], "usage": {}}"#;
        let (vectors, request) = asked(&["a".into(), "b".into()], "200 OK", body).await;
        let expected = [[1.0, 0.0], [0.0, 1.0]].map(|numbers| Embedding::new(&numbers).expect("a direction"));
        assert!(request.starts_with("POST /v1/embeddings"), "{request}");
        assert!(request.contains(r#""model":"small","input":["a","b"]"#), "{request}");
        assert!(request.contains("Bearer sk-secret"), "{request}");
        let vectors = vectors.expect("vectors");
        assert_eq!(vectors.len(), 2);
        assert!(vectors.iter().zip(&expected).all(|(ours, theirs)| ours.cosine(theirs) > 0.999), "{vectors:?}");
    }

    #[tokio::test]
    async fn an_answer_without_all_vectors_is_an_error() {
        let text = ["a".to_owned()];
        for body in [
            r#"{"data": []}"#,
            r#"{"data": [{"index": 5, "embedding": [1]}]}"#,
            r#"{"data": [{"index": 0, "embedding": []}]}"#,
            r#"{"data": [{"index": 0, "embedding": [0, 0]}]}"#,
            r#"{"data": [{"index": 0, "embedding": [1]}, {"index": 0, "embedding": [1]}]}"#,
            "<html>",
        ] {
            let (vectors, _) = asked(&text, "200 OK", body).await;
            assert!(matches!(vectors, Err(EmbedError::Remote(_))), "{body}: {vectors:?}");
        }
        let (vectors, _) = asked(&text, "429 Too Many Requests", "{}").await;
        assert_eq!(vectors, Err(EmbedError::Remote("it answered 429 Too Many Requests".into())));
    }
}
