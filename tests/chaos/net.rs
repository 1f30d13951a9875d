//! The networks: a bridge, and each server and the client in a namespace of its own, on a cable of its own.
//!
//! Neighbours are entered by hand on all of them and never asked for. So a packet to nobody is swallowed without a word,
//! as behind a firewall, and who answers for an address is one entry at the client.

use std::fmt::{self, Display, Formatter};
use std::io::Write;
use std::net::Ipv4Addr;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};

/// Who has a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    Client,
    NameServer(usize),
    Broker(usize),
}

pub(crate) const NAME_SERVERS: [Node; 2] = [Node::NameServer(0), Node::NameServer(1)];
pub(crate) const BROKERS: [Node; 2] = [Node::Broker(0), Node::Broker(1)];
const NODES: [Node; 5] =
    [Node::Client, Node::NameServer(0), Node::NameServer(1), Node::Broker(0), Node::Broker(1)];

/// A resolver that swallows what it is asked.
pub(crate) const MUTE_RESOLVER: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 53);
/// Nobody has it.
const NOBODY: &str = "02:00:00:00:00:ff";
/// The bridge, where the test itself sits.
const HERE: &str = "02:00:00:00:00:fe";
const BRIDGE: &str = "chaos";
/// How often a broker may move.
const MOVES_MAX: u8 = 20;

/// How often each broker has moved to another address.
static MOVES: [AtomicU8; 2] = [AtomicU8::new(0), AtomicU8::new(0)];

impl Display for Node {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client => write!(out, "client"),
            Self::NameServer(index) => write!(out, "namesrv-{}", ["a", "b"][*index]),
            Self::Broker(index) => write!(out, "broker-{}", ["a", "b"][*index]),
        }
    }
}

impl Node {
    fn number(self) -> u8 {
        match self {
            Self::Client => 2,
            Self::NameServer(index) => 3 + u8::from(index == 1),
            Self::Broker(index) => 5 + u8::from(index == 1),
        }
    }

    /// Where everybody finds it.
    pub(crate) fn address(self) -> Ipv4Addr {
        match self {
            Self::Broker(index) => self.address_after(MOVES[index].load(Ordering::Relaxed)),
            _ => Ipv4Addr::new(10, 77, 0, self.number()),
        }
    }

    fn address_after(self, moves: u8) -> Ipv4Addr {
        Ipv4Addr::new(10, 77, 0, 100 + self.number() + 2 * moves)
    }

    /// Where the test finds a broker, whoever answers for its address elsewhere.
    pub(crate) fn back_door(self) -> Ipv4Addr {
        Ipv4Addr::new(10, 77, 1, self.number())
    }

    fn link_address(self) -> String {
        format!("02:00:00:00:00:{:02x}", self.number())
    }

    /// The bridge's end of its cable.
    fn port(self) -> String {
        format!("v-{self}")
    }

    /// A command in its namespace.
    pub(crate) fn command(self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.to_string(), program]);
        command
    }
}

/// What of the traffic between the client and a broker is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// What the client sends.
    Requests,
    /// What the broker sends to the client.
    Answers,
    /// All that the broker sends and gets, whoever the peer is.
    Everything,
}

/// Makes the networks. The namespaces that this process runs in take them along when they end.
pub(crate) fn make() {
    ip("", &format!("link add {BRIDGE} address {HERE} type bridge\naddr add 10.77.0.1/16 dev {BRIDGE}"));
    ip("", &format!("link set {BRIDGE} up\nlink set lo up"));
    for node in NODES {
        let (name, port) = (node.to_string(), node.port());
        ip("", &format!("netns add {name}"));
        ip(
            "",
            &format!(
                "link add {port} type veth peer name eth0 address {} netns {name}\n\
                 link set {port} master {BRIDGE}\nlink set {port} up",
                node.link_address()
            ),
        );
        if matches!(node, Node::Broker(_)) {
            // First, for the others of a network go with its first address.
            ip(&name, &format!("addr add {}/16 dev eth0", node.back_door()));
        }
        ip(&name, &format!("addr add {}/16 dev eth0", node.address()));
        ip(&name, "link set lo up\nlink set eth0 up");
        introduce(&name, "eth0");
    }
    introduce("", BRIDGE);
}

/// Enters everybody as a neighbour of everybody.
fn introduce(namespace: &str, device: &str) {
    let mut lines = vec![(Ipv4Addr::new(10, 77, 0, 1), HERE.to_owned()), (MUTE_RESOLVER, NOBODY.to_owned())];
    for node in NODES {
        let addresses = match node {
            Node::Broker(_) => (0..=MOVES_MAX).map(|moves| node.address_after(moves)).collect(),
            _ => vec![node.address()],
        };
        lines.extend(addresses.into_iter().map(|address| (address, node.link_address())));
        lines.push((node.back_door(), node.link_address()));
    }
    let lines = lines.iter().map(|(address, link)| neighbour(*address, link, device)).collect::<Vec<_>>();
    ip(namespace, &lines.join("\n"));
}

fn neighbour(address: Ipv4Addr, link: &str, device: &str) -> String {
    format!("neigh replace {address} lladdr {link} dev {device} nud permanent")
}

/// From now on packets vanish; connections stay as they are.
pub(crate) fn lose(broker: Node, lost: Lost) {
    match lost {
        Lost::Requests => ip("client", &neighbour(broker.address(), NOBODY, "eth0")),
        Lost::Answers => {
            ip(&broker.to_string(), &neighbour(Node::Client.address(), NOBODY, "eth0"));
        }
        Lost::Everything => ip("", &format!("link set {} nomaster", broker.port())),
    }
}

/// Ends what [`lose`] began.
pub(crate) fn find(broker: Node, lost: Lost) {
    match lost {
        Lost::Requests => ip("client", &neighbour(broker.address(), &broker.link_address(), "eth0")),
        Lost::Answers => {
            let client = Node::Client;
            ip(&broker.to_string(), &neighbour(client.address(), &client.link_address(), "eth0"));
        }
        Lost::Everything => ip("", &format!("link set {} master {BRIDGE}", broker.port())),
    }
}

/// Takes a node's own interface down: to its programs the network is gone.
pub(crate) fn unplug(node: Node) {
    ip(&node.to_string(), "link set eth0 down");
}

pub(crate) fn plug(node: Node) {
    ip(&node.to_string(), "link set eth0 up");
    // They went with the interface.
    introduce(&node.to_string(), "eth0");
}

/// From now on whatever the client sends to the broker comes here.
pub(crate) fn divert(broker: Node) {
    ip("", &format!("addr add {}/32 dev lo", broker.address()));
    ip("client", &neighbour(broker.address(), HERE, "eth0"));
}

/// Ends what [`divert`] began.
pub(crate) fn restore(broker: Node) {
    ip("client", &neighbour(broker.address(), &broker.link_address(), "eth0"));
    ip("", &format!("addr del {}/32 dev lo", broker.address()));
}

/// Gives a broker another address. Nobody answers at the old one.
pub(crate) fn change_address(broker: Node) {
    let Node::Broker(index) = broker else { panic!("{broker} stays where it is") };
    let old = broker.address();
    let moves = MOVES[index].fetch_add(1, Ordering::Relaxed) + 1;
    assert!(moves <= MOVES_MAX, "{broker} has moved too often");
    ip(
        &broker.to_string(),
        &format!("addr del {old}/16 dev eth0\naddr add {}/16 dev eth0", broker.address()),
    );
    introduce(&broker.to_string(), "eth0");
}

/// How many connections the client has begun.
pub(crate) fn connects() -> u64 {
    let output = Node::Client.command("cat").arg("/proc/net/snmp").output().expect("`ip` runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("Tcp: "));
    let (names, values) = (lines.next().expect("names"), lines.next().expect("values"));
    let mut columns = names.split(' ').zip(values.split(' '));
    let (_, value) = columns.find(|(name, _)| *name == "ActiveOpens").expect("a count of connections");
    value.parse().expect("a number")
}

/// Several commands of `ip`, one a line, in a namespace, or here if that has no name.
fn ip(namespace: &str, lines: &str) {
    let mut command = Command::new("ip");
    if !namespace.is_empty() {
        command.args(["-n", namespace]);
    }
    let mut child =
        command.args(["-batch", "-"]).stdin(Stdio::piped()).spawn().expect("`ip` runs (package iproute2)");
    child.stdin.take().expect("stdin is piped").write_all(lines.as_bytes()).expect("`ip` takes commands");
    assert!(child.wait().expect("`ip` ends").success(), "`ip` refused in {namespace:?}:\n{lines}");
}
