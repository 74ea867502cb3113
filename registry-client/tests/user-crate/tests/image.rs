//! Tested against the real thing, and against a fake for what the real thing does not do when it is asked to.

use registry_client::{Client, Error, ErrorReason, Refusal, Registry, RetryPolicy, async_trait, pb};
use registry_testing::{TestRegistry, digest};
use user_of_the_registry::image;

#[tokio::test]
async fn the_image_is_that_of_the_alias_or_of_the_newest_release() -> Result<(), Box<dyn std::error::Error>> {
    let registry = TestRegistry::start().await?;
    let client = registry.client().await?;
    client.create_model("iris", "s3://models/iris/").send().await?;
    let first = client.create_release("iris", "1.0.0").digest(digest(1)).send().await?;
    client.create_release("iris", "1.1.0").digest(digest(2)).send().await?;
    assert_eq!(image(&client, "iris").await?, "registry.example/iris:1.1.0");
    client.set_release_alias(&first, "production").send().await?;
    assert_eq!(image(&client, "iris").await?, "registry.example/iris:1.0.0");
    Ok(())
}

#[tokio::test]
async fn a_registry_that_is_away_is_an_error() {
    struct Away;

    #[async_trait]
    impl Registry for Away {
        async fn resolve_release(&self, _: pb::ResolveReleaseRequest) -> Result<pb::ResolveReleaseResponse, Error> {
            Err(Refusal::new(ErrorReason::BackendUnavailable).into())
        }
    }

    let client = Client::over(Away).with_retry(RetryPolicy::none());
    assert!(matches!(image(&client, "iris").await, Err(Error::Unavailable(_))));
}
