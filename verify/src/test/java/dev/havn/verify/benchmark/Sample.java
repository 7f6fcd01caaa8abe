// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.benchmark;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.BuiltinTypes;
import dev.havn.schema.Schema;
import dev.havn.schema.codec.Json;
import dev.havn.schema.codec.Protobuf;
import dev.havn.schema.codec.Yaml;
import java.nio.charset.StandardCharsets;

/// The object that everything is measured with: a Deployment of two containers, as a chart makes
/// it.
final class Sample {
  static final Schema.Struct DEPLOYMENT =
      BuiltinTypes.load().struct("io.k8s.api.apps.v1.Deployment");

  private static final String MANIFEST =
      """
      {"kind":"Deployment","apiVersion":"apps/v1",
       "metadata":{"name":"web","namespace":"shop","labels":{"app.kubernetes.io/name":"web",
         "app.kubernetes.io/instance":"shop","app.kubernetes.io/managed-by":"Helm"},
         "annotations":{"meta.helm.sh/release-name":"shop"}},
       "spec":{"replicas":3,"selector":{"matchLabels":{"app.kubernetes.io/name":"web"}},
         "strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":"25%","maxUnavailable":0}},
         "template":{"metadata":{"labels":{"app.kubernetes.io/name":"web"}},"spec":{
           "serviceAccountName":"web","securityContext":{"runAsNonRoot":true,"fsGroup":1000},
           "containers":[
             {"name":"web","image":"example/web:1","args":["--port","8080"],
              "ports":[{"name":"http","containerPort":8080,"protocol":"TCP"}],
              "env":[{"name":"LEVEL","value":"info"},{"name":"POD","valueFrom":
                {"fieldRef":{"fieldPath":"metadata.name"}}}],
              "resources":{"requests":{"cpu":"100m","memory":"64Mi"},"limits":{"memory":"128Mi"}},
              "readinessProbe":{"httpGet":{"path":"/ready","port":"http"},"periodSeconds":5},
              "livenessProbe":{"httpGet":{"path":"/live","port":"http"},"periodSeconds":10},
              "volumeMounts":[{"name":"config","mountPath":"/etc/web","readOnly":true}]},
             {"name":"proxy","image":"example/proxy:1","ports":[{"name":"admin","containerPort":15000}],
              "env":[{"name":"LEVEL","value":"warn"}],
              "resources":{"requests":{"cpu":"10m","memory":"32Mi"}}}],
           "volumes":[{"name":"config","configMap":{"name":"web","items":[{"key":"a","path":"a"}]}},
             {"name":"scratch","emptyDir":{"sizeLimit":"1Gi"}}],
           "tolerations":[{"key":"spot","operator":"Exists","effect":"NoSchedule"}]}}}}
      """;

  private Sample() {}

  static ObjectNode tree() {
    return (ObjectNode) Json.read(MANIFEST.getBytes(StandardCharsets.UTF_8)).tree();
  }

  static byte[] json() {
    return tree().toString().getBytes(StandardCharsets.UTF_8);
  }

  static byte[] yaml() {
    return Yaml.write(tree()).getBytes(StandardCharsets.UTF_8);
  }

  static byte[] protobuf() {
    return Protobuf.seal("apps/v1", "Deployment", Protobuf.message(tree(), DEPLOYMENT));
  }
}
