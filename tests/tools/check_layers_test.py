#!/usr/bin/env python3
"""Shows that check_layers.py fails on a bad tree, for each rule, and that it leaves a good one alone."""
import contextlib
import io
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import check_layers


def run(files):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        output = io.StringIO()
        with contextlib.redirect_stdout(output), mock.patch("sys.argv", ["check_layers.py", folder]):
            code = check_layers.main()
        return code, output.getvalue()


class CheckLayers(unittest.TestCase):
    def assert_fails(self, name, text, message, line=1):
        code, output = run({name: text})
        self.assertEqual(code, 1, output)
        self.assertIn(f"{name}:{line}: ", output)
        self.assertIn(message, output)

    def assert_passes(self, name, text):
        code, output = run({name: text})
        self.assertEqual(code, 0, output)

    def test_a_layer_may_not_include_what_its_row_does_not_name(self):
        for layer, used in (("base", "metrics"), ("http", "kube"), ("detect", "kube"), ("policy", "detect"),
                            ("restart", "detect"), ("sources", "policy"), ("kube", "runtime"), ("controllers", "app")):
            self.assert_fails(f"src/{layer}/a.cpp", f'\n#include "remint/{used}/x.hpp"\n', f"{layer} may use", line=2)

    def test_a_layer_may_include_itself_and_its_row(self):
        self.assert_passes("src/restart/a.cpp", '#include "remint/restart/a.hpp"\n#include "remint/policy/b.hpp"\n')
        self.assert_passes("src/sources/a.cpp", '#include "remint/kube/a.hpp"\n#include "a.hpp"\n')

    def test_public_headers_obey_the_same_rows(self):
        self.assert_fails("include/remint/base/a.hpp", '#pragma once\n#include "remint/kube/x.hpp"\n', "base may use", 2)

    def test_no_way_around_by_relative_paths(self):
        self.assert_fails("src/base/a.cpp", '#include "../kube/exchange.hpp"\n', "only files of the same folder")
        self.assert_fails("include/remint/base/a.hpp", '#pragma once\n#include "b.hpp"\n', "a public header names", 2)

    def test_a_library_shows_up_only_where_it_lives(self):
        for name, include in (("src/kube/a.cpp", "cpprest/http_client.h"), ("src/kube/transport.hpp", "pplx/pplx.h"),
                              ("src/kube/client.cpp", "boost/asio.hpp"), ("src/kube/a.hpp", "nlohmann/json.hpp"),
                              ("src/runtime/a.cpp", "simdjson.h"), ("src/policy/a.cpp", "yaml-cpp/yaml.h"),
                              ("src/app/a.cpp", "spdlog/spdlog.h"), ("src/http/a.cpp", "prometheus/registry.h"),
                              ("src/sources/a.cpp", "re2/re2.h"), ("src/sources/a.cpp", "openssl/ssl.h"),
                              ("src/sources/a.cpp", "zlib.h"), ("src/base/a.cpp", "CLI/CLI.hpp"),
                              ("src/controllers/a.cpp", "date/tz.h"), ("src/base/a.cpp", "catch2/catch.hpp"),
                              ("src/detect/a.cpp", "regex")):
            self.assert_fails(name, "#pragma once\n" f"#include <{include}>\n", f"includes {include}", line=2)

    def test_a_library_may_be_where_it_lives(self):
        for name, include in (("src/kube/cpprest_transport.cpp", "cpprest/http_client.h"), ("src/http/a.cpp", "boost/beast.hpp"),
                              ("src/runtime/a.cpp", "nlohmann/json.hpp"), ("src/detect/a.cpp", "simdjson.h"),
                              ("src/base/a.cpp", "sys/stat.h")):
            self.assert_passes(name, f"#include <{include}>\n")

    def test_an_unknown_library_is_noticed(self):
        self.assert_fails("src/base/a.cpp", "#include <absl/strings/str_cat.h>\n", "an unknown library")

    def test_public_headers_take_no_heavy_header(self):
        for include in ("nlohmann/json.hpp", "prometheus/registry.h", "boost/asio.hpp", "openssl/ssl.h", "simdjson.h"):
            self.assert_fails("include/remint/kube/a.hpp", f"#pragma once\n#include <{include}>\n", "in a public header", 2)
        self.assert_passes("include/remint/kube/a.hpp", "#pragma once\n#include <nlohmann/json_fwd.hpp>\n#include <mutex>\n")

    def test_pure_layers_have_no_threads_clocks_sockets_files_or_randomness(self):
        for include in ("<thread>", "<mutex>", "<random>", "<fstream>", "<sys/socket.h>", '"remint/base/clock.hpp"'):
            self.assert_fails("src/detect/a.cpp", f"#include {include}\n", "is pure")
            self.assert_fails("include/remint/policy/a.hpp", f"#pragma once\n#include {include}\n", "is pure", 2)
        for code in ("auto t = std::chrono::system_clock::now();", "auto t = steady_clock :: now ();", "auto t = std::time(nullptr);",
                     "auto t = time(nullptr);", "auto t = system_clock().now();", "int r = rand();", "double r = random_unit();",
                     "std::random_device d;", "std::jthread t;", "sleep_for(x, stop);", "int s = ::socket(1, 2, 3);",
                     'auto e = std::getenv("X");'):
            self.assert_fails("src/restart/a.cpp", code + "\n", "is pure")
            self.assert_passes("src/runtime/a.cpp", code + "\n")
        self.assert_fails("src/controllers/detection_engine.cpp", "#include <mutex>\n", "is pure")
        self.assert_passes("src/controllers/detection_controller.cpp", "#include <mutex>\n")

    def test_comments_and_strings_are_not_code(self):
        self.assert_passes("src/detect/a.cpp", '// std::chrono::system_clock::now()\n/* rand()\n rand() */\n'
                           'auto a = "time(0)"; auto b = R"x(rand() ")x"; auto c = 1\'000; auto d = \'"\';\n'
                           '// #include <thread>\nTime parse_time(int x); auto e = event.time();\n')

    def test_code_behind_a_string_is_still_seen(self):
        self.assert_fails("src/detect/a.cpp", 'auto a = "\\"";\nchar c = \'"\'; auto b = 1\'000; int d = rand();\n', "randomness", 2)

    def test_every_file_belongs_to_a_layer(self):
        self.assert_fails("src/helpers/a.cpp", "int x;\n", "is in no layer")
        self.assert_fails("src/a.cpp", "int x;\n", "is in no layer")

    def test_headers_begin_with_pragma_once(self):
        self.assert_fails("include/remint/base/a.hpp", "int x;\n", "#pragma once")

    def test_a_long_file_is_a_warning_only(self):
        code, output = run({"src/base/a.cpp": "int x;\n" * 500})
        self.assertEqual(code, 0)
        self.assertIn("warning: src/base/a.cpp: 501 lines", output)

    def test_an_empty_tree_is_an_error(self):
        self.assertEqual(run({})[0], 1)


if __name__ == "__main__":
    unittest.main()
