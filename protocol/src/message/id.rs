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
        // Only hexadecimal digits are ever put in, so neither step fails.
        let digits = self.text.get(..usize::from(self.length)).unwrap_or_default();
        std::str::from_utf8(digits).unwrap_or_default()
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
    /// The same and the discriminator.
    head_of_first_era: Builder,
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
        let mut head_of_first_era = head;
        head_of_first_era.push_hex(&discriminator.to_be_bytes());
        // The last time of the last era: the first id begins era 0.
        Self { head, head_of_first_era, discriminator, last: AtomicU64::new(u64::MAX) }
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
        let [era_high, era_low, tail @ ..] = next.to_be_bytes();
        let mut id = match u16::from_be_bytes([era_high, era_low]) {
            0 => self.head_of_first_era,
            era => {
                let mut head = self.head;
                head.push_hex(&self.discriminator.wrapping_add(era.into()).to_be_bytes());
                head
            }
        };
        id.push_hex(&tail);
        id.0
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

    fn push_address(&mut self, ip: IpAddr) {
        match ip {
            IpAddr::V4(ip) => self.push_hex(&ip.octets()),
            IpAddr::V6(ip) => self.push_hex(&ip.octets()),
        }
    }
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
