//! Exports spans to a collector: OTLP over HTTP in its JSON form (opentelemetry.io/docs/specs/otlp), through `fetch/`.
//!
//! Whoever records a span never waits for it. What the collector does not take is dropped, and counted.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::fetch::{Endpoint, FetchError, Waits};
use crate::telemetry::{EndedSpan, SpanKind, SpanValue, collect_spans, metrics};

/// Most spans in a request.
const BATCH: usize = 512;

/// How long spans are gathered for a request.
const GATHER: Duration = Duration::from_secs(5);

/// What a collector may take.
const WAITS: Waits =
    Waits { first: Duration::from_secs(10), idle: Duration::from_secs(10), total: Duration::from_secs(10) };

/// Pauses before it is tried again to reach it.
const PAUSES: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

/// How long the last spans may take when the server stops.
const AT_STOP: Duration = Duration::from_secs(1);

/// Most bytes that are read of an answer.
const MOST_ANSWER: usize = 16 * 1024;

/// Where spans go, and which.
#[derive(Clone, Debug)]
pub struct Traces {
    pub endpoint: Endpoint,
    /// The share of the traces that is exported, 0 to 1.
    pub share: f64,
}

/// Why a batch was not taken.
#[derive(Debug, thiserror::Error)]
enum ExportError {
    #[error("{0}")]
    Fetch(FetchError),
    #[error("it answered {0}")]
    Status(u16),
}

impl ExportError {
    /// Whether the same batch may be taken a moment later (OTLP, "failures").
    fn may_pass(&self) -> bool {
        matches!(self, Self::Fetch(_) | Self::Status(429 | 502 | 503 | 504))
    }
}

impl Traces {
    /// Exports what ends from now on, until the server stops.
    pub async fn export(self, stopping: CancellationToken) {
        let Some(mut ended) = collect_spans(self.share) else {
            return tracing::warn!("the traces of this process are exported already");
        };
        let mut is_well = true;
        let mut batch = Vec::new();
        while stopping.run_until_cancelled(gather(&mut ended, &mut batch)).await.is_some() {
            let Some(sent) = stopping.run_until_cancelled(self.send_patiently(&batch)).await else { break };
            let now_well = sent.is_ok();
            match sent {
                Ok(()) if !is_well => tracing::info!("traces are exported again"),
                Err(error) if is_well => tracing::warn!(%error, host = self.endpoint.host(), "cannot export traces"),
                _ => {}
            }
            is_well = now_well;
            batch.clear();
        }
        while let Ok(span) = ended.try_recv() {
            batch.push(span);
        }
        if !batch.is_empty() {
            let sent = tokio::time::timeout(AT_STOP, self.send(&batch)).await;
            count(&batch, matches!(sent, Ok(Ok(()))));
        }
    }

    /// Tries again after a while; whatever comes of it is counted.
    async fn send_patiently(&self, batch: &[EndedSpan]) -> Result<(), ExportError> {
        let mut pauses = PAUSES.iter();
        loop {
            let sent = self.send(batch).await;
            match (&sent, pauses.next()) {
                (Err(error), Some(pause)) if error.may_pass() => tokio::time::sleep(*pause).await,
                _ => {
                    count(batch, sent.is_ok());
                    return sent;
                }
            }
        }
    }

    async fn send(&self, batch: &[EndedSpan]) -> Result<(), ExportError> {
        let request = request(batch).to_string().into_bytes();
        let answer = self.endpoint.post("v1/traces", request, WAITS).await.map_err(ExportError::Fetch)?;
        let status = answer.status();
        if !status.is_success() {
            return Err(ExportError::Status(status.as_u16()));
        }
        let body = answer.body(MOST_ANSWER).await.map(|(body, _)| body).unwrap_or_default();
        let rejected = rejected(&body);
        if rejected > 0 {
            tracing::warn!(spans = rejected, "the collector of traces does not take some");
        }
        Ok(())
    }
}

/// Waits for a span and, for a while, for more.
async fn gather(ended: &mut Receiver<EndedSpan>, batch: &mut Vec<EndedSpan>) {
    if ended.recv_many(batch, BATCH).await == 0 {
        return std::future::pending().await;
    }
    let until = Instant::now() + GATHER;
    while batch.len() < BATCH {
        match timeout_at(until, ended.recv_many(batch, BATCH - batch.len())).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

fn count(batch: &[EndedSpan], is_taken: bool) {
    let counter = if is_taken { &metrics().spans_exported } else { &metrics().spans_dropped };
    counter.inc_by(batch.len() as u64);
}

/// How many spans an answer says were not taken. Numbers of 64 bits are texts in OTLP's JSON, but not with all.
fn rejected(body: &[u8]) -> u64 {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let count = &answer["partialSuccess"]["rejectedSpans"];
    count.as_u64().or_else(|| count.as_str()?.parse().ok()).unwrap_or(0)
}

fn request(batch: &[EndedSpan]) -> Value {
    let version = env!("CARGO_PKG_VERSION");
    let resource = [attribute("service.name", "chatbot".into()), attribute("service.version", version.into())];
    let spans: Vec<Value> = batch.iter().map(span).collect();
    let scope = json!({"name": "chatbot", "version": version});
    json!({"resourceSpans": [{
        "resource": {"attributes": resource},
        "scopeSpans": [{"scope": scope, "spans": spans}],
    }]})
}

fn span(ended: &EndedSpan) -> Value {
    let kind = match ended.kind {
        SpanKind::Internal => 1,
        SpanKind::Server => 2,
        SpanKind::Client => 3,
        SpanKind::Consumer => 5,
    };
    let attributes: Vec<Value> = ended.attributes.iter().map(|(key, value)| attribute(key, value.clone())).collect();
    let status = ended.error.as_ref().map_or(json!({}), |error| json!({"code": 2, "message": error}));
    json!({
        "traceId": format!("{:032x}", ended.context.trace),
        "spanId": format!("{:016x}", ended.context.span),
        "parentSpanId": ended.parent.map(|parent| format!("{parent:016x}")).unwrap_or_default(),
        "name": ended.name,
        "kind": kind,
        "startTimeUnixNano": nanoseconds(ended.began_at),
        "endTimeUnixNano": nanoseconds(ended.ended_at),
        "attributes": attributes,
        "status": status,
    })
}

fn attribute(key: &str, value: SpanValue) -> Value {
    let value = match value {
        SpanValue::Text(text) => json!({"stringValue": text}),
        SpanValue::Number(number) => json!({"intValue": number.to_string()}),
    };
    json!({"key": key, "value": value})
}

/// Since 1970.
fn nanoseconds(at: SystemTime) -> String {
    at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_collector_rejects_is_read_in_both_forms() {
        for (body, expected) in [
            ("{\"partialSuccess\":{\"rejectedSpans\":\"3\"}}", 3),
            ("{\"partialSuccess\":{\"rejectedSpans\":4}}", 4),
            ("{\"partialSuccess\":{}}", 0),
            ("{}", 0),
            ("", 0),
            ("odd", 0),
        ] {
            assert_eq!(rejected(body.as_bytes()), expected, "{body}");
        }
    }
}
