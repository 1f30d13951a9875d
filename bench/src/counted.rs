//! What the client does below its own code, counted: allocations by the global allocator, writes by functions that
//! stand before those of the C library. The linker takes these for every call in this program, the producer's
//! included; what they count is what reaches the kernel, and `strace` sees the same.
#![expect(unsafe_code, reason = "an allocator, and functions of the C library")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::ffi::{c_int, c_long, c_void};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Off while times are taken: three threads that count share a cache line.
static ALLOCATIONS_COUNT: AtomicBool = AtomicBool::new(false);
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static SOCKET_WRITES: AtomicU64 = AtomicU64::new(0);
static OTHER_WRITES: AtomicU64 = AtomicU64::new(0);

/// Starts or ends the counting of allocations.
pub(crate) fn count_allocations(on: bool) {
    ALLOCATIONS_COUNT.store(on, Ordering::SeqCst);
}

/// Allocations counted so far; growing one counts as one.
pub(crate) fn allocations() -> u64 {
    ALLOCATIONS.load(Ordering::Relaxed)
}

/// Calls that write to a socket, failed ones included.
pub(crate) fn socket_writes() -> u64 {
    SOCKET_WRITES.load(Ordering::Relaxed)
}

/// Calls of `write`: to the event descriptor that ends the sleep of the runtime's thread.
pub(crate) fn other_writes() -> u64 {
    OTHER_WRITES.load(Ordering::Relaxed)
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

impl Counting {
    fn count() {
        if ALLOCATIONS_COUNT.load(Ordering::Relaxed) {
            ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        }
    }
}

// SAFETY: the system's allocator does the work; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::count();
        // SAFETY: the caller's promise, passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        Self::count();
        // SAFETY: the caller's promise, passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        Self::count();
        // SAFETY: the caller's promise, passed on.
        unsafe { System.realloc(block, layout, bytes) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise, passed on.
        unsafe { System.dealloc(block, layout) }
    }
}

/// Makes a system call whose result is a count of bytes or -1.
///
/// # Safety
///
/// The arguments are those of the call `number`.
unsafe fn call(number: c_long, arguments: [usize; 6]) -> isize {
    let [a, b, c, d, e, f] = arguments;
    // SAFETY: the caller's promise, passed on.
    let result = unsafe { libc::syscall(number, a, b, c, d, e, f) };
    isize::try_from(result).unwrap_or(-1)
}

const fn number(value: c_int) -> usize {
    value.cast_unsigned() as usize
}

/// `sendmsg(2)`.
///
/// # Safety
///
/// As the C library's.
#[unsafe(no_mangle)]
unsafe extern "C" fn sendmsg(socket: c_int, message: *const libc::msghdr, flags: c_int) -> isize {
    SOCKET_WRITES.fetch_add(1, Ordering::Relaxed);
    // SAFETY: the caller's arguments, passed on.
    unsafe { call(libc::SYS_sendmsg, [number(socket), message.expose_provenance(), number(flags), 0, 0, 0]) }
}

/// `send(2)`.
///
/// # Safety
///
/// As the C library's.
#[unsafe(no_mangle)]
unsafe extern "C" fn send(socket: c_int, bytes: *const c_void, count: usize, flags: c_int) -> isize {
    SOCKET_WRITES.fetch_add(1, Ordering::Relaxed);
    let arguments = [number(socket), bytes.expose_provenance(), count, number(flags), 0, 0];
    // SAFETY: the caller's arguments, passed on; without an address `sendto` is `send`.
    unsafe { call(libc::SYS_sendto, arguments) }
}

/// `writev(2)`.
///
/// # Safety
///
/// As the C library's.
#[unsafe(no_mangle)]
unsafe extern "C" fn writev(file: c_int, pieces: *const libc::iovec, count: c_int) -> isize {
    SOCKET_WRITES.fetch_add(1, Ordering::Relaxed);
    // SAFETY: the caller's arguments, passed on.
    unsafe { call(libc::SYS_writev, [number(file), pieces.expose_provenance(), number(count), 0, 0, 0]) }
}

/// `write(2)`.
///
/// # Safety
///
/// As the C library's.
#[unsafe(no_mangle)]
unsafe extern "C" fn write(file: c_int, bytes: *const c_void, count: usize) -> isize {
    OTHER_WRITES.fetch_add(1, Ordering::Relaxed);
    // SAFETY: the caller's arguments, passed on.
    unsafe { call(libc::SYS_write, [number(file), bytes.expose_provenance(), count, 0, 0, 0]) }
}
