"""RBAC rules taken apart: one right for each group, resource and verb."""

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Right:
    group: str
    resource: str  # with its subresource, such as pods/eviction
    verb: str
    own: bool = False  # in Remint's own namespace, which is not for what it watches


def rights_of(rendered, namespace="remint-system"):
    """What the roles that are bound to Remint's account give."""
    account = rendered.pod["serviceAccountName"]
    rights = set()
    for binding in rendered.all("ClusterRoleBinding") + rendered.all("RoleBinding"):
        if not any(s["name"] == account and s["namespace"] == namespace for s in binding["subjects"]):
            continue
        where = binding["metadata"].get("namespace")
        role = next(
            role for role in rendered.all(binding["roleRef"]["kind"])
            if role["metadata"]["name"] == binding["roleRef"]["name"] and role["metadata"].get("namespace") == where
        )  # fmt: skip
        for rule in role["rules"]:
            rights |= {
                Right(group, resource, verb, where == namespace)
                for group in rule["apiGroups"] for resource in rule["resources"] for verb in rule["verbs"]
            }  # fmt: skip
    return rights
