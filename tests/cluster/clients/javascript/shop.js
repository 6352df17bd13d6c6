// An operator's main loop with the official JavaScript client: list, watch for a while, again from the list.
'use strict';

const k8s = require('@kubernetes/client-node');

const config = new k8s.KubeConfig();
config.loadFromCluster();
const core = config.makeApiClient(k8s.CoreV1Api);
const namespace = process.env.POD_NAMESPACE;
const path = `/api/v1/namespaces/${namespace}/configmaps`;

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function watch(resourceVersion) {
  return new Promise((resolve, reject) => {
    new k8s.Watch(config).watch(
      path,
      { resourceVersion, timeoutSeconds: 2 },
      (type, object) => console.log(type, object.metadata.name),
      (error) => (error ? reject(error) : resolve()),
    );
  });
}

async function main() {
  for (;;) {
    try {
      const { body } = await core.listNamespacedConfigMap(namespace);
      console.log(`there are ${body.items.length} ConfigMaps`);
      await watch(body.metadata.resourceVersion);
    } catch (error) {
      console.error('looking after the ConfigMaps:', error);
      await pause(1000);
    }
  }
}

main();
