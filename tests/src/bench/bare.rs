//! The bare server: tonic, SeaORM and a health service, nothing else. It connects, asks one thing, and listens. What a start costs at
//! the least, and how much memory.

use sea_orm::{ConnectionTrait, Database};
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// Serves until the process ends.
///
/// # Panics
/// If the database does not answer, or it cannot listen.
#[expect(clippy::print_stdout, reason = "the line that says where it listens")]
pub async fn serve(database_url: &str) {
    let db = Database::connect(database_url).await.expect("a connection");
    db.execute_unprepared("SELECT 1").await.expect("an answer");
    let (_reporter, health) = tonic_health::server::health_reporter();
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a port");
    println!("bare listening on {}", listener.local_addr().expect("an address"));
    let incoming = tonic::transport::server::TcpIncoming::from(listener).with_nodelay(Some(true));
    tonic::transport::Server::builder().add_service(health).serve_with_incoming(incoming).await.expect("a server");
}
