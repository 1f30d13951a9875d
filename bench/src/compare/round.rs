//! One row in one round: a fresh sink, a fresh client, and whether what came out counts.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::broker::Cluster;
use super::plan::{Client, Length, Role, Row};
use super::process::{self, Ended, Sink, number};
use super::results::{Printed, Results};
use crate::machine::{children_cpu, machine_busy, now, own_cpu};
use crate::sink::with_prefix;

/// A round that is void is repeated until it was tried so often.
const ATTEMPTS_MAX: u32 = 3;
/// Of its core: a sink that uses more may be what is measured.
pub(crate) const SINK_LOAD_MAX: f64 = 0.8;
/// A client that needs so much longer than the warm-up hangs.
const LIMIT: Duration = Duration::from_secs(120);

/// Where the programs are.
pub(crate) struct Programs {
    /// The folder of what cargo and the makefiles build.
    pub(crate) target: PathBuf,
}

impl Programs {
    pub(crate) fn sink(&self) -> Result<PathBuf, String> {
        present(self.target.join("release/rocketmq-bench-sink"))
    }

    /// What starts a client; `before` goes in front of it on the command line.
    pub(crate) fn client(&self, client: &Client, before: &[&str]) -> Result<Command, String> {
        let folder = self.target.join("bench");
        let mut command = with_prefix(before, &present(folder.join(client.program))?);
        if let Some((variable, library)) = client.loads {
            command.env(variable, present(folder.join(library))?);
        }
        Ok(command)
    }

    /// The library that C programs link.
    pub(crate) fn library(&self) -> Result<PathBuf, String> {
        present(self.target.join("release/librocketmq_producer.so"))
    }
}

fn present(path: PathBuf) -> Result<PathBuf, String> {
    if path.is_file() { Ok(path) } else { Err(format!("there is no {}", shown(&path))) }
}

/// The last parts of a path, which are those that do not depend on the machine.
fn shown(path: &Path) -> String {
    let parts: Vec<_> = path.iter().rev().take(2).map(|part| part.to_string_lossy()).collect();
    parts.into_iter().rev().collect::<Vec<_>>().join("/")
}

/// Why an attempt does not count.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Void {
    /// The client cannot do it.
    Failed(String),
    /// Another attempt may be better.
    Disturbed(String),
}

impl Void {
    pub(crate) fn why(&self) -> &str {
        match self {
            Self::Failed(why) | Self::Disturbed(why) => why,
        }
    }
}

/// What holds for all rounds.
pub(crate) struct Bench {
    pub(crate) programs: Programs,
    pub(crate) length: Length,
    /// Cores that other processes may use on average.
    pub(crate) others_max: f64,
}

impl Bench {
    /// Measures until an attempt counts, and keeps all of them. Why the last one is void, if it is; the row is given up
    /// when each attempt failed by the client's own doing.
    pub(crate) fn round(
        &self,
        row: &Row,
        round: u32,
        cluster: Option<&Cluster>,
        results: &mut Results,
    ) -> Result<Result<(), Void>, String> {
        let mut last = Ok(());
        let mut disturbed = None;
        for attempt in 1..=ATTEMPTS_MAX {
            let (figures, void) = self.attempt(row, cluster);
            results.add((&row.key(), round, attempt), &figures, void.as_ref().map(Void::why))?;
            let Some(void) = void else { return Ok(Ok(())) };
            if matches!(void, Void::Disturbed(_)) {
                disturbed = Some(void.clone());
            }
            last = Err(void);
        }
        Ok(disturbed.map_or(last, Err))
    }

    fn attempt(&self, row: &Row, cluster: Option<&Cluster>) -> (Printed, Option<Void>) {
        let cluster_cpu = || cluster.map_or(0.0, Cluster::cpu);
        let (machine, ours) = (machine_busy(), children_cpu() + own_cpu() + cluster_cpu());
        let start = now();
        let (mut figures, void) = match self.processes(row, cluster) {
            Ok(measured) => measured,
            Err(why) => return (Printed::new(), Some(Void::Disturbed(why))),
        };
        let ours = children_cpu() + own_cpu() + cluster_cpu() - ours;
        let others = (machine_busy() - machine - ours) / start.elapsed().as_secs_f64();
        figures.push(("others".to_owned(), format!("{:.3}", others.max(0.0))));
        let busy = (others > self.others_max).then(|| {
            let limit = self.others_max;
            Void::Disturbed(format!("other processes used {others:.2} cores, the limit is {limit}"))
        });
        (figures, void.or(busy))
    }

    fn processes(&self, row: &Row, cluster: Option<&Cluster>) -> Result<(Printed, Option<Void>), String> {
        let [client_core, sink_core]: [&[&str]; 2] =
            if row.pinned { [&["taskset", "-c", "0"], &["taskset", "-c", "1"]] } else { [&[], &[]] };
        let mut command = self.programs.client(row.client, client_core)?;
        let limit = LIMIT + Duration::from_secs_f64(self.length.jvm_warmup_seconds);
        if let Some(cluster) = cluster {
            command.arg(cluster.address(row.client.address)?).args(row.arguments(self.length));
            let ended = process::client(&mut command, None, limit)?;
            let void = own_fault(&ended);
            return Ok((ended.figures, void));
        }
        let sink = Sink::start(&self.programs.sink()?, sink_core, row.work.brokers)?;
        command.arg(&sink.namesrv).args(row.arguments(self.length));
        let ended = process::client(&mut command, Some(&sink), limit)?;
        let counted = sink.end()?;
        Ok(judged(row.client.role, ended, &counted))
    }
}

/// The figures of both sides, and what is wrong with them.
fn judged(role: Role, ended: Ended, counted: &Printed) -> (Printed, Option<Void>) {
    let seconds = number(&ended.figures, "seconds").unwrap_or(0.0);
    let load = process::busiest(&ended.sink, seconds);
    let messages = number(counted, "messages");
    let accepted = number(&ended.figures, "accepted");
    let void = own_fault(&ended).or_else(|| {
        if messages != accepted {
            let told =
                |count: Option<f64>| count.map_or_else(|| "nothing".to_owned(), |count| count.to_string());
            let why = format!("the sink counted {}, the client {}", told(messages), told(accepted));
            return Some(Void::Failed(why));
        }
        let Some(load) = load else {
            return Some(Void::Disturbed("the sink's CPU time is unknown".to_owned()));
        };
        // The floor costs no more than the sink does: it fills it, which can only make the floor's own calls fewer.
        (load > SINK_LOAD_MAX && role != Role::Floor).then(|| {
            Void::Disturbed(format!("the sink used {load:.2} of its core, the limit is {SINK_LOAD_MAX}"))
        })
    });
    let mut figures = ended.figures;
    if let Some(load) = load {
        figures.push(("sink_load".to_owned(), format!("{load:.3}")));
    }
    for name in ["reads", "writes", "cpu_us"] {
        if let Some((all, messages)) = number(counted, name).zip(messages.filter(|messages| *messages > 0.0))
        {
            figures.push((format!("sink_{name}"), format!("{:.4}", all / messages)));
        }
    }
    (figures, void)
}

fn own_fault(ended: &Ended) -> Option<Void> {
    if let Some(failure) = &ended.failure {
        return Some(Void::Failed(format!("the client failed: {failure}")));
    }
    match number(&ended.figures, "failed") {
        Some(0.0) => None,
        Some(failed) => Some(Void::Failed(format!("{failed} sends failed"))),
        None => Some(Void::Failed("the client does not say how many sends failed".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(figures: &[(&str, &str)]) -> Printed {
        figures.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn void(client: &[(&str, &str)], sink: &[(&str, &str)], sink_ns: u64) -> Option<Void> {
        let samples = vec![(0.0, 0), (1.0, sink_ns)];
        judged(Role::Ours, Ended { figures: printed(client), failure: None, sink: samples }, &printed(sink)).1
    }

    const GOOD: [(&str, &str); 3] = [("accepted", "10"), ("failed", "0"), ("seconds", "1")];

    #[test]
    fn a_round_in_which_all_is_well_counts() {
        assert_eq!(void(&GOOD, &[("messages", "10")], 700_000_000), None);
    }

    #[test]
    fn each_reason_makes_a_round_void() {
        let why = |void: Option<Void>| void.unwrap().why().to_owned();
        assert_eq!(why(void(&GOOD, &[("messages", "9")], 0)), "the sink counted 9, the client 10");
        assert_eq!(why(void(&GOOD, &[], 0)), "the sink counted nothing, the client 10");
        let busy = void(&GOOD, &[("messages", "10")], 900_000_000);
        assert_eq!(why(busy), "the sink used 0.90 of its core, the limit is 0.8");
        let failed = [("accepted", "10"), ("failed", "3"), ("seconds", "1")];
        assert_eq!(why(void(&failed, &[("messages", "10")], 0)), "3 sends failed");
        let silent = [("accepted", "10"), ("seconds", "1")];
        assert!(why(void(&silent, &[("messages", "10")], 0)).contains("does not say"));
        let dead = Ended {
            figures: Printed::new(),
            failure: Some("exit status: 1: no route".to_owned()),
            sink: Vec::new(),
        };
        assert_eq!(
            judged(Role::Floor, dead, &Printed::new()).1,
            Some(Void::Failed("the client failed: exit status: 1: no route".to_owned()))
        );
    }

    #[test]
    fn the_floor_may_fill_the_sink() {
        let ended =
            Ended { figures: printed(&GOOD), failure: None, sink: vec![(0.0, 0), (1.0, 990_000_000)] };
        assert_eq!(judged(Role::Floor, ended, &printed(&[("messages", "10")])).1, None);
    }

    #[test]
    fn what_the_sink_counted_is_given_per_message() {
        let ended = Ended { figures: printed(&GOOD), failure: None, sink: vec![(0.0, 0), (1.0, 1)] };
        let (figures, _) = judged(Role::Peer, ended, &printed(&[("messages", "10"), ("reads", "5")]));
        assert_eq!(number(&figures, "sink_reads"), Some(0.5));
    }
}
