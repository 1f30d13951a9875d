//! What goes wrong in a run, in phases: calm, trouble, calm. One line for each trouble in [`TROUBLES`].

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use protocol::codes::request;
use protocol::command::Command;
use rocketmq_mock::Node;
use rocketmq_producer::error::ErrorKind;
use rocketmq_producer::producer::State;

use crate::book::note;
use crate::dice::Dice;
use crate::member::Member;
use crate::names::Answer;
use crate::streams::{Cut, Dial, Manner};
use crate::world::{NAMESRV_PORT, Run, lock};

type Trouble = fn(&Script);

/// What may happen while there is trouble, and how often.
static TROUBLES: &[(u32, (&str, Trouble))] = &[
    (10, ("trouble: a node freezes", |s| s.run.core.set_frozen(s.node(), true))),
    (8, ("trouble: all nodes thaw", |s| s.each_node(|node| s.run.core.set_frozen(node, false)))),
    (5, ("trouble: a broker is down", |s| s.run.core.set_up(s.broker(), false))),
    (4, ("trouble: a broker is up again", |s| s.run.core.set_up(s.broker(), true))),
    (3, ("trouble: the name servers are down", |s| s.run.core.set_up(Node::NameServer, false))),
    (3, ("trouble: the name servers are up", |s| s.run.core.set_up(Node::NameServer, true))),
    (4, ("trouble: a broker is not registered", |s| s.run.core.set_registered(s.broker(), false))),
    (3, ("trouble: a broker registers", |s| s.run.core.set_registered(s.broker(), true))),
    (8, ("trouble: a connection is cut", Script::cut)),
    (10, ("trouble: a connection will be cut", Script::cut_soon)),
    (
        3,
        ("trouble: all connections are cut", |s| {
            s.each_node(|node| {
                let _ = s.run.core.cut_connections(node);
            })
        }),
    ),
    (8, ("trouble: a connection falls silent", Script::silence)),
    (6, ("trouble: dials go wrong", Script::dials)),
    (14, ("trouble: answers go wrong", Script::answers)),
    (6, ("trouble: latency", |s| s.run.core.set_latency(s.node(), s.dice.ms(0, 800)))),
    (8, ("trouble: streams behave badly", |s| s.run.net.set_manner(s.manner()))),
    (6, ("trouble: queues change", Script::queues)),
    (
        4,
        ("trouble: perms change", |s| {
            s.run.core.set_perm(s.broker(), &s.topic(), s.dice.pick(&[0, 2, 4, 6]))
        }),
    ),
    (4, ("trouble: a topic is removed", |s| s.run.core.remove_topic(s.broker(), &s.topic()))),
    (4, ("trouble: a master is gone", |s| s.run.core.set_master(s.broker(), false))),
    (4, ("trouble: names go wrong", Script::names)),
    (3, ("trouble: a host moves", Script::moves)),
    (4, ("trouble: other name servers", Script::other_name_servers)),
    (3, ("trouble: the wall clock jumps", Script::jump)),
    (3, ("trouble: garbage", Script::garbage)),
    (2, ("trouble: a command of the broker's own", Script::push)),
];

/// A script being played.
struct Script {
    run: Arc<Run>,
    dice: Dice,
}

/// Plays the phases; when it returns nothing is wrong any more.
pub(crate) async fn play(run: &Arc<Run>, dice: &Dice) {
    let script = Script { run: Arc::clone(run), dice: dice.clone() };
    // Never on the same seeds as a quiet run: a panic breaks a producer for good.
    let panics = run.troubled && dice.percent(5);
    for round in 0..dice.between(1, 2) {
        tokio::time::sleep(dice.ms(0, 1500)).await;
        if run.troubled {
            script.trouble(panics && round == 0).await;
            heal(run);
        }
        tokio::time::sleep(dice.ms(200, 2500)).await;
    }
    run.book.count(if run.troubled { "run with troubles" } else { "run without" });
}

/// The topics as they should be.
pub(crate) fn heal_topics(run: &Run) {
    for topic in &run.topics {
        for (broker, queues) in topic.queues.iter().enumerate() {
            if *queues == 0 {
                run.core.remove_topic(broker, &topic.name);
            } else {
                run.core.add_topic_on(broker, &topic.name, *queues);
                run.core.set_perm(broker, &topic.name, 6);
            }
        }
    }
}

/// Ends every trouble.
pub(crate) fn heal(run: &Run) {
    note!(run.book, "all is well");
    run.names.heal(|ip| run.net.is_gone(ip));
    if run.elsewhere.swap(false, Ordering::Relaxed) {
        run.members.iter().for_each(|member| look_to(run, member, &run.name_servers));
    }
    for node in nodes(run) {
        run.core.set_latency(node, Duration::ZERO);
        run.core.set_up(node, true);
        run.core.set_frozen(node, false);
    }
    (0..run.brokers).for_each(|broker| run.core.set_master(broker, true));
    heal_topics(run);
    run.net.heal();
    for node in lock(&run.mood).heal() {
        run.core.cut_connections(node);
    }
}

/// Changes the name servers of a producer, and so of all that share its instance; one that neither starts nor
/// runs refuses.
fn look_to(run: &Run, member: &Member, name_servers: &str) {
    let state = member.producer.state();
    let result = member.producer.update("namesrv.addr", name_servers).map_err(|error| error.kind());
    note!(run.book, "producer {}, {state:?}, looks to {name_servers}: {result:?}", member.index);
    let expected = match state {
        State::Starting | State::Running => Ok(()),
        State::Created => Err(ErrorKind::InvalidState),
        State::Closing | State::Closed => Err(ErrorKind::Closed),
        State::Failed => Err(ErrorKind::Internal),
    };
    run.book.check(result == expected, || format!("a producer that is {state:?} is changed: {result:?}"));
}

fn nodes(run: &Run) -> impl Iterator<Item = Node> {
    (0..run.brokers).map(Node::Broker).chain([Node::NameServer])
}

impl Script {
    async fn trouble(&self, panics: bool) {
        let (count, pace) = (self.dice.between(1, 12), self.dice.pick(&[50, 500, 2000]));
        for _ in 0..count {
            let (name, happen) = *self.dice.weighted(TROUBLES);
            note!(self.run.book, "{name}");
            self.run.book.count(name);
            happen(self);
            tokio::time::sleep(self.dice.ms(0, pace)).await;
        }
        if panics && let Some(wire) = self.wire() {
            wire.arm(self.dice.percent(50));
            tokio::time::sleep(self.dice.ms(0, 500)).await;
        }
    }

    fn broker(&self) -> usize {
        self.dice.below(self.run.brokers)
    }

    fn node(&self) -> Node {
        if self.dice.percent(20) { Node::NameServer } else { Node::Broker(self.broker()) }
    }

    fn each_node(&self, act: impl Fn(Node)) {
        nodes(&self.run).for_each(act);
    }

    fn topic(&self) -> String {
        self.dice.pick(&self.run.topics).name
    }

    fn wire(&self) -> Option<Arc<crate::streams::Wire>> {
        let wires = self.run.net.wires();
        (!wires.is_empty()).then(|| self.dice.pick(&wires))
    }

    fn kind_of_cut(&self) -> Cut {
        self.dice.pick(&[Cut::Fin, Cut::Reset { arrives: true }, Cut::Reset { arrives: false }])
    }

    fn cut(&self) {
        let Some(wire) = self.wire() else { return };
        let cut = self.kind_of_cut();
        note!(self.run.book, "wire {}: {cut:?}", wire.number);
        wire.cut(cut);
    }

    fn cut_soon(&self) {
        let Some(wire) = self.wire() else { return };
        let bytes = self.dice.pick(&[1, 100, 400, 3000, 100_000]);
        wire.cut_after(self.dice.percent(60), self.dice.between(1, bytes), self.kind_of_cut());
    }

    fn silence(&self) {
        let Some(wire) = self.wire() else { return };
        let client = self.dice.percent(60);
        note!(self.run.book, "wire {} falls silent, client: {client}", wire.number);
        wire.silence(client);
    }

    fn dials(&self) {
        let (node, dial) = (self.node(), self.dial());
        note!(self.run.book, "dials to {node}: {dial:?}");
        self.run.net.set_dial(node, dial);
        if self.dice.percent(50) {
            self.run.core.cut_connections(node);
        }
    }

    fn dial(&self) -> Dial {
        self.dice.pick(&[Dial::Refused, Dial::Hangs, Dial::Late(self.dice.ms(1, 4000))])
    }

    fn manner(&self) -> Manner {
        Manner {
            splits: self.dice.pick(&[0, 10, 90]),
            stutters: self.dice.pick(&[0, 5, 40]),
            latency_ms_max: self.dice.pick(&[0, 1, 20, 300]),
        }
    }

    fn answers(&self) {
        let (node, chance) = (self.node(), self.dice.pick(&[10, 40, 80, 100]));
        note!(self.run.book, "answers of {node} go wrong, {chance} %");
        lock(&self.run.mood).set(node, chance);
    }

    fn queues(&self) {
        let (broker, topic, queues) = (self.broker(), self.topic(), self.dice.pick(&[1, 2, 8]));
        note!(self.run.book, "{topic} has {queues} queues on broker {broker}");
        self.run.core.add_topic_on(broker, &topic, queues);
    }

    fn host(&self) -> Option<String> {
        let hosts = self.run.names.hosts();
        (!hosts.is_empty()).then(|| self.dice.pick(&hosts))
    }

    fn names(&self) {
        let Some(host) = self.host() else { return };
        let answer = self.dice.pick(&[Answer::Fails, Answer::Hangs, Answer::Late(self.dice.ms(1, 4000))]);
        note!(self.run.book, "the name {host}: {answer:?}");
        self.run.names.set_answer(&host, answer);
        self.cut();
    }

    /// To another address; the one before is nobody's any more.
    fn moves(&self) {
        let Some(host) = self.host() else { return };
        let before = self.run.names.ips(&host);
        let octet = u8::try_from(self.dice.between(100, 250)).unwrap();
        let after = IpAddr::V4(Ipv4Addr::new(10, 2, 0, octet));
        note!(self.run.book, "the host {host} moves from {before:?} to {after}");
        let mut ips = vec![after];
        for ip in before.into_iter().filter(|ip| *ip != after) {
            self.run.net.set_gone(ip, Some(self.dice.pick(&[Dial::Refused, Dial::Hangs])));
            self.run
                .net
                .wires()
                .iter()
                .filter(|wire| wire.ip == ip)
                .for_each(|wire| wire.cut(self.kind_of_cut()));
            if self.dice.percent(30) {
                // A name may still lead to where nobody is, too.
                ips.insert(self.dice.below(2), ip);
            }
        }
        self.run.net.set_gone(after, None);
        self.run.names.set(&host, ips);
    }

    /// Somewhere else, or where nobody is.
    fn other_name_servers(&self) {
        let list: Vec<_> = (0..self.dice.between(1, 3))
            .map(|_| {
                let ip =
                    IpAddr::V4(Ipv4Addr::new(10, 3, 0, u8::try_from(self.dice.between(1, 250)).unwrap()));
                let dial = self.dice.pick(&[None, Some(Dial::Refused), Some(Dial::Hangs)]);
                self.run.net.set_gone(ip, dial);
                format!("{ip}:{NAMESRV_PORT}")
            })
            .collect();
        self.run.elsewhere.store(true, Ordering::Relaxed);
        let member = &self.run.members[self.dice.below(self.run.members.len())];
        look_to(&self.run, member, &list.join(";"));
    }

    fn jump(&self) {
        let most = self.dice.pick(&[5, 60_000, 86_400_000, 40 * 86_400_000]);
        let ms = i64::try_from(self.dice.between(0, 2 * most)).unwrap() - i64::try_from(most).unwrap();
        note!(self.run.book, "the wall clock jumps by {ms} ms");
        self.run.wall.jump(ms);
    }

    fn garbage(&self) {
        let (node, count) = (self.node(), self.dice.below(40) + 1);
        lock(&self.run.mood).bite(node);
        self.run.core.push_bytes(node, &self.dice.bytes(count));
    }

    fn push(&self) {
        let code = self.dice.pick(&[
            request::CHECK_TRANSACTION_STATE,
            request::NOTIFY_CONSUMER_IDS_CHANGED,
            request::GET_CONSUMER_RUNNING_INFO,
            4711,
        ]);
        let mut bytes = Vec::new();
        let command = Command { opaque: 7, ..Command::request(code) };
        command.encode(protocol::HeaderFormat::Json, &mut bytes).unwrap();
        self.run.core.push_bytes(self.node(), &bytes);
    }
}
