//! Another server in place of one service of a peer: for answers that neither AWS nor a peer would give on demand.

use super::Peer;
use axum::Router;
use holdfast_aws::{AwsCloud, AwsSettings};
use std::time::Duration;

impl Peer {
    /// The adapters pointed at this peer, but for `service`, which answers everything with `answer`, after so long. Until
    /// this test's runtime ends.
    pub async fn with_another(&self, service: &str, answer: &'static str, after: Duration) -> AwsCloud {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(move || async move {
            tokio::time::sleep(after).await;
            answer
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        let change_timeout = Duration::from_millis(500);
        let mut settings = AwsSettings { change_timeout, ..self.settings.clone() };
        settings.service_endpoints.insert(service.to_owned(), format!("http://{address}"));
        AwsCloud::new(settings)
    }
}
