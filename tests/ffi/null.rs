//! NULL for every pointer parameter of every function. The header is the list: a C program is made from it that
//! calls each function once for each pointer parameter with NULL there and good values elsewhere, and knows
//! by the kinds of parameters and results what the rules R2 and R3 have it answer. A function or parameter
//! that cannot be classified fails the test.

use std::fmt::Write;
use std::fs;
use std::process::Command;

use crate::declarations::{self, Declarations, Function, Parameter};
use crate::support::{cluster_that_recalls, folder, header, library, root, run};

/// Where NULL text is an answer and not a mistake (R3: tags, keys, property and queue are removed, a default is
/// restored).
const REMOVING: &[(&str, &str)] = &[
    ("rocketmq_config_set", "value"),
    ("rocketmq_message_build", "tags"),
    ("rocketmq_message_build", "keys"),
    ("rocketmq_message_set_tags", "tags"),
    ("rocketmq_message_set_keys", "keys"),
    ("rocketmq_message_set_sharding_key", "key"),
    ("rocketmq_message_set_property", "value"),
    ("rocketmq_send_options_set_queue", "broker"),
];

/// What functions answer to a NULL object that R3 or their own comment names.
const ANSWERS: &[(&str, &str)] = &[
    ("rocketmq_error_status", "ROCKETMQ_OK"),
    ("rocketmq_error_outcome", "ROCKETMQ_OUTCOME_UNKNOWN"),
    ("rocketmq_error_is_retriable", "0"),
    ("rocketmq_message_property", "NULL"),
    ("rocketmq_event_text", "NULL"),
    ("rocketmq_cq_poll", "ROCKETMQ_ERR_INVALID_ARGUMENT"),
];

/// What a parameter is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    Object,
    /// An array of them.
    Objects,
    /// Events that were polled, or room for them.
    Events,
    /// A send's options, which may be NULL by the comment of each send.
    Optional,
    Text,
    Buffer,
    /// Text that a function takes back.
    Returned,
    Callback,
    /// A function without which there is another way: a log goes to standard error, any queue will do.
    Sink,
    Release,
    UserData,
    Error,
    /// An object or text that the call makes; required where it is the purpose of the call.
    Made,
    /// Text that is shown.
    Shown,
    Size,
}

fn kind(function: &Function, parameter: &Parameter, declared: &Declarations) -> Kind {
    let known = |name: &str| declared.handles.iter().any(|handle| handle == name);
    let bare = parameter.kind.trim_start_matches("const ");
    match parameter.kind.as_str() {
        "size_t" | "int32_t" | "uint32_t" | "int64_t" | "uint64_t" | "rocketmq_status" => Kind::Number,
        "rocketmq_event *" | "const rocketmq_event *" => Kind::Events,
        "const char *" => Kind::Text,
        "const void *" => Kind::Buffer,
        "char *" => Kind::Returned,
        "void *" if parameter.name == "user_data" => Kind::UserData,
        "rocketmq_release_fn" => Kind::Release,
        "rocketmq_log_fn" | "rocketmq_queue_selector_fn" | "rocketmq_wakeup_fn" => Kind::Sink,
        name if declared.callbacks.iter().any(|callback| callback == name) => Kind::Callback,
        "rocketmq_error **" => Kind::Error,
        "char **" => Kind::Made,
        "const char **" => Kind::Shown,
        "size_t *" => Kind::Size,
        "const rocketmq_send_options *" => Kind::Optional,
        _ if bare.strip_suffix(" *const *").is_some_and(known) => Kind::Objects,
        _ if bare.strip_suffix(" **").is_some_and(known) => Kind::Made,
        _ if bare.strip_suffix(" *").is_some_and(known) => Kind::Object,
        _ => panic!("{}: what is {parameter:?}?", function.name),
    }
}

/// A good value; variables of the C program are in its frame below.
fn good(function: &Function, parameter: &Parameter, kind: Kind) -> String {
    let name = parameter.name.as_str();
    match kind {
        Kind::Object | Kind::Optional => {
            let handle = parameter.kind.trim_start_matches("const ").trim_end_matches(" *");
            handle.replace("rocketmq_", "a_")
        }
        Kind::Events => "a_events".into(),
        Kind::Objects => parameter.kind.trim_end_matches(" *const *").replace("rocketmq_", "&a_"),
        Kind::Text => match name {
            "topic" => "\"TopicTest\"",
            "tags" => "\"TagA\"",
            "keys" => "\"key\"",
            "key" if function.name == "rocketmq_message_set_sharding_key" => "\"key\"",
            "name" => "\"city\"",
            "packed" => "\"a\\1b\"",
            "broker" => "\"broker-a\"",
            "recall_handle" => "recall_handle",
            "key" if function.name == "rocketmq_global_set" => "\"runtime.worker.threads\"",
            "key" if function.name == "rocketmq_producer_update" => "\"namesrv.addr\"",
            "key" => "\"send.retries\"",
            "value" if function.name == "rocketmq_producer_update" => "namesrv",
            "value" => "\"1\"",
            _ => panic!("{}: which text is {name}?", function.name),
        }
        .into(),
        Kind::Buffer => "\"body\"".into(),
        Kind::Number => match name {
            "len" if function.name == "rocketmq_message_set_properties_packed" => "3",
            "len" | "body_len" => "4",
            "topic_len" | "tags_len" | "keys_len" => "ROCKETMQ_NTS",
            "timeout_ms" => "3000",
            "max_level" => "ROCKETMQ_LOG_WARN",
            "index" | "queue_id" | "flags" | "flag" | "on" | "level" => "0",
            "delay_ms" | "unix_ms" | "count" | "max" | "tag" => "1",
            "what" => "ROCKETMQ_PURGE_WAITING",
            _ => panic!("{}: which number is {name}?", function.name),
        }
        .into(),
        Kind::Callback => "on_sent".into(),
        // The options serve the sends of other cases, to topics whose routes are not known yet.
        Kind::Sink if parameter.kind == "rocketmq_queue_selector_fn" => "NULL".into(),
        Kind::Sink if parameter.kind == "rocketmq_wakeup_fn" => "on_wake".into(),
        Kind::Sink => "on_log".into(),
        Kind::Release | Kind::UserData | Kind::Returned => "NULL".into(),
        Kind::Error | Kind::Made | Kind::Shown | Kind::Size => format!("&out_{name}"),
    }
}

/// What the call answers with NULL for `parameter`: `None` where it is as good as any other value.
fn answer(function: &Function, parameter: &Parameter, kind: Kind, purposes: &[String]) -> Option<String> {
    let name = function.name.as_str();
    match kind {
        Kind::Optional | Kind::Sink | Kind::Release | Kind::UserData => return None,
        Kind::Error | Kind::Shown | Kind::Size => return None,
        Kind::Made if !purposes.iter().any(|purpose| name.ends_with(&format!("_{purpose}"))) => return None,
        Kind::Text if REMOVING.contains(&(name, &parameter.name)) => return None,
        _ => {}
    }
    if let Some((_, answer)) = ANSWERS.iter().find(|(exception, _)| *exception == name) {
        return Some((*answer).into());
    }
    Some(match function.returns.as_str() {
        "rocketmq_status" => "ROCKETMQ_ERR_INVALID_ARGUMENT".into(),
        "const char *" => "\"\"".into(),
        "size_t" => "0".into(),
        "int32_t" | "int64_t" => "-1".into(),
        "void" => "void".into(),
        pointer if pointer.ends_with('*') => "NULL".into(),
        other => panic!("{name}: what is a NULL answered by {other}?"),
    })
}

/// One call as C. `void` functions only have to return.
fn case(function: &Function, null: usize, declared: &Declarations, purposes: &[String]) -> String {
    let mut code = format!("  /* {}, {} */\n  {{\n", function.name, function.parameters[null].name);
    let mut arguments = Vec::new();
    let mut after = String::new();
    for (index, parameter) in function.parameters.iter().enumerate() {
        let kind = kind(function, parameter, declared);
        let name = &parameter.name;
        if index == null {
            arguments.push("NULL".into());
            continue;
        }
        arguments.push(good(function, parameter, kind));
        match kind {
            Kind::Error => {
                writeln!(code, "    rocketmq_error *out_{name} = (rocketmq_error *)poison;").unwrap();
                writeln!(after, "    check_error(got, out_{name});").unwrap();
            }
            Kind::Made => {
                let made = parameter.kind.strip_suffix('*').unwrap();
                writeln!(code, "    {made}out_{name} = ({made})poison;").unwrap();
                let destroy = match made.strip_suffix(" *").unwrap() {
                    "char" => "rocketmq_string_free".into(),
                    handle => format!("{handle}_destroy"),
                };
                writeln!(after, "    check_made(got, out_{name});\n    {destroy}(out_{name});").unwrap();
            }
            Kind::Shown => {
                writeln!(code, "    const char *out_{name} = (const char *)poison;").unwrap();
                writeln!(after, "    check_made(got, out_{name});").unwrap();
            }
            Kind::Size => writeln!(code, "    size_t out_{name} = 7;").unwrap(),
            _ => {}
        }
        if kind == Kind::Size {
            writeln!(after, "    CHECK(out_{name} == 0 || function_parameter_is_good);").unwrap();
        }
    }
    let expected = answer(
        function,
        &function.parameters[null],
        kind(function, &function.parameters[null], declared),
        purposes,
    );
    if uses(function, "rocketmq_producer *") && function.name != "rocketmq_producer_destroy" {
        let start = i32::from(function.name != "rocketmq_producer_start");
        writeln!(code, "    a_producer = new_producer({start});").unwrap();
        after.push_str("    end_producer(a_producer);\n");
    }
    if function.name == "rocketmq_global_set" {
        // Only possible while nothing runs.
        code.push_str("    CHECK(rocketmq_global_shutdown(5000, NULL) == ROCKETMQ_OK);\n");
    }
    let call = format!("{}({})", function.name, arguments.join(", "));
    let good = i32::from(expected.is_none());
    let after = after.replace("function_parameter_is_good", &good.to_string());
    write!(code, "{}", checked(function, &call, expected.as_deref())).unwrap();
    // Declarations come before statements only because each case is a block of its own in C99.
    format!("{code}{after}    cases++;\n  }}\n")
}

/// The call with the check of its answer.
fn checked(function: &Function, call: &str, expected: Option<&str>) -> String {
    let returns = function.returns.as_str();
    match (returns, expected) {
        ("void", _) => format!("    {call};\n"),
        (_, Some("\"\"")) => {
            format!("    const char *got = {call};\n    CHECK(got != NULL && got[0] == '\\0');\n")
        }
        ("rocketmq_status", None) => {
            format!("    rocketmq_status got = {call};\n    CHECK(got == ROCKETMQ_OK);\n")
        }
        (_, None) => format!("    {returns} got = {call};\n    CHECK(got != NULL);\n"),
        (_, Some(expected)) => format!("    {returns} got = {call};\n    CHECK(got == {expected});\n"),
    }
}

fn uses(function: &Function, kind: &str) -> bool {
    function.parameters.iter().any(|parameter| parameter.kind.trim_start_matches("const ") == kind)
}

const BEFORE: &str = r#"
#include <rocketmq_producer.h>
#include <stdio.h>
#include <string.h>

static int cases, failures;
static char poison[64];
static const char *namesrv;
static char recall_handle[256];
static rocketmq_config *a_config;
static rocketmq_message *a_message;
static rocketmq_send_options *a_send_options;
static rocketmq_send_result *a_send_result;
static rocketmq_queue_list *a_queue_list;
static rocketmq_error *a_error;
static rocketmq_producer *a_producer;
static rocketmq_cq *a_cq;
static rocketmq_event a_events[1];

#define CHECK(condition) \
  do { if (!(condition)) { failures++; printf("line %d: %s\n", __LINE__, #condition); } } while (0)

static void on_sent(const rocketmq_send_result *result, const rocketmq_error *error, void *user_data) {
  (void)result; (void)error; (void)user_data;
}

static void on_log(int32_t level, const char *target, const char *text, void *user_data) {
  (void)level; (void)target; (void)text; (void)user_data;
}

static void on_wake(void *user_data) {
  (void)user_data;
}

/* R2: written in any case, an object that says the same on failure. */
static void check_error(rocketmq_status status, rocketmq_error *error) {
  CHECK((const char *)error != poison);
  CHECK((status == ROCKETMQ_OK) == (error == NULL));
  CHECK(rocketmq_error_status(error) == status);
  CHECK(error == NULL || strlen(rocketmq_error_message(error)) > 0);
  rocketmq_error_destroy(error);
}

/* R2: NULL after a failure, something after a success. */
static void check_made(rocketmq_status status, const void *made) {
  CHECK(made != (const void *)poison);
  CHECK((status == ROCKETMQ_OK) == (made != NULL));
}

static rocketmq_producer *new_producer(int started) {
  rocketmq_config *config = rocketmq_config_create();
  rocketmq_producer *producer = NULL;
  CHECK(rocketmq_config_set(config, "producer.group", "tests", NULL) == ROCKETMQ_OK);
  CHECK(rocketmq_config_set(config, "namesrv.addr", namesrv, NULL) == ROCKETMQ_OK);
  CHECK(rocketmq_producer_create(config, &producer, NULL) == ROCKETMQ_OK);
  if (started) CHECK(rocketmq_producer_start(producer, 5000, NULL) == ROCKETMQ_OK);
  rocketmq_config_destroy(config);
  return producer;
}

static void end_producer(rocketmq_producer *producer) {
  CHECK(rocketmq_producer_shutdown(producer, 5000, NULL) == ROCKETMQ_OK);
  rocketmq_producer_destroy(producer);
}

static void note_recall_handle(rocketmq_producer *producer) {
  rocketmq_message *message = rocketmq_message_clone(a_message);
  rocketmq_send_result *result = NULL;
  CHECK(rocketmq_message_set_delay_ms(message, 60000) == ROCKETMQ_OK);
  CHECK(rocketmq_producer_send(producer, message, NULL, &result, NULL) == ROCKETMQ_OK);
  strncpy(recall_handle, rocketmq_send_result_recall_handle(result), sizeof recall_handle - 1);
  CHECK(recall_handle[0]);
  rocketmq_send_result_destroy(result);
  rocketmq_message_destroy(message);
}

static void open_fixtures(void) {
  rocketmq_producer *producer = NULL;
  CHECK(rocketmq_cq_create(&a_cq, NULL) == ROCKETMQ_OK);
  CHECK(rocketmq_log_set_cq(ROCKETMQ_LOG_TRACE, a_cq, 1) == ROCKETMQ_OK);
  producer = new_producer(1);
  a_config = rocketmq_config_create();
  CHECK(rocketmq_config_set(a_config, "producer.group", "tests", NULL) == ROCKETMQ_OK);
  CHECK(rocketmq_config_set(a_config, "namesrv.addr", namesrv, NULL) == ROCKETMQ_OK);
  CHECK(rocketmq_config_set(a_config, "no.such.key", "", &a_error) == ROCKETMQ_ERR_UNKNOWN_KEY);
  a_send_options = rocketmq_send_options_create();
  CHECK(rocketmq_message_create("TopicTest", &a_message) == ROCKETMQ_OK);
  CHECK(rocketmq_message_set_body(a_message, "body", 4) == ROCKETMQ_OK);
  CHECK(rocketmq_message_set_property(a_message, "region", "1") == ROCKETMQ_OK);
  CHECK(rocketmq_producer_send(producer, a_message, NULL, &a_send_result, NULL) == ROCKETMQ_OK);
  CHECK(rocketmq_producer_fetch_queues(producer, "TopicTest", 5000, &a_queue_list, NULL) == ROCKETMQ_OK);
  note_recall_handle(producer);
  end_producer(producer);
  CHECK(rocketmq_cq_poll(a_cq, a_events, 1, 5000) == 1 && a_events[0].kind == ROCKETMQ_EVENT_LOG);
  CHECK(rocketmq_log_set_callback(ROCKETMQ_LOG_WARN, on_log, NULL, NULL) == ROCKETMQ_OK);
}

static void close_fixtures(void) {
  rocketmq_config_destroy(a_config);
  rocketmq_event_release(a_events, 1);
  rocketmq_cq_destroy(a_cq);
  rocketmq_error_destroy(a_error);
  rocketmq_send_options_destroy(a_send_options);
  rocketmq_message_destroy(a_message);
  rocketmq_send_result_destroy(a_send_result);
  rocketmq_queue_list_destroy(a_queue_list);
}

"#;

const MAIN: &str = r#"
int main(int argc, char **argv) {
  if (argc != 2) return 2;
  namesrv = argv[1];
  open_fixtures();
  all_cases();
  close_fixtures();
  CHECK(rocketmq_global_shutdown(5000, NULL) == ROCKETMQ_OK);
  printf("%d cases\n", cases);
  return failures != 0;
}
"#;

/// The purposes that R2 names in the header: "except where it is the purpose of the call (create, ...)".
fn purposes() -> Vec<String> {
    let header = header().replace("\n *", " ");
    let flat = header.split_whitespace().collect::<Vec<_>>().join(" ");
    let list = flat.split("the purpose of the call (").nth(1).unwrap().split(')').next().unwrap();
    list.split(", ").map(str::to_owned).collect()
}

#[test]
fn null_is_answered_by_the_rules_for_every_pointer_of_every_function() {
    let declared = declarations::read();
    let purposes = purposes();
    let mut body = String::new();
    let mut expected = 0;
    for function in &declared.functions {
        for (index, parameter) in function.parameters.iter().enumerate() {
            if kind(function, parameter, &declared) != Kind::Number {
                body.push_str(&case(function, index, &declared, &purposes));
                expected += 1;
            }
        }
    }
    assert!(expected > 100, "only {expected} cases: is the header read at all?");
    let program = format!("{BEFORE}static void all_cases(void) {{\n{body}}}\n{MAIN}");

    let folder = folder("null");
    let (source, binary) = (folder.join("null.c"), folder.join("null"));
    fs::write(&source, program).unwrap();
    let library = library();
    let mut compiler = Command::new("cc");
    compiler.args(["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I"]);
    compiler.arg(root().join("include")).arg("-o").arg(&binary).arg(&source).arg(&library);
    run(&mut compiler).unwrap();
    let cluster = cluster_that_recalls();
    let mut command = Command::new(&binary);
    command.arg(cluster.namesrv()).env("LD_LIBRARY_PATH", library.parent().unwrap());
    let said = run(&mut command).unwrap();
    assert_eq!(said, format!("{expected} cases\n"));
    fs::remove_dir_all(folder).unwrap();
}
