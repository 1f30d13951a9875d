//! Bits of a message's `sysFlag` (`MessageSysFlag`). Those that only brokers set are left out.

/// The body is compressed.
pub const COMPRESSED: i32 = 0x1;

/// Mask of the transaction's state; no bit means an ordinary message.
pub const TRANSACTION_MASK: i32 = 0xC;

/// A half message. Brokers go by the property `TRAN_MSG`, which must be there too.
pub const TRANSACTION_PREPARED: i32 = 0x4;

/// The transaction is committed.
pub const TRANSACTION_COMMIT: i32 = 0x8;

/// The transaction is rolled back.
pub const TRANSACTION_ROLLBACK: i32 = 0xC;

/// Mask of how the body is compressed; no bit means zlib, from a client before 4.9.4.
pub const COMPRESSION_MASK: i32 = 0x700;

/// Compressed as an LZ4 frame. Consumers before 4.9.4 cannot read it.
pub const LZ4: i32 = 0x100;

/// Compressed as a zstd frame. Consumers before 4.9.4 cannot read it.
pub const ZSTD: i32 = 0x200;

/// Compressed by zlib. Every consumer can read it.
pub const ZLIB: i32 = 0x300;
