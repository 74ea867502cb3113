//! The suite: what the registry promises, on every database it promises it for.

mod access;
mod alias_races;
mod audit;
mod backup;
mod binary;
mod caching;
mod configuration;
mod conformance;
mod documents;
mod drift;
mod examples;
mod faults;
mod guards;
mod health;
mod importing;
mod limits;
#[cfg(feature = "postgres")]
mod linearizability;
mod moving;
mod mutations;
mod observed;
mod packaging;
mod races;
mod registryctl;
#[cfg(feature = "postgres")]
mod replicas;
mod scope;
mod storage;
mod tidy;
mod tls;
mod transfers;
mod upgrade;
mod watching;
