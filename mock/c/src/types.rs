//! The names that C sees before any function. The enums are in no signature, because C may pass any number.
#![expect(non_camel_case_types, reason = "these are the names of the C interface")]

/// A name server and brokers.
pub struct rocketmq_mock {
    _opaque: [u8; 0],
}

/// Values of `broker` beside the brokers' numbers, which count from 0.
#[repr(C)]
pub enum rocketmq_mock_where {
    /// Whichever broker it is.
    ROCKETMQ_MOCK_ANY_BROKER = -1,
    /// The name server.
    ROCKETMQ_MOCK_NAMESRV = -2,
}

/// Values of `request_code`; RocketMQ has others, which are good too.
#[repr(C)]
pub enum rocketmq_mock_request {
    /// Any request, heartbeats and look-ups included.
    ROCKETMQ_MOCK_ANY_REQUEST = -1,
    /// Any request that carries messages, one or a batch.
    ROCKETMQ_MOCK_ANY_SEND = -2,
    /// A heartbeat, to a broker.
    ROCKETMQ_MOCK_HEART_BEAT = 34,
    /// A producer's leave, to a broker.
    ROCKETMQ_MOCK_UNREGISTER = 35,
    /// The end of a transaction, to a broker.
    ROCKETMQ_MOCK_END_TRANSACTION = 37,
    /// A look-up of a topic's brokers and queues, to the name server.
    ROCKETMQ_MOCK_ROUTE = 105,
    /// One message.
    ROCKETMQ_MOCK_SEND = 310,
    /// A batch.
    ROCKETMQ_MOCK_SEND_BATCH = 320,
}

/// Values of `response_code`; RocketMQ has others, which are good too. A message is stored with 0, 10, 11 and 12 only.
#[repr(C)]
pub enum rocketmq_mock_response {
    /// As without the fault.
    ROCKETMQ_MOCK_SUCCESS = 0,
    /// Any failure without a code of its own.
    ROCKETMQ_MOCK_SYSTEM_ERROR = 1,
    /// The broker sheds load.
    ROCKETMQ_MOCK_SYSTEM_BUSY = 2,
    /// Stored, but not on disk in time.
    ROCKETMQ_MOCK_FLUSH_DISK_TIMEOUT = 10,
    /// Stored, but there is no slave.
    ROCKETMQ_MOCK_SLAVE_NOT_AVAILABLE = 11,
    /// Stored, but not on the slave in time.
    ROCKETMQ_MOCK_FLUSH_SLAVE_TIMEOUT = 12,
    /// The message breaks a rule of the broker.
    ROCKETMQ_MOCK_MESSAGE_ILLEGAL = 13,
    /// The broker cannot store: disk full, a slave, shut down.
    ROCKETMQ_MOCK_SERVICE_NOT_AVAILABLE = 14,
    /// Not writeable, or not for this client.
    ROCKETMQ_MOCK_NO_PERMISSION = 16,
    /// The topic is unknown.
    ROCKETMQ_MOCK_TOPIC_NOT_EXIST = 17,
    /// The broker limits the rate.
    ROCKETMQ_MOCK_FLOW_CONTROL = 215,
    /// The broker shuts down: ask again over a new connection.
    ROCKETMQ_MOCK_GO_AWAY = 1500,
}

#[cfg(test)]
mod tests {
    use protocol::codes::{request, response};

    use super::*;

    #[test]
    fn the_numbers_are_the_protocol_s() {
        for (ours, its) in [
            (rocketmq_mock_request::ROCKETMQ_MOCK_HEART_BEAT as i32, request::HEART_BEAT),
            (rocketmq_mock_request::ROCKETMQ_MOCK_UNREGISTER as i32, request::UNREGISTER_CLIENT),
            (rocketmq_mock_request::ROCKETMQ_MOCK_END_TRANSACTION as i32, request::END_TRANSACTION),
            (rocketmq_mock_request::ROCKETMQ_MOCK_ROUTE as i32, request::GET_ROUTEINFO_BY_TOPIC),
            (rocketmq_mock_request::ROCKETMQ_MOCK_SEND as i32, request::SEND_MESSAGE_V2),
            (rocketmq_mock_request::ROCKETMQ_MOCK_SEND_BATCH as i32, request::SEND_BATCH_MESSAGE),
            (rocketmq_mock_response::ROCKETMQ_MOCK_SUCCESS as i32, response::SUCCESS),
            (rocketmq_mock_response::ROCKETMQ_MOCK_FLUSH_DISK_TIMEOUT as i32, response::FLUSH_DISK_TIMEOUT),
            (rocketmq_mock_response::ROCKETMQ_MOCK_SLAVE_NOT_AVAILABLE as i32, response::SLAVE_NOT_AVAILABLE),
            (rocketmq_mock_response::ROCKETMQ_MOCK_FLUSH_SLAVE_TIMEOUT as i32, response::FLUSH_SLAVE_TIMEOUT),
            (rocketmq_mock_response::ROCKETMQ_MOCK_SYSTEM_ERROR as i32, response::SYSTEM_ERROR),
            (rocketmq_mock_response::ROCKETMQ_MOCK_SYSTEM_BUSY as i32, response::SYSTEM_BUSY),
            (rocketmq_mock_response::ROCKETMQ_MOCK_MESSAGE_ILLEGAL as i32, response::MESSAGE_ILLEGAL),
            (
                rocketmq_mock_response::ROCKETMQ_MOCK_SERVICE_NOT_AVAILABLE as i32,
                response::SERVICE_NOT_AVAILABLE,
            ),
            (rocketmq_mock_response::ROCKETMQ_MOCK_NO_PERMISSION as i32, response::NO_PERMISSION),
            (rocketmq_mock_response::ROCKETMQ_MOCK_TOPIC_NOT_EXIST as i32, response::TOPIC_NOT_EXIST),
            (rocketmq_mock_response::ROCKETMQ_MOCK_FLOW_CONTROL as i32, response::FLOW_CONTROL),
            (rocketmq_mock_response::ROCKETMQ_MOCK_GO_AWAY as i32, response::GO_AWAY),
        ] {
            assert_eq!(ours, its);
        }
    }
}
