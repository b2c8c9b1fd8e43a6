//! Requests of the owner, for what a bench does beside its load.

use std::net::SocketAddr;

use reqwest::{Client, Method, Response};
use serde_json::{Value, json};

use crate::server::OWNER_KEY;

pub struct Requests {
    address: SocketAddr,
    client: Client,
}

impl Requests {
    pub fn to(address: SocketAddr) -> Self {
        Self { address, client: Client::new() }
    }

    /// Sends a request; what it is answered, if that is a success.
    pub async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, String> {
        let mut request = self.client.request(method, format!("http://{}{path}", self.address)).bearer_auth(OWNER_KEY);
        if let Some(body) = body {
            request = request.header("Content-Type", "application/json").body(body.to_string());
        }
        let answer = request.send().await.and_then(Response::error_for_status);
        let answer = answer.map_err(|error| format!("{path}: {error}"))?.bytes().await;
        let answer = answer.map_err(|error| format!("{path}: {error}"))?;
        Ok(serde_json::from_slice(&answer).unwrap_or_default())
    }

    /// Makes a room in which the bot follows commands; where its messages are.
    pub async fn room_with_bot(&self, name: &str) -> Result<String, String> {
        let messages = format!("/api/rooms/{name}/messages");
        self.send(Method::POST, &messages, Some(json!({"message": "the first"}))).await?;
        self.send(Method::PATCH, &format!("/api/rooms/{name}"), Some(json!({"bot": "mention"}))).await?;
        Ok(messages)
    }
}
