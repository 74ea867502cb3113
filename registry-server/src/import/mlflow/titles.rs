//! The names of the models that are made of registered models, whose names may be any text.
//!
//! May not: give two of them one name, or another name to one that could have kept its own.

use super::{DEFAULT, Key};
use crate::import::names::{self, Given, MODEL};
use std::collections::HashMap;

/// The name of each. With a prefix, those of the workspaces that are not the default one have the name of theirs in front.
pub(super) fn give(keys: Vec<Key>, is_prefixed: bool) -> HashMap<Key, String> {
    let wanted = |(workspace, name): &Key| match is_prefixed && workspace != DEFAULT {
        true => format!("{workspace}/{name}"),
        false => name.clone(),
    };
    let is_good = |key: &Key| !wanted(key).is_empty() && names::model(&wanted(key)) == wanted(key);
    let (good, others): (Vec<Key>, Vec<Key>) = keys.into_iter().partition(is_good);
    let mut all: HashMap<Key, String> = good.into_iter().map(|key| (key.clone(), wanted(&key))).collect();
    let mut given = Given::reserved(all.values().cloned());
    for key in others {
        let (workspace, name) = &key;
        let name = given.give(&names::model(&wanted(&key)), &format!("{workspace}/{name}"), "-", MODEL.longest);
        all.insert(key, name);
    }
    all
}
