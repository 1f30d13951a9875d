//! Destroyed messages of a thread, for its next ones: programs create and destroy one for every send, so that the memory
//! of the last is the memory of the next.

use std::cell::RefCell;
use std::ptr;

use crate::producer::Message;

/// More than one only where a thread holds several at once.
const SPARES_MAX: usize = 16;
/// A message that would keep more memory than this is freed.
const SPARE_BYTES_MAX: usize = 8 * 1024;

thread_local! {
    #[expect(clippy::vec_box, reason = "the boxes are what C owns")]
    static SPARES: RefCell<Vec<Box<Message>>> = const { RefCell::new(Vec::new()) };
}

/// A message to be renewed, if the thread has one.
pub(super) fn take() -> Option<Box<Message>> {
    // None on a thread that is ending.
    SPARES.try_with(|spares| spares.try_borrow_mut().ok()?.pop()).ok().flatten()
}

/// Whether a message lies here.
pub(super) fn holds(message: *const Message) -> bool {
    let is_there = |spares: &RefCell<Vec<Box<Message>>>| {
        spares
            .try_borrow()
            .is_ok_and(|spares| spares.iter().any(|spare| ptr::eq(&raw const **spare, message)))
    };
    SPARES.try_with(is_there).unwrap_or(false)
}

/// Clears and keeps a message, or frees it.
pub(super) fn keep(mut message: Box<Message>) {
    if message.kept_bytes() > SPARE_BYTES_MAX {
        return;
    }
    message.clear();
    // Dropped on a thread that is ending.
    let _ = SPARES.try_with(move |spares| {
        if let Ok(mut spares) = spares.try_borrow_mut()
            && spares.len() < SPARES_MAX
        {
            spares.push(message);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_keeps_few_small_messages_without_what_was_in_them() {
        std::thread::spawn(|| {
            assert!(take().is_none());
            let mut large = Message::new("T").unwrap();
            large.set_body(&[1; SPARE_BYTES_MAX - 1]).unwrap();
            large.set_body(&[1]).unwrap();
            large.set_tags(Some("TagA")).unwrap();
            keep(Box::new(large));
            assert!(take().is_none(), "too large to be kept");
            let one = Box::new(Message::new("T").unwrap());
            let place = &raw const *one;
            keep(one);
            assert!(holds(place) && take().is_some() && !holds(place));
            for _ in 0..=SPARES_MAX {
                let mut message = Message::new("T").unwrap();
                message.set_body(b"body").unwrap();
                message.set_tags(Some("TagA")).unwrap();
                keep(Box::new(message));
            }
            for _ in 0..SPARES_MAX {
                let message = take().unwrap();
                assert_eq!(
                    (message.body(), message.tags().as_str(), message.property_at(0)),
                    (&b""[..], "", None)
                );
            }
            assert!(take().is_none());
        })
        .join()
        .unwrap();
    }
}
