//! The items of an import that are not acknowledged yet: what is sent again when a stream breaks. Never holds more than a few messages.

use std::collections::VecDeque;
use std::mem;

use prost::Message as _;
use registry_proto::v1 as pb;
use registry_proto::v1::import_request::Items;

/// How many items a message holds at the most.
const MAX_ITEMS: usize = 500;
/// How many bytes those may have. More only if it is one.
const MAX_BYTES: usize = 1024 * 1024;
/// How many messages may be under way: enough to keep the registry busy while answers are.
pub(super) const MESSAGES: usize = 4;

/// What is kept until it is acknowledged.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// In order, without a gap.
    messages: VecDeque<Items>,
    /// How many of those were sent on the present stream.
    sent: usize,
    /// What comes after them, not yet a whole message.
    building: Items,
    building_bytes: usize,
    /// The number of the last item that was taken in.
    last_sequence: u64,
    acknowledged_sequence: u64,
}

impl Window {
    pub(super) const fn acknowledged_sequence(&self) -> u64 {
        self.acknowledged_sequence
    }

    pub(super) const fn last_sequence(&self) -> u64 {
        self.last_sequence
    }

    /// Whether one more item can be taken in.
    pub(super) fn has_room(&self) -> bool {
        self.messages.len() < MESSAGES
    }

    /// Whether everything that was taken in is acknowledged.
    pub(super) fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.building.items.is_empty()
    }

    /// Whether answers are due.
    pub(super) const fn is_under_way(&self) -> bool {
        self.sent > 0
    }

    /// Takes in the next item. One that is acknowledged already is only counted.
    pub(super) fn push(&mut self, item: pb::TransferItem) {
        self.last_sequence = self.last_sequence.saturating_add(1);
        if self.last_sequence <= self.acknowledged_sequence {
            return;
        }
        // A little more than the registry counts.
        let bytes = item.encoded_len().saturating_add(8);
        if self.building_bytes.saturating_add(bytes) > MAX_BYTES {
            self.close();
        }
        if self.building.items.is_empty() {
            self.building.first_sequence = self.last_sequence.try_into().unwrap_or(i64::MAX);
        }
        self.building.items.push(item);
        self.building_bytes = self.building_bytes.saturating_add(bytes);
        if self.building.items.len() >= MAX_ITEMS {
            self.close();
        }
    }

    /// Makes a message of what there is.
    pub(super) fn close(&mut self) {
        let message = mem::take(&mut self.building);
        self.building_bytes = 0;
        if !message.items.is_empty() {
            self.messages.push_back(message);
        }
    }

    /// The next message that was not sent on the present stream; counts as sent from now on.
    pub(super) fn unsent(&mut self) -> Option<Items> {
        let message = self.messages.get(self.sent)?.clone();
        self.sent = self.sent.saturating_add(1);
        Some(message)
    }

    /// Begins anew on another stream.
    pub(super) fn send_again(&mut self) {
        self.sent = 0;
    }

    /// An item that was sent and is not acknowledged.
    pub(super) fn item(&self, sequence: u64) -> Option<&pb::TransferItem> {
        self.messages.iter().find_map(|message| {
            let place = sequence.checked_sub(first(message))?;
            message.items.get(usize::try_from(place).ok()?)
        })
    }

    /// Lets go of what is acknowledged, and says how much more that is than before.
    pub(super) fn acknowledge(&mut self, sequence: u64) -> u64 {
        let before = self.acknowledged_sequence;
        self.acknowledged_sequence = before.max(sequence);
        while let Some(message) = self.messages.front_mut() {
            trim(message, sequence);
            if !message.items.is_empty() {
                break;
            }
            self.messages.pop_front();
            self.sent = self.sent.saturating_sub(1);
        }
        trim(&mut self.building, sequence);
        self.acknowledged_sequence.saturating_sub(before)
    }
}

/// Takes what is acknowledged out of a message: all or nothing of it, unless another program with the same id has cut the items into
/// messages otherwise.
fn trim(message: &mut Items, sequence: u64) {
    let gone = sequence.saturating_add(1).saturating_sub(first(message));
    let gone = usize::try_from(gone).unwrap_or(usize::MAX).min(message.items.len());
    message.items.drain(..gone);
    message.first_sequence = message.first_sequence.saturating_add(gone.try_into().unwrap_or(0));
}

fn first(message: &Items) -> u64 {
    message.first_sequence.try_into().unwrap_or(0)
}
