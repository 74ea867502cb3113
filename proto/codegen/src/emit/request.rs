//! `registry_proto::request`: an `impl Request` for the request of every method.

use proc_macro2::TokenStream;
use quote::quote;

use crate::naming;
use crate::schema::{Message, Method, REQUEST_ID, Schema, VALIDATE_ONLY};

pub(crate) fn code(schema: &Schema) -> TokenStream {
    let impls = schema.methods.iter().map(|method| request(method, schema.message(&method.request)));
    quote! {
        use super::Request;
        use crate::method::Method;
        use crate::v1;
        #(#impls)*
    }
}

fn request(method: &Method, request: Option<&Message>) -> TokenStream {
    let has = |name: &str| request.is_some_and(|request| request.fields.iter().any(|field| field.name == name));
    let (path, name) = (naming::path(&method.request), naming::variant(&method.name));
    let request_id = has(REQUEST_ID).then(|| {
        quote! {
            fn request_id(&self) -> Option<&str> {
                Some(&self.request_id)
            }

            fn request_id_mut(&mut self) -> Option<&mut String> {
                Some(&mut self.request_id)
            }
        }
    });
    let validate_only = has(VALIDATE_ONLY).then(|| {
        quote! {
            fn validate_only(&self) -> bool {
                self.validate_only
            }
        }
    });
    quote! {
        impl Request for #path {
            const METHOD: Method = Method::#name;
            #request_id
            #validate_only
        }
    }
}
