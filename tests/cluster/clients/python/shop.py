"""An operator's main loop with the official Python client: list, watch for a while, again from the list."""

import logging
import os
import time

from kubernetes import client, config, watch

logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
config.load_incluster_config()
core, namespace = client.CoreV1Api(), os.environ["POD_NAMESPACE"]

while True:
    try:
        present = core.list_namespaced_config_map(namespace)
        logging.info("there are %d ConfigMaps", len(present.items))
        version = present.metadata.resource_version
        changes = watch.Watch().stream(
            core.list_namespaced_config_map, namespace, resource_version=version, timeout_seconds=2
        )
        for change in changes:
            logging.info("%s %s", change["type"], change["object"].metadata.name)
    except Exception:
        logging.exception("looking after the ConfigMaps")
        time.sleep(1)
