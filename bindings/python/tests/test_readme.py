"""The README's programs do what it says."""

from __future__ import annotations

import re

from cluster import Mock
from conftest import README_BLOCKS, Program


def test_its_programs_run(mock: Mock) -> None:
    sync, aio, config, fork = (block.replace("127.0.0.1:9876", mock.address) for block in README_BLOCKS)
    output = Program(sync).end()
    assert re.fullmatch(r"stored as [0-9A-F]{32}\n1000 more\n", output)
    assert len(sync.strip().splitlines()) <= 10
    assert re.fullmatch(r"the last one is in queue \d at \d+\n", Program(aio).end())
    assert mock.count("orders") == 2001
    configured = f"from rocketmq_producer import Producer\n{config}\nprint(Producer(config).state.name)"
    assert Program(configured).end() == "CREATED\n"
    application = "import sys, types\nsys.modules['application'] = module = types.ModuleType('application')\n"
    starts = "module.producer = types.SimpleNamespace(start=lambda: print('started'))\npost_fork(None, None)"
    assert Program(application + fork + starts).end() == "started\n"
