// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.stats;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.csi.VolumeFigures;
import java.time.temporal.ChronoUnit;
import java.util.List;

/// How full the volumes of a pod are, in `stats/summary` and in metrics.
final class VolumeStats {
  private static final String PREFIX = "kubelet_volume_stats_";

  private VolumeStats() {}

  /// Adds the field `volume` of a pod that has such.
  static void add(ObjectNode stats, JsonNode pod, List<VolumeFigures> figures) {
    for (JsonNode volume : pod.path("spec").path("volumes")) {
      String name = volume.path("name").asText();
      String claim = claim(pod, volume);
      for (VolumeFigures each : figures) {
        boolean same = claim.isEmpty() ? each.name().equals(name) : each.claim().equals(claim);
        if (same) {
          show(name, claim, each, stats.withArrayProperty("volume").addObject());
        }
      }
    }
  }

  /// `NAMESPACE/NAME`, empty for a volume without one.
  static String claim(JsonNode pod, JsonNode volume) {
    JsonNode metadata = pod.path("metadata");
    String name =
        volume.has("ephemeral")
            ? metadata.path("name").asText() + "-" + volume.path("name").asText()
            : volume.path("persistentVolumeClaim").path("claimName").asText("");
    return name.isEmpty() ? "" : metadata.path("namespace").asText() + "/" + name;
  }

  private static void show(String name, String claim, VolumeFigures figures, ObjectNode shown) {
    shown.put("time", figures.at().truncatedTo(ChronoUnit.SECONDS).toString());
    shown.put("availableBytes", figures.bytes().available());
    shown.put("capacityBytes", figures.bytes().total()).put("usedBytes", figures.bytes().used());
    shown.put("inodesFree", figures.inodes().available()).put("inodes", figures.inodes().total());
    shown.put("inodesUsed", figures.inodes().used()).put("name", name);
    if (!claim.isEmpty()) {
      String[] parts = claim.split("/", 2);
      shown.putObject("pvcRef").put("name", parts[1]).put("namespace", parts[0]);
    }
  }

  static void announce(MetricLines lines) {
    lines
        .metric(PREFIX + "capacity_bytes", "gauge", "Capacity in bytes of the volume")
        .metric(PREFIX + "available_bytes", "gauge", "Number of available bytes in the volume")
        .metric(PREFIX + "used_bytes", "gauge", "Number of used bytes in the volume")
        .metric(PREFIX + "inodes", "gauge", "Maximum number of inodes in the volume")
        .metric(PREFIX + "inodes_free", "gauge", "Number of free inodes in the volume")
        .metric(PREFIX + "inodes_used", "gauge", "Number of used inodes in the volume");
  }

  /// Adds what is known of volumes with claims.
  static void add(MetricLines lines, List<VolumeFigures> figures) {
    for (VolumeFigures each : figures) {
      if (each.claim().isEmpty()) {
        continue;
      }
      String[] parts = each.claim().split("/", 2);
      String[] labels = {"namespace", parts[0], "persistentvolumeclaim", parts[1]};
      lines.add(PREFIX + "capacity_bytes", each.bytes().total(), labels);
      lines.add(PREFIX + "available_bytes", each.bytes().available(), labels);
      lines.add(PREFIX + "used_bytes", each.bytes().used(), labels);
      lines.add(PREFIX + "inodes", each.inodes().total(), labels);
      lines.add(PREFIX + "inodes_free", each.inodes().available(), labels);
      lines.add(PREFIX + "inodes_used", each.inodes().used(), labels);
    }
  }
}
