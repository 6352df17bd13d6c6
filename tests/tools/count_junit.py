#!/usr/bin/env python3
"""Prints `passed failed skipped` of a JUnit file; a file that is missing or broken counts as one failure."""

import sys
import xml.etree.ElementTree as ElementTree

try:
    cases = list(ElementTree.parse(sys.argv[1]).iter("testcase"))
except (OSError, ElementTree.ParseError) as error:
    print(f"no usable results in {sys.argv[1]}: {error}", file=sys.stderr)
    print("0 1 0")
    sys.exit()

failed = sum(any(case.find(tag) is not None for tag in ("failure", "error")) for case in cases)
skipped = sum(case.find("skipped") is not None for case in cases)
print(len(cases) - failed - skipped, failed, skipped)
