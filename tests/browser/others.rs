//! People without a browser: what they say and see over HTTP.

use std::net::SocketAddr;

use reqwest::Client;
use serde_json::{Value, json};

/// Says something in a room and returns the stored message.
pub async fn say(server: SocketAddr, room: &str, handle: &str, text: &str) -> Value {
    let body = json!({"handle": handle, "message": text}).to_string();
    let request = Client::new().post(format!("http://{server}/api/rooms/{room}/messages"));
    let response = request.header("content-type", "application/json").body(body).send().await.expect("an answer");
    assert_eq!(response.status(), 201, "{text:?} is stored");
    serde_json::from_slice(&response.bytes().await.expect("a body")).expect("JSON")
}

/// The texts of a room as they are stored.
pub async fn stored(server: SocketAddr, room: &str) -> Vec<String> {
    let messages = get(server, &format!("/api/rooms/{room}/messages?limit=200")).await;
    let texts = messages["messages"].as_array().expect("messages").iter();
    texts.map(|message| message["message"].as_str().expect("a text").to_owned()).collect()
}

pub async fn get(server: SocketAddr, path: &str) -> Value {
    let response = reqwest::get(format!("http://{server}{path}")).await.expect("an answer");
    serde_json::from_slice(&response.bytes().await.expect("a body")).expect("JSON")
}
