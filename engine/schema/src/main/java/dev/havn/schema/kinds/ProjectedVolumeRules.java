// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.node.TextNode;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Rules of volumes that show several things in one folder.
final class ProjectedVolumeRules {
  private static final int TOKEN_SECONDS_MIN = 600;
  private static final List<String> KINDS =
      List.of("secret", "configMap", "downwardAPI", "serviceAccountToken");

  private ProjectedVolumeRules() {}

  static void check(At volume) {
    Set<String> taken = new HashSet<>();
    for (At source : volume.at("sources").items()) {
      int found = 0;
      for (String kind : KINDS) {
        At each = source.at(kind);
        if (each.isThere()) {
          found++;
          projection(kind, each, volume, taken);
        }
      }
      if (found > 1) {
        source.forbidden("may not specify more than 1 volume type per source");
      }
    }
  }

  private static void projection(String kind, At source, At volume, Set<String> taken) {
    switch (kind) {
      case "secret", "configMap" -> {
        source.at("name").needs();
        for (At item : source.at("items").items()) {
          VolumeRules.key(item);
          take(item.at("path"), source.at("name").text(), volume, taken);
        }
      }
      case "downwardAPI" -> {
        for (At item : source.at("items").items()) {
          VolumeRules.downward(item.named(source.path()));
          take(item.at("path"), item.at("path").text(), volume, taken);
        }
      }
      default -> token(source, volume);
    }
  }

  /// What is in one place of the folder hides nothing else.
  private static void take(At path, String shown, At volume, Set<String> taken) {
    if (!path.isEmpty() && !taken.add(path.text())) {
      new At(TextNode.valueOf(shown), volume.path(), volume.errors())
          .invalidText("conflicting duplicate paths");
    }
  }

  private static void token(At source, At volume) {
    At seconds = source.at("expirationSeconds");
    if (seconds.isThere() && seconds.number() < TOKEN_SECONDS_MIN) {
      seconds.invalid("may not specify a duration less than 10 minutes");
    }
    if (seconds.number() > 1L << 32) {
      seconds.invalid("may not specify a duration larger than 2^32 seconds");
    }
    At path = source.at("path").named(volume.path() + ".path");
    if (path.needs()) {
      VolumeRules.inside(path);
    }
  }
}
