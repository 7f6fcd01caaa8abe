// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/// Some of everything that a cluster does: creates, patches, lists, a rollout, deletes.
final class TrainingLoad {
  private static final int OBJECTS = 300;
  private static final int LOOKS_MAX = 200;

  private TrainingLoad() {}

  static void run(Cluster cluster) {
    Api api = new Api(cluster.client("system:admin", List.of("system:masters")));
    String maps = "/api/v1/namespaces/default/configmaps";
    for (int i = 0; i < OBJECTS; i++) {
      ObjectNode map = Api.object();
      map.putObject("metadata").put("name", "m" + i).putObject("labels").put("n", "" + i);
      map.putObject("data").put("key", "value " + i);
      api.create(maps, map.toString());
      ObjectNode patch = Api.object();
      patch.putObject("data").put("other", "value");
      api.merge(maps + "/m" + i, patch);
    }
    api.get(maps + "?limit=100");
    api.get(maps + "?labelSelector=n%3D1");
    for (String path :
        List.of("/api", "/apis", "/openapi/v3", "/version", "/api/v1/pods", "/api/v1/nodes")) {
      api.get(path);
    }
    String deployments = "/apis/apps/v1/namespaces/default/deployments";
    api.create(deployments, deployment().toString());
    boolean unused =
        await(
            () ->
                api.get(deployments + "/web").path("status").path("availableReplicas").asInt()
                    == 3);
    api.delete(deployments + "/web", Api.object());
    for (int i = 0; i < OBJECTS; i++) {
      api.delete(maps + "/m" + i, Api.object());
    }
  }

  /// Whether something is so within some seconds: a training goes on without it.
  static boolean await(BooleanSupplier isSo) {
    CountDownLatch never = new CountDownLatch(1);
    for (int look = 0; look < LOOKS_MAX; look++) {
      if (isSo.getAsBoolean()) {
        return true;
      }
      try {
        boolean unused = never.await(20, TimeUnit.MILLISECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }
    return false;
  }

  private static ObjectNode deployment() {
    ObjectNode deployment = Api.object();
    deployment.putObject("metadata").put("name", "web");
    ObjectNode spec = deployment.putObject("spec").put("replicas", 3);
    spec.putObject("selector").putObject("matchLabels").put("app", "web");
    ObjectNode template = spec.putObject("template");
    template.putObject("metadata").putObject("labels").put("app", "web");
    template
        .putObject("spec")
        .putArray("containers")
        .addObject()
        .put("name", "web")
        .put("image", "example/web:1");
    return deployment;
  }
}
