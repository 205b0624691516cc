//! Claims about streams: nothing is lost, nothing is sent twice, and they end.

use crate::{fake::RUN, house::House};
use axum::body::Body;
use holdfast_server::state::Wakeup;
use http_body_util::BodyExt as _;
use std::time::Duration;

struct Stream {
    body: Body,
    text: String,
}

impl Stream {
    async fn open(house: &House, path: &str, headers: &[(&str, &str)]) -> Self {
        let mut request = http::Request::get(path).header("authorization", "Bearer hf_operator");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = house.raw(request.body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert!(response.headers().get("content-encoding").is_none());
        Self { body: response.into_body(), text: String::new() }
    }

    /// Reads on until the text is there.
    async fn reads(&mut self, wanted: &str) {
        while !self.text.contains(wanted) {
            let frame = tokio::time::timeout(Duration::from_secs(10), self.body.frame()).await;
            match frame.unwrap_or_else(|_| panic!("{wanted:?} never came: {}", self.text)) {
                Some(frame) => {
                    self.text.push_str(&String::from_utf8_lossy(&frame.unwrap().into_data().unwrap()))
                }
                None => panic!("ended before {wanted:?}: {}", self.text),
            }
        }
    }

    async fn ends(&mut self) {
        let rest = tokio::time::timeout(Duration::from_secs(10), async {
            while let Some(frame) = self.body.frame().await {
                self.text.push_str(&String::from_utf8_lossy(&frame.unwrap().into_data().unwrap_or_default()));
            }
        });
        rest.await.unwrap_or_else(|_| panic!("did not end: {}", self.text));
    }

    fn ids(&self) -> Vec<i64> {
        self.text.lines().filter_map(|line| line.strip_prefix("id: ")).map(|id| id.parse().unwrap()).collect()
    }
}

fn events() -> String {
    format!("/api/v1/runs/{RUN}/events")
}

#[tokio::test]
async fn a_stream_tells_what_was_and_what_comes_once_each_and_ends_with_the_run() {
    let house = House::new();
    house.plane.happens("requested");
    let mut stream = Stream::open(&house, &events(), &[]).await;
    stream.reads("id: 1\n").await;
    house.plane.happens("approved");
    house.state.wakeups.send(Wakeup::Run(RUN.to_owned())).unwrap();
    stream.reads("id: 2\n").await;
    // Without a wakeup: hints can be lost.
    house.plane.happens("started");
    stream.reads("id: 3\n").await;
    house.plane.happens("completed");
    *house.plane.ended.lock().unwrap() = true;
    stream.ends().await;
    assert_eq!(stream.ids(), [1, 2, 3, 4]);
    assert!(
        stream.text.contains(r#"data: {"seq":4,"at":"1970-01-01T00:00:00Z","kind":"completed""#),
        "{}",
        stream.text
    );
}

#[tokio::test]
async fn a_dropped_connection_resumes_after_the_last_event_it_had() {
    let house = House::new();
    (0..700).for_each(|_| house.plane.happens("step_progress"));
    *house.plane.ended.lock().unwrap() = true;
    let mut stream = Stream::open(&house, &events(), &[("last-event-id", "42")]).await;
    stream.ends().await;
    assert_eq!(stream.ids(), (43..=700).collect::<Vec<_>>());
    let done = house.token_with("GET", &events(), &[("last-event-id", "700")], "").await;
    assert_eq!(done.status, 204, "a browser stops asking");
    let wrong = house.token_with("GET", &events(), &[("last-event-id", "x")], "").await;
    assert_eq!(wrong.status, 400);
}

#[tokio::test]
async fn the_same_events_come_as_an_array_whole() {
    let house = House::new();
    (0..1_200).for_each(|_| house.plane.happens("step_progress"));
    let answer = house.token_with("GET", &events(), &[("accept", "application/json")], "").await;
    assert_eq!(answer.json().as_array().unwrap().len(), 1_200);
    let rest = house
        .token_with("GET", &format!("{}?after=1190", events()), &[("accept", "application/json")], "")
        .await;
    assert_eq!(rest.json().as_array().unwrap().len(), 10);
}

#[tokio::test]
async fn streams_end_when_the_server_stops() {
    let house = House::new();
    let mut run = Stream::open(&house, &events(), &[]).await;
    let mut live = Stream::open(&house, "/live", &[]).await;
    live.reads("event: open").await;
    house.state.closing.cancel();
    run.ends().await;
    live.ends().await;
}

#[tokio::test]
async fn an_open_page_is_told_to_look_again_and_nothing_else() {
    let house = House::new();
    let mut live = Stream::open(&house, "/live?application=shop", &[]).await;
    live.reads("event: open").await;
    for wakeup in
        [Wakeup::Application("other".into()), Wakeup::Run(RUN.into()), Wakeup::Application("shop".into())]
    {
        house.state.wakeups.send(wakeup).unwrap();
    }
    live.reads("data: application:shop").await;
    assert!(!live.text.contains("other") && !live.text.contains(RUN), "{}", live.text);
}
