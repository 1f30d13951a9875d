//! The numbers of the protocol: request and response codes, client languages, the version we claim.

/// The version ordinal every command of ours carries: 5.3.3. Servers that shut down answer [`response::GO_AWAY`]
/// to clients of 5.3.2 and newer, which ask again elsewhere, instead of cutting them off (`MQVersion`).
pub const VERSION: i32 = 479;

/// Bit of a command's flag: set in responses, clear in requests (`RemotingCommand`).
pub const RPC_TYPE_RESPONSE: i32 = 1;

/// Bit of a command's flag: the sender wants no answer (`RemotingCommand`).
pub const RPC_TYPE_ONEWAY: i32 = 2;

/// Request codes (`RequestCode`).
pub mod request {
    /// One message, header fields by their long names.
    pub const SEND_MESSAGE: i32 = 10;
    /// Messages by key.
    pub const QUERY_MESSAGE: i32 = 12;
    /// Creates or changes a topic on one broker.
    pub const UPDATE_AND_CREATE_TOPIC: i32 = 17;
    /// A queue's offset at a time.
    pub const SEARCH_OFFSET_BY_TIMESTAMP: i32 = 29;
    /// The next offset of a queue.
    pub const GET_MAX_OFFSET: i32 = 30;
    /// The first offset of a queue.
    pub const GET_MIN_OFFSET: i32 = 31;
    /// When a queue's first message was stored.
    pub const GET_EARLIEST_MSG_STORETIME: i32 = 32;
    /// One message by its commit-log offset.
    pub const VIEW_MESSAGE_BY_ID: i32 = 33;
    /// Registers a connection for its groups.
    pub const HEART_BEAT: i32 = 34;
    /// Takes a client's group off the broker's list.
    pub const UNREGISTER_CLIENT: i32 = 35;
    /// Commits or rolls back a half message.
    pub const END_TRANSACTION: i32 = 37;
    /// Broker to client: what became of a half message?
    pub const CHECK_TRANSACTION_STATE: i32 = 39;
    /// Broker to client: a consumer group has changed.
    pub const NOTIFY_CONSUMER_IDS_CHANGED: i32 = 40;
    /// Name server: the brokers and queues of a topic.
    pub const GET_ROUTEINFO_BY_TOPIC: i32 = 105;
    /// Broker to client: reset a consumer's offsets.
    pub const RESET_CONSUMER_CLIENT_OFFSET: i32 = 220;
    /// Broker to client: a consumer's offsets.
    pub const GET_CONSUMER_STATUS_FROM_CLIENT: i32 = 221;
    /// Broker to client: what a consumer is doing.
    pub const GET_CONSUMER_RUNNING_INFO: i32 = 307;
    /// Broker to client: consume this message now.
    pub const CONSUME_MESSAGE_DIRECTLY: i32 = 309;
    /// One message, header fields by one-letter names.
    pub const SEND_MESSAGE_V2: i32 = 310;
    /// Several messages; the header's field `m`, not this code, makes it a batch.
    pub const SEND_BATCH_MESSAGE: i32 = 320;
    /// A reply message, header fields by their long names.
    pub const SEND_REPLY_MESSAGE: i32 = 324;
    /// A reply message, header fields by one-letter names.
    pub const SEND_REPLY_MESSAGE_V2: i32 = 325;
    /// Broker to client: the reply to a request message.
    pub const PUSH_REPLY_MESSAGE_TO_CLIENT: i32 = 326;
    /// Takes back a timer message; brokers from 5.3.2.
    pub const RECALL_MESSAGE: i32 = 370;
}

/// Response codes (`ResponseCode`). Others exist and are kept as numbers.
pub mod response {
    /// Done.
    pub const SUCCESS: i32 = 0;
    /// Any failure without a code of its own; until 5.x also refused credentials.
    pub const SYSTEM_ERROR: i32 = 1;
    /// The broker sheds load; nothing was stored.
    pub const SYSTEM_BUSY: i32 = 2;
    /// The server does not know the request's code.
    pub const REQUEST_CODE_NOT_SUPPORTED: i32 = 3;
    /// A transaction failed.
    pub const TRANSACTION_FAILED: i32 = 4;
    /// Stored, but not flushed to disk in time.
    pub const FLUSH_DISK_TIMEOUT: i32 = 10;
    /// Stored, but no slave keeps up.
    pub const SLAVE_NOT_AVAILABLE: i32 = 11;
    /// Stored, but not copied to the slave in time.
    pub const FLUSH_SLAVE_TIMEOUT: i32 = 12;
    /// The message breaks a limit or a rule.
    pub const MESSAGE_ILLEGAL: i32 = 13;
    /// The broker cannot store: disk full, slave, or shut down.
    pub const SERVICE_NOT_AVAILABLE: i32 = 14;
    /// The request's version is not served.
    pub const VERSION_NOT_SUPPORTED: i32 = 15;
    /// Not writeable, or not for these credentials.
    pub const NO_PERMISSION: i32 = 16;
    /// The topic is unknown.
    pub const TOPIC_NOT_EXIST: i32 = 17;
    /// The topic is there already.
    pub const TOPIC_EXIST_ALREADY: i32 = 18;
    /// A pull found nothing.
    pub const PULL_NOT_FOUND: i32 = 19;
    /// A pull should be repeated.
    pub const PULL_RETRY_IMMEDIATELY: i32 = 20;
    /// A pull's offset is gone.
    pub const PULL_OFFSET_MOVED: i32 = 21;
    /// A query found nothing.
    pub const QUERY_NOT_FOUND: i32 = 22;
    /// A subscription is malformed.
    pub const SUBSCRIPTION_PARSE_FAILED: i32 = 23;
    /// A subscription is unknown.
    pub const SUBSCRIPTION_NOT_EXIST: i32 = 24;
    /// A subscription is outdated.
    pub const SUBSCRIPTION_NOT_LATEST: i32 = 25;
    /// A consumer group is unknown.
    pub const SUBSCRIPTION_GROUP_NOT_EXIST: i32 = 26;
    /// A parameter is wrong; brokers from 5.0.0, where older ones say 1.
    pub const INVALID_PARAMETER: i32 = 29;
    /// The transaction should be committed.
    pub const TRANSACTION_SHOULD_COMMIT: i32 = 200;
    /// The transaction should be rolled back.
    pub const TRANSACTION_SHOULD_ROLLBACK: i32 = 201;
    /// The transaction's state is unknown.
    pub const TRANSACTION_STATE_UNKNOW: i32 = 202;
    /// The transaction belongs to another group.
    pub const TRANSACTION_STATE_GROUP_WRONG: i32 = 203;
    /// A message lacks its buyer id.
    pub const NO_BUYER_ID: i32 = 204;
    /// The message belongs to another unit.
    pub const NOT_IN_CURRENT_UNIT: i32 = 205;
    /// The consumer is not connected.
    pub const CONSUMER_NOT_ONLINE: i32 = 206;
    /// The consumer did not finish in time.
    pub const CONSUME_MSG_TIMEOUT: i32 = 207;
    /// There is no message.
    pub const NO_MESSAGE: i32 = 208;
    /// 4.x: access rules not updated; 5.x: polling is full.
    pub const CODE_209: i32 = 209;
    /// 4.x: access rules not deleted; 5.x: polling timed out.
    pub const CODE_210: i32 = 210;
    /// 4.x: white list not updated; 5.x: the broker does not exist.
    pub const CODE_211: i32 = 211;
    /// The broker limits the rate; brokers from 5.0.0.
    pub const FLOW_CONTROL: i32 = 215;
    /// A logic queue has moved to another broker; brokers from 5.0.0.
    pub const NOT_LEADER_FOR_QUEUE: i32 = 501;
    /// The operation is not allowed now; brokers from 5.0.0.
    pub const ILLEGAL_OPERATION: i32 = 604;
    /// Internal call between 5.x servers: failed without a reason.
    pub const RPC_UNKNOWN: i32 = -1000;
    /// Internal call between 5.x servers: no address.
    pub const RPC_ADDR_IS_NULL: i32 = -1002;
    /// Internal call between 5.x servers: not sent.
    pub const RPC_SEND_TO_CHANNEL_FAILED: i32 = -1004;
    /// Internal call between 5.x servers: no answer in time.
    pub const RPC_TIME_OUT: i32 = -1006;
    /// The server is going down and has not served the request; from 5.2.0, to clients of version 442 and above.
    pub const GO_AWAY: i32 = 1500;
}

/// The language a peer says it is written in (`LanguageCode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Java, also what a peer means that names none.
    Java = 0,
    /// C++.
    Cpp = 1,
    /// .NET.
    DotNet = 2,
    /// Python.
    Python = 3,
    /// Delphi.
    Delphi = 4,
    /// Erlang.
    Erlang = 5,
    /// Ruby.
    Ruby = 6,
    /// Anything without a number of its own.
    Other = 7,
    /// A gateway that speaks HTTP.
    Http = 8,
    /// Go.
    Go = 9,
    /// PHP.
    Php = 10,
    /// An OpenMessaging client.
    Oms = 11,
    /// Rust; 4.7.0 does not know it and treats it as none, 4.9.4 and later do.
    Rust = 12,
    /// Node.js; known from 5.3.2.
    NodeJs = 13,
    /// A name or number that is not in this list. Written as [`Language::Other`].
    Unknown = 255,
}

impl Language {
    const KNOWN: [Self; 14] = [
        Self::Java,
        Self::Cpp,
        Self::DotNet,
        Self::Python,
        Self::Delphi,
        Self::Erlang,
        Self::Ruby,
        Self::Other,
        Self::Http,
        Self::Go,
        Self::Php,
        Self::Oms,
        Self::Rust,
        Self::NodeJs,
    ];

    /// The name a JSON header carries.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Java => "JAVA",
            Self::Cpp => "CPP",
            Self::DotNet => "DOTNET",
            Self::Python => "PYTHON",
            Self::Delphi => "DELPHI",
            Self::Erlang => "ERLANG",
            Self::Ruby => "RUBY",
            Self::Other | Self::Unknown => "OTHER",
            Self::Http => "HTTP",
            Self::Go => "GO",
            Self::Php => "PHP",
            Self::Oms => "OMS",
            Self::Rust => "RUST",
            Self::NodeJs => "NODE_JS",
        }
    }

    /// Reads a name in any case.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        Self::from_name_bytes(name.as_bytes())
    }

    pub(crate) fn from_name_bytes(name: &[u8]) -> Self {
        let known = Self::KNOWN.into_iter().find(|known| known.name().as_bytes().eq_ignore_ascii_case(name));
        known.unwrap_or(Self::Unknown)
    }

    /// The byte a binary header carries.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::Unknown => Self::Other as u8,
            known => known as u8,
        }
    }

    /// Reads the byte of a binary header.
    #[must_use]
    pub fn from_byte(byte: u8) -> Self {
        Self::KNOWN.get(usize::from(byte)).copied().unwrap_or(Self::Unknown)
    }
}

/// How a message was stored. All four mean that it was (`SendStatus`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendStatus {
    /// As configured.
    Ok,
    /// In memory; the flush to disk was not done in time.
    FlushDiskTimeout,
    /// On the master; the slave did not confirm in time.
    FlushSlaveTimeout,
    /// On the master; there is no slave, or it is far behind.
    SlaveNotAvailable,
}

impl SendStatus {
    /// The status a send's response code stands for; `None` when the code is an error.
    #[must_use]
    pub const fn from_code(code: i32) -> Option<Self> {
        match code {
            response::SUCCESS => Some(Self::Ok),
            response::FLUSH_DISK_TIMEOUT => Some(Self::FlushDiskTimeout),
            response::FLUSH_SLAVE_TIMEOUT => Some(Self::FlushSlaveTimeout),
            response::SLAVE_NOT_AVAILABLE => Some(Self::SlaveNotAvailable),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Language, SendStatus};

    #[test]
    fn languages_survive_their_byte_and_their_name_in_any_case() {
        for byte in 0..=13 {
            let language = Language::from_byte(byte);
            assert_eq!(language.byte(), byte);
            assert_eq!(Language::from_name(language.name()), language);
            assert_eq!(Language::from_name(&language.name().to_lowercase()), language);
        }
        assert_eq!(Language::from_byte(14), Language::Unknown);
        assert_eq!(Language::from_name("COBOL"), Language::Unknown);
        assert_eq!(Language::Unknown.byte(), Language::Other.byte());
    }

    #[test]
    fn four_codes_mean_stored() {
        let stored: Vec<i32> = (-2000..2000).filter(|code| SendStatus::from_code(*code).is_some()).collect();
        assert_eq!(stored, [0, 10, 11, 12]);
    }
}
