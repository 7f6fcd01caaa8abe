// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.admission;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/// The plugin DefaultTolerationSeconds: pods stay five minutes on a node that falls silent.
public final class TolerationSeconds implements Admission {
  private static final int TOLERATION_SECONDS = 300;
  private static final List<String> TAINTS =
      List.of("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable");

  @Override
  public void admit(Write write) {
    if (!write.isOf("", "pods")
        || write.operation() == Operation.DELETE
        || !(write.object().get("spec") instanceof ObjectNode spec)) {
      return;
    }
    for (String taint : TAINTS) {
      if (!isTolerated(spec, taint)) {
        spec.withArrayProperty("tolerations")
            .addObject()
            .put("key", taint)
            .put("operator", "Exists")
            .put("effect", "NoExecute")
            .put("tolerationSeconds", TOLERATION_SECONDS);
      }
    }
  }

  private static boolean isTolerated(ObjectNode spec, String taint) {
    for (JsonNode each : spec.path("tolerations")) {
      String key = each.path("key").asText("");
      String effect = each.path("effect").asText("");
      if ((key.equals(taint) || key.isEmpty())
          && (effect.isEmpty() || effect.equals("NoExecute"))) {
        return true;
      }
    }
    return false;
  }
}
