// SPDX-License-Identifier: Apache-2.0
package dev.havn.reconcile;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Volume;
import tools.jackson.databind.ObjectMapper;

/// What is read of a pod by all but its node: without how its containers are run, which is most of
/// it; probes and policies are kept for nodes that are simulated. A cluster's pods are read by the
/// controllers and the scheduler once for each change and kept by the thousand.
final class PodOutline {
  private PodOutline() {}

  static ObjectMapper of(ObjectMapper models) {
    return models
        .rebuild()
        .addMixIn(PodSpec.class, WithoutSurroundings.class)
        .addMixIn(Container.class, WithoutProcess.class)
        .addMixIn(Volume.class, WithoutContents.class)
        .build();
  }

  @JsonIgnoreProperties({"dnsConfig", "hostAliases", "imagePullSecrets", "securityContext"})
  private interface WithoutSurroundings {}

  @JsonIgnoreProperties({
    "args",
    "command",
    "env",
    "envFrom",
    "imagePullPolicy",
    "lifecycle",
    "securityContext",
    "stdin",
    "stdinOnce",
    "terminationMessagePath",
    "terminationMessagePolicy",
    "tty",
    "volumeDevices",
    "volumeMounts",
    "workingDir"
  })
  private interface WithoutProcess {}

  @JsonIgnoreProperties({"configMap", "downwardAPI", "emptyDir", "projected", "secret"})
  private interface WithoutContents {}
}
