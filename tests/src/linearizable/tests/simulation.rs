//! Clients of registers that are what an alias should be, and what each client would write down.

use super::super::{Call, Operation, Outcome, Value};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

/// An alias.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Register(Option<Value>);

impl Register {
    /// Does what is asked for, and answers.
    pub(super) fn answer(&mut self, call: &Call) -> Outcome {
        let refused = |current: &Option<Value>| Outcome::Moved { current: current.clone() };
        match call {
            Call::Set { to } => self.0 = Some(to.clone()),
            Call::CompareAndSet { expected, to } if self.0 == *expected => self.0 = Some(to.clone()),
            Call::CompareAndSet { .. } => return refused(&self.0),
            Call::Delete { .. } if self.0.is_none() => return Outcome::Absent,
            Call::Delete { expected } if expected.is_none() || self.0 == *expected => self.0 = None,
            Call::Delete { .. } => return refused(&self.0),
            Call::Get => return self.0.clone().map_or(Outcome::Absent, Outcome::Seen),
        }
        Outcome::Ok
    }
}

/// What is simulated.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    pub(super) aliases: usize,
    pub(super) clients: usize,
    pub(super) operations: usize,
    /// How many different values are written; `None`: each is written once.
    pub(super) values: Option<usize>,
    /// How many percent of the calls are not answered.
    pub(super) unanswered: u32,
}

#[derive(Debug, Clone)]
enum Client {
    Idle,
    Waiting { alias: usize, call: Call, invoked: u64, outcome: Option<Outcome> },
}

struct World {
    plan: Plan,
    random: StdRng,
    now: u64,
    written: usize,
    registers: Vec<Register>,
    clients: Vec<Client>,
    /// Nobody waits for these any more, and they may happen.
    adrift: Vec<(usize, Call)>,
    histories: Vec<Vec<Operation>>,
}

/// The histories of the aliases.
pub(super) fn simulate(plan: Plan, seed: u64) -> Vec<Vec<Operation>> {
    let mut world = World {
        plan,
        random: StdRng::seed_from_u64(seed),
        now: 0,
        written: 0,
        registers: vec![Register::default(); plan.aliases],
        clients: vec![Client::Idle; plan.clients],
        adrift: Vec::new(),
        histories: vec![Vec::new(); plan.aliases],
    };
    while world.histories.iter().map(Vec::len).sum::<usize>() < plan.operations {
        world.turn();
    }
    (0..plan.clients).for_each(|client| world.give_up(client));
    // The time says what was first, and not who was the first to write it down.
    world.histories.iter_mut().for_each(|history| history.shuffle(&mut world.random));
    world.histories
}

impl World {
    /// One client does one thing.
    fn turn(&mut self) {
        self.now += 1;
        if !self.adrift.is_empty() && self.random.random_ratio(1, 40) {
            let (alias, call) = self.adrift.swap_remove(self.random.random_range(0..self.adrift.len()));
            self.registers[alias].answer(&call);
        }
        let client = self.random.random_range(0..self.plan.clients);
        match std::mem::replace(&mut self.clients[client], Client::Idle) {
            Client::Idle => {
                let alias = self.random.random_range(0..self.plan.aliases);
                let call = self.call(alias);
                self.clients[client] = Client::Waiting { alias, call, invoked: self.now, outcome: None };
            }
            Client::Waiting { alias, call, invoked, outcome: Some(outcome) } => {
                self.histories[alias].push(Operation { client, call, invoked, returned: self.now, outcome });
            }
            waiting if self.random.random_ratio(self.plan.unanswered, 100) => {
                self.clients[client] = waiting;
                self.give_up(client);
            }
            Client::Waiting { alias, call, invoked, outcome: None } => {
                let outcome = Some(self.registers[alias].answer(&call));
                self.clients[client] = Client::Waiting { alias, call, invoked, outcome };
            }
        }
    }

    /// The answer gets lost, if there was to be one.
    fn give_up(&mut self, client: usize) {
        if let Client::Waiting { alias, call, invoked, outcome } = std::mem::replace(&mut self.clients[client], Client::Idle) {
            if outcome.is_none() {
                self.adrift.push((alias, call.clone()));
            }
            self.histories[alias].push(Operation { client, call, invoked, returned: invoked, outcome: Outcome::Unknown });
        }
    }

    fn call(&mut self, alias: usize) -> Call {
        // Often right, or nothing would ever succeed.
        let current = self.registers[alias].0.clone();
        let expected = if self.random.random_ratio(2, 3) { current } else { Some(self.value()) };
        match self.random.random_range(0..10) {
            0..3 => Call::Get,
            3..5 => Call::Set { to: self.value() },
            5..8 => Call::CompareAndSet { expected, to: self.value() },
            8 => Call::Delete { expected },
            _ => Call::Delete { expected: None },
        }
    }

    fn value(&mut self) -> Value {
        self.written += 1;
        format!("v{}", self.plan.values.map_or(self.written, |values| self.random.random_range(0..values)))
    }
}
