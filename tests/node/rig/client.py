"""The pods' program, and how it reads its credentials: pod specs for the tests' workloads."""

IMAGE = "remint.test/client:1"
_CREDENTIALS = "/credentials"


def pod(namespace, name, read="once", token_seconds=None, secret=None, host_network=False, agent=None, errors="go"):
    """What is merged into a workload's pod spec.

    `read`: once, always or certificate. `token_seconds`: a projected token of that life, which is never extended;
    otherwise the usual one. `secret`: where the client's certificate is. `agent`: the first word of its user agent, when it is
    not its name. `errors`: how it says that it failed, as a program in go or in python.
    """
    words = [f"-name={agent or name}", f"-read={read}", f"-errors={errors}", f"-path=/api/v1/namespaces/{namespace}/configmaps"]
    container = {"name": name, "image": IMAGE, "imagePullPolicy": "Never"}
    spec = {"containers": [container], "terminationGracePeriodSeconds": 2, "hostNetwork": host_network}
    sources = None
    if token_seconds:
        sources = [{"serviceAccountToken": {"path": "token", "expirationSeconds": token_seconds}}]
    elif secret:
        sources = [{"secret": {"name": secret}}]
    if sources:
        sources.append({"configMap": {"name": "kube-root-ca.crt"}})
        words.append(f"-credentials={_CREDENTIALS}")
        container["volumeMounts"] = [{"name": "credentials", "mountPath": _CREDENTIALS, "readOnly": True}]
        spec["volumes"] = [{"name": "credentials", "projected": {"sources": sources}}]
        spec["automountServiceAccountToken"] = False
    container["args"] = words
    return spec
