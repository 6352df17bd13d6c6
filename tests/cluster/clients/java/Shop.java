import com.google.gson.reflect.TypeToken;
import io.kubernetes.client.openapi.ApiClient;
import io.kubernetes.client.openapi.apis.CoreV1Api;
import io.kubernetes.client.openapi.models.V1ConfigMap;
import io.kubernetes.client.openapi.models.V1ConfigMapList;
import io.kubernetes.client.util.Config;
import io.kubernetes.client.util.Watch;

/** An operator's main loop with the official Java client: list, watch for a while, again from the list. */
public final class Shop {
  private static final String NAMESPACE = System.getenv("POD_NAMESPACE");

  public static void main(String[] arguments) throws Exception {
    ApiClient client = Config.fromCluster();
    CoreV1Api core = new CoreV1Api(client);
    while (true) {
      try {
        lookAfterConfigMaps(client, core);
      } catch (Exception error) {
        error.printStackTrace();
        Thread.sleep(1000);
      }
    }
  }

  private static void lookAfterConfigMaps(ApiClient client, CoreV1Api core) throws Exception {
    V1ConfigMapList present =
        core.listNamespacedConfigMap(NAMESPACE, null, null, null, null, null, null, null, null, null);
    System.out.println("there are " + present.getItems().size() + " ConfigMaps");
    String version = present.getMetadata().getResourceVersion();
    try (Watch<V1ConfigMap> changes =
        Watch.createWatch(
            client,
            core.listNamespacedConfigMapCall(
                NAMESPACE, null, null, null, null, null, null, version, 2, true, null),
            new TypeToken<Watch.Response<V1ConfigMap>>() {}.getType())) {
      for (Watch.Response<V1ConfigMap> change : changes) {
        System.out.println(change.type + " " + change.object.getMetadata().getName());
      }
    }
  }
}
