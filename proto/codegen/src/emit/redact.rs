//! `Debug` of the messages that hold a secret: everything but that.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use crate::schema::{Message, Schema};

pub(crate) fn code(schema: &Schema) -> TokenStream {
    let messages = schema.secretive().map(debug);
    quote! {
        use crate::v1;
        use std::fmt;

        #(#messages)*
    }
}

fn debug(message: &Message) -> TokenStream {
    let name = message.name();
    let ident = format_ident!("{name}");
    let fields = message.fields.iter().map(|field| {
        let (text, ident) = (&field.name, format_ident!("{}", field.name));
        match field.secret {
            true => quote!(.field(#text, &format_args!("(secret)"))),
            false => quote!(.field(#text, &self.#ident)),
        }
    });
    quote! {
        impl fmt::Debug for v1::#ident {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(#name) #(#fields)* .finish()
            }
        }
    }
}
