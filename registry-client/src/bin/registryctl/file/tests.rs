//! Files that are written, and what is made of those that somebody has touched.

use std::collections::BTreeMap;
use std::io::Write as _;

use prost_types::value::Kind;
use prost_types::{Struct, Timestamp, Value};
use registry_client::pb::transfer_item::{Resource, StoredContent};
use registry_client::{Model, TransferItem};

use super::{Compression, FileError, Header, Input, Place, Reader, Trailer, Writer, item};

fn number(number: f64) -> Value {
    Value { kind: Some(Kind::NumberValue(number)) }
}

/// With everything that JSON could lose: 64-bit integers, doubles, microseconds, empty and unset texts, any character.
fn model(name: &str) -> TransferItem {
    let numbers = [0.1, -0.0, 1e300, 5e-324, 9_007_199_254_740_993.0, 8.0].map(number).into_iter();
    let fields = numbers.enumerate().map(|(place, value)| (format!("n{place}"), value));
    let labels = (0..20).map(|place| (format!("label-{}", place * 7 % 20), "\u{2028}\"\\\u{1F600}\u{7}".to_owned()));
    let model = Model {
        name: name.to_owned(),
        company: Some(String::new()),
        description: None,
        revision: i64::MAX,
        create_time: Some(Timestamp { seconds: -1, nanos: 1_000 }),
        labels: labels.collect(),
        metadata: Some(Struct { fields: fields.collect::<BTreeMap<_, _>>() }),
        ..Default::default()
    };
    TransferItem { resource: Some(Resource::Model(Box::new(model))), last_release_number: Some(0), content_id: None }
}

fn content() -> TransferItem {
    let content = StoredContent { chunk_digests: (0..=255).collect(), size_bytes: Some(0), ..Default::default() };
    TransferItem { resource: Some(Resource::StoredContent(Box::new(content))), ..Default::default() }
}

fn file(compression: Compression) -> Vec<u8> {
    let mut writer = Writer::begin(compression.over(Vec::new()).unwrap(), &Header { source_revision: i64::MAX }).unwrap();
    for item in [model("iris"), content(), model("lily")] {
        writer.item(&item).unwrap();
    }
    writer.finish().unwrap().0.finish().unwrap()
}

fn read(bytes: &[u8]) -> Result<(Header, Vec<TransferItem>, Trailer), FileError> {
    let mut spool = tempfile::NamedTempFile::new().unwrap();
    spool.write_all(bytes).unwrap();
    let input = Input::open(spool.path()).unwrap();
    let (header, trailer) = input.verify()?;
    let (mut reader, mut items) = (input.read()?, Vec::new());
    while let Some(item) = reader.next()? {
        items.push(item);
    }
    assert_eq!((reader.header(), reader.trailer()), (&header, Some(&trailer)), "the same at the second time");
    Ok((header, items, trailer))
}

#[test]
fn everything_comes_back_as_it_was() {
    let lines = read(&file(Compression::None)).unwrap();
    assert_eq!(lines.0, Header { source_revision: i64::MAX });
    assert_eq!(lines.1, [model("iris"), content(), model("lily")]);
    assert_eq!(lines.2.item_count, 3);
    assert_eq!(read(&file(Compression::Zstd)).unwrap(), lines);
}

/// Maps have no order of their own, and files have one.
#[test]
fn the_same_items_are_the_same_bytes() {
    for compression in [Compression::None, Compression::Zstd] {
        assert_eq!(file(compression), file(compression));
    }
    let line = item::to_line(&model("iris")).unwrap();
    let again = item::to_line(&item::from_line(line.as_bytes()).unwrap()).unwrap();
    assert_eq!(line, again);
    assert!(line.contains(r#""revision":"9223372036854775807""#) && line.contains(r#""company":"""#), "{line}");
    assert!(!line.contains("description"), "{line}");
}

/// Wherever it is cut, it is no export any more.
#[test]
fn a_truncated_file_is_refused() {
    for compression in [Compression::None, Compression::Zstd] {
        let whole = file(compression);
        for length in 0..whole.len() {
            let error = read(&whole[..length]).unwrap_err();
            assert!(matches!(error, FileError::Truncated { .. } | FileError::Foreign | FileError::Io(_)), "{length}: {error}");
        }
    }
}

/// Whichever byte is another, it is not believed, unless it says the same: how much memory zstd is to have is no part of the lines.
#[test]
fn an_altered_file_is_refused() {
    for compression in [Compression::None, Compression::Zstd] {
        let whole = file(compression);
        let lines = read(&whole).unwrap();
        for place in 0..whole.len() {
            let mut altered = whole.clone();
            altered[place] ^= 1;
            match read(&altered) {
                Err(_) => {}
                Ok(found) => assert!(compression == Compression::Zstd && found == lines, "byte {place} of {}", whole.len()),
            }
        }
    }
}

/// Lines that are whole and in the wrong place, missing, or too many.
#[test]
fn lines_that_are_moved_are_noticed() {
    let whole = String::from_utf8(file(Compression::None)).unwrap();
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    let altered = |places: &[usize]| read(places.iter().map(|&place| lines[place]).collect::<String>().as_bytes()).unwrap_err();
    assert!(matches!(altered(&[0, 1, 3, 2, 4]), FileError::Altered(_)));
    assert!(matches!(altered(&[0, 1, 2, 4]), FileError::Altered(_)));
    assert!(matches!(altered(&[0, 1, 2, 3, 3, 4]), FileError::Altered(_)));
    assert!(matches!(altered(&[0, 1, 2, 3, 4, 4]), FileError::Altered(_)));
    assert!(matches!(altered(&[0, 1, 2, 3]), FileError::Truncated { lines: 4 }));
    assert!(matches!(altered(&[1, 2, 3, 4]), FileError::Foreign));
    let lies = Trailer { item_count: 2, sha256: read(whole.as_bytes()).unwrap().2.sha256 }.line();
    let lies = format!("{}{lies}\n", lines[..4].concat());
    assert!(matches!(read(lies.as_bytes()).unwrap_err(), FileError::Altered(why) if why.contains("3 items")));
}

/// What a later program writes is refused and not half understood.
#[test]
fn what_is_of_another_time_is_refused() {
    let whole = String::from_utf8(file(Compression::None)).unwrap();
    let newer = whole.replace(r#""version":1"#, r#""version":2"#);
    assert!(matches!(read(newer.as_bytes()).unwrap_err(), FileError::Newer(2)));
    assert!(item::from_line(br#"{"model":{"name":"iris","newField":1}}"#).unwrap_err().contains("newField"));
    assert!(item::from_line(b"{}").is_err());
    for other in ["", "\n", "{}\n", "SQLite format 3\0", r#"{"header":{"format":"other","version":1}}"#] {
        assert!(matches!(read(other.as_bytes()).unwrap_err(), FileError::Foreign), "{other:?}");
    }
}

/// A name never belongs to a part of an export.
#[test]
fn a_file_has_its_name_when_it_is_complete() {
    let directory = tempfile::tempdir().unwrap();
    let name = directory.path().join("export.jsonl");
    std::fs::write(&name, "before").unwrap();
    let there = || std::fs::read_dir(directory.path()).unwrap().count();

    let place = Place::take(&name).unwrap();
    place.write().unwrap().write_all(b"part").unwrap();
    assert_eq!(std::fs::read(&name).unwrap(), b"before");
    assert!(Place::take(&name).err().unwrap().to_string().contains("another export"));
    drop(place);
    assert_eq!((std::fs::read(&name).unwrap(), there()), (b"before".to_vec(), 1));

    let place = Place::take(&name).unwrap();
    place.write().unwrap().write_all(b"longer than").unwrap();
    place.write().unwrap().write_all(b"whole").unwrap();
    place.publish().unwrap();
    assert_eq!((std::fs::read(&name).unwrap(), there()), (b"whole".to_vec(), 1));
    assert!(Place::take(directory.path()).is_err() && Place::take("/dev/null".as_ref()).is_err());
}

/// What is left of an export that was killed is in nobody's way.
#[test]
fn what_a_killed_export_has_left_is_taken_over() {
    let directory = tempfile::tempdir().unwrap();
    let name = directory.path().join("export.jsonl");
    std::fs::write(directory.path().join("export.jsonl.part"), "what was left").unwrap();
    let place = Place::take(&name).unwrap();
    place.write().unwrap().write_all(b"whole").unwrap();
    place.publish().unwrap();
    assert_eq!(std::fs::read(&name).unwrap(), b"whole");
}

#[test]
fn compression_goes_by_the_name() {
    for (name, asked, expected) in
        [("x.jsonl", false, Compression::None), ("x.zst", false, Compression::Zstd), ("x", true, Compression::Zstd)]
    {
        assert_eq!(Compression::of(name.as_ref(), asked), expected);
    }
    assert_eq!(file(Compression::Zstd)[..4], [0x28, 0xb5, 0x2f, 0xfd]);
    assert!(Reader::open(&b""[..]).is_err());
}
