"""Shapes of requests: what a client asks for, and how that reads in an audit event."""

from typing import NamedTuple

OWN = "."  # placeholder: the namespace of the pod that asks


class Shape(NamedTuple):
    verb: str
    resource: str
    namespace: str = ""  # "" is cluster-wide
    group: str = ""
    version: str = "v1"
    name: str = ""
    subresource: str = ""
    query: str = ""

    def within(self, namespace):
        return self._replace(namespace=namespace) if self.namespace == OWN else self

    def uri(self):
        path = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        if self.namespace:
            path += f"/namespaces/{self.namespace}"
        path += f"/{self.resource}"
        if self.name:
            path += f"/{self.name}"
        if self.subresource:
            path += f"/{self.subresource}"
        return path + (f"?{self.query}" if self.query else "")

    def reference(self):
        reference = {"resource": self.resource}
        for key, value in (("namespace", self.namespace), ("name", self.name), ("apiGroup", self.group)):
            if value:
                reference[key] = value
        reference["apiVersion"] = self.version
        if self.subresource:
            reference["subresource"] = self.subresource
        return reference


def listing(resource, namespace=OWN, **more):
    return Shape("list", resource, namespace, query="limit=500", **more)


def getting(resource, name, namespace=OWN, **more):
    return Shape("get", resource, namespace, name=name, **more)


def lease(verb, name, namespace=OWN):
    return Shape(verb, "leases", namespace, "coordination.k8s.io", name=name)
