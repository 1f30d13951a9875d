//! The body of a message: a small one in memory of its own that is filled again and again, a large one shared.

use std::collections::TryReserveError;

use bytes::Bytes;

/// A body of this size or more is shared between a message, its attempts and the socket. To copy a smaller one costs
/// less than to count who holds it, across threads, and to give its memory back to another thread's heap.
pub(crate) const SHARED_BYTES_MIN: usize = 8 * 1024;

/// The bytes of a message.
#[derive(Clone, Debug)]
pub struct Body(Form);

#[derive(Clone, Debug)]
enum Form {
    Own(Vec<u8>),
    Shared(Bytes),
}

impl Body {
    /// No bytes, and no memory.
    pub const EMPTY: Self = Self(Form::Own(Vec::new()));

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        match &self.0 {
            Form::Own(bytes) => bytes,
            Form::Shared(bytes) => bytes,
        }
    }

    /// The bytes as a piece that outlives this, if they are too many to be copied.
    pub(crate) const fn shared(&self) -> Option<&Bytes> {
        match &self.0 {
            Form::Own(_) => None,
            Form::Shared(bytes) => Some(bytes),
        }
    }

    /// Bytes that fit into memory of its own.
    pub(crate) const fn own_capacity(&self) -> usize {
        match &self.0 {
            Form::Own(bytes) => bytes.capacity(),
            Form::Shared(_) => 0,
        }
    }

    /// Replaces the bytes by a copy of `data`; without memory for it they stay.
    pub fn set(&mut self, data: &[u8]) -> Result<(), TryReserveError> {
        match &mut self.0 {
            Form::Own(own) if data.len() <= own.capacity() && data.len() < SHARED_BYTES_MIN => {
                own.clear();
                own.extend_from_slice(data);
            }
            _ => *self = copied(&[data])?.into(),
        }
        Ok(())
    }

    /// Adds a copy of `data`. What is there is copied too while somebody shares it.
    pub fn append(&mut self, data: &[u8]) -> Result<(), TryReserveError> {
        let mut own = match std::mem::replace(self, Self::EMPTY).0 {
            Form::Own(own) => own,
            Form::Shared(bytes) => match bytes.try_into_mut() {
                Ok(alone) => alone.into(),
                Err(bytes) => {
                    let both = copied(&[&bytes, data]);
                    self.0 = Form::Shared(bytes);
                    *self = both?.into();
                    return Ok(());
                }
            },
        };
        let room = own.try_reserve(data.len());
        if room.is_ok() {
            own.extend_from_slice(data);
        }
        *self = own.into();
        room
    }

    /// Becomes equal to `other`: shares what is shared, copies the rest into the memory that is there.
    pub(crate) fn take_over(&mut self, other: &Self) -> Result<(), TryReserveError> {
        match &other.0 {
            Form::Own(bytes) => self.set(bytes),
            Form::Shared(bytes) => {
                self.0 = Form::Shared(bytes.clone());
                Ok(())
            }
        }
    }

    /// Lets the bytes go and keeps its own memory.
    pub(crate) fn clear(&mut self) {
        match &mut self.0 {
            Form::Own(own) => own.clear(),
            Form::Shared(_) => *self = Self::EMPTY,
        }
    }

    /// Lets the bytes go; the memory that was its own, to be filled again.
    pub(crate) fn empty(&mut self) -> Vec<u8> {
        match std::mem::replace(self, Self::EMPTY).0 {
            Form::Own(mut own) => {
                own.clear();
                own
            }
            Form::Shared(_) => Vec::new(),
        }
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self(if bytes.len() < SHARED_BYTES_MIN { Form::Own(bytes) } else { Form::Shared(bytes.into()) })
    }
}

/// Shared whatever its size, since it is somebody's who wants to know when it is not used any more.
impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self(Form::Shared(bytes))
    }
}

/// The pieces, one behind the other.
fn copied(pieces: &[&[u8]]) -> Result<Vec<u8>, TryReserveError> {
    let mut all = Vec::new();
    all.try_reserve_exact(pieces.iter().map(|piece| piece.len()).sum())?;
    pieces.iter().for_each(|piece| all.extend_from_slice(piece));
    Ok(all)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const SIZES: [usize; 5] = [0, 1, 1000, SHARED_BYTES_MIN - 1, SHARED_BYTES_MIN + 1];

    fn pattern(length: usize) -> Vec<u8> {
        (0..=250).cycle().take(length).collect()
    }

    #[test]
    fn bytes_are_what_was_put_in_whatever_was_there() {
        for before in SIZES {
            for after in SIZES {
                let mut body = Body::from(pattern(before));
                body.append(&pattern(after)).unwrap();
                assert_eq!(body.as_slice(), [pattern(before), pattern(after)].concat(), "{before} {after}");
                body.set(&pattern(after)).unwrap();
                assert_eq!(body.as_slice(), pattern(after));
                let mut other = Body::from(pattern(before));
                other.take_over(&body).unwrap();
                assert_eq!(other.as_slice(), pattern(after));
                assert_eq!(other.shared().is_some(), after >= SHARED_BYTES_MIN);
            }
        }
    }

    #[test]
    fn append_copies_what_others_hold_and_leaves_it_to_them() {
        for length in SIZES {
            let mut body = Body::from(pattern(length));
            let sent = body.clone();
            body.append(b"more").unwrap();
            assert_eq!(sent.as_slice(), pattern(length));
            assert_eq!(body.as_slice(), [&pattern(length)[..], b"more"].concat());
        }
    }

    #[test]
    fn append_copies_what_is_lent_and_lets_it_go() {
        struct Owner(Arc<[u8]>);
        impl AsRef<[u8]> for Owner {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }
        for length in SIZES {
            let memory: Arc<[u8]> = pattern(length).into();
            let mut body = Body::from(Bytes::from_owner(Owner(Arc::clone(&memory))));
            assert_eq!((body.as_slice().as_ptr(), Arc::strong_count(&memory)), (memory.as_ptr(), 2));
            body.append(b"more").unwrap();
            assert_eq!(body.as_slice(), [&pattern(length)[..], b"more"].concat());
            assert_eq!((&memory[..], Arc::strong_count(&memory)), (&pattern(length)[..], 1));
        }
    }

    #[test]
    fn memory_of_its_own_is_filled_again_and_large_bodies_are_not_copied() {
        let mut body = Body::from(Vec::with_capacity(1000));
        let place = body.as_slice().as_ptr();
        body.set(&pattern(1000)).unwrap();
        assert_eq!(body.as_slice().as_ptr(), place);
        let memory = body.empty();
        assert_eq!((memory.as_ptr(), memory.len(), body.as_slice().len()), (place, 0, 0));
        let large = Body::from(pattern(SHARED_BYTES_MIN));
        body.take_over(&large).unwrap();
        assert_eq!(body.as_slice().as_ptr(), large.as_slice().as_ptr());
        assert_eq!(body.empty().capacity(), 0);
    }
}
