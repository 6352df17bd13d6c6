"""Who may approve or deny a restart: the authorizer says so, on a real API server, to people with different rights."""

import json

import pytest
from ground import REMINT, Ground
from harness import resources, wait_until

_GROUP, _RBAC = "remint.dev", "rbac.authorization.k8s.io"
ASKED = {"required": True, "expiresAt": "2999-01-01T00:00:00Z"}
VERBS = {
    "patches": ["get", "create", "patch", "update"],
    "approves": ["get", "create", "patch", "approve"],
    "only-approves": ["get", "approve"],
}


def decision(by, word="Approved"):
    return {"decision": word, "by": by, "at": "2026-11-22T03:00:00Z"}


class People(Ground):
    """The ground, and people named by what they may do with its WorkloadRestarts."""

    def __init__(self, helm, cluster):
        super().__init__(helm, cluster, {})
        for name, verbs in VERBS.items():
            self._may(name, {"verbs": verbs})
        # In the namespace, but for one restart alone.
        self._may("approves-one", {"verbs": ["get", "patch"]})
        self._may("approves-one", {"verbs": ["approve"], "resourceNames": ["theirs"]}, role="approves-the-one")
        for name in (*VERBS, "approves-one"):
            wait_until(lambda who=name: self.can(who, "get"), 20, f"{name} to have their rights")

    def _may(self, name, rule, role=None):
        about = {"apiVersion": f"{_RBAC}/v1", "metadata": {"name": role or name, "namespace": self.name}}
        rules = [{"apiGroups": [_GROUP], "resources": ["workloadrestarts"]} | rule]
        reference = {"apiGroup": _RBAC, "kind": "Role", "name": role or name}
        subjects = [{"apiGroup": _RBAC, "kind": "User", "name": name}]
        resources.apply(self.cluster, [
            about | {"kind": "Role", "rules": rules},
            about | {"kind": "RoleBinding", "roleRef": reference, "subjects": subjects},
        ])  # fmt: skip

    def can(self, who, verb):
        question = ("auth", "can-i", verb, "workloadrestarts.remint.dev", "-n", self.name, f"--as={who}")
        try:
            return resources.kubectl(self.cluster, *question).strip() == "yes"
        except RuntimeError:  # "no" is an exit code, too
            return False

    def ask(self, name, **approval):
        """As Remint does: a restart that waits for somebody."""
        document = self.restart(name)
        document["spec"]["approval"] = ASKED | approval
        self.take("create", document, REMINT)
        return name

    def decide(self, name, who, approval):
        """What the API server says to it; "" when it takes it."""
        patch = json.dumps({"spec": {"approval": approval}})
        try:
            resources.kubectl(self.cluster, "patch", f"wr/{name}", "-n", self.name, "--type=merge", "-p", patch, f"--as={who}")
        except RuntimeError as error:
            return str(error)
        return ""

    def approval_of(self, name):
        return json.loads(resources.kubectl(self.cluster, "get", f"wr/{name}", "-n", self.name, "-o", "json"))["spec"]["approval"]


@pytest.fixture(scope="module")
def people(helm, crds):
    here = People(helm, crds)
    yield here
    here.close()


@pytest.mark.parametrize("word", ["Approved", "Denied"])
def test_who_has_the_verb_decides_and_is_recorded(people, word):
    name = people.ask(f"asked-{word.lower()}")
    assert people.decide(name, "approves", decision("approves", word)) == ""
    assert people.approval_of(name) == ASKED | decision("approves", word)


def test_who_may_only_patch_does_not_decide(people):
    name = people.ask("not-for-all")
    refusal = people.decide(name, "patches", decision("patches"))
    assert "patches may neither approve nor deny this: it takes the verb approve on workloadrestarts.remint.dev" in refusal
    assert people.approval_of(name) == ASKED


def test_nobody_decides_in_somebody_elses_name(people):
    name = people.ask("in-own-name")
    refusal = people.decide(name, "approves", decision("patches"))
    assert "spec.approval.by: you are approves, and decide in your own name only" in refusal
    unsigned = {key: value for key, value in decision("approves").items() if key != "by"}
    assert people.decide(name, "approves", unsigned) != "", "nor in nobody's"
    assert people.approval_of(name) == ASKED


def test_the_verb_alone_changes_nothing(people):
    name = people.ask("needs-patch")
    assert "cannot patch" in people.decide(name, "only-approves", decision("only-approves"))


def test_the_right_may_be_for_one_restart_alone(people):
    people.ask("theirs"), people.ask("others")
    assert "approve" in people.decide("others", "approves-one", decision("approves-one"))
    assert people.decide("theirs", "approves-one", decision("approves-one")) == ""


def test_what_was_decided_stays_decided(people):
    name = people.ask("final")
    assert people.decide(name, "approves", decision("approves", "Denied")) == ""
    assert people.decide(name, "approves", decision("approves", "Approved")) != ""
    assert people.decide(name, "approves", {"decision": None}) != "", "nor is it taken back"
    assert people.approval_of(name) == ASKED | decision("approves", "Denied")


def test_whoever_decides_changes_nothing_else(people):
    name = people.ask("nothing-else")
    assert people.decide(name, "approves", decision("approves") | {"required": False}) != ""
    assert people.decide(name, "approves", decision("approves") | {"expiresAt": "2999-06-01T00:00:00Z"}) != ""
    assert people.decide(name, "patches", {"required": False}) != "", "nor without deciding"
    assert people.approval_of(name) == ASKED


def test_a_restart_is_not_created_with_somebody_elses_consent(people):
    document = people.restart("forged")
    document["spec"]["approval"] = ASKED | decision("approves")
    assert "it takes the verb approve" in people.refusal("create", document, ("--as=patches",))
    document["spec"]["approval"] = ASKED | decision("patches")
    assert "in your own name only" in people.refusal("create", document, ("--as=approves",))


def test_of_the_usual_roles_admin_decides_and_edit_does_not(people, helm):
    """Aggregated by the controller manager, bound in the namespace."""
    roles = [r for r in helm.template().all("ClusterRole") if r["metadata"]["name"] in ("remint-view", "remint-edit", "remint-admin")]
    resources.apply(people.cluster, roles)
    for role in ("edit", "admin"):
        about = {"apiVersion": f"{_RBAC}/v1", "metadata": {"name": f"the-{role}", "namespace": people.name}}
        reference = {"apiGroup": _RBAC, "kind": "ClusterRole", "name": role}
        subjects = [{"apiGroup": _RBAC, "kind": "User", "name": f"an-{role}"}]
        resources.apply(people.cluster, [about | {"kind": "RoleBinding", "roleRef": reference, "subjects": subjects}])
    wait_until(lambda: people.can("an-admin", "approve") and people.can("an-edit", "create"), 30, "the roles to be aggregated")
    assert not people.can("an-edit", "approve") and not people.can("an-edit", "patch")
    name = people.ask("by-role")
    assert "cannot patch" in people.decide(name, "an-edit", decision("an-edit"))
    assert people.decide(name, "an-admin", decision("an-admin")) == ""
