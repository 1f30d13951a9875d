"""The extension and the Python enums against the header: a drift is an error here, not a crash at a user's."""

from __future__ import annotations

import re
import subprocess
import sysconfig
from enum import IntEnum
from pathlib import Path

import pytest
from conftest import ROOT

import rocketmq_producer as rmq
from rocketmq_producer import _log, _native, _types

HEADER = (ROOT / "include" / "rocketmq_producer.h").read_text()
NATIVE = ROOT / "bindings" / "python" / "native"

# What the C interface has and Python does not, and why.
LEFT_OUT = {
    "rocketmq_producer_send": "a send that is waited for is one on a queue of its own, so that Ctrl-C ends the wait",
    "rocketmq_producer_send_batch": "the same",
    "rocketmq_producer_flush": "the same",
    "rocketmq_producer_shutdown": "the same",
    "rocketmq_producer_send_async": "callbacks would run Python on a thread of the library's",
    "rocketmq_producer_send_batch_async": "the same",
    "rocketmq_log_set_callback": "the same",
    "rocketmq_send_options_set_selector": "the same: `queue=` says where",
    "rocketmq_cq_set_wakeup": "the same: a loop watches the descriptor",
    "rocketmq_cq_fd": "the loop gets a descriptor that it owns",
    "rocketmq_error_status": "it is what the call returned",
    "rocketmq_cq_length": "nobody asks",
    "rocketmq_message_set_body_borrowed": "a release on a thread of the library's would have to free Python's memory",
    "rocketmq_global_set": "threads are the process's business: configure them in C",
    "rocketmq_global_shutdown": "other users of the library in the process would lose it",
}
# Setters that a constructor makes needless, and what reads or copies what Python holds anyway.
LEFT_OUT_FAMILIES = (
    r"rocketmq_(config_(clone|key_)|send_result_(clone|destroy|status|queue_offset)"
    r"|message_(create|clone|set_topic|set_tags|set_keys|add_key|set_body|append_body"
    r"|set_properties_packed|property$|id$|flag|born_ms))"
)


def constants(prefix: str) -> dict[str, int]:
    return {name: int(value) for name, value in re.findall(rf"\b{prefix}([A-Z0-9_]+) = (-?\d+)", HEADER)}


def members(enum: type[IntEnum]) -> dict[str, int]:
    return {member.name: int(member) for member in enum}


def test_numbers_are_those_of_the_header() -> None:
    statuses = {"OK": 0, **constants("ROCKETMQ_ERR_")}
    assert members(rmq.Status) == statuses and len(statuses) > 30
    assert _native.statuses() == {
        f"ROCKETMQ_{'' if number == 0 else 'ERR_'}{name}": number for name, number in statuses.items()
    }
    assert members(rmq.Outcome) == constants("ROCKETMQ_OUTCOME_")
    assert members(rmq.State) == {"FORKED": -1, **constants("ROCKETMQ_STATE_")}
    stored = constants("ROCKETMQ_SEND_")
    assert (stored.pop("BLOCK"), stored.pop("NO_RETRY")) == (_types.SEND_BLOCK, _types.SEND_NO_RETRY)
    assert members(rmq.SendStatus) == stored
    assert {name: int(rmq.Purge[name]) for name in ("WAITING", "IN_FLIGHT")} == constants("ROCKETMQ_PURGE_")
    assert constants("ROCKETMQ_WAIT_") == {"FOREVER": _types.WAIT_FOREVER, "DEFAULT": _types.WAIT_DEFAULT}
    assert list(constants("ROCKETMQ_LOG_").values()) == list(range(len(_log.LEVELS)))


def test_the_version_is_the_headers_and_another_one_is_refused_at_import() -> None:
    [version] = re.findall(r'ROCKETMQ_VERSION_STRING "(.*)"', HEADER)
    assert version == rmq.library_version == rmq.__version__
    for header, library in ((0x000100, 0x000200), (0x000100, 0x010100), (0x010000, 0x020000)):
        with pytest.raises(ImportError, match="was made for version"):
            _native.check_version(header, library)
    for header, library in ((0x000100, 0x000105), (0x010000, 0x010200)):
        _native.check_version(header, library)


def compiles(include: Path) -> str:
    """What the compiler says of the extension against the header in this folder."""
    python = sysconfig.get_paths()["include"]
    command = ["cc", "-std=c11", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", f"-I{include}", f"-isystem{python}"]
    done = subprocess.run([*command, *map(str, sorted(NATIVE.glob("*.c")))], capture_output=True, text=True)
    assert (done.returncode == 0) == (done.stderr == ""), done
    return done.stderr


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (r"(rocketmq_producer_flush_cq\(rocketmq_producer \*producer,)\s*int64_t timeout_ms,", r"\1"),
        (r"uint64_t reserved\[3\];", "uint64_t reserved[4];"),
        (r"const char \*(rocketmq_send_result_message_id\()", r"int32_t \1"),
        (r"void rocketmq_cq_interrupt\(rocketmq_cq \*cq\);", ""),
    ],
)
def test_a_header_that_changes_what_is_used_does_not_compile(tmp_path: Path, before: str, after: str) -> None:
    header = tmp_path / "rocketmq_producer.h"
    header.write_text(HEADER)
    assert compiles(tmp_path) == ""
    changed, count = re.subn(before, after, HEADER)
    header.write_text(changed)
    assert count == 1 and "error:" in compiles(tmp_path)


def test_every_function_of_the_header_is_used_or_left_out_for_a_reason() -> None:
    declared = set(re.findall(r"\b(rocketmq_\w+)\(", re.sub(r"/\*.*?\*/", "", HEADER, flags=re.DOTALL)))
    used = set(re.findall(r"\brocketmq_\w+\b", "".join(path.read_text() for path in NATIVE.glob("*.c"))))
    left_out = {name for name in declared if name in LEFT_OUT or re.match(LEFT_OUT_FAMILIES, name)}
    assert declared - used - left_out == set() and len(declared) > 100
    assert set(LEFT_OUT) & used == set() and set(LEFT_OUT) <= declared


def test_the_extension_exports_its_entry_alone_and_is_stripped() -> None:
    symbols = subprocess.run(
        ["nm", "-D", "--defined-only", _native.__file__], capture_output=True, text=True, check=True
    ).stdout
    assert [line.split()[-1] for line in symbols.splitlines()] == ["PyInit__native"]
    sections = subprocess.run(
        ["readelf", "-dS", "-W", _native.__file__], capture_output=True, text=True, check=True
    ).stdout
    assert "NODELETE" in sections and ".symtab" not in sections and _native.__file__.endswith(".abi3.so")
