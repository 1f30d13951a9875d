//! Message ids: the one a client gives (`MessageClientIDSetter`), and the one a broker gives (`MessageDecoder`).

use crate::DecodeError;
use core::net::IpAddr;
use std::ffi::CStr;
use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};

const TEXT_V4: usize = 32;
const TEXT_V6: usize = 56;
/// Digits of time and counter.
const TEXT_TAIL: usize = 12;
/// A clock that is set back by less than this is taken for unsteady; by more, for a new month. Java's limit.
const BACK_MS_MAX: u32 = 1_000_000;

/// A client's message id, the property `UNIQ_KEY`: 32 upper-case hexadecimal digits from an IPv4 host, 56 from an IPv6
/// host.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct UniqueId {
    /// Hexadecimal digits, then zeros, at least one: so it is a C string too.
    text: [u8; TEXT_V6 + 1],
    /// How many digits.
    length: u8,
}

impl UniqueId {
    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Only hexadecimal digits are ever put in.
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// The digits, in ASCII. Unlike [`UniqueId::as_str`], this looks at none of them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.text.get(..usize::from(self.length)).unwrap_or_default()
    }

    /// Replaces time and counter by the low 48 bits of `value`.
    fn set_tail(&mut self, value: u64) {
        let [_, _, t0, t1, t2, t3, c0, c1] = value.to_be_bytes();
        let time = digits(u32::from_be_bytes([t0, t1, t2, t3]));
        let [_, _, _, _, counter @ ..] = digits(u32::from_be_bytes([0, 0, c0, c1]));
        let text = self.text.get_mut(..usize::from(self.length));
        if let Some(tail) = text.and_then(|text| text.last_chunk_mut::<TEXT_TAIL>()) {
            let (head, last) = tail.split_at_mut(time.len());
            head.copy_from_slice(&time);
            last.copy_from_slice(&counter);
        }
    }

    /// The digits, with a NUL behind them.
    #[must_use]
    pub fn as_c_str(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.text).unwrap_or_default()
    }
}

impl fmt::Display for UniqueId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl fmt::Debug for UniqueId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "UniqueId({})", self.as_str())
    }
}

impl FromStr for UniqueId {
    type Err = DecodeError;

    fn from_str(text: &str) -> Result<Self, DecodeError> {
        let well_formed =
            matches!(text.len(), TEXT_V4 | TEXT_V6) && text.bytes().all(|digit| digit.is_ascii_hexdigit());
        if !well_formed {
            return Err(DecodeError::MessageId);
        }
        let mut builder = Builder::new();
        text.bytes().for_each(|digit| builder.push(digit));
        Ok(builder.0)
    }
}

/// Makes ids. All threads of a process may share one.
///
/// ```text
/// ip 4 or 16 bytes, u16 process id, u32 discriminator, u32 milliseconds since the local month began, u16 counter
/// ```
#[derive(Debug)]
pub struct IdGenerator {
    /// Everything before the discriminator.
    head: Builder,
    /// A whole id of the first era, in which time and counter are zero.
    first_era: UniqueId,
    discriminator: u32,
    /// Era, time and counter of the last id, as `u16 era, u32 time, u16 counter`. It only grows, so that no id comes
    /// twice before 65,536 eras have passed.
    last: AtomicU64,
}

const TIME_SHIFT: u32 = 16;
const ERA_SHIFT: u32 = 48;

impl IdGenerator {
    /// What the discriminators of generators with equal address and process id must differ by at least: each era takes
    /// one.
    pub const DISCRIMINATORS: u32 = 1 << (u64::BITS - ERA_SHIFT);

    /// A generator for this host and process. The low 16 bits of `pid` count; `discriminator` keeps generators of one
    /// process, or processes of equal ids, apart.
    #[must_use]
    pub fn new(ip: IpAddr, pid: u32, discriminator: u32) -> Self {
        let mut head = Builder::new();
        head.push_address(ip);
        let [_, _, high, low] = pid.to_be_bytes();
        head.push_hex(&[high, low]);
        // The last time of the last era: the first id begins era 0.
        Self { head, first_era: head.of_era(discriminator), discriminator, last: AtomicU64::new(u64::MAX) }
    }

    /// Characters of each id.
    #[must_use]
    pub fn id_bytes(&self) -> usize {
        usize::from(self.first_era.length)
    }

    /// The next id. The counter goes on over milliseconds, as in Java, and steps the time ahead where it starts over.
    /// The time does not go back with the clock, unless by 1000 s or more, as it does when a month begins: that begins
    /// a new era, with a discriminator of its own.
    #[must_use]
    pub fn next(&self, ms_since_month_start: u32) -> UniqueId {
        let mut last = self.last.load(Ordering::Relaxed);
        let next = loop {
            let Some(next) = step(last, ms_since_month_start) else {
                break self.last.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
            };
            match self.last.compare_exchange_weak(last, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => break next,
                Err(other) => last = other,
            }
        };
        let mut id = match next >> ERA_SHIFT {
            0 => self.first_era,
            era => self.head.of_era(self.discriminator.wrapping_add(u32::try_from(era).unwrap_or_default())),
        };
        id.set_tail(next);
        id
    }
}

/// What follows `last` at the time `now`; `None` if that is simply one more.
fn step(last: u64, now: u32) -> Option<u64> {
    // The counter's carry goes into the time, which only makes it larger.
    let counter = last.wrapping_add(1) & 0xFFFF;
    let [_, _, time @ .., _, _] = last.to_be_bytes();
    let time = u32::from_be_bytes(time);
    let era = match now.checked_sub(time) {
        Some(0) => return None,
        Some(_) => last >> ERA_SHIFT,
        None if time - now < BACK_MS_MAX => return None,
        None => (last >> ERA_SHIFT) + 1,
    };
    Some(era << ERA_SHIFT | u64::from(now) << TIME_SHIFT | counter)
}

/// An id under construction.
#[derive(Clone, Copy, Debug)]
struct Builder(UniqueId);

impl Builder {
    const fn new() -> Self {
        Self(UniqueId { text: [0; TEXT_V6 + 1], length: 0 })
    }

    fn push(&mut self, digit: u8) {
        // The callers stop at TEXT_V6 digits, so the last byte stays zero.
        if let Some(slot) = self.0.text.get_mut(usize::from(self.0.length)) {
            *slot = digit;
            self.0.length += 1;
        }
    }

    fn push_hex(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.push(digit(byte >> 4));
            self.push(digit(byte & 0xF));
        }
    }

    /// The id that begins like this and in which time and counter are zero.
    fn of_era(mut self, discriminator: u32) -> UniqueId {
        self.push_hex(&discriminator.to_be_bytes());
        self.push_hex(&[0; TEXT_TAIL / 2]);
        self.0
    }

    fn push_address(&mut self, ip: IpAddr) {
        match ip {
            IpAddr::V4(ip) => self.push_hex(&ip.octets()),
            IpAddr::V6(ip) => self.push_hex(&ip.octets()),
        }
    }
}

/// The hexadecimal digits of `value`, all eight at once: each gets a byte of a word.
const fn digits(value: u32) -> [u8; 8] {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let word = value as u64;
    let word = (word | word << 16) & 0x0000_FFFF_0000_FFFF;
    let word = (word | word << 8) & 0x00FF_00FF_00FF_00FF;
    let word = (word | word << 4) & (ONES * 0x0F);
    // From ten on, six more carry into the high half of the byte.
    let letters = (word + ONES * 6) >> 4 & ONES;
    (word + ONES * b'0' as u64 + letters * (b'A' - b'0' - 10) as u64).to_be_bytes()
}

const fn digit(value: u8) -> u8 {
    if value < 10 { b'0' + value } else { b'A' + value - 10 }
}

/// A broker's message id: its address and the message's place in its log. 32 digits for IPv4, 56 for IPv6.
#[must_use]
pub fn offset_id(ip: IpAddr, port: u16, commit_log_offset: i64) -> String {
    let mut id = Builder::new();
    id.push_address(ip);
    id.push_hex(&u32::from(port).to_be_bytes());
    id.push_hex(&commit_log_offset.to_be_bytes());
    id.0.as_str().to_owned()
}

const _: () = assert!(TEXT_V4 == 2 * (4 + 2 + 4) + TEXT_TAIL && TEXT_V6 == 2 * (16 + 2 + 4) + TEXT_TAIL);

#[cfg(test)]
mod tests;
