//! The task that reads the watch, for as long as anybody resolves.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::time::sleep;

use super::lock;
use super::memory::Memory;
use crate::Watch;

/// How long to wait after a failure that will not pass by itself. Somebody may do something about it.
const PAUSE: Duration = Duration::from_secs(60);

pub(super) async fn follow(watch: Watch, memory: Arc<Mutex<Memory>>) {
    loop {
        let mut watching = watch.clone().stream();
        while let Some(item) = watching.next().await {
            lock(&memory).hear(item, watching.revision());
        }
        sleep(PAUSE).await;
    }
}
