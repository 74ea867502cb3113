//! Texts that refer to something, texts that do not, and back again.

use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use super::{Reference, ReferenceError, ReleaseSelector};
use crate::{ModelRef, ReleaseQuery, ReleaseRef};

const ID: &str = "0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11";

fn release(model: &str, selector: ReleaseSelector) -> Reference {
    Reference::Release { model: model.to_owned(), selector }
}

#[test]
fn a_text_is_taken_apart_where_its_name_ends() {
    use ReleaseSelector::{Alias, Digest, Latest, Requirement, Version};
    for (text, expected) in [
        ("llama-3-8b", Reference::Model("llama-3-8b".into())),
        ("acme/llama", Reference::Model("acme/llama".into())),
        ("llama:1.2.0", release("llama", Version("1.2.0".into()))),
        ("llama:1.2.0+cu124", release("llama", Version("1.2.0+cu124".into()))),
        ("llama:latest", release("llama", Latest)),
        ("llama:^1.2", release("llama", Requirement("^1.2".into()))),
        ("llama:>=1.2, <2", release("llama", Requirement(">=1.2, <2".into()))),
        ("llama:1.*", release("llama", Requirement("1.*".into()))),
        ("llama:*", release("llama", Requirement("*".into()))),
        ("llama@production", release("llama", Alias("production".into()))),
        ("llama@sha256:00ff", release("llama", Digest("sha256:00ff".into()))),
        (&format!("id:{ID}"), Reference::Id(ID.into())),
        ("id:1.2.0", release("id", Version("1.2.0".into()))),
    ] {
        assert_eq!(text.parse::<Reference>().as_ref(), Ok(&expected), "{text}");
        assert_eq!(expected.to_string(), text);
    }
}

#[test]
fn a_text_that_refers_to_nothing_says_why() {
    for (text, expected) in [
        ("", ReferenceError::NoModel),
        (":1.0", ReferenceError::NoModel),
        ("@production", ReferenceError::NoModel),
        ("llama:", ReferenceError::NoVersion),
        ("llama@", ReferenceError::NoAlias),
        ("llama@sha256:", ReferenceError::NoAlias),
        ("llama@:00ff", ReferenceError::NoAlias),
        ("llama:1.0:2.0", ReferenceError::Twice),
        ("llama:1.0@production", ReferenceError::Twice),
        ("llama@production@canary", ReferenceError::Twice),
        ("llama@sha256:00:ff", ReferenceError::Twice),
    ] {
        assert_eq!(text.parse::<Reference>(), Err(expected), "{text}");
    }
}

/// Whatever the parts are, as long as the contract allows them.
#[test]
fn every_reference_is_read_as_it_is_written() {
    let mut random = StdRng::seed_from_u64(7);
    for _ in 0..20_000 {
        let model = part(&mut random, b"abZ09._-/");
        let reference = match random.random_range(0..7) {
            0 => Reference::Model(model),
            1 => Reference::Id(ID.to_owned()),
            2 => release(&model, ReleaseSelector::Latest),
            3 => release(&model, ReleaseSelector::Version(part(&mut random, b"abZ09._+-"))),
            4 => release(&model, ReleaseSelector::Requirement(format!("^{}", part(&mut random, b"019.*, <>=")))),
            5 => release(&model, ReleaseSelector::Alias(part(&mut random, b"abz09-"))),
            _ => release(&model, ReleaseSelector::Digest(format!("sha256:{}", part(&mut random, b"09af")))),
        };
        assert_eq!(reference.to_string().parse(), Ok(reference.clone()), "{reference}");
    }
}

/// No text is taken for two things: what it is read as is written as it was, whatever it holds.
#[test]
fn what_is_read_is_written_as_it_was() {
    let mut random = StdRng::seed_from_u64(8);
    for _ in 0..20_000 {
        let length = random.random_range(0..12);
        let text: String =
            (0..length).map(|_| *[':', '@', 'a', '1', '^', '.', ' ', 'é', '\0'].choose(&mut random).unwrap()).collect();
        if let Ok(reference) = text.parse::<Reference>() {
            assert_eq!(reference.to_string(), text);
        }
    }
}

fn part(random: &mut StdRng, letters: &[u8]) -> String {
    let length = random.random_range(0..12);
    let rest = (0..length).map(|_| char::from(*letters.choose(random).unwrap()));
    std::iter::once('a').chain(rest).collect()
}

#[test]
fn a_reference_stands_for_what_its_kind_can_stand_for() {
    let read = |text: &str| text.parse::<Reference>().unwrap();
    let id = format!("id:{ID}");
    assert_eq!(ModelRef::try_from(read("llama")), Ok(ModelRef::by_name("llama")));
    assert_eq!(ModelRef::try_from(read(&id)), Ok(ModelRef::by_id(ID)));
    assert_eq!(ModelRef::try_from(read("llama:1.0")), Err(ReferenceError::NotAModel));

    assert_eq!(ReleaseRef::try_from(read("llama:1.0")), Ok(ReleaseRef::key("llama", "1.0").into()));
    assert_eq!(ReleaseRef::try_from(read(&id)), Ok(ReleaseRef::by_id(ID)));
    for uncertain in ["llama", "llama:latest", "llama:^1", "llama@production", "llama@sha256:00"] {
        assert_eq!(ReleaseRef::try_from(read(uncertain)), Err(ReferenceError::NotCertain), "{uncertain}");
    }

    for (text, expected) in [
        ("llama", ReleaseQuery::of("llama").latest()),
        ("llama:latest", ReleaseQuery::of("llama").latest()),
        ("llama:1.0", ReleaseQuery::of("llama").version("1.0")),
        ("llama:~1.0", ReleaseQuery::of("llama").requirement("~1.0")),
        ("llama@production", ReleaseQuery::of("llama").alias("production")),
        ("llama@sha256:00", ReleaseQuery::of("llama").digest("sha256:00")),
    ] {
        assert_eq!(ReleaseQuery::try_from(read(text)), Ok(expected), "{text}");
    }
    assert_eq!(ReleaseQuery::try_from(read(&id)), Err(ReferenceError::AnId));
}
