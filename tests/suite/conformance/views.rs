//! Views: what the basic one leaves out, and which one is meant where none is given.

use registry_client::{IntoStruct, Model, ModelView, Release, ReleaseView, pb};
use registry_tests::{Harness, conformance, given};
use serde_json::json;

async fn full(registry: &Harness) -> (Model, Release) {
    let training = || pb::TrainingMetadata { gpu_count: Some(8), ..Default::default() };
    let metadata = json!({"k": "v"}).into_struct().unwrap();
    let create =
        registry.client.create_model("m", "/m").metadata(metadata.clone()).training(training()).description("d").tag("t");
    create.label("l", "v").send().await.unwrap();
    let create = registry.client.create_release("m", "1").digest(given::digest(1)).metadata(metadata).training(training());
    let release = create.release_notes("n").label("l", "v").send().await.unwrap();
    (registry.client.get_model("m").send().await.unwrap(), release)
}

fn basic_model(model: &Model) -> Model {
    Model { metadata: None, training: None, release_count: None, ..model.clone() }
}

fn basic_release(release: &Release) -> Release {
    let none = Release { metadata: None, training: None, release_notes: None, ..release.clone() };
    Release { artifact_count: None, live_deployment_count: None, ..none }
}

conformance! {
    /// The basic view of a model is all but metadata, training and the number of releases; lists show it, everything else shows all.
    async fn the_views_of_a_model(registry: &Harness) {
        let (model, _) = full(registry).await;
        assert_eq!(model.release_count, Some(1));
        assert!(model.metadata.is_some() && model.training.is_some());
        let basic = basic_model(&model);
        let client = &registry.client;
        for (view, expected) in [(ModelView::Unspecified, &model), (ModelView::Full, &model), (ModelView::Basic, &basic)] {
            assert_eq!(&client.get_model("m").view(view).send().await.unwrap(), expected, "{view:?}");
            assert_eq!(&client.batch_get_models(["m"]).view(view).send().await.unwrap()[0], expected, "{view:?}");
        }
        for (view, expected) in [(ModelView::Unspecified, &basic), (ModelView::Full, &model), (ModelView::Basic, &basic)] {
            assert_eq!(&client.list_models().view(view).send().await.unwrap().items[0], expected, "{view:?}");
        }
        assert_eq!(client.update_model("m").description("d").send().await.unwrap(), model);
    }

    /// The basic view of a release is all but metadata, training, notes and counts; lists show it, everything else shows all.
    async fn the_views_of_a_release(registry: &Harness) {
        let (_, release) = full(registry).await;
        assert!(release.metadata.is_some() && release.training.is_some() && release.release_notes.is_some());
        let basic = basic_release(&release);
        let client = &registry.client;
        for (view, expected) in [(ReleaseView::Unspecified, &release), (ReleaseView::Full, &release), (ReleaseView::Basic, &basic)] {
            assert_eq!(&client.get_release(&release).view(view).send().await.unwrap(), expected, "{view:?}");
            assert_eq!(&client.batch_get_releases([&release]).view(view).send().await.unwrap()[0], expected, "{view:?}");
        }
        for (view, expected) in [(ReleaseView::Unspecified, &basic), (ReleaseView::Full, &release), (ReleaseView::Basic, &basic)] {
            assert_eq!(&client.list_releases().view(view).send().await.unwrap().items[0], expected, "{view:?}");
            assert_eq!(&client.list_releases().model("m").view(view).send().await.unwrap().items[0], expected, "{view:?}");
        }
        assert_eq!(client.resolve_release("m").latest().send().await.unwrap(), release);
        assert_eq!(client.update_release(&release).release_notes("n").send().await.unwrap(), release);
        assert_eq!(client.promote_release(&release).send().await.unwrap(), release);
    }

    /// The number of releases follows what is created, and is told only where all of a model is shown.
    async fn the_number_of_releases_is_counted(registry: &Harness) {
        given::model(registry, "m").await;
        given::model(registry, "n").await;
        for number in 1..=3 {
            given::release(registry, "m", &number.to_string()).await;
            assert_eq!(registry.client.get_model("m").send().await.unwrap().release_count, Some(number));
        }
        let models = registry.client.batch_get_models(["n", "m"]).send().await.unwrap();
        assert_eq!(models.iter().map(|model| model.release_count).collect::<Vec<_>>(), [Some(0), Some(3)]);
        assert_eq!(registry.client.update_model("m").description("d").send().await.unwrap().release_count, Some(3));
        let list = registry.client.list_models().view(ModelView::Full).order(registry_client::ModelOrder::NameAsc).send().await.unwrap();
        assert_eq!(list.items.iter().map(|model| model.release_count).collect::<Vec<_>>(), [Some(3), Some(0)]);
    }
}
