#!/usr/bin/env python3
"""Prints what failed in a JUnit file of pytest, a test's id each line: failed_tests.py FILE FOLDER (of the tests).

Nothing when more than a handful failed: then it is no accident, and telling them again would only take time.
"""

import sys
import xml.etree.ElementTree as ElementTree

HANDFUL = 5

file, folder = sys.argv[1:]
try:
    cases = list(ElementTree.parse(file).iter("testcase"))
except (OSError, ElementTree.ParseError):
    sys.exit()  # counted as a failure already
failed = [case for case in cases if any(case.find(tag) is not None for tag in ("failure", "error"))]
if len(failed) <= HANDFUL:
    for case in failed:
        print(f"{folder}/{case.get('classname').replace('.', '/')}.py::{case.get('name')}")
