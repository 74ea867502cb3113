//! What a certificate says, as plain values. Verifies nothing.

use crate::domain::Timestamp;
use crate::listener::{CertificateName, ClientCertificate};
use x509_cert::Certificate;
use x509_cert::attr::AttributeValue;
use x509_cert::der::asn1::{BmpString, Ia5StringRef, ObjectIdentifier, PrintableStringRef, TeletexStringRef, Utf8StringRef};
use x509_cert::der::{Decode, Error, Tag, Tagged};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{ExtendedKeyUsage, SubjectAltName};

/// `commonName`, as the database of identifiers has it.
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
/// `id-kp-clientAuth`: made for clients of TLS.
const CLIENT_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");

/// Takes a certificate apart.
pub(super) fn read(der: &[u8]) -> Result<ClientCertificate, Error> {
    let certificate = Certificate::from_der(der)?;
    let certificate = certificate.tbs_certificate();
    let alternative = certificate.get_extension::<SubjectAltName>()?;
    let alternative = alternative.iter().flat_map(|(_, names)| &names.0).filter_map(alternative_name);
    let names = common_name(certificate.subject()).into_iter().chain(alternative).collect();
    let not_after = certificate.validity().not_after.to_unix_duration();
    Ok(ClientCertificate { names, not_after: Timestamp::from_micros(0).after(not_after) })
}

/// Whether it says that it was made for clients.
pub(super) fn is_for_clients(der: &[u8]) -> Result<bool, Error> {
    let certificate = Certificate::from_der(der)?;
    let usage = certificate.tbs_certificate().get_extension::<ExtendedKeyUsage>()?;
    Ok(usage.is_some_and(|(_, usage)| usage.0.contains(&CLIENT_AUTH)))
}

/// The common name. Of several none: programs do not agree on which of them counts.
fn common_name(subject: &x509_cert::name::Name) -> Option<CertificateName> {
    let mut found = subject.iter().filter(|attribute| attribute.oid == COMMON_NAME);
    match (found.next(), found.next()) {
        (Some(only), None) => text(&only.value).and_then(|text| plain(&text)).map(CertificateName::Cn),
        _ => None,
    }
}

fn text(value: &AttributeValue) -> Option<String> {
    match value.tag() {
        Tag::Utf8String => value.decode_as::<Utf8StringRef<'_>>().ok().map(|text| text.to_string()),
        Tag::PrintableString => value.decode_as::<PrintableStringRef<'_>>().ok().map(|text| text.to_string()),
        Tag::Ia5String => value.decode_as::<Ia5StringRef<'_>>().ok().map(|text| text.to_string()),
        Tag::TeletexString => value.decode_as::<TeletexStringRef<'_>>().ok().map(|text| text.to_string()),
        Tag::BmpString => value.decode_as::<BmpString>().ok().map(|text| text.to_string()),
        _ => None,
    }
}

/// An alternative name of a kind that is of use.
fn alternative_name(name: &GeneralName) -> Option<CertificateName> {
    match name {
        GeneralName::DnsName(name) => plain(name.as_str()).map(CertificateName::Dns),
        GeneralName::UniformResourceIdentifier(name) => plain(name.as_str()).map(CertificateName::Uri),
        GeneralName::Rfc822Name(name) => plain(name.as_str()).map(CertificateName::Email),
        _ => None,
    }
}

/// A name that stays in its line of a log. One that does not is left out, and so stands for nobody.
fn plain(name: &str) -> Option<String> {
    (!name.is_empty() && !name.contains(char::is_control)).then(|| name.to_owned())
}
