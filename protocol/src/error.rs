//! What can be wrong with bytes that came in, and with values that shall go out.

use thiserror::Error;

/// Why bytes from the wire were refused. "More bytes needed" is not among these; it is `Ok(None)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// The frame's length word leaves no room for the header-length word.
    #[error("frame length {length} is below 4")]
    FrameLength {
        /// The length word as it came.
        length: i32,
    },
    /// The frame is longer than the reader allows.
    #[error("frame of {bytes} bytes is longer than {bytes_max}")]
    FrameTooLong {
        /// The whole frame, its prefix included.
        bytes: usize,
        /// The reader's limit.
        bytes_max: usize,
    },
    /// The header claims more bytes than the frame holds.
    #[error("header of {bytes} bytes does not fit its frame")]
    HeaderLength {
        /// The header's length as it came.
        bytes: usize,
    },
    /// The serialize type is neither JSON nor RocketMQ's binary form.
    #[error("unknown header format {0}")]
    HeaderFormat(u8),
    /// Text that should be JSON is not.
    #[error("malformed JSON")]
    Json,
    /// JSON nested deeper than any RocketMQ message is.
    #[error("JSON nested too deeply")]
    TooDeep,
    /// A binary header ends inside a field, or a length in it is negative.
    #[error("malformed binary header")]
    BinaryHeader,
    /// A field that cannot be missing is.
    #[error("field {0} is missing")]
    Missing(&'static str),
    /// A field that should hold a number in range does not.
    #[error("field {0} is not a valid number")]
    Number(&'static str),
    /// A command carries another code than its reader is for.
    #[error("unexpected command code {0}")]
    Code(i32),
    /// A route lists more queues than any cluster has.
    #[error("route with too many queues")]
    TooManyQueues,
    /// A sysFlag that says that the body is compressed in a way that nobody knows.
    #[error("unknown kind of compression in sysFlag {0}")]
    Codec(i32),
    /// A compressed body is damaged or cut short.
    #[error("compressed body is damaged")]
    Compression,
    /// A compressed body grows beyond the reader's limit.
    #[error("body is longer than {bytes_max} bytes after decompression")]
    BodyTooLong {
        /// The reader's limit.
        bytes_max: usize,
    },
    /// A batch ends inside a record, or a length in it is impossible.
    #[error("malformed batch")]
    Batch,
    /// Text that is not a message id.
    #[error("not a message id")]
    MessageId,
    /// Text that is not what a broker gives to take a message back with, and why.
    #[error("not a recall handle: {0}")]
    RecallHandle(&'static str),
    /// The system has no memory left for what came in.
    #[error("out of memory")]
    OutOfMemory,
}

/// Why a value cannot be written. The output is left as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EncodeError {
    /// The header does not fit the 24 bits of its length, or the frame its limit.
    #[error("frame is longer than {bytes_max} bytes")]
    FrameTooLong {
        /// The limit.
        bytes_max: usize,
    },
    /// The binary form has 16 bits for the code and for the version.
    #[error("{field} {value} does not fit a binary header")]
    Range {
        /// `code` or `version`.
        field: &'static str,
        /// What was to be written.
        value: i32,
    },
    /// The binary form has 15 bits for the length of a field's name.
    #[error("field name is longer than 32767 bytes")]
    NameTooLong,
    /// Properties have 15 bits for their length.
    #[error("properties of {bytes} bytes are longer than 32767")]
    PropertiesTooLong {
        /// What was to be written.
        bytes: usize,
    },
    /// A queue id below zero: 4.7.0 brokers store it as it is, in a queue nobody reads.
    #[error("queue id {0} is negative")]
    QueueId(i32),
    /// The system has no memory left for the output.
    #[error("out of memory")]
    OutOfMemory,
}
