// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.node.TextNode;
import dev.havn.schema.codec.CodecException;
import dev.havn.schema.codec.Json;
import dev.havn.schema.validate.FieldError;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/// Annotations of pods that mean something to Kubernetes, most of them from before there was a
/// field.
final class PodAnnotationRules {
  private static final String MIRROR = "kubernetes.io/config.mirror";
  private static final String TOLERATIONS = "scheduler.alpha.kubernetes.io/tolerations";
  private static final String DELETION_COST = "controller.kubernetes.io/pod-deletion-cost";
  private static final String SECCOMP = "seccomp.security.alpha.kubernetes.io/pod";
  private static final String SECCOMP_OF = "container.seccomp.security.alpha.kubernetes.io/";
  private static final String APP_ARMOR_OF = "container.apparmor.security.beta.kubernetes.io/";
  private static final String COST_SYNTAX = "0|-[0-9]{1,18}|[1-9][0-9]{0,9}";

  private PodAnnotationRules() {}

  /// @param spec of the pod, or of the template
  static void check(At annotations, At spec) {
    Map<String, At> entries = annotations.entries();
    if (entries.containsKey(MIRROR) && spec.at("nodeName").isEmpty()) {
      entries.get(MIRROR).invalidText("must set spec.nodeName if mirror pod annotation is set");
    }
    if (entries.containsKey(TOLERATIONS) && !entries.get(TOLERATIONS).isEmpty()) {
      tolerations(annotations, entries.get(TOLERATIONS).text());
    }
    if (entries.containsKey(DELETION_COST)) {
      cost(entries.get(DELETION_COST));
    }
    entries.forEach(
        (key, value) -> {
          if (key.equals(SECCOMP) || key.startsWith(SECCOMP_OF)) {
            seccomp(value.named(annotations.path() + "." + key));
          }
        });
    Set<String> names =
        WindowsRules.containers(spec).stream()
            .map(each -> each.at("name").text())
            .collect(Collectors.toSet());
    entries.forEach(
        (key, value) -> {
          if (key.startsWith(APP_ARMOR_OF)) {
            appArmor(key.substring(APP_ARMOR_OF.length()), value, names);
          }
        });
  }

  private static void tolerations(At annotations, String text) {
    try {
      At given =
          new At(
              Json.read(text.getBytes(StandardCharsets.UTF_8)).tree(),
              annotations.path() + "." + TOLERATIONS,
              annotations.errors());
      SchedulingRules.tolerations(given);
    } catch (CodecException e) {
      annotations
          .errors()
          .add(FieldError.invalid(annotations.path(), TOLERATIONS, String.valueOf(e.getMessage())));
    }
  }

  private static void cost(At cost) {
    boolean fits = cost.text().matches(COST_SYNTAX);
    if (!fits || Long.parseLong(cost.text()) != (int) Long.parseLong(cost.text())) {
      cost.invalidText("must be a 32bit integer");
    }
  }

  private static void seccomp(At profile) {
    switch (profile.text()) {
      case "runtime/default", "docker/default", "unconfined" -> {}
      default -> {
        if (profile.text().startsWith("localhost/")) {
          String file = profile.text().substring("localhost/".length());
          VolumeRules.descending(new At(TextNode.valueOf(file), profile.path(), profile.errors()));
        } else {
          profile.invalidText("must be a valid seccomp profile");
        }
      }
    }
  }

  private static void appArmor(String container, At profile, Set<String> names) {
    if (!names.contains(container)) {
      profile.errors().add(FieldError.invalid(profile.path(), container, "container not found"));
    }
    switch (profile.text()) {
      case "", "runtime/default", "unconfined" -> {}
      default -> {
        if (!profile.text().startsWith("localhost/")) {
          profile.invalidText("invalid AppArmor profile name: " + FieldError.quote(profile.text()));
        }
      }
    }
  }
}
