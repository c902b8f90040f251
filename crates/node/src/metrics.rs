//! The page of metrics, on an address of its own.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;

use crate::telemetry::Telemetry;

/// Serves `/metrics`; without a listener there is nothing to do.
pub(crate) async fn serve(listener: Option<TcpListener>, telemetry: Arc<Telemetry>) {
    let Some(listener) = listener else { return };
    let router = Router::new()
        .route("/metrics", get(page))
        .with_state(telemetry);
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!(%error, "metrics are no longer served");
    }
}

async fn page(State(telemetry): State<Arc<Telemetry>>) -> impl IntoResponse {
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], telemetry.page())
}
