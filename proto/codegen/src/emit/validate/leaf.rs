//! The checks of one value: no presence, no repetition.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::patterns::Patterns;
use crate::PACKAGE;
use crate::error::Error;
use crate::naming;
use crate::schema::{Bound, Check, Enumeration, Field, Kind};

/// The messages of others that there is code for.
const WELL_KNOWN: &[&str] =
    &["google.protobuf.Duration", "google.protobuf.FieldMask", "google.protobuf.Struct", "google.protobuf.Timestamp"];

/// Whether the value has to be looked at, and how. `value` is a `&str`, a number or a reference to bytes or a message.
pub(super) fn checks(
    field: &Field,
    kind: &Kind,
    checks: &[Check],
    value: &TokenStream,
    patterns: &mut Patterns,
) -> Result<Option<TokenStream>, Error> {
    Ok(match kind {
        Kind::String => Some(text(field, checks, value, patterns)),
        Kind::Enum(enumeration) => Some(enumerated(enumeration, checks, value)),
        Kind::Message(_) if !checks.is_empty() => Some(duration(checks, value)),
        Kind::Message(name) if name.starts_with(PACKAGE) || WELL_KNOWN.contains(&name.as_str()) => {
            Some(quote!(#value.validate(at)))
        }
        Kind::Message(name) => {
            return Err(Error::at(&field.full_name, format_args!("the generator has no code for {name} in a request")));
        }
        _ => numeric(checks, value),
    })
}

fn text(field: &Field, checks: &[Check], value: &TokenStream, patterns: &mut Patterns) -> TokenStream {
    let calls: Vec<TokenStream> = checks
        .iter()
        .filter_map(|check| match check {
            Check::StringMinLen(least) => Some(("min_len", limit(*least))),
            Check::StringMaxLen(most) => Some(("max_len", limit(*most))),
            Check::StringPattern(pattern) => {
                let name = patterns.get(pattern, &field.full_name);
                Some(("pattern", quote!(&#name)))
            }
            Check::StringNotIn(refused) => Some(("not_in", quote!(&[#(#refused),*]))),
            _ => None,
        })
        .map(|(function, argument)| {
            let function = naming::field(function);
            quote!(text::#function(at, #value, #argument);)
        })
        .chain(checks.contains(&Check::StringUuid).then(|| quote!(text::uuid(at, #value);)))
        .collect();
    // A string may hold anything but a NUL.
    if calls.is_empty() { quote!({ text::plain(at, #value); }) } else { quote!(if text::plain(at, #value) { #(#calls)* }) }
}

fn enumerated(enumeration: &Enumeration, checks: &[Check], value: &TokenStream) -> TokenStream {
    let path = naming::path(&enumeration.full_name);
    let name = &enumeration.full_name;
    let defined = quote!(number::defined(at, #value, #path::try_from(#value).is_ok(), #name));
    let allowed = checks.iter().find_map(|check| if let Check::EnumIn(numbers) = check { Some(numbers) } else { None });
    let Some(allowed) = allowed else { return quote!({ #defined; }) };
    let names = enumeration.values.iter().filter(|(number, _)| allowed.contains(number)).map(|(_, name)| name);
    let numbers = allowed.iter().map(|number| Literal::i32_unsuffixed(*number));
    quote!(if #defined { number::one_of(at, #value, &[#(#numbers),*], &[#(#names),*]); })
}

fn numeric(checks: &[Check], value: &TokenStream) -> Option<TokenStream> {
    let calls: Vec<TokenStream> = checks
        .iter()
        .filter_map(|check| match check {
            Check::Int32Gte(least) => {
                let least = Literal::i32_unsuffixed(*least);
                Some(quote!(number::at_least(at, "INT32_GTE", i64::from(#value), #least);))
            }
            Check::Int32Lte(most) => {
                let most = Literal::i32_unsuffixed(*most);
                Some(quote!(number::at_most(at, "INT32_LTE", i64::from(#value), #most);))
            }
            Check::Int64Gte(least) => {
                let least = Literal::i64_unsuffixed(*least);
                Some(quote!(number::at_least(at, "INT64_GTE", #value, #least);))
            }
            Check::Int64Lte(most) => {
                let most = Literal::i64_unsuffixed(*most);
                Some(quote!(number::at_most(at, "INT64_LTE", #value, #most);))
            }
            Check::DoubleFinite => Some(quote!(number::finite(at, #value);)),
            Check::BytesMaxLen(most) => {
                let most = limit(*most);
                Some(quote!(number::max_bytes(at, <[u8]>::len(#value), #most);))
            }
            _ => None,
        })
        .collect();
    (!calls.is_empty()).then(|| quote!({ #(#calls)* }))
}

/// Durations are the only messages with rules of their own.
fn duration(checks: &[Check], value: &TokenStream) -> TokenStream {
    let calls = checks.iter().filter_map(|check| match check {
        Check::DurationGte(least) => Some(("at_least", least)),
        Check::DurationLte(most) => Some(("at_most", most)),
        _ => None,
    });
    let calls = calls.map(|(function, Bound { seconds, nanos })| {
        let function = naming::field(function);
        let (seconds, nanos) = (Literal::i64_unsuffixed(*seconds), Literal::i32_unsuffixed(*nanos));
        quote!(time::#function(at, #value, &::prost_types::Duration { seconds: #seconds, nanos: #nanos });)
    });
    quote!(if time::sound(at, #value) { #(#calls)* })
}

fn limit(number: u64) -> TokenStream {
    let number = Literal::u64_unsuffixed(number);
    quote!(#number)
}
