//! Walking from page to page.

use futures::TryStreamExt as _;
use registry_client::{Error, ErrorReason, Model, ModelFilter, ModelOrder, pb};
use tonic::Code;

use crate::fake::{Fake, Reply};

fn page(names: &[&str], next: &str) -> Reply {
    let models = names.iter().map(|&name| Model { name: name.to_owned(), ..Default::default() }).collect();
    Reply::message(&pb::ListModelsResponse { models, next_page_token: next.into(), total_size: None, revision: 9 })
}

#[tokio::test(start_paused = true)]
async fn the_items_of_all_pages_come_in_order_and_end_at_the_empty_token() {
    let fake = Fake::new([page(&["a", "b"], "2"), page(&[], "3"), page(&["c"], "")]);
    let filter = ModelFilter { name_prefix: "x".into(), ..Default::default() };
    let list = fake.client.list_models().filter(filter.clone()).order(ModelOrder::NameAsc).page_size(2);
    let names: Vec<_> = list.items().map_ok(|model| model.name).try_collect().await.unwrap();
    assert_eq!(names, ["a", "b", "c"]);
    let asked: Vec<pb::ListModelsRequest> = fake.seen().iter().map(|seen| seen.message()).collect();
    let expected = ["", "2", "3"].map(|token| pb::ListModelsRequest {
        page_size: 2,
        page_token: token.into(),
        filter: Some(filter.clone()),
        order: ModelOrder::NameAsc.into(),
        ..Default::default()
    });
    assert_eq!(asked, expected, "the other arguments stay as they were");
}

#[tokio::test(start_paused = true)]
async fn a_page_is_asked_for_when_it_is_needed() {
    let fake = Fake::new([page(&["a"], "2"), page(&["b"], "")]);
    let mut pages = fake.client.list_models().pages();
    assert_eq!(fake.seen().len(), 0);
    let first = pages.try_next().await.unwrap().unwrap();
    assert_eq!((first.next_page_token.as_deref(), first.revision, first.total_size), (Some("2"), 9, None));
    assert_eq!(fake.seen().len(), 1);
    let last = pages.try_next().await.unwrap().unwrap();
    assert_eq!(last.next_page_token, None);
    assert!(pages.try_next().await.unwrap().is_none());
    assert!(pages.try_next().await.unwrap().is_none());
    assert_eq!(fake.seen().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn tokens_that_go_round_in_circles_end_the_walk() {
    for (way_in, size) in [(0, 1), (0, 2), (0, 3), (0, 6), (5, 1), (5, 4), (9, 2)] {
        let token = |at: usize| if at < way_in { format!("way in {at}") } else { format!("circle {}", (at - way_in) % size) };
        let fake = Fake::new((0..1000).map(|at| page(&["a"], &token(at))));
        let mut pages = fake.client.list_models().pages();
        let error = loop {
            match pages.try_next().await {
                Ok(page) => assert!(page.is_some()),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, Error::Protocol(_)), "{error}");
        assert!(pages.try_next().await.unwrap().is_none(), "the stream goes on after an error");
        let pages = fake.seen().len();
        assert!(pages <= 4 * (way_in + size) + 2, "{pages} pages for {size} after {way_in}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_items_before_an_error_are_seen() {
    let fake = Fake::new([page(&["a", "b"], "2"), Reply::fail(Code::InvalidArgument, ErrorReason::InvalidPageToken)]);
    let mut items = fake.client.list_models().items();
    assert_eq!(items.try_next().await.unwrap().unwrap().name, "a");
    assert_eq!(items.try_next().await.unwrap().unwrap().name, "b");
    let error = items.try_next().await.unwrap_err();
    assert_eq!(error.reason(), Some(ErrorReason::InvalidPageToken));
    assert!(items.try_next().await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_walk_can_begin_in_the_middle_and_survives_a_failure() {
    let unavailable = Reply::fail(Code::Unavailable, ErrorReason::BackendUnavailable);
    let fake = Fake::new([page(&["b"], "3"), unavailable, page(&["c"], "")]);
    let names: Vec<_> = fake.client.list_models().page_token("2").items().map_ok(|model| model.name).try_collect().await.unwrap();
    assert_eq!(names, ["b", "c"]);
    let tokens: Vec<_> = fake.seen().iter().map(|seen| seen.message::<pb::ListModelsRequest>().page_token).collect();
    assert_eq!(tokens, ["2", "3", "3"]);
}

#[tokio::test(start_paused = true)]
async fn releases_are_walked_the_same_way() {
    let page = |next: &str| {
        let releases = vec![registry_client::Release::default()];
        Reply::message(&pb::ListReleasesResponse { releases, next_page_token: next.into(), total_size: Some(2), revision: 9 })
    };
    let fake = Fake::new([page("2"), page("")]);
    let pages: Vec<_> = fake.client.list_releases().model("iris").include_total_size().pages().try_collect().await.unwrap();
    assert_eq!(pages.iter().map(|page| page.total_size).collect::<Vec<_>>(), [Some(2), Some(2)]);
}
