//! What people are told of the limits: by the server, and by `--help`.

use clap::{CommandFactory, Parser};
use registry_client::pb::get_server_info_response::Limits as Published;
use registry_server::api::{MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES};
use registry_server::config::Config;
use registry_server::domain::page::MAX_PAGE_SIZE;
use registry_server::domain::{Limit, Quota, Retention};
use registry_server::layer::{CallLimits, MAX_DEADLINE};
use registry_server::listener::{KEEP_ALIVE_INTERVAL, KEEP_ALIVE_TIMEOUT, Limits, MAX_HEADER_BYTES};
use registry_tests::{Harness, on_every_database};
use std::time::Duration;

on_every_database! {
    /// Every number that GetServerInfo knows is the one that holds. Both sides are taken apart: one more does not compile.
    async fn every_limit_is_told(database: Database) {
        let (connections, calls) = (
            Limits { connections: 9001, connections_per_address: 9002, streams: 93, handshake: Duration::from_secs(9) },
            CallLimits {
                calls_in_flight: 9004,
                request_bytes_in_flight: 5_000_000_005,
                calls_per_second: 9006,
                failed_authentications: 9007,
                watches: 9008,
                watches_per_caller: 9009,
                transfers: 9010,
                exports: 11,
                imports: 9012,
            },
        );
        let quota = Quota { artifact: 5_000_000_006, total: Some(5_000_000_007) };
        let registry = Harness::with(database, |settings| {
            (settings.limits, settings.calls, settings.quota) = (connections, calls, quota);
        })
        .await;
        let told = registry.client.server_info().send().await.unwrap().limits.unwrap();
        let Retention { deleted, answers, audit, orphans, events: _ } = Retention::default();
        let time = |duration| Some(prost_types::Duration::try_from(duration).unwrap());
        let expected = Published {
            max_request_bytes: MAX_REQUEST_BYTES.try_into().unwrap(),
            max_response_bytes: MAX_RESPONSE_BYTES.try_into().unwrap(),
            max_page_size: MAX_PAGE_SIZE.into(),
            max_batch_size: 250,
            max_metadata_bytes: 64 * 1024,
            max_deadline: time(MAX_DEADLINE),
            request_id_retention: time(answers),
            soft_delete_retention: time(deleted),
            max_header_bytes: MAX_HEADER_BYTES.into(),
            max_streams_per_connection: 93,
            max_connections: 9001,
            max_connections_per_address: 9002,
            max_calls_in_flight: 9004,
            max_request_bytes_in_flight: 5_000_000_005,
            max_watches: 9008,
            max_watches_per_caller: 9009,
            max_calls_per_second: 9006,
            max_failed_authentications: 9007,
            audit_retention: time(audit),
            handshake_timeout: time(Duration::from_secs(9)),
            keep_alive_interval: time(KEEP_ALIVE_INTERVAL),
            keep_alive_timeout: time(KEEP_ALIVE_TIMEOUT),
            max_metadata_depth: 16,
            max_artifact_bytes: 5_000_000_006,
            max_stored_bytes: 5_000_000_007,
            max_transfers: 9010,
            transfer_idle_timeout: time(Duration::from_secs(60)),
            orphan_retention: time(orphans),
            max_transfer_items: 500,
            max_transfer_bytes: 1024 * 1024,
            max_exports: 11,
            max_imports: 9012,
            export_idle_timeout: time(Duration::from_secs(30)),
        };
        assert_eq!(told, expected);
        registry.stop().await;
    }
}

/// Every limit has a flag that `--help` explains, and what it is set to arrives.
#[test]
fn every_limit_has_a_flag() {
    let help = Config::command().render_long_help().to_string();
    for limit in Limit::ALL {
        assert!(help.contains(limit.flag()), "{}", limit.flag());
    }
    let calls = |args: &[&str]| {
        Config::try_parse_from(["registry-server"].iter().chain(args)).map(|config| config.settings().unwrap().calls)
    };
    assert_eq!(calls(&[]).unwrap(), CallLimits::default());
    let args = [
        "--max-calls-in-flight=1",
        "--max-request-bytes-in-flight=2000000",
        "--max-calls-per-second=0",
        "--max-failed-authentications=4",
        "--max-watches=5",
        "--max-watches-per-caller=6",
        "--max-transfers=7",
        "--max-exports=8",
        "--max-imports=9",
    ];
    let told = CallLimits {
        calls_in_flight: 1,
        request_bytes_in_flight: 2_000_000,
        calls_per_second: 0,
        failed_authentications: 4,
        watches: 5,
        watches_per_caller: 6,
        transfers: 7,
        exports: 8,
        imports: 9,
    };
    assert_eq!(calls(&args).unwrap(), told);
    for wrong in [
        "--max-calls-in-flight=0",
        "--max-request-bytes-in-flight=1048585",
        "--max-calls-per-second=-1",
        "--max-failed-authentications=x",
        "--max-exports=0",
        "--max-exports=17",
        "--max-imports=0",
    ] {
        assert!(calls(&[wrong]).is_err(), "{wrong}");
    }
}
