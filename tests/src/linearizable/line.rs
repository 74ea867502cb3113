//! The requests and the answers of a history in the order of time, from which operations are taken and to which they are
//! put back: the linked list of Wing, Gong and Lowe.

use super::{Operation, Outcome};

/// Before the first event and after the last one.
const ENDS: usize = 0;

#[derive(Debug, Clone, Copy)]
enum Event {
    Invoked(usize),
    Returned,
}

/// The events of the operations that are not placed yet. Operations go by their number.
#[derive(Debug)]
pub(super) struct Line {
    events: Vec<Event>,
    next: Vec<usize>,
    previous: Vec<usize>,
    /// Where an operation begins and, if it was answered, ends.
    places: Vec<(usize, Option<usize>)>,
}

impl Line {
    pub(super) fn new(history: &[Operation]) -> Self {
        let mut events = Vec::new();
        for (number, operation) in history.iter().enumerate() {
            events.push((operation.invoked, false, number));
            if operation.outcome != Outcome::Unknown {
                events.push((operation.returned, true, number));
            }
        }
        // Of one moment, requests come first: who cannot tell which was earlier must not claim an order.
        events.sort_unstable();
        let mut places = vec![(ENDS, None); history.len()];
        for (index, (_, is_answer, number)) in events.iter().enumerate() {
            if *is_answer {
                places[*number].1 = Some(index + 1);
            } else {
                places[*number].0 = index + 1;
            }
        }
        let count = events.len() + 1;
        let event = |(_, is_answer, number)| if is_answer { Event::Returned } else { Event::Invoked(number) };
        Self {
            events: events.into_iter().map(event).collect(),
            next: (0..count).map(|place| (place + 1) % count).collect(),
            previous: (0..count).map(|place| (place + count - 1) % count).collect(),
            places,
        }
    }

    /// The operations that can be next as far as time is concerned: they were asked for before the first answer.
    pub(super) fn candidates(&self) -> impl Iterator<Item = usize> {
        let mut place = self.next[ENDS];
        std::iter::from_fn(move || match (place != ENDS).then(|| self.events[place - 1]) {
            Some(Event::Invoked(number)) => {
                place = self.next[place];
                Some(number)
            }
            Some(Event::Returned) | None => None,
        })
    }

    pub(super) fn take(&mut self, number: usize) {
        let (begin, end) = self.places[number];
        self.unlink(begin);
        end.into_iter().for_each(|end| self.unlink(end));
    }

    /// The operation that was taken last.
    pub(super) fn put_back(&mut self, number: usize) {
        let (begin, end) = self.places[number];
        end.into_iter().for_each(|end| self.link(end));
        self.link(begin);
    }

    fn unlink(&mut self, place: usize) {
        let (previous, next) = (self.previous[place], self.next[place]);
        (self.next[previous], self.previous[next]) = (next, previous);
    }

    /// It still knows where it was.
    fn link(&mut self, place: usize) {
        let (previous, next) = (self.previous[place], self.next[place]);
        (self.next[previous], self.previous[next]) = (place, place);
    }
}
