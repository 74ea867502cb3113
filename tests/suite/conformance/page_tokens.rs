//! Page tokens: what is accepted as one, and where.

use registry_client::{
    Code, Error, ErrorReason, LabelSelector, ModelFilter, ModelOrder, ModelView, ReleaseOrder, ReleaseView, pb,
};
use registry_tests::{Database, Harness, conformance, expect, given};

async fn models(registry: &Harness) -> String {
    for name in ["a", "b", "c", "d"] {
        given::model(registry, name).await;
        given::release(registry, name, "1").await;
    }
    registry.client.list_models().page_size(2).send().await.unwrap().next_page_token.unwrap()
}

#[track_caller]
fn invalid<T: std::fmt::Debug>(answer: Result<T, Error>) {
    expect::refused(answer, Code::InvalidArgument, ErrorReason::InvalidPageToken);
}

#[track_caller]
fn mismatch<T: std::fmt::Debug>(answer: Result<T, Error>) {
    expect::refused(answer, Code::InvalidArgument, ErrorReason::PageTokenMismatch);
}

/// The token with one bit of one of its characters flipped.
fn flipped(token: &str, place: usize, bit: u8) -> String {
    let mut bytes = token.as_bytes().to_vec();
    bytes[place] ^= 1 << bit;
    String::from_utf8(bytes).unwrap()
}

conformance! {
    /// A token with one bit flipped, anywhere, is refused, and nothing of it is believed.
    async fn a_flipped_bit_is_noticed(registry: &Harness) {
        let token = models(registry).await;
        for place in 0..token.len() {
            for bit in [0, 2, 5] {
                let flipped = flipped(&token, place, bit);
                invalid(registry.client.list_models().page_size(2).page_token(flipped).send().await);
            }
        }
        let next = registry.client.list_models().page_size(2).page_token(token).send().await.unwrap();
        assert_eq!((next.items.len(), next.next_page_token), (2, None));
    }

    /// A token that was cut, extended, doubled or made up is refused.
    async fn what_is_no_token_is_refused(registry: &Harness) {
        let token = models(registry).await;
        for length in 1..token.len() {
            invalid(registry.client.list_models().page_token(&token[..length]).send().await);
        }
        let other = [
            "x".to_owned(), " ".to_owned(), "=".to_owned(), format!("{token}="), format!("{token}A"), format!("{token}{token}"),
            format!(" {token}"), token.to_lowercase(), token.chars().rev().collect(), "é".to_owned(), "2".to_owned(), "0".repeat(4),
            "A".repeat(100), "A".repeat(400_000), "' OR 1=1 --".to_owned(), "../../etc/passwd".to_owned(),
        ];
        for other in other {
            invalid(registry.client.list_models().page_token(&other).send().await);
            invalid(registry.client.list_releases().page_token(&other).send().await);
        }
        let nul = registry.client.list_models().page_token("a\0b").send().await.unwrap_err();
        assert_eq!(nul.code(), Code::InvalidArgument);
    }

    /// The empty token is the first page.
    async fn the_empty_token_is_the_first_page(registry: &Harness) {
        models(registry).await;
        let first = registry.client.list_models().page_size(2).send().await.unwrap();
        assert_eq!(registry.client.list_models().page_size(2).page_token("").send().await.unwrap(), first);
    }

    /// A token belongs to the list it came from: with another order, view, filter or deletion it is refused.
    async fn a_token_belongs_to_its_arguments(registry: &Harness) {
        let token = models(registry).await;
        let list = || registry.client.list_models().page_size(2).page_token(&token);
        mismatch(list().order(ModelOrder::NameAsc).send().await);
        mismatch(list().order(ModelOrder::CreateTimeAsc).send().await);
        mismatch(list().view(ModelView::Full).send().await);
        mismatch(list().show_deleted().send().await);
        mismatch(list().filter(ModelFilter { requires_gpu: Some(true), ..ModelFilter::default() }).send().await);
        let filter = || ModelFilter { name_prefix: "a".into(), any_of: vec![ModelFilter::default()], ..ModelFilter::default() };
        for name in ["aa", "ab", "ac"] {
            given::model(registry, name).await;
        }
        let filtered = registry.client.list_models().filter(filter()).page_size(1).send().await.unwrap().next_page_token.unwrap();
        let condition = Some(pb::label_selector::Condition::Exists(false));
        let others = [
            ModelFilter { name_prefix: "b".into(), ..filter() },
            ModelFilter { any_of: Vec::new(), ..filter() },
            ModelFilter { any_of: Vec::new(), none_of: filter().any_of, ..filter() },
            ModelFilter { labels: vec![LabelSelector { key: "k".into(), condition }], ..filter() },
            ModelFilter::default(),
        ];
        for other in others {
            mismatch(registry.client.list_models().filter(other).page_token(&filtered).send().await);
        }
        mismatch(registry.client.list_models().page_token(&filtered).send().await);
        let same = registry.client.list_models().filter(filter()).page_size(3).page_token(&filtered).include_total_size().send().await;
        assert_eq!(same.unwrap().items.len(), 3);
    }

    /// A token of one method is not one of another.
    async fn a_token_belongs_to_its_method(registry: &Harness) {
        let token = models(registry).await;
        mismatch(registry.client.list_releases().page_token(&token).send().await);
        let releases = registry.client.list_releases().page_size(2).send().await.unwrap().next_page_token.unwrap();
        mismatch(registry.client.list_models().page_token(&releases).send().await);
        let list = || registry.client.list_releases().page_token(&releases);
        mismatch(list().model("a").send().await);
        mismatch(list().order(ReleaseOrder::CreateTimeAsc).send().await);
        mismatch(list().view(ReleaseView::Full).send().await);
        assert_eq!(list().page_size(2).send().await.unwrap().items.len(), 2);
    }

    /// A token of another registry is refused, also if that one has the same models.
    async fn a_token_of_another_registry_is_refused(registry: &Harness) {
        let token = models(registry).await;
        let other = Harness::start(registry.database).await;
        let others = models(&other).await;
        invalid(other.client.list_models().page_size(2).page_token(&token).send().await);
        invalid(registry.client.list_models().page_size(2).page_token(&others).send().await);
        assert_eq!(other.client.list_models().page_size(2).page_token(&others).send().await.unwrap().items.len(), 2);
        other.stop().await;
    }
}

/// A token outlives a restart of the server.
async fn outlives_a_restart(database: Database) {
    let registry = Harness::start(database).await;
    let token = models(&registry).await;
    let registry = registry.restart_after(|_| async {}).await.unwrap();
    assert_eq!(registry.client.list_models().page_size(2).page_token(&token).send().await.unwrap().items.len(), 2);
    registry.stop().await;
}

#[tokio::test]
async fn a_token_outlives_a_restart_on_sqlite() {
    outlives_a_restart(Database::Sqlite).await;
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn a_token_outlives_a_restart_on_postgres() {
    outlives_a_restart(Database::Postgres).await;
}
