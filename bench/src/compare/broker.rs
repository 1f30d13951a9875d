//! A server of Apache's on loopback, as `scripts/apache-cluster.sh` starts it for the tests.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

use super::plan::Address;
use super::process::Group;
use crate::machine::group_cpu;

const VERSION: &str = "5.5.0";
const TOPIC: &str = "bench-0";
const QUEUES: u32 = 4;

/// One name server and one broker that run, and perhaps a proxy before them; dropping it ends them.
pub(crate) struct Cluster {
    script: Group,
    /// Closed to end the script, which ends the servers.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    namesrv: String,
    proxy: Option<(String, u16)>,
}

impl Cluster {
    /// Returns when messages can be sent; the script limits every wait.
    pub(crate) fn start(with_proxy: bool) -> Result<Self, String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        if !root.join("target/apache").join(VERSION).join("complete").exists() {
            return Err(format!("Apache RocketMQ {VERSION} is not in target/apache: run `make apache`"));
        }
        let script = root.join("scripts/apache-cluster.sh");
        let mut command = Command::new(script);
        command
            .args([VERSION, "1"])
            .args(with_proxy.then_some("proxy"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut script = Group::start(&mut command, "Apache's broker")?;
        let pipes = (script.child().stdin.take(), script.child().stdout.take());
        let (Some(input), Some(output)) = pipes else {
            return Err("the cluster's script has no pipes".to_owned());
        };
        let output = BufReader::new(output);
        let mut cluster = Self { script, input: Some(input), output, namesrv: String::new(), proxy: None };
        let answer = cluster.answer()?;
        let namesrv = answer.strip_prefix("name server ");
        namesrv.ok_or_else(|| format!("Apache's broker: {answer}"))?.clone_into(&mut cluster.namesrv);
        if with_proxy {
            let answer = cluster.answer()?;
            cluster.proxy = Some(proxy(&answer).ok_or_else(|| format!("Apache's proxy: {answer}"))?);
        }
        let asked = cluster.input.as_mut().map(|input| writeln!(input, "create {TOPIC} {QUEUES}"));
        asked.transpose().map_err(|error| format!("the cluster's script: {error}"))?;
        match cluster.answer()?.as_str() {
            "ok" => Ok(cluster),
            answer => Err(format!("Apache's broker made no topic: {answer}")),
        }
    }

    pub(crate) fn address(&self, of: Address) -> Result<String, String> {
        let proxy = || self.proxy.as_ref().ok_or_else(|| "the cluster has no proxy".to_owned());
        Ok(match of {
            Address::NameServer => self.namesrv.clone(),
            Address::Proxy => proxy().map(|(host, port)| format!("{host}:{port}"))?,
            // The script gives it the next port.
            Address::Grpc => proxy().map(|(host, port)| format!("{host}:{}", port + 1))?,
        })
    }

    /// CPU seconds of its processes.
    pub(crate) fn cpu(&self) -> f64 {
        group_cpu(self.script.id())
    }

    fn answer(&mut self) -> Result<String, String> {
        let mut line = String::new();
        self.output.read_line(&mut line).map_err(|error| format!("the cluster's script: {error}"))?;
        Ok(line.trim_end().to_owned())
    }
}

fn proxy(answer: &str) -> Option<(String, u16)> {
    let (host, port) = answer.strip_prefix("proxy ")?.rsplit_once(':')?;
    Some((host.to_owned(), port.parse().ok()?))
}

impl Drop for Cluster {
    fn drop(&mut self) {
        /// Killing two servers and removing their files.
        const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);
        self.input = None;
        // Killed with its servers if it does not end by itself.
        let _ = self.script.wait(crate::machine::now() + PATIENCE, || {});
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proxy_is_found_in_the_answer_of_the_script() {
        assert_eq!(proxy("proxy 127.0.0.1:23456"), Some(("127.0.0.1".to_owned(), 23456)));
        assert_eq!(proxy("error: the proxy 5.5.0 did not start"), None);
    }
}
