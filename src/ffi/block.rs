//! Pointers of C that can be told apart after their destroy: each leads to a small block that is never freed. For
//! producers and completion queues, which are few, live long and are destroyed by garbage collectors in any order: so a
//! call after destroy, or in the child of a fork, gets an answer.

use std::mem::{self, MaybeUninit};
use std::ops::Deref;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Arc, Mutex};

use crate::error::{Error, ErrorKind};
use crate::ffi::owned::Owned;
use crate::runtime;

/// What C owns, in a box of its own for the weak reference to keep: so a destroyed object leaves a few bytes behind and
/// not all its memory.
pub(super) struct Owner<T>(Arc<T>);

impl<T> Deref for Owner<T> {
    type Target = Arc<T>;

    fn deref(&self) -> &Arc<T> {
        &self.0
    }
}

/// What such a pointer leads to. What is costly goes with the object's destroy.
pub(super) struct Block<T, K> {
    /// Starts each block, so that another object is told apart.
    magic: u64,
    /// The process generation that made it.
    generation: u64,
    name: &'static str,
    object: Owned<Owner<T>>,
    /// What C may have pointers into, as long as the process lives.
    pub(super) kept: K,
    before: AtomicPtr<Self>,
}

/// All blocks of one kind, each leading to the one before it. They are reachable from here for ever, so leak checkers
/// stay calm.
pub(super) struct Blocks<T: 'static, K: 'static = ()> {
    magic: u64,
    name: &'static str,
    newest: AtomicPtr<Block<T, K>>,
    room: Mutex<Room<Block<T, K>>>,
}

/// Room for blocks, many at a time: what is never freed would else lie behind what an object frees, a block each, and keep
/// the allocator from giving any of it out again as a whole.
struct Room<B: 'static> {
    free: &'static mut [MaybeUninit<B>],
    /// Where each piece begins, which is how leak checkers find it.
    pieces: Vec<*const MaybeUninit<B>>,
}

// SAFETY: the pointers are never followed.
unsafe impl<B> Send for Room<B> {}

const PIECE: usize = 32;

impl<B> Room<B> {
    fn place(&mut self, block: B) -> &'static B {
        if self.free.is_empty() {
            self.free = Box::leak(Box::new_uninit_slice(PIECE));
            self.pieces.push(self.free.as_ptr());
        }
        match mem::take(&mut self.free).split_first_mut() {
            Some((first, rest)) => {
                self.free = rest;
                first.write(block)
            }
            None => Box::leak(Box::new(block)),
        }
    }
}

impl<T: 'static, K: Default + 'static> Blocks<T, K> {
    pub(super) const fn new(magic: u64, name: &'static str) -> Self {
        let room = Mutex::new(Room { free: &mut [], pieces: Vec::new() });
        Self { magic, name, newest: AtomicPtr::new(ptr::null_mut()), room }
    }

    /// Makes an object the caller's.
    pub(super) fn give<H>(&self, object: Arc<T>) -> *mut H {
        let block = Block {
            magic: self.magic,
            generation: runtime::generation(),
            name: self.name,
            object: Owned::new(Owner(object)),
            kept: K::default(),
            before: AtomicPtr::new(ptr::null_mut()),
        };
        let block: &'static Block<T, K> = match self.room.try_lock() {
            Ok(mut room) => room.place(block),
            // Another thread has it, or had it when this process was forked.
            Err(_) => Box::leak(Box::new(block)),
        };
        let place = ptr::from_ref(block).cast_mut();
        let mut newest = self.newest.load(Ordering::Acquire);
        loop {
            block.before.store(newest, Ordering::Relaxed);
            match self.newest.compare_exchange_weak(newest, place, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return place.cast(),
                Err(other) => newest = other,
            }
        }
    }

    /// The block behind a pointer, if it belongs to this process.
    ///
    /// # Safety
    ///
    /// `pointer` is NULL or came from [`Self::give`], destroyed or not.
    pub(super) unsafe fn find<H>(&self, pointer: *const H) -> Result<&'static Block<T, K>, Error> {
        let name = self.name;
        // SAFETY: a pointer from `give` leads to a block, and blocks are never freed.
        let block = unsafe { pointer.cast::<Block<T, K>>().as_ref() }
            .ok_or_else(|| Error::new(ErrorKind::InvalidArgument, format!("`{name}` is NULL")))?;
        if block.magic != self.magic {
            let text = format!("the pointer does not lead to a {name}");
            return Err(Error::new(ErrorKind::InvalidHandle, text));
        }
        if block.generation != runtime::generation() {
            return Err(Error::new(ErrorKind::Forked, format!("the {name} belongs to the parent process")));
        }
        Ok(block)
    }

    /// Every object of this process that is not destroyed.
    pub(super) fn live(&self) -> Vec<Arc<T>> {
        let mut found = Vec::new();
        let mut place = self.newest.load(Ordering::Acquire);
        // SAFETY: the list holds blocks that are never freed.
        while let Some(block) = unsafe { place.as_ref() } {
            if block.generation == runtime::generation() {
                found.extend(block.live().map(|owner| Arc::clone(&owner.0)));
            }
            place = block.before.load(Ordering::Acquire);
        }
        found
    }
}

impl<T, K> Block<T, K> {
    /// The object, for the time of a call.
    pub(super) fn live(&self) -> Result<Arc<Owner<T>>, Error> {
        let destroyed =
            || Error::new(ErrorKind::InvalidHandle, format!("the {} was destroyed before", self.name));
        self.object.live().ok_or_else(destroyed)
    }

    /// Ends the ownership: the first who does so gets the object.
    pub(super) fn destroy(&self) -> Option<Arc<Owner<T>>> {
        self.object.destroy()
    }
}
