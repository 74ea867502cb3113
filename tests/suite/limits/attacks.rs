//! Attacks on HTTP/2 itself, while a neighbour goes on working: each of its calls is answered, and the server needs no more
//! memory afterwards than before, give or take a little.

use super::PATIENCE;
use registry_client::Client;
use registry_tests::attacks::{Attack, Made};
use registry_tests::binary::{Binary, Running};
use registry_tests::{memory, wait};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::tempdir;
use tokio_util::task::AbortOnDropHandle;

/// How often each thing is done that costs nothing to do.
const TIMES: u32 = 10_000;
/// How much memory an attack may cost: what HTTP/2 has in its hands of one connection, and what the allocator keeps.
const MOST: u64 = 32 * 1024;

/// Somebody who works all the time. Panics, and with it the test, when a call is not answered.
struct Neighbour {
    answered: Arc<AtomicU64>,
    working: AbortOnDropHandle<()>,
}

impl Neighbour {
    fn of(client: Client) -> Self {
        let answered = Arc::<AtomicU64>::default();
        let counted = Arc::clone(&answered);
        let work = async move {
            loop {
                client.get_model("iris").send().await.expect("an answer to the neighbour");
                counted.fetch_add(1, Ordering::SeqCst);
            }
        };
        Self { answered, working: AbortOnDropHandle::new(tokio::spawn(work)) }
    }

    /// Waits until it is answered once more.
    async fn is_answered(&self) {
        let before = self.answered.load(Ordering::SeqCst);
        wait::until("an answer to the neighbour", PATIENCE, async || {
            assert!(!self.working.is_finished(), "a call of the neighbour was not answered");
            (self.answered.load(Ordering::SeqCst) > before + 1).then_some(())
        })
        .await;
    }
}

async fn server(directory: &std::path::Path) -> Running {
    let server = Binary::on_free_port(directory).start().await.unwrap();
    server.client().await.create_model("iris", "/iris").send().await.unwrap();
    server
}

/// What must become of each, at the least.
fn is_withstood(attack: Attack, made: Made) -> bool {
    let ended = matches!(made, Made::Ended { .. });
    match attack {
        // The connection is ended: with ENHANCE_YOUR_CALM, or because it breaks the protocol.
        Attack::RapidReset | Attack::MadeYouReset | Attack::Continuation | Attack::WindowOfNothing | Attack::WindowOverflow => {
            ended
        }
        // Each stream is refused, or the connection is ended.
        Attack::DataAfterEnd | Attack::Giant | Attack::Priority => ended || matches!(made, Made::Open { refused } if refused > 0),
        // Each is answered, by a status or an acknowledgement, or the connection is ended.
        Attack::OversizeHeaders | Attack::HpackBomb | Attack::Settings | Attack::Ping | Attack::EmptyData => true,
    }
}

/// One after the other, twice: what the first round leaves behind, the second would leave again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attacks_on_http2_hurt_nobody_else() {
    let directory = tempdir().unwrap();
    let server = server(directory.path()).await;
    let neighbour = Neighbour::of(server.client().await);
    for attack in Attack::ALL {
        let times = if matches!(attack, Attack::HpackBomb | Attack::OversizeHeaders) { TIMES / 50 } else { TIMES };
        for round in 1..=2 {
            memory::forget(server.pid());
            let before = memory::now(server.pid());
            let made = attack.run(server.address(), times).await;
            let grew = memory::most(server.pid()).saturating_sub(before);
            println!("{attack:?} {round}: {made:?}, {grew} KiB");
            assert!(is_withstood(attack, made), "{attack:?}: {made:?}");
            assert!(grew <= MOST, "{attack:?}: {grew} KiB");
            neighbour.is_answered().await;
        }
    }
    drop(neighbour);
    let log = server.stop().await.log;
    assert!(!log.contains("ERROR") && !log.contains("panicked"), "{log}");
}
