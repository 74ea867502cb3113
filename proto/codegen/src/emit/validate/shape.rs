//! Presence and repetition around the checks of a value.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::leaf;
use super::patterns::Patterns;
use crate::error::Error;
use crate::naming;
use crate::schema::{Check, Field, Kind, Message, Shape};

/// Whether a field is set; for a plain scalar, whether it is neither zero nor empty.
pub(in crate::emit) fn is_set(field: &Field, owner: &TokenStream) -> TokenStream {
    let ident = naming::field(&field.name);
    match (field.shape, &field.kind) {
        (Shape::Optional | Shape::Message | Shape::OneofMember, _) => quote!(#owner.#ident.is_some()),
        (Shape::Repeated | Shape::Map, _) | (Shape::Plain, Kind::String | Kind::Bytes) => quote!(!#owner.#ident.is_empty()),
        (Shape::Plain, Kind::Bool) => quote!(#owner.#ident),
        (Shape::Plain, Kind::Double) => quote!(#owner.#ident != 0.0),
        (Shape::Plain, _) => quote!(#owner.#ident != 0),
    }
}

/// An expression of type `()` that checks a field, or `None` if nothing about it can be wrong.
pub(super) fn body(field: &Field, owner: &TokenStream, patterns: &mut Patterns) -> Result<Option<TokenStream>, Error> {
    match field.shape {
        Shape::Plain => plain(field, owner, patterns),
        Shape::Optional | Shape::Message => present(field, owner, patterns),
        Shape::Repeated => repeated(field, owner, patterns),
        Shape::Map => map(field, owner, patterns),
        Shape::OneofMember => Ok(None),
    }
}

fn plain(field: &Field, owner: &TokenStream, patterns: &mut Patterns) -> Result<Option<TokenStream>, Error> {
    let ident = naming::field(&field.name);
    let value = if matches!(field.kind, Kind::String | Kind::Bytes) { quote!(&#owner.#ident) } else { quote!(#owner.#ident) };
    let checks = leaf::checks(field, &field.kind, &field.rules.own.0, &value, patterns)?;
    let set = is_set(field, owner);
    Ok(match (field.behavior.required, field.rules.ignore_zero) {
        (true, _) => Some(quote!({ if #set { #checks } else { at.missing(); } })),
        (false, true) => checks.map(|checks| quote!({ if #set { #checks } })),
        (false, false) => checks.map(|checks| quote!({ #checks })),
    })
}

fn present(field: &Field, owner: &TokenStream, patterns: &mut Patterns) -> Result<Option<TokenStream>, Error> {
    let ident = naming::field(&field.name);
    let checks = leaf::checks(field, &field.kind, &field.rules.own.0, &quote!(value), patterns)?;
    let option = match field.kind {
        Kind::String => quote!(#owner.#ident.as_deref()),
        Kind::Message(_) => quote!(&#owner.#ident),
        _ => quote!(#owner.#ident),
    };
    Ok(match (checks, field.behavior.required) {
        (Some(checks), true) => Some(quote!(match #option { Some(value) => #checks, None => at.missing() })),
        (Some(checks), false) => Some(quote!({ if let Some(value) = #option { #checks } })),
        (None, true) => Some(quote!({ if #owner.#ident.is_none() { at.missing(); } })),
        (None, false) => None,
    })
}

fn repeated(field: &Field, owner: &TokenStream, patterns: &mut Patterns) -> Result<Option<TokenStream>, Error> {
    let ident = naming::field(&field.name);
    let counts = counts(field, &quote!(#owner.#ident));
    let value = if matches!(field.kind, Kind::String | Kind::Message(_)) { quote!(value) } else { quote!(*value) };
    let checks = leaf::checks(field, &field.kind, &field.rules.items.0, &value, patterns)?;
    let each = checks.map(|checks| {
        quote! {
            for (index, value) in #owner.#ident.iter().enumerate() {
                at.index(index, |at| #checks);
            }
        }
    });
    if counts.is_none() && each.is_none() {
        return Ok(None);
    }
    Ok(Some(quote!({ #counts #each })))
}

fn map(field: &Field, owner: &TokenStream, patterns: &mut Patterns) -> Result<Option<TokenStream>, Error> {
    let Kind::Map(kind) = &field.kind else { return Ok(None) };
    let ident = naming::field(&field.name);
    let counts = counts(field, &quote!(#owner.#ident));
    let keys = leaf::checks(field, &Kind::String, &field.rules.keys.0, &quote!(key), patterns)?;
    let value = if matches!(**kind, Kind::String | Kind::Message(_)) { quote!(value) } else { quote!(*value) };
    let values = leaf::checks(field, kind, &field.rules.values.0, &value, patterns)?;
    let binding = if values.is_some() { quote!(value) } else { quote!(_) };
    Ok(Some(quote!({
        #counts
        for (key, #binding) in &#owner.#ident {
            at.key(key, |at| {
                at.of_key(|at| #keys);
                #values
            });
        }
    })))
}

/// How many items there may be. Too few of a REQUIRED field is only told when there are some.
fn counts(field: &Field, items: &TokenStream) -> Option<TokenStream> {
    let calls: Vec<TokenStream> = field
        .rules
        .own
        .0
        .iter()
        .filter_map(|check| match check {
            Check::MinItems(least) => Some(("min_items", *least)),
            Check::MaxItems(most) => Some(("max_items", *most)),
            Check::MaxPairs(most) => Some(("max_pairs", *most)),
            _ => None,
        })
        .map(|(function, limit)| {
            let (function, limit) = (naming::field(function), Literal::u64_unsuffixed(limit));
            quote!(number::#function(at, #items.len(), #limit);)
        })
        .collect();
    match (field.behavior.required, calls.is_empty()) {
        (true, _) => Some(quote!(if #items.is_empty() { at.missing(); } else { #(#calls)* })),
        (false, false) => Some(quote!(#(#calls)*)),
        (false, true) => None,
    }
}

/// The whole oneof, in the place of its first member.
pub(super) fn oneof(
    message: &Message,
    first: &Field,
    owner: &TokenStream,
    patterns: &mut Patterns,
) -> Result<Option<TokenStream>, Error> {
    let Some(oneof) = message.oneofs.iter().find(|oneof| Some(&oneof.name) == first.oneof.as_ref()) else { return Ok(None) };
    let members: Vec<&Field> = message.fields.iter().filter(|field| field.oneof.as_ref() == Some(&oneof.name)).collect();
    if members.first().is_some_and(|field| field.name != first.name) {
        return Ok(None);
    }
    let path = naming::oneof(&message.full_name, &oneof.name);
    let mut arms = Vec::new();
    for member in members {
        let (variant, name) = (naming::variant(&member.name), &member.name);
        let value =
            if matches!(member.kind, Kind::String | Kind::Bytes | Kind::Message(_)) { quote!(value) } else { quote!(*value) };
        arms.push(match leaf::checks(member, &member.kind, &member.rules.own.0, &value, patterns)? {
            Some(checks) => quote!(Some(#path::#variant(value)) => at.field(#name, |at| #checks)),
            None => quote!(Some(#path::#variant(_)) => {}),
        });
    }
    let (ident, name) = (naming::field(&oneof.name), &oneof.name);
    let none = if oneof.required { quote!(at.field(#name, Collector::missing)) } else { quote!({}) };
    Ok(Some(quote! {
        match &#owner.#ident {
            None => #none,
            #(#arms,)*
        }
    }))
}
