//! Reads what `strace -c` counted.

/// Calls of `names` in a summary: `% time, seconds, usecs/call, calls, [errors,] name`. The name `total` has them all.
pub(crate) fn calls(summary: &str, names: &[&str]) -> f64 {
    let count = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let known = words.last().is_some_and(|name| names.contains(name));
        words.get(3).filter(|_| known).and_then(|calls| calls.parse::<f64>().ok())
    };
    summary.lines().filter_map(count).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_found_in_a_summary_of_strace() {
        let summary = "% time     seconds  usecs/call     calls    errors syscall\n\
                       ------ ----------- ----------- --------- --------- ----------------\n\
                       95.00    0.010000          10      1000        20 sendmsg\n\
                       4.00    0.000400           4       100           sendto\n\
                       1.00    0.000100           1       777           write\n\
                       ------ ----------- ----------- --------- --------- ----------------\n\
                       100.00    0.010500           5      1877        20 total\n";
        assert_eq!(calls(summary, &["sendmsg", "sendto", "writev"]), 1100.0);
        assert_eq!(calls(summary, &["total"]), 1877.0);
    }
}
