use super::*;

/// Two rounds of the base point and of an axis, one client that is not available, one that stayed void.
const RESULTS: &str = "\
key\tround\tattempt\tfigure\tvalue\tvoid
base/about/machine\t0\t0\tdate\t2026-01-02\t
base/about/machine\t0\t0\tcpu\tA CPU\t
base/about/machine\t0\t0\tothers\t0.25\t
base/about/machine\t0\t0\tjvm warm-up\t10\t
base/async 1024 B JSON free/floor\t1\t1\tcpu_us\t0.4\t
base/async 1024 B JSON free/floor\t1\t1\trate\t1900000\t
base/async 1024 B JSON free/ours\t1\t1\tclient\tours 0.1.0\t
base/async 1024 B JSON free/ours\t1\t1\tcpu_us\t9\tother processes used 0.50 cores, the limit is 0.25
base/async 1024 B JSON free/ours\t1\t1\trate\t1\tother processes used 0.50 cores, the limit is 0.25
base/async 1024 B JSON free/ours\t1\t2\tcpu_us\t1.2\t
base/async 1024 B JSON free/ours\t1\t2\trate\t400000\t
base/async 1024 B JSON free/go\t1\t1\tcpu_us\t48\t
base/async 1024 B JSON free/go\t1\t1\trate\t25000\t
base/async 1024 B JSON free/floor\t2\t1\tcpu_us\t0.3\t
base/async 1024 B JSON free/ours\t2\t1\tcpu_us\t1.5\t
base/async 1024 B JSON free/go\t2\t1\t-\t\tthe client failed: exit status: 1: no route
base/async 1024 B JSON free/librocketmq\t0\t0\t-\t\tnot available: there is no bench/librocketmq
base/open loop free/ours\t1\t1\tp50\t60\t
base/open loop free/ours\t1\t1\tp99\t200\t
base/open loop free/ours\t1\t1\tp99.9\t900\t
base/open loop free/ours\t1\t1\trate\t20000\t
base/open loop free/go\t1\t1\tp50\t1000000\t
base/open loop free/go\t1\t1\trate\t15000\t
axes/base point/floor\t1\t1\tcpu_us\t0.4\t
axes/base point/ours\t1\t1\tcpu_us\t1\t
axes/corner/floor\t1\t1\tcpu_us\t0.6\t
axes/corner/ours\t1\t1\tcpu_us\t1.4\t
base/counted in the process/ours\t1\t1\tsocket writes\t0.02\t
base/one send a second/ours\t1\t1\tswitches\t4.2\t
base/one send a second/ours\t1\t1\tcpu_us\t250.5\t
base/one send a second/go\t1\t1\t-\t\tthe client failed: no route
languages/Go: callbacks, window 256/ours-go\t1\t1\tcpu_us\t5\t
languages/Go: callbacks, window 256/ours-go\t1\t1\trate\t200000\t
languages/Go: callbacks, window 256/go\t1\t1\tcpu_us\t60\t
languages/Node: promises, window 256/ours-node\t1\t1\tclient\tours for Node\t
languages/Node: promises, window 256/ours-node\t1\t1\tcpu_us\t9\t
languages/Node: promises, window 256/ours-node\t1\t1\tstall_ms\t4\t
languages/Node: promises, window 256/rocketmq-nodejs\t0\t0\t-\t\tnot available: there is no packages/rocketmq-nodejs
languages/Node: promises, window 10,000/ours-node\t1\t1\tcpu_us\t8\t
languages/Node: promises, window 10,000/ours-node\t1\t1\tstall_ms\t12\t
languages/Node: promises, window 10,000/ours-node\t1\t1\tstall_cpu_ms\t6\t
languages/Python: async, window 256/ours-asyncio\t1\t1\tcpu_us\t10\t
languages/Python: sync/rocketmq-python\t1\t1\tcpu_us\t250\t
proxy/Node: promises, window 64/ours-node-to-proxy\t1\t1\tcpu_us\t20\t
proxy/Node: promises, window 64/rocketmq-client-nodejs\t1\t1\tcpu_us\t400\t
";

fn page() -> String {
    text(&Results::parse(RESULTS).unwrap(), &BTreeMap::from([("cpu", "![cpu](x/cpu.svg)\n\n".to_owned())]))
}

fn assert_has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn the_page_has_medians_ranges_and_the_best_in_bold() {
    assert_has(
        &page(),
        &[
            "| base | 2026-01-02 | A CPU",
            "| floor | 0.35 (0.30–0.40) | 1.00 |",
            "| ours | **1.35 (1.20–1.50)** | 4.00 (3.00–5.00) | **400**",
            "| go | 48.0 |",
            "![cpu](x/cpu.svg)",
            "| ours | ours 0.1.0 |",
            "| client | wake-ups/s | CPU µs/s |\n",
            "| ours | 4.20 | 250 |\n",
            "| go | the client failed: no route | |\n",
            "| floor | not measured | |\n",
        ],
    );
}

#[test]
fn the_page_says_what_is_void_missing_or_too_slow() {
    assert_has(
        &page(),
        &[
            "| librocketmq | not available: there is no bench/librocketmq |",
            "- go: the client failed: exit status: 1: no route. In base/async 1024 B JSON free (round 2)",
            "- librocketmq: not available: there is no bench/librocketmq. In base/async 1024 B JSON free\n",
            "Attempts that were void and repeated with success: 1.",
            "Not able to send 20000 messages a second: go.",
        ],
    );
}

#[test]
fn the_page_has_each_promise_with_its_verdict() {
    assert_has(
        &page(),
        &[
            "| async, CPU per message, ours / floor, free | 4.00 (3.00–5.00) | ≤ 7 | ≤ 4 | aim reached |",
            "| async, CPU per message, ours / best peer | 1/40.0 | ≤ 1/5 | ≤ 1/12 | aim reached | the best peer: go |",
            "floor with 64 connections | 1/1.07 | ≤ 1.6 | ≤ 1.3 | aim reached | ours alone: 1.40, the floor alone: 1.50 |",
            "| socket writes per message, window 256 | 0.020 | ≤ 0.1 | ≤ 0.03 | aim reached |",
            "| async, CPU per message, ours / librocketmq | not measured |",
        ],
    );
}

#[test]
fn the_page_has_a_table_for_each_language() {
    assert_has(
        &page(),
        &[
            "### Go\n\n| sends | client | CPU µs/msg | × ours | k msgs/s | RSS MiB | threads |\n",
            "| callbacks, window 256 | ours-go | **5.00** | 1.00 | **200** |",
            "| callbacks, window 256 | go | 60.0 | 12.0 |",
            "### Node\n\n| sends | client | CPU µs/msg | × ours | k msgs/s | RSS MiB | threads | longest stall ms |\n",
            "| promises, window 256 | rocketmq-nodejs | not available: there is no packages/rocketmq-nodejs |",
            // Nobody is the best where nobody else is.
            "| promises, window 10,000 | ours-node | 8.00 | 1.00 | – | – | – | 12.0 |",
            "| promises, window 64 | rocketmq-client-nodejs | 400 | 20.0 |",
            "| ours-node | ours for Node |",
        ],
    );
}

#[test]
fn the_page_has_what_is_promised_of_packages() {
    assert_has(
        &page(),
        &[
            "| Go, async, CPU per message, ours / rocketmq-client-go | 1/12.0 | ≤ 1/5 | – | met |",
            "| Node, async, CPU per message, ours / rocketmq-nodejs | not measured | ≤ 1/5 |",
            "sync of the package rocketmq, which has no async | 1/25.0 | ≤ 1/10 | – | met |",
            "longest stall of the event loop | 12.0 ms | ≤ 10 ms | – | NOT MET | of its thread's own time at most 6.00 ms |",
            "| asyncio, window 10,000, longest stall of the event loop | not measured |",
        ],
    );
}

#[test]
fn clients_of_sections_that_were_not_measured_are_not_listed() {
    let base: Vec<&str> = RESULTS.lines().filter(|line| !line.starts_with("languages/")).collect();
    let page = text(&Results::parse(&base.join("\n")).unwrap(), &BTreeMap::new());
    assert!(!page.contains("ours-go") && !page.contains("## Packages of other languages"), "{page}");
    assert!(page.contains("| ours-node-to-proxy | did not run |"), "its figures have no name: {page}");
}

#[test]
fn a_section_that_was_not_measured_is_not_in_the_page() {
    let page = page();
    assert!(page.contains("## As the work grows") && !page.contains("## Against Apache's broker"));
}

#[test]
fn every_table_has_as_many_cells_in_each_line() {
    let page = page();
    let lines: Vec<&str> = page.lines().collect();
    for table in lines.chunk_by(|a, b| a.starts_with('|') == b.starts_with('|')) {
        let cells: Vec<usize> = table.iter().map(|line| line.matches('|').count()).collect();
        assert!(cells.iter().all(|count| Some(count) == cells.first()), "{table:#?}");
    }
}

#[test]
fn the_pictures_lie_in_a_folder_beside_the_page() {
    let folder = std::env::temp_dir().join(format!("rocketmq-bench-report-{}", std::process::id()));
    let results = Results::parse(RESULTS).unwrap();
    std::fs::create_dir_all(&folder).unwrap();
    write(&results, &folder.join("PERFORMANCE.md")).unwrap();
    let page = std::fs::read_to_string(folder.join("PERFORMANCE.md")).unwrap();
    for name in ["cpu", "open", "growth"] {
        let svg = std::fs::read_to_string(folder.join(format!("performance/{name}.svg"))).unwrap();
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"), "{svg}");
        assert!(page.contains(&format!("(performance/{name}.svg)")), "{page}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
