//! What becomes of a reference that is resolved.

use registry_client::{Error, Reference, ReleaseQuery, ReleaseRef, pb};

use crate::fake::Fake;

const ID: &str = "0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11";

#[tokio::test(start_paused = true)]
async fn a_text_is_resolved_with_what_is_said_beside_it() {
    let fake = Fake::new([]);
    let resolve = fake.client.resolve("acme/iris:^1.2").quantization("fp16").platform("linux/arm64").environment("production");
    let _ = resolve.send().await;
    let query = ReleaseQuery::of("acme/iris").requirement("^1.2").quantization("fp16").platform("linux/arm64");
    let expected: pb::ResolveReleaseRequest = query.environment("production").into();
    assert_eq!(fake.only::<pb::ResolveReleaseRequest>(), expected);
}

#[tokio::test(start_paused = true)]
async fn an_id_is_the_release_itself() {
    let fake = Fake::new([]);
    let reference: Reference = format!("id:{ID}").parse().unwrap();
    let _ = fake.client.resolve(reference).send().await;
    assert_eq!(fake.only::<pb::GetReleaseRequest>().release_ref, Some(ReleaseRef::by_id(ID).into()));
}

#[tokio::test(start_paused = true)]
async fn a_text_that_refers_to_nothing_is_not_sent() {
    let fake = Fake::new([]);
    let error = fake.client.resolve("iris:1.0@production").send().await.unwrap_err();
    assert!(matches!(&error, Error::Invalid(_)) && error.to_string().contains("says twice"), "{error}");
    assert!(fake.seen().is_empty() && !error.outcome_unknown());
}
