//! How much may be uploaded, and how many at once.

use super::{MIB, PATIENCE, chunk, files, first, noise, parent, start, until_files, upload};
use futures::{StreamExt, stream};
use registry_client::{Code, ErrorReason};
use registry_server::domain::{Limit, Quota};
use registry_tests::{Harness, expect, on_every_database, rows, wait};
use std::time::Duration;

on_every_database! {
    /// An artifact that is too large is refused when that is known, at the first byte too many at the latest.
    async fn an_artifact_can_be_too_large(database: Database) {
        let limit = 7 * MIB;
        let registry = Harness::with(database, |settings| settings.quota.artifact = limit as u64).await;
        let parent = parent(&registry).await;
        let before = rows::all(&registry).await;
        let send = |size| registry.client.upload_artifact(&parent, "f").send_reader(std::io::Cursor::new(noise(size, 1)));
        let error = expect::refused(send(limit + 1).await, Code::InvalidArgument, ErrorReason::LimitExceeded);
        assert_eq!(expect::fact(&error, "limit"), limit.to_string());
        let announced = registry.client.upload_artifact(&parent, "f").size_bytes(limit as i64 + 1);
        let announced = announced.send_reader(std::io::Cursor::new(noise(1, 1))).await;
        expect::refused(announced, Code::InvalidArgument, ErrorReason::LimitExceeded);
        until_files(&registry, 0).await;
        wait::until("no leftovers", PATIENCE, async || (rows::all(&registry).await == before).then_some(())).await;
        assert_eq!(send(limit).await.unwrap().size_bytes, Some(limit as i64));
        registry.stop().await;
    }

    /// All together have a limit: equal bytes count once, when it is known that they are equal, and what is purged makes room once its bytes are removed.
    async fn all_artifacts_together_have_a_limit(database: Database) {
        let total = 24 * MIB as u64;
        let registry = Harness::with(database, |settings| settings.quota = Quota { total: Some(total), ..Quota::default() }).await;
        let parent = parent(&registry).await;
        let kept = upload(&registry, &parent, "a", noise(8 * MIB, 1)).await;
        upload(&registry, &parent, "b", noise(8 * MIB, 2)).await;
        upload(&registry, &parent, "c", noise(8 * MIB, 2)).await;
        let full = |announced: bool| {
            let upload = registry.client.upload_artifact(&parent, "d");
            let upload = if announced { upload.size_bytes(9 * MIB as i64) } else { upload };
            upload.send_reader(std::io::Cursor::new(noise(9 * MIB, 3)))
        };
        for announced in [true, false] {
            let error = expect::refused(full(announced).await, Code::ResourceExhausted, ErrorReason::StorageFull);
            assert_eq!(expect::fact(&error, "limit"), total.to_string());
        }
        until_files(&registry, 2).await;
        // What is left has room for less than a reservation, and takes what fits.
        let small = registry.client.upload_artifact(&parent, "e").send_reader(std::io::Cursor::new(noise(4 * MIB, 4))).await;
        registry.client.delete_artifact(&small.unwrap().id).send().await.unwrap();
        registry.client.delete_artifact(&kept.id).send().await.unwrap();
        expect::refused(full(true).await, Code::ResourceExhausted, ErrorReason::StorageFull);
        registry.stop().await;
    }

    /// One more than the server serves at once is told to wait; one caller has no more than half of them.
    async fn there_are_only_so_many_at_once(database: Database) {
        let registry = Harness::with(database, |settings| settings.calls.transfers = 4).await;
        let parent = parent(&registry).await;
        let artifact = upload(&registry, &parent, "f", noise(1, 1)).await;
        let mut held = Vec::new();
        for index in 0..2 {
            let begin = first(start(&parent, &format!("held{index}")));
            let messages = (0..7).map(|index| chunk(noise(MIB, index))).collect::<Vec<_>>();
            let messages = stream::iter(std::iter::once(begin).chain(messages)).chain(stream::pending());
            let mut stub = registry.client.artifact_service();
            held.push(tokio::spawn(async move { stub.upload_artifact(messages).await }));
        }
        wait::until("two uploads on their way", PATIENCE, async || (files(&registry).len() == 3).then_some(())).await;
        let is_full = || async {
            let answer = registry.client.download_artifact(&artifact.id).bytes().await;
            let error = answer.err()?;
            Some(expect::refused(Err::<(), _>(error), Code::ResourceExhausted, ErrorReason::RateLimited))
        };
        let error = wait::until("no more room", PATIENCE, is_full).await;
        assert!(error.retry_delay().is_some_and(|delay| delay > Duration::ZERO), "{error}");
        assert!(registry.refused(Limit::Transfers) >= 1);
        held.iter().for_each(tokio::task::JoinHandle::abort);
        let served = || async { registry.client.download_artifact(&artifact.id).bytes().await.ok() };
        wait::until("room again", PATIENCE, served).await;
        registry.stop().await;
    }
}
