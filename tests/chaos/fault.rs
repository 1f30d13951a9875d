//! What is done to the cluster, one thing after the other.

use std::fmt::{self, Display, Formatter};
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use fastrand::Rng;
use nix::sys::signal::Signal;

use crate::load::Load;
use crate::net::{self, BROKERS, Lost, NAME_SERVERS, Node};
use crate::relay::{Relay, Trouble};
use crate::servers::{BROKER_PORT, Servers};

/// One thing that goes wrong; `u64`s are seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// SIGKILL and, later, a restart.
    Kill(Node, u64),
    KillTwo(Node, Node, u64),
    KillAll(u64),
    /// SIGSTOP.
    Freeze(Node, u64),
    /// Packets vanish.
    Lose(Node, Lost, u64),
    /// The interface of a broker or of the client goes down.
    Unplug(Node, u64),
    /// A relay between client and broker.
    Divert(Node, Trouble, u64),
    /// The resolver does not answer, and the name servers have to be found anew.
    Mute(u64),
    /// SIGTERM: a 5.x broker sends its clients away before it closes.
    End(Node),
    /// The broker is killed and comes back under another address.
    Move(Node, u64),
}

impl Display for Fault {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kill(node, seconds) => write!(out, "{node} killed for {seconds} s"),
            Self::KillTwo(one, other, seconds) => write!(out, "{one} and {other} killed for {seconds} s"),
            Self::KillAll(seconds) => write!(out, "all servers killed for {seconds} s"),
            Self::Freeze(node, seconds) => write!(out, "{node} frozen for {seconds} s"),
            Self::Lose(node, lost, seconds) => {
                write!(out, "{node}: {} lost for {seconds} s", format!("{lost:?}").to_lowercase())
            }
            Self::Unplug(node, seconds) => write!(out, "{node} unplugged for {seconds} s"),
            Self::Divert(node, trouble, seconds) => match trouble {
                Trouble::Delay(ms) => write!(out, "{node}: {ms} ms delay each way for {seconds} s"),
                Trouble::Narrow(rate) => write!(out, "{node}: {rate} bytes a second for {seconds} s"),
                Trouble::Reset(bytes) => write!(out, "{node}: reset every {bytes} bytes for {seconds} s"),
            },
            Self::Mute(seconds) => write!(out, "name servers restarted, no DNS for {seconds} s"),
            Self::End(node) => write!(out, "{node} ended (SIGTERM) and restarted"),
            Self::Move(node, seconds) => write!(out, "{node} killed, elsewhere after {seconds} s"),
        }
    }
}

impl Fault {
    /// Whether a broker can be sent to all the time.
    pub(crate) fn leaves_a_broker(self) -> bool {
        !matches!(self, Self::KillAll(_) | Self::Unplug(Node::Client, _))
    }

    /// Returns when everything is as before. The sleeps are the fault's length.
    pub(crate) fn happen(self, servers: &mut Servers, load: &Load) {
        match self {
            Self::Kill(node, seconds) => kill(servers, &[node], seconds),
            Self::KillTwo(one, other, seconds) => kill(servers, &[one, other], seconds),
            Self::KillAll(seconds) => {
                kill(servers, &[NAME_SERVERS[0], NAME_SERVERS[1], BROKERS[0], BROKERS[1]], seconds);
            }
            Self::Freeze(node, seconds) => {
                servers.signal(node, Signal::SIGSTOP);
                pass(seconds);
                servers.signal(node, Signal::SIGCONT);
            }
            Self::Lose(node, lost, seconds) => {
                net::lose(node, lost);
                pass(seconds);
                net::find(node, lost);
            }
            Self::Unplug(node, seconds) => {
                net::unplug(node);
                pass(seconds);
                net::plug(node);
            }
            Self::Divert(node, trouble, seconds) => {
                net::divert(node);
                let there = SocketAddr::from((node.back_door(), BROKER_PORT));
                let relay = Relay::start(SocketAddr::from((node.address(), BROKER_PORT)), there, trouble);
                pass(seconds);
                let connections = relay.end();
                net::restore(node);
                println!("        {connections} connections through the relay");
                assert!(connections > 0, "the client came to the relay");
            }
            Self::Mute(seconds) => {
                load.set_names_known(false);
                kill(servers, &NAME_SERVERS, 0);
                pass(seconds);
                load.set_names_known(true);
            }
            Self::End(node) => {
                servers.end(node);
                servers.restart(node);
            }
            Self::Move(node, seconds) => {
                servers.kill(node);
                pass(seconds);
                net::change_address(node);
                servers.restart(node);
            }
        }
    }
}

/// Kills, waits, and restarts in this order.
fn kill(servers: &mut Servers, nodes: &[Node], seconds: u64) {
    for node in nodes {
        servers.kill(*node);
    }
    pass(seconds);
    for node in nodes {
        servers.restart(*node);
    }
}

fn pass(seconds: u64) {
    thread::sleep(Duration::from_secs(seconds));
}

/// Which fault comes when: one of each kind in a drawn order, then again.
pub(crate) struct Schedule {
    dice: Rng,
    round: Vec<fn(&mut Rng) -> Fault>,
}

impl Schedule {
    pub(crate) fn new(seed: u64) -> Self {
        Self { dice: Rng::with_seed(seed), round: Vec::new() }
    }

    pub(crate) fn next(&mut self) -> Fault {
        if self.round.is_empty() {
            self.round = KINDS.to_vec();
            self.dice.shuffle(&mut self.round);
        }
        let draw = self.round.pop().expect("a round has faults");
        draw(&mut self.dice)
    }
}

const KINDS: [fn(&mut Rng) -> Fault; 15] = [
    |dice| Fault::Kill(broker(dice), dice.u64(1..=6)),
    |dice| Fault::Kill(name_server(dice), dice.u64(1..=6)),
    |dice| Fault::KillTwo(name_server(dice), broker(dice), dice.u64(1..=6)),
    |_| Fault::KillAll(30),
    |dice| Fault::Freeze(broker(dice), dice.u64(1..=8)),
    |dice| Fault::Freeze(name_server(dice), dice.u64(1..=8)),
    |dice| {
        let lost = [Lost::Requests, Lost::Answers, Lost::Everything];
        Fault::Lose(broker(dice), lost[dice.usize(..lost.len())], dice.u64(20..=25))
    },
    |dice| Fault::Unplug(broker(dice), dice.u64(2..=6)),
    |dice| Fault::Unplug(Node::Client, dice.u64(2..=6)),
    |dice| Fault::Divert(broker(dice), Trouble::Delay(dice.u32(50..=500)), dice.u64(5..=9)),
    |dice| Fault::Divert(broker(dice), Trouble::Narrow(dice.u32(5_000..=50_000)), dice.u64(5..=9)),
    |dice| Fault::Divert(broker(dice), Trouble::Reset(dice.u32(1_000..=100_000)), dice.u64(5..=9)),
    |dice| Fault::Mute(dice.u64(8..=15)),
    |dice| Fault::End(broker(dice)),
    |dice| Fault::Move(broker(dice), dice.u64(1..=6)),
];

fn broker(dice: &mut Rng) -> Node {
    BROKERS[dice.usize(..2)]
}

fn name_server(dice: &mut Rng) -> Node {
    NAME_SERVERS[dice.usize(..2)]
}
