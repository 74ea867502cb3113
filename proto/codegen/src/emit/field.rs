//! `registry_proto::field::FIELDS`.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use crate::schema::{Check, Field, Kind, Message, Schema, Shape};

pub(crate) fn code(schema: &Schema) -> TokenStream {
    let fields = schema.messages.iter().flat_map(|message| message.fields.iter().map(|field| entry(message, field)));
    quote! {
        use super::{Cardinality, Field, Kind};

        /// Every field of every message of the contract, in the order of the files.
        pub static FIELDS: &[Field] = &[#(#fields),*];
    }
}

fn entry(message: &Message, field: &Field) -> TokenStream {
    let (message, name, json_name) = (&message.full_name, &field.name, &field.json_name);
    let number = Literal::u32_unsuffixed(field.number);
    let (kind, cardinality) = (kind(&field.kind), cardinality(field.shape));
    let behavior = field.behavior;
    let (required, immutable, output_only, set_once) =
        (behavior.required, behavior.immutable, behavior.output_only, behavior.set_once);
    let min_len = limit(field, |check| if let Check::StringMinLen(least) = check { Some(*least) } else { None });
    let max_len = limit(field, |check| if let Check::StringMaxLen(most) = check { Some(*most) } else { None });
    let max_items = limit(field, |check| match check {
        Check::MaxItems(most) | Check::MaxPairs(most) => Some(*most),
        _ => None,
    });
    let pattern =
        field.rules.own.0.iter().find_map(|check| if let Check::StringPattern(text) = check { Some(text) } else { None });
    let pattern = pattern.map_or_else(|| quote!(None), |pattern| quote!(Some(#pattern)));
    let uuid = field.rules.own.0.contains(&Check::StringUuid);
    quote! {
        Field {
            message: #message, name: #name, json_name: #json_name, number: #number, kind: #kind, cardinality: #cardinality,
            required: #required, immutable: #immutable, output_only: #output_only, set_once: #set_once,
            min_len: #min_len, max_len: #max_len, max_items: #max_items, pattern: #pattern, uuid: #uuid,
        }
    }
}

fn limit(field: &Field, of: impl Fn(&Check) -> Option<u64>) -> TokenStream {
    match field.rules.own.0.iter().find_map(of) {
        Some(limit) => {
            let limit = Literal::u64_unsuffixed(limit);
            quote!(Some(#limit))
        }
        None => quote!(None),
    }
}

fn kind(kind: &Kind) -> TokenStream {
    match kind {
        Kind::String => quote!(Kind::String),
        Kind::Bool => quote!(Kind::Bool),
        Kind::Int32 => quote!(Kind::Int32),
        Kind::Int64 => quote!(Kind::Int64),
        Kind::Double => quote!(Kind::Double),
        Kind::Bytes => quote!(Kind::Bytes),
        Kind::Enum(of) => {
            let name = &of.full_name;
            quote!(Kind::Enum(#name))
        }
        Kind::Message(name) => quote!(Kind::Message(#name)),
        Kind::Map(_) => quote!(Kind::Map),
    }
}

fn cardinality(shape: Shape) -> TokenStream {
    match shape {
        Shape::Plain => quote!(Cardinality::Plain),
        Shape::Optional => quote!(Cardinality::Optional),
        Shape::Message => quote!(Cardinality::Message),
        Shape::Repeated => quote!(Cardinality::Repeated),
        Shape::Map => quote!(Cardinality::Map),
        Shape::OneofMember => quote!(Cardinality::OneofMember),
    }
}
