//! `registry_proto::mask`: for each resource with an Update method, its fields and the set of those to write.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

use super::validate::is_set;
use crate::error::Error;
use crate::naming;
use crate::schema::{Field, Message, Schema, Shape};

pub(crate) fn code(schema: &Schema) -> Result<TokenStream, Error> {
    let masks = schema.masked()?.into_iter().map(mask).collect::<Result<Vec<_>, _>>()?;
    Ok(quote! {
        #[cfg(feature = "server")]
        use super::{MaskError, MaskErrorKind};
        #[cfg(feature = "server")]
        use crate::v1;
        #(#masks)*
    })
}

/// The enum of the updatable fields of a resource.
pub(super) fn field_enum(resource: &Message) -> Ident {
    format_ident!("{}Field", resource.name())
}

/// The set of the fields of a resource to write.
pub(super) fn mask_type(resource: &Message) -> Ident {
    format_ident!("{}Mask", resource.name())
}

fn mask(resource: &Message) -> Result<TokenStream, Error> {
    let updatable: Vec<&Field> = resource.updatable().collect();
    if updatable.len() > 64 {
        return Err(Error::at(&resource.full_name, "has more than 64 updatable fields, and a mask is 64 bits"));
    }
    if let Some(field) = resource.fields.iter().find(|field| field.shape == Shape::OneofMember) {
        return Err(Error::at(&field.full_name, "the generator has no code for update masks over a oneof"));
    }
    let fields = fields(resource, &updatable);
    let set = set(resource, &updatable);
    Ok(quote!(#fields #set))
}

fn fields(resource: &Message, updatable: &[&Field]) -> TokenStream {
    let doc = format!(" A field of `{}` that an update can write.", resource.name());
    let name = field_enum(resource);
    let names: Vec<&str> = updatable.iter().map(|field| field.name.as_str()).collect();
    let docs = names.iter().map(|name| format!(" `{name}`"));
    let places = (0..updatable.len()).map(Literal::usize_unsuffixed);
    let variants: Vec<Ident> = names.iter().map(|name| naming::variant(name)).collect();
    quote! {
        #[doc = #doc]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum #name {
            #(#[doc = #docs] #variants,)*
        }

        impl #name {
            /// All of them, in the order of the message.
            pub const ALL: &'static [Self] = &[#(Self::#variants),*];

            /// The name in the contract, in snake_case, as in an update mask.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { #(Self::#variants => #names,)* }
            }

            #[cfg(feature = "server")]
            const fn bit(self) -> u64 {
                match self { #(Self::#variants => 1 << #places,)* }
            }
        }
    }
}

fn set(resource: &Message, updatable: &[&Field]) -> TokenStream {
    let doc = format!(" The fields of a `{}` that an update writes.", resource.name());
    let (name, field, message) = (mask_type(resource), field_enum(resource), naming::path(&resource.full_name));
    let variants = updatable.iter().map(|field| naming::variant(&field.name));
    let set = updatable.iter().map(|field| is_set(field, &quote!(message)));
    let arms = resource.fields.iter().map(|of| arm(of, &field));
    quote! {
        #[doc = #doc]
        #[cfg(feature = "server")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct #name(u64);

        #[cfg(feature = "server")]
        impl #name {
            /// The fields that the mask names; without a mask, or with an empty one, those that are set in the message.
            ///
            /// # Errors
            ///
            /// If the mask names something that an update cannot write.
            pub fn parse(mask: Option<&::prost_types::FieldMask>, message: &#message) -> Result<Self, MaskError> {
                super::bits(mask, || Self::set_in(message), Self::bit_of).map(Self)
            }

            /// The same, passing over what the mask should not name: that is reported by `parse`.
            pub(crate) fn named(mask: Option<&::prost_types::FieldMask>, message: &#message) -> Self {
                Self(super::known_bits(mask, || Self::set_in(message), Self::bit_of))
            }

            /// Whether the field is to be written.
            #[must_use]
            pub const fn contains(self, field: #field) -> bool {
                self.0 & field.bit() != 0
            }

            /// Whether nothing is to be written.
            #[must_use]
            pub const fn is_empty(self) -> bool {
                self.0 == 0
            }

            /// The fields to write, in the order of the message.
            pub fn iter(self) -> impl Iterator<Item = #field> {
                #field::ALL.iter().copied().filter(move |field| self.contains(*field))
            }

            fn set_in(message: &#message) -> u64 {
                let mut bits = 0;
                #(if #set { bits |= #field::#variants.bit(); })*
                bits
            }

            fn bit_of(name: &str) -> Result<u64, MaskErrorKind> {
                match name {
                    #(#arms,)*
                    _ => Err(MaskErrorKind::Unknown),
                }
            }
        }
    }
}

/// What a name in a mask means.
fn arm(field: &Field, enumeration: &Ident) -> TokenStream {
    let (name, json_name) = (&field.name, &field.json_name);
    let pattern = if name == json_name { quote!(#name) } else { quote!(#name | #json_name) };
    let variant = naming::variant(name);
    let meaning = match field.behavior {
        _ if field.is_updatable() => quote!(Ok(#enumeration::#variant.bit())),
        _ if field.is_precondition() => quote!(Err(MaskErrorKind::Precondition)),
        behavior if behavior.output_only => quote!(Err(MaskErrorKind::OutputOnly)),
        _ => quote!(Err(MaskErrorKind::Immutable)),
    };
    quote!(#pattern => #meaning)
}
