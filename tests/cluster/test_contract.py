"""The contract suite against the real API server: what the in-process one of the C++ tests promises must be true."""

import os
import subprocess
from pathlib import Path

import pytest

from harness.folders import REPOSITORY

_DEFAULT = REPOSITORY / "build" / "dev" / "tests" / "contract" / "remint_contract_tests"


def test_the_real_api_server_keeps_the_contract_of_the_in_process_one(cluster):
    binary = Path(os.environ.get("REMINT_CONTRACT_TESTS") or _DEFAULT)
    if not binary.is_file():
        pytest.skip(f"NO {binary.name}: BUILD THE PRESET dev, OR SET REMINT_CONTRACT_TESTS")
    environment = os.environ | {
        "REMINT_CONTRACT_KUBECONFIG": str(cluster.kubeconfig),
        "REMINT_CONTRACT_ETCD": cluster.etcd.url,
    }
    result = subprocess.run([binary], env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, result.stdout[-20000:] + result.stderr[-5000:]
