//! How a client learns which version a server is.

use protocol::command::Command;
use protocol::header;

use crate::apache::Version;
use crate::raw::{Raw, message};
use crate::{shared, turn};

/// The field `version` of an answer is the ordinal of the server's version (`MQVersion`), whatever was asked.
#[test]
fn every_answer_tells_the_servers_version() {
    for (version, ordinal) in [(Version::V4_7_0, 353), (Version::V4_9_7, 407), (Version::V5_5_0, 513)] {
        let apache = shared(version);
        let _turn = turn();
        apache.create_topic("version", 1);
        let mut broker = Raw::to_broker(apache, "version");
        let sent = broker.ask(message("version", "", b"body"));
        let refused = broker.ask(message("no topic", "", b"body"));
        let beat = broker.ask(header::heartbeat::request("client", ["group"].into_iter()));
        let route = Raw::connect(apache.namesrv()).ask(header::route::request("version"));
        let told = |answer: &Command| (answer.version, answer.code == 0);
        let answers = [told(&sent), told(&refused), told(&beat), told(&route)];
        let expected = [true, false, true, true].map(|ok| (ordinal, ok));
        assert_eq!(answers, expected, "{version:?}");
    }
}
