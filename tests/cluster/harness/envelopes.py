"""What log services and log collectors put around an API server's audit events and log lines, as they document it."""

import base64
import gzip
import json


def _packed(text):
    return base64.b64encode(gzip.compress(text.encode())).decode()


def cloudwatch(lines, stream="kube-apiserver-audit-0123456789abcdef"):
    return json.dumps({
        "messageType": "DATA_MESSAGE", "owner": "111122223333", "logGroup": "/aws/eks/c/cluster", "logStream": stream,
        "subscriptionFilters": ["remint"],
        "logEvents": [{"id": str(n), "timestamp": 1, "message": line} for n, line in enumerate(lines)],
    })  # fmt: skip


def firehose(lines):
    return json.dumps({"requestId": "ed4acda5", "timestamp": 1, "records": [{"data": _packed(cloudwatch(lines))}]})


def event_hub(lines):
    return json.dumps({"records": [
        {"category": "kube-audit", "operationName": "Microsoft.ContainerService/managedClusters/diagnosticLogs/Read",
         "properties": {"log": line + "\n", "stream": "stdout", "pod": "kube-apiserver-5f-x"}} for line in lines
    ]})  # fmt: skip


def pub_sub(lines):
    data = base64.b64encode("\n".join(lines).encode()).decode()
    return json.dumps({"message": {"data": data, "messageId": "1"}, "subscription": "projects/p/subscriptions/s"})


def vector(lines):
    return json.dumps([{"message": line, "source_type": "file", "file": "/var/log/audit.log"} for line in lines])


def fluent_bit(lines):
    return "\n".join(json.dumps({"date": 1.5, "log": line}) for line in lines)


def open_telemetry(lines):
    records = [{"timeUnixNano": "1", "body": {"stringValue": line}} for line in lines]
    return json.dumps({"resourceLogs": [{"resource": {}, "scopeLogs": [{"scope": {}, "logRecords": records}]}]})


ALL = [cloudwatch, firehose, event_hub, pub_sub, vector, fluent_bit, open_telemetry]
