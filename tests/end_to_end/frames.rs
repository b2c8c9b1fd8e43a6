//! RFC 6455, as far as a server meets it.

use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::raw::{CLOSE, ENDS, GOES_ON, PING, PONG, Raw, TEXT, TEXT_BEGINS, close, frame, header, upgrade};
use crate::support::{Client, TestServer};

/// What closes a fresh connection to which these bytes were written.
async fn closed_by(server: &TestServer, bytes: &[u8]) -> Option<u16> {
    let mut raw = Raw::open(server.address()).await;
    raw.write(bytes).await;
    raw.closed().await
}

fn said(text: &str) -> Vec<u8> {
    json!({"room": "lobby", "message": text, "id": "1"}).to_string().into_bytes()
}

#[tokio::test]
async fn the_handshake_is_answered_as_the_standard_says() {
    let server = TestServer::start().await;
    let mut raw = Raw::connect(server.address()).await;
    raw.write(upgrade("/ws", "").as_bytes()).await;
    let head = raw.head().await.to_lowercase();
    assert!(head.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=\r\n"), "{head}");
    assert!(!head.contains("sec-websocket-extensions"), "none was asked for");
    for (from, to) in [
        ("Upgrade: websocket\r\n", ""),
        ("Version: 13", "Version: 12"),
        ("Key: dGhl", "Key: d"),
        ("Connection: Upgrade\r\n", "Connection: keep-alive\r\n"),
    ] {
        let mut raw = Raw::connect(server.address()).await;
        raw.write(upgrade("/ws", "").replace(from, to).as_bytes()).await;
        assert!(raw.head().await.starts_with("HTTP/1.1 426"), "{from}");
    }
}

#[tokio::test]
async fn fragments_with_a_ping_between_them_are_one_message() {
    let server = TestServer::start().await;
    let mut raw = Raw::open(server.address()).await;
    let whole = said("从前有座山，山上有座庙 🏔");
    // Cut everywhere, also inside characters.
    let mut pieces = whole.chunks(3);
    raw.write(&frame(TEXT_BEGINS, pieces.next().expect("a piece"))).await;
    raw.write(&frame(PING, b"are you there?")).await;
    assert_eq!(raw.frame().await, Some((PONG, b"are you there?".to_vec())), "answered before the message is whole");
    for piece in pieces {
        raw.write(&frame(GOES_ON, piece)).await;
    }
    raw.write(&frame(ENDS, b"")).await;
    assert_eq!(raw.expect("ack").await["seq"], 1);
    let stored = server.request("GET", "/api/rooms/lobby/messages").send().await.json();
    assert_eq!(stored["messages"][0]["message"], "从前有座山，山上有座庙 🏔");
}

#[tokio::test]
async fn bytes_may_come_one_by_one() {
    let server = TestServer::start().await;
    let mut raw = Raw::connect(server.address()).await;
    let bytes = [upgrade("/ws", "").into_bytes(), frame(TEXT, &said("slowly")), frame(PING, b"!")].concat();
    for byte in bytes {
        raw.write(&[byte]).await;
        tokio::task::yield_now().await;
    }
    assert!(raw.head().await.starts_with("HTTP/1.1 101"));
    let answers = [raw.frame().await.expect("a frame").0, raw.frame().await.expect("a frame").0];
    assert!(answers.contains(&PONG) && answers.contains(&TEXT), "{answers:?}");
}

#[tokio::test]
async fn frames_right_behind_the_upgrade_request_are_read() {
    let server = TestServer::start().await;
    let mut raw = Raw::connect(server.address()).await;
    let many: Vec<u8> = (0..50).flat_map(|_| frame(TEXT, br#"{"type":"ping"}"#)).collect();
    let request = upgrade("/ws", "").into_bytes();
    raw.write(&[request, frame(TEXT, &said("early")), frame(PING, b"x"), many].concat()).await;
    assert!(raw.head().await.starts_with("HTTP/1.1 101"));
    let (mut pongs, mut acks, mut replies) = (0, 0, 0);
    for _ in 0..52 {
        match raw.frame().await.expect("a frame") {
            (PONG, payload) => {
                assert_eq!(payload, b"x");
                replies += 1;
            }
            (_, payload) if payload.starts_with(br#"{"type":"ack""#) => acks += 1,
            (_, payload) => {
                assert_eq!(payload, br#"{"type":"pong"}"#);
                pongs += 1;
            }
        }
    }
    assert_eq!((pongs, acks, replies), (50, 1, 1));
}

#[tokio::test]
async fn text_that_is_not_utf_8_closes_with_1007() {
    let server = TestServer::start().await;
    assert_eq!(closed_by(&server, &frame(TEXT, b"{\"message\":\"\xff\"}")).await, Some(1007));
    let halved = [frame(TEXT_BEGINS, b"\xe5"), frame(ENDS, b"\x28")].concat();
    assert_eq!(closed_by(&server, &halved).await, Some(1007));
    assert_eq!(closed_by(&server, &frame(TEXT, b"\xe5\xa4")).await, Some(1007), "ends inside a character");
    assert_eq!(closed_by(&server, &frame(TEXT, b"\xed\xa0\x80")).await, Some(1007), "half of a pair");
}

#[tokio::test]
async fn frames_against_the_rules_close_with_1002() {
    let server = TestServer::start().await;
    let cases: [(&str, Vec<u8>); 12] = [
        ("not masked", [header(TEXT, 2, false), b"{}".to_vec()].concat()),
        ("first reserved bit", frame(TEXT | 0x40, b"{}")),
        ("second reserved bit", frame(TEXT | 0x20, b"{}")),
        ("third reserved bit", frame(TEXT | 0x10, b"{}")),
        ("reserved kind 3", frame(0x83, b"")),
        ("reserved kind 11", frame(0x8b, b"")),
        ("long ping", frame(PING, &[0; 126])),
        ("ping in pieces", frame(0x09, b"")),
        ("close in pieces", frame(0x08, b"")),
        ("nothing to go on with", frame(ENDS, b"x")),
        ("text inside a text", [frame(TEXT_BEGINS, b"{"), frame(TEXT, b"}")].concat()),
        ("close of one byte", frame(CLOSE, b"\x03")),
    ];
    for (what, bytes) in cases {
        assert_eq!(closed_by(&server, &bytes).await, Some(1002), "{what}");
    }
}

#[tokio::test]
async fn the_closing_handshake_is_finished_and_the_connection_ends() {
    let server = TestServer::start().await;
    for code in [1000, 1001, 1003, 1008, 1011, 3000, 4999] {
        assert_eq!(closed_by(&server, &close(code, "bye")).await, Some(code), "the same code comes back");
    }
    assert_eq!(closed_by(&server, &frame(CLOSE, b"")).await, None);
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535] {
        assert_eq!(closed_by(&server, &close(code, "")).await, Some(1002), "{code} may not be sent");
    }
    let not_text = frame(CLOSE, b"\x03\xe8\xff");
    assert!(matches!(closed_by(&server, &not_text).await, Some(1002 | 1007)));
}

#[tokio::test]
async fn what_comes_after_a_close_frame_is_not_taken() {
    let server = TestServer::start().await;
    let mut raw = Raw::open(server.address()).await;
    raw.write(&[close(1000, ""), frame(TEXT, &said("too late"))].concat()).await;
    assert_eq!(raw.closed().await, Some(1000));
    let answer = server.request("GET", "/api/rooms/lobby/messages").send().await;
    assert_eq!(answer.refusal(), (404, "not_found".into()), "the room was never spoken in");
}

#[tokio::test]
async fn an_oversize_frame_closes_with_1009_whatever_it_says_of_its_length() {
    let server = TestServer::start().await;
    for length in [64 * 1024 + 1, 1 << 31, 1 << 40, (1 << 63) - 1] {
        let start = [header(TEXT, length, true), vec![0; 4]].concat();
        assert_eq!(closed_by(&server, &start).await, Some(1009), "{length}");
    }
    let pieces = [frame(TEXT_BEGINS, &[b'x'; 40_000]), frame(ENDS, &[b'x'; 40_000])].concat();
    assert_eq!(closed_by(&server, &pieces).await, Some(1009), "in pieces too");
    let mut raw = Raw::open(server.address()).await;
    raw.write(&frame(TEXT, &[b'x'; 64 * 1024])).await;
    assert_eq!(raw.expect("error").await["code"], "bad_frame", "one that just fits is read");
}

#[tokio::test]
async fn a_length_with_the_highest_bit_set_is_refused() {
    let server = TestServer::start().await;
    let start = [header(TEXT, u64::MAX, true), vec![0; 4]].concat();
    assert!(matches!(closed_by(&server, &start).await, Some(1002 | 1009)));
}

#[tokio::test]
async fn a_binary_frame_is_answered_with_an_error() {
    let server = TestServer::start().await;
    for path in ["/ws", "/ws/chat/lobby/"] {
        let mut client = server.simple(path).await;
        client.send_raw(Message::binary(vec![1, 2, 3])).await;
        assert_eq!(client.expect("error").await["code"], "bad_frame");
        client.send(json!({"message": "still here", "room": "lobby"})).await;
        client.expect(if path == "/ws" { "ack" } else { "message" }).await;
    }
}

#[tokio::test]
async fn bad_frames_are_named_and_the_connection_stays_open() {
    let server = TestServer::start().await;
    let mut ann = server.client("Ann").await;
    for (text, code, names) in [
        ("hello", "bad_frame", "JSON"),
        ("[]", "bad_frame", "object"),
        ("{\"type\":\"join\"", "bad_frame", "JSON"),
        ("{\"type\":\"join\",\"room\":5}", "bad_frame", "room"),
        ("{\"type\":\"join\",\"room\":\"a\",\"after\":-1}", "bad_frame", "after"),
        ("{\"type\":\"join\",\"room\":\"a\",\"after\":1.5}", "bad_frame", "after"),
        ("{\"type\":\"join\"}", "missing_field", "room"),
        ("{\"room\":\"lobby\"}", "missing_field", "message"),
        ("{\"type\":\"cancel\"}", "missing_field", "job"),
        ("{\"type\":\"cancel\",\"job\":\"x\"}", "not_found", "job"),
        ("{\"type\":\"dance\"}", "unknown_type", "dance"),
        ("{\"type\":\"JOIN\",\"room\":\"a\"}", "unknown_type", "JOIN"),
    ] {
        ann.send_raw(Message::text(text)).await;
        let error = ann.expect("error").await;
        assert_eq!(error["code"], code, "{text}");
        assert!(error["message"].as_str().is_some_and(|words| words.contains(names)), "{text}: {error}");
    }
    let deep = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
    ann.send_raw(Message::text(deep)).await;
    assert_eq!(ann.expect("error").await["code"], "bad_frame");
    ann.send_raw(Message::text("{\"message\":\"x\",\"id\":\"7\"}")).await;
    assert_eq!(ann.expect("error").await["id"], "7", "a refused send is named");
    ann.send(json!({"type": "ping", "unknown": [{}]})).await;
    ann.expect("pong").await;
}

#[tokio::test]
async fn errors_are_in_the_clients_language() {
    let server = TestServer::start().await;
    let mut ann = server.client("Ann").await;
    for (locale, shown, words) in [
        ("zh-TW", "zh-Hant", "訊息是空的。"),
        ("zh", "zh-Hans", "消息"),
        ("en-GB", "en", "nothing"),
        ("fr", "en", "nothing"),
    ] {
        ann.send(json!({"type": "hello", "locale": locale})).await;
        assert_eq!(ann.expect("welcome").await["locale"], shown);
        ann.send(json!({"room": "lobby", "message": " "})).await;
        let error = ann.expect("error").await;
        assert!(error["message"].as_str().is_some_and(|text| text.contains(words)), "{locale}: {error}");
    }
}

#[tokio::test]
async fn a_stop_says_that_the_server_is_going_away() {
    let server = TestServer::start().await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    let mut script = server.simple("/ws/chat/lobby").await;
    ann.say("lobby", "last words").await;
    server.stop().await.expect("a clean stop");
    assert_eq!(ann.closed().await, Some(1001));
    assert_eq!(script.closed().await, Some(1001));
}

#[tokio::test]
async fn a_flood_of_binary_frames_is_ended_like_any_other() {
    let server = TestServer::start().await;
    for path in ["/ws", "/ws/chat/lobby/"] {
        let mut client = Client::connect(server.address(), path, &[]).await;
        let mut answered = 0;
        let code = loop {
            for _ in 0..50 {
                client.try_send_raw(Message::binary(vec![0; 16])).await;
            }
            match client.next().await {
                Ok(_) => answered += 1,
                Err(code) => break code,
            }
        };
        assert_eq!(code, Some(4029), "{path} after {answered} answers");
    }
}
