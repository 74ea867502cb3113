//! Which of many is asked for next.

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

/// How often which one is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pick {
    /// A few very often, most seldom: Zipf's law with an exponent of 0.99, as load of caches is usually taken to be.
    Popular,
    /// All alike.
    Alike,
    /// A few thousand of them, all alike, and the others never: what a fleet serves.
    Few,
}

/// How many are asked for, if it is a few.
pub const FEW: u64 = 5000;

/// Chooses numbers from 0 to one less than `count`.
#[derive(Debug)]
pub struct Picker {
    chance: SmallRng,
    count: u64,
    how: How,
}

#[derive(Debug)]
enum How {
    Alike,
    Few,
    /// Gray et al., "Quickly generating billion-record synthetic databases" (SIGMOD 1994).
    Popular {
        theta: f64,
        alpha: f64,
        zeta: f64,
        eta: f64,
    },
}

impl Picker {
    /// Among so many, beginning with that seed.
    #[must_use]
    pub fn new(pick: Pick, count: u64, seed: u64) -> Self {
        let how = match pick {
            Pick::Alike => How::Alike,
            Pick::Few => How::Few,
            Pick::Popular => popular(float(count)),
        };
        Self { chance: SmallRng::seed_from_u64(seed), count, how }
    }

    /// The next one.
    #[expect(clippy::should_implement_trait, reason = "it never ends, and nobody iterates")]
    pub fn next(&mut self) -> u64 {
        match self.how {
            How::Alike => self.chance.random_range(0..self.count),
            How::Few => ranked(self.chance.random_range(0..FEW.min(self.count)), self.count),
            How::Popular { theta, alpha, zeta, eta } => {
                let u: f64 = self.chance.random();
                let uz = u * zeta;
                let rank = if uz < 1.0 {
                    0
                } else if uz < 1.0 + 0.5_f64.powf(theta) {
                    1
                } else {
                    whole(float(self.count) * eta.mul_add(u, 1.0 - eta).powf(alpha))
                };
                ranked(rank.min(self.count - 1), self.count)
            }
        }
    }
}

/// The one that is asked for so often: 0 the most. The popular ones are not those that were made first. Each has one rank, unless there
/// are a multiple of this prime.
#[must_use]
pub fn ranked(rank: u64, count: u64) -> u64 {
    rank * 15_485_863 % count
}

fn popular(count: f64) -> How {
    let theta: f64 = 0.99;
    // The sum of 1/i^theta: the first terms, and the integral over the others.
    let first = 10_000.0_f64.min(count);
    let mut zeta: f64 = (1..=10_000_u32).take_while(|i| f64::from(*i) <= first).map(|i| 1.0 / f64::from(i).powf(theta)).sum();
    zeta += (count.powf(1.0 - theta) - first.powf(1.0 - theta)) / (1.0 - theta);
    let two = 1.0 + 0.5_f64.powf(theta);
    let eta = (1.0 - (2.0 / count).powf(1.0 - theta)) / (1.0 - two / zeta);
    How::Popular { theta, alpha: 1.0 / (1.0 - theta), zeta, eta }
}

/// Exact up to 2^32, which is more than is ever made.
fn float(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

/// The whole part of a number that is not negative.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "there is no other way from a float, and it saturates"
)]
fn whole(value: f64) -> u64 {
    value as u64
}
