// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.daemonset;

import dev.havn.controllers.replicas.Portion;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.fabric8.kubernetes.api.model.apps.RollingUpdateDaemonSet;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What a DaemonSet asks for.
record Desired(DaemonSet set) {
  private static final String TEMPLATE_GENERATION = "deprecated.daemonset.template.generation";
  private static final int HISTORY_DEFAULT = 10;

  String name() {
    return set.getMetadata().getName();
  }

  PodSpec podSpec() {
    return set.getSpec().getTemplate().getSpec();
  }

  Duration minReady() {
    return Duration.ofSeconds(or(set.getSpec().getMinReadySeconds(), 0));
  }

  long generation() {
    Long generation = set.getMetadata().getGeneration();
    return generation == null ? 0 : generation;
  }

  /// How often the template has changed, from the days before revisions; null when nobody counts.
  @Nullable Long templateGeneration() {
    @Nullable Map<String, String> annotations = set.getMetadata().getAnnotations();
    @Nullable String text = annotations == null ? null : annotations.get(TEMPLATE_GENERATION);
    return text == null || !text.matches("[+-]?[0-9]{1,18}") ? null : Long.valueOf(text);
  }

  boolean isRolling() {
    return set.getSpec().getUpdateStrategy() != null
        && "RollingUpdate".equals(set.getSpec().getUpdateStrategy().getType());
  }

  /// How many nodes may have a second pod during an update, rounded up.
  int maxSurge(int nodes) {
    @Nullable RollingUpdateDaemonSet rolling = rolling();
    return portion(rolling == null ? null : rolling.getMaxSurge(), nodes);
  }

  /// How many nodes may be without a pod during an update, rounded up. Where neither that nor a
  /// second pod is allowed, one.
  int maxUnavailable(int nodes) {
    @Nullable RollingUpdateDaemonSet rolling = rolling();
    int most = portion(rolling == null ? null : rolling.getMaxUnavailable(), nodes);
    return nodes > 0 && most == 0 && maxSurge(nodes) == 0 ? 1 : most;
  }

  boolean surges() {
    return maxSurge(1) > 0;
  }

  private @Nullable RollingUpdateDaemonSet rolling() {
    return isRolling() ? set.getSpec().getUpdateStrategy().getRollingUpdate() : null;
  }

  private static int portion(@Nullable IntOrString value, int nodes) {
    return value == null ? 0 : Portion.of(value, nodes, true);
  }

  int historyLimit() {
    return or(set.getSpec().getRevisionHistoryLimit(), HISTORY_DEFAULT);
  }

  private static int or(@Nullable Integer value, int otherwise) {
    return value == null ? otherwise : value;
  }
}
