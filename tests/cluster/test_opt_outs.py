"""Workloads that are left alone by what stands on their pod template or their namespace."""

import pytest

from harness.expect import IGNORED, PAUSED_UNTIL, cured_by_one_restart, stays_untouched, wait_explained
from harness.simulator import WorkloadSimulator

pytestmark = pytest.mark.remint


def annotate_namespace(space, **annotations):
    space.core.patch_namespace(space.name, {"metadata": {"annotations": {f"remint.dev/{k}": v for k, v in annotations.items()}}})


def test_a_pod_template_that_says_ignore(scene):
    web = scene.space.deployment("web", replicas=1, pod_annotations={"remint.dev/ignore": "true"})
    with WorkloadSimulator(web, scene.cluster.minter.expired):
        wait_explained(web, IGNORED)
        stays_untouched(web, 4)


def test_a_namespace_that_says_ignore_until_it_no_longer_does(scene):
    annotate_namespace(scene.space, ignore="true")
    web = scene.space.deployment("web", replicas=1)
    with WorkloadSimulator(web, scene.cluster.minter.expired):
        event = wait_explained(web, IGNORED)
        assert "namespace" in event["note"], "it says on which object it stands"
        stays_untouched(web, 4)
        annotate_namespace(scene.space, ignore=None)
        cured_by_one_restart(web)


def test_a_value_that_cannot_be_read_counts_as_leave_alone_and_is_told(scene):
    annotate_namespace(scene.space, **{"paused-until": "next Tuesday"})
    web = scene.space.deployment("web", replicas=1)
    with WorkloadSimulator(web, scene.cluster.minter.expired):
        event = wait_explained(web, PAUSED_UNTIL)
        assert "next Tuesday" in event["note"]
        stays_untouched(web, 4)
