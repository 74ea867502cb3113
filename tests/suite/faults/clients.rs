//! Callers that go away in the middle.

use futures::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use registry_client::{Error, RetryPolicy};
use registry_server::store::entity::{event, model, state};
use registry_tests::conformance;
use sea_orm::{EntityTrait, PaginatorTrait};
use std::time::Duration;
use tokio::time::timeout;

conformance! {
    /// A caller who goes away during a write leaves it whole or absent, and holds up nobody.
    async fn a_write_is_whole_whoever_goes_away(registry: &Harness) {
        let seed = rand::random();
        println!("seed {seed}");
        let mut random = StdRng::seed_from_u64(seed);
        // Several connections: the server closes one on which too many calls at once are given up.
        let mut clients = Vec::new();
        for _ in 0..20 {
            clients.push(registry_tests::keys::admin(registry.endpoint()).retry(RetryPolicy::none()).connect().await.unwrap());
        }
        let calls = (0..200).map(|number| {
            let patience = Duration::from_micros(random.random_range(0..30_000));
            let create = clients[number % clients.len()].create_model(format!("model-{number}"), "s3://models/").tag("one").tag("two").label("key", "value");
            timeout(patience, create.send())
        });
        let answered = join_all(calls).await;
        assert!(answered.iter().any(Result::is_err), "nobody went away");
        // Comes after all of them: writes are done one after the other.
        registry.client.create_model("last", "s3://models/").send().await.unwrap();
        let mut found = 1;
        for (number, answer) in answered.iter().enumerate() {
            match registry.client.get_model(format!("model-{number}")).send().await {
                Ok(model) => {
                    assert_eq!((model.tags.len(), model.labels.len()), (2, 1), "{model:?}");
                    found += 1;
                }
                Err(error) => {
                    assert!(matches!(error, Error::NotFound(_)), "{error:?}");
                    assert!(answer.is_err(), "acknowledged, and gone");
                }
            }
        }
        let db = registry.sql().await;
        assert_eq!(model::Entity::find().count(&db).await.unwrap(), found);
        assert_eq!(event::Entity::find().count(&db).await.unwrap(), found);
        let head = state::Entity::find().one(&db).await.unwrap().unwrap().revision.number();
        assert_eq!(u64::try_from(head).unwrap(), found);
    }
}
