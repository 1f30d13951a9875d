//! The packages of other languages: each beside what its language has already. What is compared with each other belongs
//! to one group, whose name begins with the language; ours comes first.

use super::{Address, BASE, Client, Expected, GO, Phase, Role, Row, Section, Work, expected, peer};

/// A client of one kind of work, of which so many thousand messages a second may be expected.
const fn windowed(name: &'static str, program: &'static str, thousands: f64) -> Client {
    peer(name, program, Expected { window: thousands, ..expected(0.0, 0.0, 0.0, 0.0) })
}

const fn ours(client: Client) -> Client {
    Client { role: Role::Ours, ..client }
}

/// V8 compiles what is hot within the first second.
const fn node(client: Client) -> Client {
    Client { warmup_seconds: 1.0, ..client }
}

pub(crate) const OURS_GO: &Client =
    &ours(peer("ours-go", "packages/ours-go", expected(250.0, 10.0, 100.0, 200.0)));
pub(crate) const OURS_NODE: &Client =
    &node(ours(peer("ours-node", "packages/ours-node", expected(110.0, 10.0, 0.0, 250.0))));
/// This library through a foreign function interface, which a package has to beat.
const KOFFI: &Client = &node(ours(windowed("ours-koffi", "packages/ours-koffi", 50.0)));
pub(crate) const ROCKETMQ_NODEJS: &Client =
    &node(peer("rocketmq-nodejs", "packages/rocketmq-nodejs", expected(10.0, 2.0, 0.0, 0.0)));
pub(crate) const OURS_ASYNCIO: &Client = &ours(windowed("ours-asyncio", "packages/ours-asyncio", 80.0));
const FUTURES: &Client = &ours(windowed("ours-futures", "packages/ours-futures", 50.0));
const CTYPES: &Client = &ours(windowed("ours-ctypes", "packages/ours-ctypes", 40.0));
const CTYPES_CALLBACKS: &Client =
    &ours(windowed("ours-ctypes-callbacks", "packages/ours-ctypes-callbacks", 20.0));
const OURS_PYTHON: &Client =
    &ours(peer("ours-python", "packages/ours-python", expected(0.0, 10.0, 0.0, 150.0)));
pub(crate) const ROCKETMQ_PYTHON: &Client =
    &peer("rocketmq-python", "packages/rocketmq-python", expected(0.0, 4.0, 0.0, 4.0));

/// Of what a broker and its proxy let through.
const TO_BROKER: &Client = &node(ours(windowed("ours-node-to-broker", "packages/ours-node", 9.0)));
const TO_PROXY: &Client = &Client {
    address: Address::Proxy,
    ..node(ours(windowed("ours-node-to-proxy", "packages/ours-node", 3.0)))
};
const GRPC: &Client = &Client {
    address: Address::Grpc,
    ..node(windowed("rocketmq-client-nodejs", "packages/rocketmq-client-nodejs", 0.5))
};

/// The programs that no other section has.
pub(crate) const CLIENTS: [&Client; 13] = [
    OURS_GO,
    OURS_NODE,
    KOFFI,
    ROCKETMQ_NODEJS,
    OURS_ASYNCIO,
    FUTURES,
    CTYPES,
    CTYPES_CALLBACKS,
    OURS_PYTHON,
    ROCKETMQ_PYTHON,
    TO_PROXY,
    TO_BROKER,
    GRPC,
];

/// Names of groups, for those who look for their figures.
pub(crate) const GO_ASYNC: &str = "Go: callbacks, window 256";
pub(crate) const NODE_ASYNC: &str = "Node: promises, window 256";
pub(crate) const NODE_MANY: &str = "Node: promises, window 10,000";
pub(crate) const PYTHON_ASYNC: &str = "Python: async, window 256";
pub(crate) const PYTHON_MANY: &str = "Python: async, window 10,000";
pub(crate) const PYTHON_SYNC: &str = "Python: sync";
const PROXY: &str = "Node: promises, window 64";

const SYNC: Work = Work { phase: Phase::Sync, ..BASE };
const ONEWAY: Work = Work { phase: Phase::Oneway, ..BASE };
const MANY: Work = Work { window: 10_000, ..BASE };

type Group = (&'static str, Work, &'static [&'static Client]);

const GROUPS: [Group; 11] = [
    (GO_ASYNC, BASE, &[OURS_GO, GO]),
    ("Go: sync", SYNC, &[OURS_GO, GO]),
    ("Go: sync, 64 goroutines", Work { threads: 64, ..SYNC }, &[OURS_GO, GO]),
    (NODE_ASYNC, BASE, &[OURS_NODE, KOFFI, ROCKETMQ_NODEJS]),
    (NODE_MANY, MANY, &[OURS_NODE]),
    ("Node: one promise at a time", Work { window: 1, ..BASE }, &[OURS_NODE, ROCKETMQ_NODEJS]),
    ("Node: one-way", ONEWAY, &[OURS_NODE]),
    (PYTHON_ASYNC, BASE, &[OURS_ASYNCIO, FUTURES, CTYPES, CTYPES_CALLBACKS]),
    (PYTHON_MANY, MANY, &[OURS_ASYNCIO]),
    (PYTHON_SYNC, SYNC, &[OURS_PYTHON, ROCKETMQ_PYTHON]),
    ("Python: one-way", ONEWAY, &[OURS_PYTHON, ROCKETMQ_PYTHON]),
];

const PROXY_GROUP: Group = (PROXY, Work { window: 64, ..BASE }, &[TO_PROXY, TO_BROKER, GRPC]);

/// Of the sections of packages; none of the others.
pub(super) fn rows(section: Section) -> Vec<Row> {
    let groups: &[Group] = match section {
        Section::Languages => &GROUPS,
        Section::Proxy => &[PROXY_GROUP],
        Section::Base | Section::Axes | Section::Broker => &[],
    };
    groups.iter().flat_map(|group| rows_of(section, group)).collect()
}

fn rows_of(section: Section, &(name, work, clients): &Group) -> impl Iterator<Item = Row> {
    clients.iter().map(move |client| Row {
        section,
        group: name.to_owned(),
        client,
        work,
        pinned: false,
        // They tell why a package is an extension.
        secondary: [KOFFI, CTYPES, CTYPES_CALLBACKS].contains(client),
    })
}

/// The language, and the rest of a group's name.
pub(crate) fn language(group: &str) -> (&str, &str) {
    group.split_once(": ").unwrap_or(("", group))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_is_the_first_of_each_group_which_begins_with_its_language() {
        for (name, _, clients) in GROUPS.iter().chain([&PROXY_GROUP]) {
            assert!(["Go", "Node", "Python"].contains(&language(name).0), "{name}");
            assert_eq!(clients.first().map(|client| client.role), Some(Role::Ours), "{name}");
        }
    }

    #[test]
    fn each_client_has_a_row_and_is_expected_to_do_its_work() {
        let rows: Vec<Row> = [Section::Languages, Section::Proxy].into_iter().flat_map(rows).collect();
        for client in CLIENTS {
            assert!(rows.iter().any(|row| row.client == client), "{}", client.name);
        }
        assert!(rows.iter().all(|row| row.expected_rate() >= 500.0));
    }
}
