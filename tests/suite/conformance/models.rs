//! Models.

use registry_client::{Code, ErrorReason};
use registry_tests::{conformance, given};

conformance! {
    /// What was sent comes back, and what was not sent comes back absent.
    async fn a_model_without_a_repository_has_none(registry: &Harness) {
        let created = given::model(registry, "erik").await;
        assert_eq!(created.repository, None);
        let read = registry.client.get_model("erik").send().await.unwrap();
        assert_eq!(read, created);
    }

    /// A name is taken once, and the error says by whom.
    async fn a_name_is_taken_once(registry: &Harness) {
        let first = given::model(registry, "erik").await;
        let error = registry.client.create_model("erik", "elsewhere").send().await.unwrap_err();
        assert_eq!(error.code(), Code::AlreadyExists);
        assert_eq!(error.reason(), Some(ErrorReason::ModelAlreadyExists));
        assert_eq!(error.metadata().get("id"), Some(&first.id));
    }
}
