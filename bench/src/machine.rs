//! What the system tells about this machine and its processes: clocks, CPU time, how busy everybody else is.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeVal;

#[expect(clippy::disallowed_methods, reason = "what is measured here is real time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

pub(crate) fn usage(who: UsageWho) -> Result<Usage, String> {
    getrusage(who).map_err(|error| format!("getrusage: {error}"))
}

/// CPU time, user and system, in microseconds.
pub(crate) fn cpu_us(who: UsageWho) -> Result<i64, String> {
    let usage = usage(who)?;
    let us = |time: TimeVal| time.tv_sec() * 1_000_000 + time.tv_usec();
    Ok(us(usage.user_time()) + us(usage.system_time()))
}

/// Time that the threads in `tasks`, a folder `/proc/…/task`, have run: the first number of each `schedstat`.
pub(crate) fn running_ns(tasks: &str) -> std::io::Result<u64> {
    let mut sum = 0;
    for task in std::fs::read_dir(tasks)? {
        let text = std::fs::read_to_string(task?.path().join("schedstat"))?;
        sum += text.split_whitespace().next().and_then(|first| first.parse::<u64>().ok()).unwrap_or(0);
    }
    Ok(sum)
}

/// Whether two processes can be held on a core each.
pub(crate) fn can_pin() -> bool {
    let run = |core| Command::new("taskset").args(["-c", core, "true"]).stderr(Stdio::null()).status();
    ["0", "1"].into_iter().all(|core| run(core).is_ok_and(|status| status.success()))
}

/// CPU seconds of the children that have ended.
pub(crate) fn children_cpu() -> f64 {
    cpu_us(UsageWho::RUSAGE_CHILDREN).map_or(0.0, |us| us as f64 / 1e6)
}

/// CPU seconds of this process.
pub(crate) fn own_cpu() -> f64 {
    cpu_us(UsageWho::RUSAGE_SELF).map_or(0.0, |us| us as f64 / 1e6)
}

/// `USER_HZ`, which is 100 wherever Linux runs.
const TICKS: f64 = 100.0;

/// CPU seconds that all processes of the machine have used, from the first line of `/proc/stat`: ticks of user, nice,
/// system, idle, iowait, irq, softirq.
pub(crate) fn machine_busy() -> f64 {
    let text = std::fs::read_to_string(Path::new("/proc/stat")).unwrap_or_default();
    let ticks = text.lines().next().unwrap_or_default().split_whitespace().skip(1);
    let ticks: Vec<f64> = ticks.filter_map(|number| number.parse().ok()).collect();
    [0, 1, 2, 5, 6].into_iter().filter_map(|index: usize| ticks.get(index)).sum::<f64>() / TICKS
}

/// CPU seconds of the living processes of a group: ticks of user and system in `/proc/…/stat`, whose fields are counted
/// from behind the name in brackets.
pub(crate) fn group_cpu(group: u32) -> f64 {
    let ticks = |process: std::fs::DirEntry| {
        let text = std::fs::read_to_string(process.path().join("stat")).ok()?;
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        if fields.get(2)?.parse::<u32>().ok()? != group {
            return None;
        }
        Some(fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?)
    };
    let Ok(processes) = std::fs::read_dir("/proc") else { return 0.0 };
    processes.flatten().filter_map(ticks).sum::<f64>() / TICKS
}

/// What a reader of figures must know of the machine, by name.
pub(crate) fn facts() -> Vec<(&'static str, String)> {
    let field = |file: &str, name: &str| {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(name))?.to_owned();
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let unknown = || "unknown".to_owned();
    let cores = std::thread::available_parallelism().map_or_else(|_| unknown(), |cores| cores.to_string());
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_else(|_| unknown());
    let kernel = kernel.split('-').next().unwrap_or_default().trim();
    let flags = field("/proc/cpuinfo", "flags").unwrap_or_default();
    let is_virtual = flags.split_whitespace().any(|flag| flag == "hypervisor");
    vec![
        ("date", chrono::Utc::now().format("%Y-%m-%d").to_string()),
        ("cpu", field("/proc/cpuinfo", "model name").unwrap_or_else(unknown)),
        ("cores", cores),
        ("kind", if is_virtual { "virtual" } else { "physical" }.to_owned()),
        ("kernel", format!("Linux {kernel}")),
    ]
}
