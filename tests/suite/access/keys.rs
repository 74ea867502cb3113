//! The life of an API key.

use prost_types::{Duration as Span, FieldMask};
use registry_client::pb::{
    ApiKey, ApiKeyState, GetApiKeyRequest, GetCallerApiKeyRequest, ListApiKeysRequest, Role, RotateApiKeyRequest,
    TransitionApiKeyRequest, UpdateApiKeyRequest,
};
use registry_client::{Client, Code, Error, ErrorReason};
use registry_proto::field::FIELDS;
use registry_tests::{Harness, conformance, expect, given, keys, on_every_database, wait};
use std::time::Duration;

const HOUR: i64 = 3_600_000_000;

async fn get(client: &Client, id: &str) -> Result<ApiKey, Error> {
    Ok(client.call(GetApiKeyRequest { api_key_id: id.to_owned() }).send().await?.api_key.unwrap())
}

async fn update(registry: &Harness, id: &str, api_key: ApiKey, paths: &[&str]) -> Result<ApiKey, Error> {
    let update_mask = Some(FieldMask { paths: paths.iter().map(ToString::to_string).collect() });
    let request = UpdateApiKeyRequest { api_key_id: id.to_owned(), api_key: Some(api_key), update_mask, ..Default::default() };
    Ok(registry.client.call(request).send().await?.api_key.unwrap())
}

async fn step(client: &Client, key: &ApiKey, state: ApiKeyState) -> Result<ApiKey, Error> {
    let request = TransitionApiKeyRequest { api_key_id: key.id.clone(), target_state: state.into(), ..Default::default() };
    Ok(client.call(request).send().await?.api_key.unwrap())
}

async fn rotate(registry: &Harness, key: &ApiKey, seconds: Option<i64>) -> (ApiKey, String) {
    let grace_period = seconds.map(|seconds| Span { seconds, nanos: 0 });
    let rotated = registry.client.call(RotateApiKeyRequest { api_key_id: key.id.clone(), grace_period }).send().await.unwrap();
    (rotated.api_key.unwrap(), rotated.secret)
}

/// Whether a secret lets somebody in.
async fn works(registry: &Harness, secret: &str) -> bool {
    match keys::client(registry.endpoint(), secret).await.list_models().send().await {
        Ok(_) => true,
        refused => {
            expect::refused(refused, Code::Unauthenticated, ErrorReason::Unauthenticated);
            false
        }
    }
}

async fn listed(registry: &Harness, states: &[ApiKeyState]) -> Vec<String> {
    let (mut names, mut page_token) = (Vec::new(), String::new());
    loop {
        let states = states.iter().map(|state| i32::from(*state)).collect();
        let page = registry.client.call(ListApiKeysRequest { page_size: 2, page_token, states }).send().await.unwrap();
        names.extend(page.api_keys.into_iter().map(|key| key.name));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return names;
        }
    }
}

conformance! {
    /// A key is what it was asked to be; without a role, it may read. Its secret begins with its prefix and works.
    async fn a_key_is_created(registry: &Harness) {
        let asked = ApiKey {
            name: "ci-release-bot@acme+1".into(),
            role: Role::Operator.into(),
            description: Some("releases".into()),
            expire_time: Some(given::time(HOUR)),
            model_name_prefixes: vec!["team-b/".into(), "team-a/".into(), "team-b/".into()],
            ..Default::default()
        };
        // Everything that a caller may write is in it: a new field is to be added here.
        let fields = FIELDS.iter().filter(|field| field.message == "modelregistry.v1.ApiKey" && !field.output_only);
        let names: Vec<&str> = fields.map(|field| field.name).collect();
        assert_eq!(names, ["name", "role", "description", "expire_time", "etag", "model_name_prefixes"]);
        let (key, secret) = keys::make_as(registry, asked.clone()).await;
        let expected = ApiKey {
            id: key.id.clone(),
            prefix: format!("mrk_{}", key.id.replace('-', "")),
            state: ApiKeyState::Active.into(),
            create_time: Some(given::time(0)),
            update_time: Some(given::time(0)),
            etag: key.etag.clone(),
            model_name_prefixes: vec!["team-a/".into(), "team-b/".into()],
            ..asked
        };
        assert_eq!(key, expected);
        assert_eq!(get(&registry.client, &key.id).await.unwrap(), expected);
        assert!(secret.starts_with(&format!("{}_", key.prefix)) && secret.len() == 4 + 32 + 1 + 64, "{}", secret.len());
        let caller = keys::client(registry.endpoint(), &secret).await;
        assert_eq!(caller.call(GetCallerApiKeyRequest {}).send().await.unwrap().api_key.unwrap(), expected);
        let (viewer, _) = keys::make(registry, "no-role", Role::Unspecified).await;
        assert_eq!((viewer.role(), viewer.expire_time, viewer.description), (Role::Viewer, None, None));
    }

    /// Names are unique for ever, and the ones that the registry uses itself are taken.
    async fn a_name_is_used_once(registry: &Harness) {
        let (key, _) = keys::make(registry, "bot", Role::Viewer).await;
        let again = || registry.client.call(keys::asks(ApiKey { name: "bot".into(), ..Default::default() })).send();
        expect::refused(again().await, Code::AlreadyExists, ErrorReason::ApiKeyAlreadyExists);
        keys::transition(registry, &key, ApiKeyState::Revoked).await;
        expect::refused(again().await, Code::AlreadyExists, ErrorReason::ApiKeyAlreadyExists);
        for name in ["anonymous", "registry"] {
            let asked = registry.client.call(keys::asks(ApiKey { name: name.into(), ..Default::default() }));
            expect::invalid(asked.send().await, &[("api_key.name", "NAME_RESERVED")]);
        }
        for name in ["", "-bot", "a b", "a/b", "cert:x"] {
            let asked = registry.client.call(keys::asks(ApiKey { name: name.into(), ..Default::default() }));
            expect::refused(asked.send().await, Code::InvalidArgument, ErrorReason::InvalidField);
        }
    }

    /// What a key may do can be changed, and holds at once.
    async fn a_key_is_changed(registry: &Harness) {
        let (key, secret) = keys::make(registry, "bot", Role::Viewer).await;
        let bot = keys::client(registry.endpoint(), &secret).await;
        expect::refused(bot.create_model("m", "/m").send().await, Code::PermissionDenied, ErrorReason::RoleRequired);
        registry.advance(Duration::from_secs(1));
        let operator = ApiKey { role: Role::Operator.into(), description: Some("d".into()), ..Default::default() };
        let changed = update(registry, &key.id, operator.clone(), &["role", "description"]).await.unwrap();
        assert_eq!((changed.role(), changed.description.as_deref()), (Role::Operator, Some("d")));
        assert_eq!((changed.create_time, changed.update_time), (key.create_time, Some(given::time(1_000_000))));
        assert_ne!(changed.etag, key.etag);
        bot.create_model("m", "/m").send().await.unwrap();
        let same = update(registry, &key.id, operator, &["role", "description"]).await.unwrap();
        assert_eq!(same, changed);
        let cleared = update(registry, &key.id, ApiKey::default(), &["role", "description"]).await.unwrap();
        assert_eq!((cleared.role(), cleared.description), (Role::Viewer, None));
        let stale = ApiKey { role: Role::Admin.into(), etag: key.etag.clone(), ..Default::default() };
        let error = expect::refused(update(registry, &key.id, stale, &["role"]).await, Code::Aborted, ErrorReason::EtagMismatch);
        assert_eq!(expect::fact(&error, "currentEtag"), cleared.etag);
        for path in ["name", "id", "state", "prefix", "etag", "*"] {
            let refused = update(registry, &key.id, ApiKey::default(), &[path]).await;
            expect::refused(refused, Code::InvalidArgument, ErrorReason::InvalidUpdateMask);
        }
        let past = ApiKey { expire_time: Some(given::time(0)), ..Default::default() };
        expect::invalid(update(registry, &key.id, past, &["expire_time"]).await, &[("api_key.expire_time", "FUTURE")]);
    }

    /// An admin is never limited to prefixes: it could lift the limit.
    async fn an_admin_has_no_prefixes(registry: &Harness) {
        let limited = ApiKey {
            name: "a".into(),
            role: Role::Admin.into(),
            model_name_prefixes: vec!["a/".into()],
            ..Default::default()
        };
        let refused = [("api_key.model_name_prefixes", "ADMIN_UNLIMITED")];
        expect::invalid(registry.client.call(keys::asks(limited.clone())).send().await, &refused);
        let (key, _) = keys::make_as(registry, ApiKey { role: Role::Operator.into(), ..limited.clone() }).await;
        expect::invalid(update(registry, &key.id, limited.clone(), &["role"]).await, &refused);
        let (admin, _) = keys::make(registry, "b", Role::Admin).await;
        expect::invalid(update(registry, &admin.id, limited.clone(), &["model_name_prefixes"]).await, &refused);
        let free = ApiKey { role: Role::Admin.into(), ..Default::default() };
        update(registry, &key.id, free, &["role", "model_name_prefixes"]).await.unwrap();
    }

    /// Disabled it does not work, enabled it does again, revoked it never will.
    async fn a_key_is_switched_off_and_on(registry: &Harness) {
        let (key, secret) = keys::make(registry, "bot", Role::Viewer).await;
        assert!(works(registry, &secret).await);
        assert_eq!(keys::transition(registry, &key, ApiKeyState::Disabled).await.state(), ApiKeyState::Disabled);
        assert!(!works(registry, &secret).await);
        let again = keys::transition(registry, &key, ApiKeyState::Disabled).await;
        let active = keys::transition(registry, &key, ApiKeyState::Active).await;
        assert_ne!(again.etag, active.etag);
        assert!(works(registry, &secret).await);
        let revoked = keys::transition(registry, &key, ApiKeyState::Revoked).await;
        assert!(!works(registry, &secret).await);
        assert_eq!(keys::transition(registry, &key, ApiKeyState::Revoked).await, revoked);
        for state in [ApiKeyState::Active, ApiKeyState::Disabled] {
            let error = expect::refused(
                step(&registry.client, &key, state).await,
                Code::FailedPrecondition,
                ErrorReason::InvalidStateTransition,
            );
            assert_eq!(expect::fact(&error, "currentState"), "REVOKED");
        }
        let rotated = registry.client.call(RotateApiKeyRequest { api_key_id: key.id.clone(), grace_period: None }).send().await;
        expect::refused(rotated, Code::FailedPrecondition, ErrorReason::InvalidStateTransition);
        let changed = update(registry, &key.id, ApiKey { role: Role::Admin.into(), ..Default::default() }, &["role"]).await;
        expect::refused(changed, Code::FailedPrecondition, ErrorReason::InvalidStateTransition);
        let stale = TransitionApiKeyRequest {
            api_key_id: key.id,
            target_state: ApiKeyState::Revoked.into(),
            etag: again.etag,
            ..Default::default()
        };
        expect::refused(registry.client.call(stale).send().await, Code::Aborted, ErrorReason::EtagMismatch);
    }

    /// It works until its time, and not a moment longer; a later time brings it back.
    async fn a_key_expires(registry: &Harness) {
        let asked = ApiKey { name: "bot".into(), expire_time: Some(given::time(HOUR)), ..Default::default() };
        let (key, secret) = keys::make_as(registry, asked).await;
        registry.advance(Duration::from_micros(u64::try_from(HOUR - 1).unwrap()));
        assert!(works(registry, &secret).await);
        registry.advance(Duration::from_micros(1));
        assert!(!works(registry, &secret).await);
        assert_eq!(get(&registry.client, &key.id).await.unwrap().state(), ApiKeyState::Expired);
        let enabled = step(&registry.client, &key, ApiKeyState::Active).await;
        expect::refused(enabled, Code::FailedPrecondition, ErrorReason::InvalidStateTransition);
        let later = ApiKey { expire_time: Some(given::time(2 * HOUR)), ..Default::default() };
        assert_eq!(update(registry, &key.id, later, &["expire_time"]).await.unwrap().state(), ApiKeyState::Active);
        assert!(works(registry, &secret).await);
    }

    /// A new secret replaces the one before at once, or when the grace period is over; an older one is gone either way.
    async fn a_secret_is_rotated(registry: &Harness) {
        let (key, first) = keys::make(registry, "bot", Role::Viewer).await;
        let (rotated, second) = rotate(registry, &key, Some(60)).await;
        assert_eq!((&rotated.id, &rotated.prefix), (&key.id, &key.prefix));
        assert_ne!(rotated.etag, key.etag);
        assert_ne!(first, second);
        assert!(works(registry, &first).await && works(registry, &second).await);
        registry.advance(Duration::from_secs(59));
        assert!(works(registry, &first).await);
        registry.advance(Duration::from_secs(1));
        assert!(!works(registry, &first).await && works(registry, &second).await);
        let (_, third) = rotate(registry, &key, Some(60)).await;
        let (_, fourth) = rotate(registry, &key, Some(60)).await;
        assert!(!works(registry, &second).await, "one replaced earlier ends at once");
        assert!(works(registry, &third).await && works(registry, &fourth).await);
        let (_, last) = rotate(registry, &key, None).await;
        assert!(!works(registry, &third).await && !works(registry, &fourth).await && works(registry, &last).await);
        for seconds in [-1, 604_801] {
            let grace_period = Some(Span { seconds, nanos: 0 });
            let refused = registry.client.call(RotateApiKeyRequest { api_key_id: key.id.clone(), grace_period }).send().await;
            expect::refused(refused, Code::InvalidArgument, ErrorReason::InvalidField);
        }
    }

    /// The last key that can manage keys stays what it is.
    async fn the_last_admin_stays(registry: &Harness) {
        let first = registry.client.call(GetCallerApiKeyRequest {}).send().await.unwrap().api_key.unwrap();
        assert_eq!((first.name.as_str(), first.role()), ("bootstrap-admin", Role::Admin));
        let (other, _) = keys::make(registry, "other", Role::Admin).await;
        keys::transition(registry, &other, ApiKeyState::Disabled).await;
        let asked = ApiKey { name: "e".into(), role: Role::Admin.into(), expire_time: Some(given::time(HOUR)), ..Default::default() };
        keys::make_as(registry, asked).await;
        registry.advance(Duration::from_secs(3600));
        let last = |answer| expect::refused(answer, Code::FailedPrecondition, ErrorReason::LastAdminKey);
        for state in [ApiKeyState::Disabled, ApiKeyState::Revoked] {
            last(step(&registry.client, &first, state).await);
        }
        last(update(registry, &first.id, ApiKey { role: Role::Operator.into(), ..Default::default() }, &["role"]).await);
        keys::transition(registry, &other, ApiKeyState::Active).await;
        step(&registry.client, &first, ApiKeyState::Revoked).await.unwrap();
        expect::refused(registry.client.list_models().send().await, Code::Unauthenticated, ErrorReason::Unauthenticated);
    }

    /// Lists are by name, in pages; revoked keys are in them when asked for.
    async fn keys_are_listed(registry: &Harness) {
        for (name, state) in [("a", ApiKeyState::Active), ("c", ApiKeyState::Disabled), ("B", ApiKeyState::Revoked)] {
            let (key, _) = keys::make(registry, name, Role::Viewer).await;
            keys::transition(registry, &key, state).await;
        }
        let asked = ApiKey { name: "d".into(), expire_time: Some(given::time(HOUR)), ..Default::default() };
        keys::make_as(registry, asked).await;
        registry.advance(Duration::from_secs(3600));
        assert_eq!(listed(registry, &[]).await, ["a", "bootstrap-admin", "c", "d"]);
        assert_eq!(listed(registry, &[ApiKeyState::Active]).await, ["a", "bootstrap-admin"]);
        assert_eq!(listed(registry, &[ApiKeyState::Disabled, ApiKeyState::Revoked]).await, ["B", "c"]);
        assert_eq!(listed(registry, &[ApiKeyState::Expired]).await, ["d"]);
    }

    /// Of two who demote the last two admins at once, one is refused.
    async fn two_admins_do_not_remove_each_other(registry: &Harness) {
        let first = registry.client.call(GetCallerApiKeyRequest {}).send().await.unwrap().api_key.unwrap();
        for round in 0..10 {
            let (other, secret) = keys::make(registry, &format!("other-{round}"), Role::Admin).await;
            let other_client = keys::client(registry.endpoint(), &secret).await;
            let (one, two) = tokio::join!(
                step(&registry.client, &other, ApiKeyState::Disabled),
                step(&other_client, &first, ApiKeyState::Disabled)
            );
            assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
            if two.is_ok() {
                step(&other_client, &first, ApiKeyState::Active).await.unwrap();
                step(&registry.client, &other, ApiKeyState::Disabled).await.unwrap();
            }
            assert_eq!(listed(registry, &[ApiKeyState::Active]).await, ["bootstrap-admin"]);
        }
    }

    /// A call that is only validated changes no key.
    async fn a_validated_change_is_not_made(registry: &Harness) {
        let (key, secret) = keys::make(registry, "bot", Role::Viewer).await;
        let request = TransitionApiKeyRequest {
            api_key_id: key.id.clone(),
            target_state: ApiKeyState::Revoked.into(),
            validate_only: true,
            ..Default::default()
        };
        let checked = registry.client.call(request).send().await.unwrap().api_key.unwrap();
        assert_eq!(checked.state(), ApiKeyState::Revoked);
        assert!(works(registry, &secret).await);
        assert_eq!(get(&registry.client, &key.id).await.unwrap(), key);
    }
}

on_every_database! {
    /// Where no usable admin is left, because the last one has expired, other keys can be taken away all the same.
    async fn a_key_can_be_revoked_where_there_is_no_admin(database: Database) {
        let registry = Harness::start(database).await;
        let first = registry.client.call(GetCallerApiKeyRequest {}).send().await.unwrap().api_key.unwrap();
        let (leaked, _) = keys::make(&registry, "leaked", Role::Viewer).await;
        let soon = ApiKey { expire_time: Some(given::time(HOUR)), ..Default::default() };
        update(&registry, &first.id, soon, &["expire_time"]).await.unwrap();
        // Whoever is let in without a key, on this machine, an hour later.
        let registry = registry
            .restart_with(|settings| {
                settings.first_key = None;
                settings.clock.advance(Duration::from_secs(3600));
            })
            .await;
        assert_eq!(listed(&registry, &[ApiKeyState::Active]).await, ["leaked"]);
        keys::transition(&registry, &leaked, ApiKeyState::Disabled).await;
        rotate(&registry, &leaked, None).await;
        assert_eq!(keys::transition(&registry, &leaked, ApiKeyState::Revoked).await.state(), ApiKeyState::Revoked);
        registry.stop().await;
    }

    /// When a key was last used is noted to the minute, and changes nothing else of it.
    async fn use_is_noted(database: Database) {
        let registry = Harness::with(database, |settings| settings.housekeeping = Duration::from_millis(50)).await;
        let (key, secret) = keys::make(&registry, "bot", Role::Viewer).await;
        assert_eq!(key.last_use_time, None);
        for minutes in [0, 2] {
            registry.advance(Duration::from_secs(minutes * 60 + 1));
            assert!(works(&registry, &secret).await);
            let minute = given::time(i64::try_from(minutes).unwrap() * 60_000_000);
            let noted = async || {
                let read = get(&registry.client, &key.id).await.unwrap();
                (read.last_use_time == Some(minute)).then_some(read)
            };
            let noted = wait::until("the use is noted", Duration::from_secs(20), noted).await;
            assert_eq!(noted, ApiKey { last_use_time: Some(minute), ..key.clone() });
        }
        registry.stop().await;
    }
}
