//! Cuts a stream into frames. Headers are handed out in place; only one that ends in a later read is copied, and no
//! body is but one that somebody asks for.

use protocol::HeaderFormat;
use protocol::frame::FRAME_BYTES_MAX;

/// Length word, format byte and header length.
const PREFIX_BYTES: usize = 8;

/// One frame, without its body at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    pub(crate) format: HeaderFormat,
    pub(crate) header: &'a [u8],
    pub(crate) body_len: usize,
    /// If it was asked for.
    pub(crate) body: Option<&'a [u8]>,
}

/// A frame whose body was asked for, as far as it is there.
#[derive(Debug)]
struct Whole {
    format: HeaderFormat,
    header: Vec<u8>,
    body_len: usize,
    body: Vec<u8>,
}

/// What a stream has left to be read.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    /// Prefix and header so far, of a frame that is cut within them.
    partial: Vec<u8>,
    /// Bytes of a body still to come.
    skip: usize,
    whole: Option<Whole>,
}

impl Inbox {
    /// Takes what was read and hands out the frames whose headers are whole; again with their bodies, later, those for
    /// which that is asked with `true`. An error is fatal for the stream.
    pub(crate) fn feed(
        &mut self,
        mut input: &[u8],
        mut take: impl FnMut(Frame<'_>) -> Result<bool, String>,
    ) -> Result<(), String> {
        loop {
            input = self.collect(input, &mut take)?;
            let skipped = self.skip.min(input.len());
            self.skip -= skipped;
            input = input.get(skipped..).unwrap_or_default();
            if input.is_empty() {
                return Ok(());
            }
            if !self.partial.is_empty() {
                input = self.complete(input, &mut take)?;
            } else if let Some((prefix, header)) = cut(input)? {
                self.hand_out(prefix, header, &mut take)?;
                input = input.get(PREFIX_BYTES + header.len()..).unwrap_or_default();
            } else {
                self.partial.extend_from_slice(input);
                return Ok(());
            }
        }
    }

    /// Body bytes that nobody has to look at.
    pub(crate) fn skip(&self) -> usize {
        self.skip
    }

    /// So many of them are gone.
    pub(crate) fn skipped(&mut self, bytes: usize) {
        self.skip = self.skip.saturating_sub(bytes);
    }

    /// Adds to the cut frame what its prefix and header lack, hands it out if they are whole, and returns the rest.
    fn complete<'a>(
        &mut self,
        input: &'a [u8],
        take: &mut impl FnMut(Frame<'_>) -> Result<bool, String>,
    ) -> Result<&'a [u8], String> {
        let mut rest = input;
        for _ in 0..2 {
            let wanted = match self.partial.first_chunk() {
                None => PREFIX_BYTES,
                Some(prefix) => PREFIX_BYTES + Prefix::read(*prefix)?.header_len,
            };
            let missing = wanted.saturating_sub(self.partial.len());
            let (more, behind) = rest.split_at(missing.min(rest.len()));
            self.partial.extend_from_slice(more);
            rest = behind;
        }
        let partial = std::mem::take(&mut self.partial);
        match cut(&partial)? {
            Some((prefix, header)) => self.hand_out(prefix, header, take)?,
            None => self.partial = partial,
        }
        Ok(rest)
    }

    fn hand_out(
        &mut self,
        Prefix { format, body_len, .. }: Prefix,
        header: &[u8],
        take: &mut impl FnMut(Frame<'_>) -> Result<bool, String>,
    ) -> Result<(), String> {
        if take(Frame { format, header, body_len, body: None })? {
            self.whole = Some(Whole { format, header: header.to_vec(), body_len, body: Vec::new() });
        } else {
            self.skip = body_len;
        }
        Ok(())
    }

    /// Adds to the body that was asked for what it lacks, hands it out if it is whole, and returns the rest.
    fn collect<'a>(
        &mut self,
        input: &'a [u8],
        take: &mut impl FnMut(Frame<'_>) -> Result<bool, String>,
    ) -> Result<&'a [u8], String> {
        let Some(whole) = &mut self.whole else { return Ok(input) };
        let missing = whole.body_len - whole.body.len();
        let (more, rest) = input.split_at(missing.min(input.len()));
        whole.body.extend_from_slice(more);
        if more.len() == missing {
            let Whole { format, header, body_len, body } = whole;
            take(Frame { format: *format, header, body_len: *body_len, body: Some(body) })?;
            self.whole = None;
        }
        Ok(rest)
    }
}

#[derive(Clone, Copy)]
struct Prefix {
    format: HeaderFormat,
    header_len: usize,
    body_len: usize,
}

impl Prefix {
    fn read(bytes: [u8; PREFIX_BYTES]) -> Result<Self, String> {
        let [l0, l1, l2, l3, format, h0, h1, h2] = bytes;
        let length = i32::from_be_bytes([l0, l1, l2, l3]);
        let after = usize::try_from(length).ok().filter(|bytes| *bytes <= FRAME_BYTES_MAX - 4);
        let after = after.and_then(|bytes| bytes.checked_sub(4));
        let after = after.ok_or_else(|| format!("a frame cannot be {length} bytes long"))?;
        let format = match format {
            0 => HeaderFormat::Json,
            1 => HeaderFormat::RocketMq,
            other => return Err(format!("{other} is no header format")),
        };
        let header_len = usize::from(h0) << 16 | usize::from(h1) << 8 | usize::from(h2);
        let body_len = after.checked_sub(header_len);
        let body_len = body_len.ok_or_else(|| {
            format!("a header cannot be {header_len} bytes long in a frame of {length} bytes")
        })?;
        Ok(Self { format, header_len, body_len })
    }
}

/// Prefix and header, if both are there.
fn cut(input: &[u8]) -> Result<Option<(Prefix, &[u8])>, String> {
    let Some((prefix, rest)) = input.split_first_chunk() else { return Ok(None) };
    let prefix = Prefix::read(*prefix)?;
    Ok(rest.get(..prefix.header_len).map(|header| (prefix, header)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::command::Command;

    fn frames() -> Vec<u8> {
        let mut bytes = Vec::new();
        for (index, format) in
            [HeaderFormat::Json, HeaderFormat::RocketMq, HeaderFormat::Json].iter().enumerate()
        {
            let command = Command::request(310).with("b", "topic").with_body(vec![7; index * 40]);
            command.encode(*format, &mut bytes).unwrap();
        }
        bytes
    }

    fn read(pieces: &[&[u8]]) -> Vec<(HeaderFormat, Vec<u8>, usize)> {
        let mut inbox = Inbox::default();
        let mut found = Vec::new();
        for piece in pieces {
            let take = |frame: Frame<'_>| {
                if frame.body_len == 40 && frame.body.is_none() {
                    return Ok(true);
                }
                assert!(frame.body.is_none_or(|body| body == [7; 40]));
                found.push((frame.format, frame.header.to_vec(), frame.body_len));
                Ok(false)
            };
            inbox.feed(piece, take).unwrap();
        }
        assert!(inbox.partial.is_empty() && inbox.skip == 0 && inbox.whole.is_none());
        found
    }

    #[test]
    fn frames_may_be_cut_at_every_byte() {
        let bytes = frames();
        let whole = read(&[&bytes]);
        assert_eq!(whole.iter().map(|frame| frame.2).collect::<Vec<_>>(), [0, 40, 80]);
        for at in 0..=bytes.len() {
            let (first, second) = bytes.split_at(at);
            assert_eq!(read(&[first, second]), whole, "cut at {at}");
        }
        assert_eq!(read(&bytes.chunks(1).collect::<Vec<_>>()), whole);
        assert_eq!(read(&bytes.chunks(3).collect::<Vec<_>>()), whole);
    }

    #[test]
    fn a_body_that_the_system_dropped_is_skipped() {
        let mut bytes = Vec::new();
        Command::request(310).with_body(vec![0; 1000]).encode(HeaderFormat::Json, &mut bytes).unwrap();
        let mut inbox = Inbox::default();
        inbox.feed(&bytes[..bytes.len() - 900], |_| Ok(false)).unwrap();
        assert_eq!(inbox.skip(), 900);
        inbox.skipped(900);
        let mut seen = 0;
        let count = |_: Frame<'_>| {
            seen += 1;
            Ok(false)
        };
        inbox.feed(&bytes, count).unwrap();
        assert_eq!(seen, 1);
    }

    #[test]
    fn impossible_lengths_are_errors_as_soon_as_they_are_there() {
        let wrong: [[u8; 8]; 5] = [
            [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0],
            [0, 0, 0, 3, 0, 0, 0, 0],
            [1, 0, 0, 0, 0, 0, 0, 0],
            [0, 0, 0, 9, 0, 0, 0, 6],
            [0, 0, 0, 9, 2, 0, 0, 5],
        ];
        for bytes in wrong {
            let mut inbox = Inbox::default();
            assert!(inbox.feed(&bytes, |_| Ok(false)).is_err(), "{bytes:?}");
            let mut inbox = Inbox::default();
            inbox.feed(&bytes[..5], |_| Ok(false)).unwrap();
            assert!(inbox.feed(&bytes[5..], |_| Ok(false)).is_err(), "{bytes:?}");
        }
    }
}
