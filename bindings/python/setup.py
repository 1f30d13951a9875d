"""Builds the extension with the library inside. What is not about the extension is in pyproject.toml."""

import os
import shutil
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TARGET = Path(os.environ.get("TARGET", ROOT / "target")).resolve()
ARCHIVE = TARGET / "release" / "librocketmq_producer.a"


class Build(build_ext):
    def run(self) -> None:
        if not ARCHIVE.exists():
            raise SystemExit(
                f"{ARCHIVE} is missing: run `make build` in {ROOT}, or set TARGET to cargo's target folder"
            )
        super().run()


class Package(build_py):
    """The library brings along what others have written, and with it their notices."""

    def run(self) -> None:
        super().run()
        for notice in ("LICENSE", "THIRD-PARTY.txt"):
            shutil.copy(ROOT / notice, Path(self.build_lib) / "rocketmq_producer" / notice)


class Wheel(bdist_wheel):
    """One wheel for every CPython from 3.9 on."""

    def finalize_options(self) -> None:
        self.py_limited_api = "cp39"
        super().finalize_options()


setup(
    ext_modules=[
        Extension(
            "rocketmq_producer._native",
            sources=sorted(str(source.relative_to(HERE)) for source in HERE.glob("native/*.c")),
            depends=["native/native.h", str(ROOT / "include" / "rocketmq_producer.h"), str(ARCHIVE)],
            include_dirs=[str(ROOT / "include")],
            extra_objects=[str(ARCHIVE)],
            extra_compile_args=["-std=c11", "-O2", "-fvisibility=hidden", "-Wall", "-Wextra"],
            # What the archive names stays inside, so that another copy in the process is another copy. The library's
            # threads outlive a dlclose. Symbols that only debuggers read stay out.
            extra_link_args=["-Wl,--exclude-libs,ALL", "-Wl,-z,nodelete", "-Wl,--gc-sections", "-Wl,--as-needed", "-s"],
            libraries=["gcc_s", "util", "rt", "pthread", "m", "dl", "c"],
            py_limited_api=True,
        )
    ],
    cmdclass={"build_py": Package, "build_ext": Build, "bdist_wheel": Wheel},
)
