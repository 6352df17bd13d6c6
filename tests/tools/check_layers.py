#!/usr/bin/env python3
"""Checks that the house keeps its shape: who may include whom, which library lives where, and that the pure layers
stay pure. Prints `file:line: problem` and ends with 1 when there is a problem.

    tests/tools/check_layers.py [folder]      (default: this repository)

The tables below are the rule; src/ARCHITECTURE.md explains it. Warns about files of more than 400 lines.
"""
import fnmatch
import re
import sys
from pathlib import Path

ALL_BELOW = {"base", "metrics", "http", "kube", "runtime", "detect", "policy", "restart", "sources", "controllers"}
MAY_INCLUDE = {
    "base": set(),
    "metrics": {"base"},
    "http": {"base", "metrics"},
    "kube": {"base", "metrics"},
    "runtime": {"base", "metrics", "kube"},
    "detect": {"base"},
    "policy": {"base"},
    "restart": {"base", "policy"},
    "sources": {"base", "metrics", "http", "kube", "runtime", "detect"},
    "controllers": ALL_BELOW - {"controllers"},
    "app": ALL_BELOW,
}

# Library: what its includes look like, and the files under src/ that may have them.
LIBRARIES = {
    "cpprestsdk": (r"(cpprest|pplx)/.*", ["kube/cpprest_*"]),
    "Boost": (r"boost/.*", ["http/*", "kube/cpprest_*"]),
    "nlohmann/json": (r"nlohmann/json\.hpp", ["*.cpp"]),
    "nlohmann/json (forward)": (r"nlohmann/json_fwd\.hpp", ["*"]),
    "simdjson": (r"simdjson\.h", ["detect/*", "kube/*"]),
    "yaml-cpp": (r"yaml-cpp/.*", ["base/yaml.cpp"]),
    "spdlog": (r"spdlog/.*", ["base/log.cpp"]),
    "fmt": (r"fmt/.*", ["*"]),
    "prometheus-cpp": (r"prometheus/.*", ["metrics/*.cpp"]),
    "RE2": (r"re2/.*", ["detect/*.cpp", "detect/line_patterns.hpp", "policy/*.cpp"]),
    "OpenSSL": (r"openssl/.*", ["http/*", "kube/*", "base/text.cpp"]),
    "zlib": (r"zlib\.h", ["base/gzip.cpp"]),
    "CLI11": (r"CLI/.*", ["app/*.cpp", "app/option_flags.hpp"]),
    "date": (r"date/.*", ["policy/*.cpp"]),
    "Catch2": (r"catch2/.*", []),
    "std::regex (overflows the stack on long lines; use RE2)": (r"regex", []),
}
# Of all libraries, a public header may take these two.
IN_PUBLIC_HEADERS = {"nlohmann/json (forward)", "fmt"}
# Headers with a slash that belong to the system, not to a library.
SYSTEM = re.compile(r"(sys|net|netinet|arpa|linux|bits)/.*")

PURE_LAYERS = {"detect", "policy", "restart"}
PURE_FILES = ["controllers/detection_engine*", "controllers/report*"]
IMPURE_INCLUDES = re.compile(
    r"thread|mutex|shared_mutex|condition_variable|future|semaphore|latch|barrier|random|fstream|filesystem|iostream|"
    r"ctime|time\.h|unistd\.h|fcntl\.h|netdb\.h|poll\.h|(sys|net|netinet|arpa)/.*|remint/base/(clock|file)\.hpp")
IMPURE_CODE = {
    "reads a clock": re.compile(
        r"_clock\s*::\s*now\s*\(|\bsystem_clock\s*\(\s*\)|\b(?:gettimeofday|clock_gettime)\s*\(|\bstd\s*::\s*time\s*\("
        r"|(?<![\w.>])time\s*\(\s*(?:nullptr|NULL|0|&)"),
    "uses randomness": re.compile(r"\b(?:rand|random|srand|random_unit|getrandom)\s*\(|\brandom_device\b|\bmt19937"),
    "uses threads": re.compile(r"\bstd\s*::\s*(?:j?thread|this_thread|async|mutex)\b|\bsleep_for\s*\("),
    "uses sockets or files": re.compile(r"(?<![\w>])::\s*(?:socket|connect|open|read|write)\s*\(|\bgetenv\s*\("),
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|R"([^()\\\s]{0,16})\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.DOTALL)
MANY_LINES = 400


def without_comments_and_strings(text):
    """The same number of lines, but nothing left in them that is not code. `#include "x"` lines keep their names."""

    def blank(match):
        if match.group(0).startswith('"') and re.search(r"#\s*include\s*$", text[: match.start()].rsplit("\n", 1)[-1]):
            return match.group(0)
        return "\n" * match.group(0).count("\n") or " "

    # A digit separator (1'000) is no character literal.
    return TOKEN.sub(blank, re.sub(r"(?<=[0-9a-fA-F])'(?=[0-9a-fA-F])", "", text))


class Checker:
    def __init__(self, root):
        self.root = root
        self.problems = []
        self.warnings = []

    def check(self):
        seen = 0
        for top, public in (("include/remint", True), ("src", False)):
            for path in sorted((self.root / top).rglob("*")):
                if path.suffix in (".hpp", ".h", ".cpp", ".in") and path.is_file() and "cmake" not in path.parts:
                    inside = path.relative_to(self.root / top)
                    self.check_file(path, inside, public)
                    seen += 1
        return seen

    def check_file(self, path, inside, public):
        layer = inside.parts[0]
        text = path.read_text(encoding="utf-8")
        where = path.relative_to(self.root)
        if len(inside.parts) < 2 or layer not in MAY_INCLUDE:
            self.problems.append(f"{where}:1: is in no layer; layers: {', '.join(MAY_INCLUDE)}")
            return
        pure = layer in PURE_LAYERS or any(fnmatch.fnmatch(str(inside), pattern) for pattern in PURE_FILES)
        lines = without_comments_and_strings(text).split("\n")
        if path.suffix == ".hpp" and not text.lstrip().startswith("#pragma once"):
            self.problems.append(f"{where}:1: a header begins with #pragma once")
        if len(lines) > MANY_LINES:
            self.warnings.append(f"{where}: {len(lines)} lines; can it be two files?")
        for number, line in enumerate(lines, start=1):
            match = INCLUDE.match(line)
            if match:
                problem = self.include_problem(layer, inside, public, pure, match[1] == '"', match[2])
                if problem:
                    self.problems.append(f"{where}:{number}: {problem}")
            elif pure:
                for what, pattern in IMPURE_CODE.items():
                    if pattern.search(line):
                        self.problems.append(f"{where}:{number}: {what}: {layer} is pure, pass the value in")

    def include_problem(self, layer, inside, public, pure, quoted, name):
        if pure and IMPURE_INCLUDES.fullmatch(name):
            return f"includes {name}: {layer} is pure (no clocks, threads, sockets, files, randomness)"
        if name.startswith("remint/"):
            used = name.split("/")[1]
            if used != layer and used not in MAY_INCLUDE[layer]:
                allowed = ", ".join(sorted(MAY_INCLUDE[layer])) or "no other layer"
                return f"includes {name}: {layer} may use {allowed}"
            return None
        if quoted and public:
            return f'includes "{name}": a public header names other headers as "remint/<layer>/x.hpp"'
        if quoted and ("/" in name or ".." in name):
            return f'includes "{name}": only files of the same folder, or "remint/<layer>/x.hpp"'
        if quoted:
            return None
        for library, (pattern, owners) in LIBRARIES.items():
            if not re.fullmatch(pattern, name):
                continue
            if public:
                return None if library in IN_PUBLIC_HEADERS else f"includes {name}: {library} in a public header"
            if not any(fnmatch.fnmatch(str(inside), owner) for owner in owners):
                return f"includes {name}: {library} belongs to {', '.join('src/' + o for o in owners) or 'nobody here'}"
            return None
        if "/" in name and not SYSTEM.fullmatch(name):
            return f"includes {name}: an unknown library; tests/tools/check_layers.py lists the known ones"
        return None


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[2]).resolve()
    checker = Checker(root)
    seen = checker.check()
    for warning in checker.warnings:
        print(f"warning: {warning}")
    for problem in checker.problems:
        print(problem)
    if seen == 0:
        print(f"no source files below {root}")
        return 1
    print(f"{seen} files checked, {len(checker.problems)} problems")
    return 1 if checker.problems else 0


if __name__ == "__main__":
    sys.exit(main())
