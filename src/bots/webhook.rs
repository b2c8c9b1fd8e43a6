//! Delivers an event to an outgoing webhook. Not a user command: deliveries are created in [`webhooks`](crate::webhooks).

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::StatusCode;
use serde::Serialize;

use super::{Bot, Failure, Reply, Request};
use crate::fetch::{Client, FetchLimits, Posting};
use crate::jobs::{DELIVER, DELIVERY_POLICY, Delivery, Policy, Webhooks};
use crate::model::JobId;
use crate::protocol::{JobView, MessageView};
use crate::text::Text;

/// The body of the response is not read.
const LIMITS: FetchLimits = FetchLimits { time: Duration::from_secs(10), body: 0 };

pub struct Webhook {
    client: Client,
    webhooks: Arc<Webhooks>,
}

/// The body of the request.
#[derive(Serialize)]
struct Body<'a> {
    event: &'static str,
    /// Id of the delivery, the same in every attempt.
    id: &'a JobId,
    room: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<MessageView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<JobView>,
}

impl Webhook {
    pub fn new(client: Client, webhooks: Arc<Webhooks>) -> Self {
        Self { client, webhooks }
    }

    /// `None` if the subject of the event no longer exists.
    async fn body(&self, delivery: &Delivery, request: &Request<'_>) -> Result<Option<Vec<u8>>, Text> {
        let Some(room) = &request.job.room else { return Ok(None) };
        let room = request.chat.room_of_job(room).await?;
        let (event, name) = (delivery.event().as_str(), room.name());
        let body = Body { event, id: &request.job.id, room: name.shown(), message: None, job: None };
        let encode = |body: Body<'_>| serde_json::to_vec(&body).unwrap_or_else(|error| unreachable!("{error}"));
        match &delivery.job {
            Some(job) => Ok(request.jobs.ended_job(job).await?.map(|job| encode(Body { job: Some(job), ..body }))),
            None => {
                let message = request.chat.message(&room, request.seq).await?.filter(|message| !message.deleted);
                let view = message.as_ref().map(|message| MessageView::new(name, request.seq, message));
                Ok(view.map(|view| encode(Body { message: Some(view), ..body })))
            }
        }
    }
}

#[async_trait]
impl Bot for Webhook {
    fn name(&self) -> &str {
        DELIVER
    }

    fn policy(&self) -> Policy {
        DELIVERY_POLICY
    }

    async fn run(&self, request: Request<'_>) -> Result<Reply, Failure> {
        let gone = || Failure::for_good("gone", Text::new("webhook-gone"));
        let delivery = Delivery::parse(&request.job.arguments).ok_or_else(gone)?;
        let webhook = self.webhooks.get(&delivery.webhook).ok_or_else(gone)?;
        let body = self.body(&delivery, &request).await.map_err(|text| Failure::for_now("unreadable", text))?;
        let Some(body) = body else { return Ok(Reply::Words(Text::new("webhook-nothing"))) };
        let (name, id, secret) = (&webhook.name, request.job.id.as_str(), webhook.secret.as_ref());
        let posting = Posting { url: webhook.url.clone(), id, body, secret };
        let answered = self.client.post(posting, LIMITS).await.map_err(|error| {
            let text = Text::new("webhook-unreachable").with("name", name).with("reason", error);
            Failure::for_now(error.code(), text)
        })?;
        let status = answered.status;
        let answer = |key| Text::new(key).with("name", name).with("code", status.as_u16());
        match status {
            status if status.is_success() => Ok(Reply::Words(answer("webhook-done"))),
            // 410: the receiver asks not to retry.
            StatusCode::GONE => Err(Failure::for_good("refused", answer("webhook-refused"))),
            _ => Err(Failure::for_now("refused", answer("webhook-refused"))),
        }
    }
}
