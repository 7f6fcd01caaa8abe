// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.stats;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.csi.VolumeFigures;
import dev.havn.node.pod.GoldenPods;
import dev.havn.reconcile.Api;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class VolumeStatsTest {
  private static final List<VolumeFigures> FIGURES =
      List.of(
          new VolumeFigures(
              "pv1",
              "shop/data",
              Instant.parse("2026-01-01T00:00:00.5Z"),
              new VolumeFigures.Amount(60, 100, 40),
              new VolumeFigures.Amount(6, 10, 4)),
          new VolumeFigures(
              "cache",
              "",
              Instant.EPOCH,
              new VolumeFigures.Amount(1, 2, 3),
              new VolumeFigures.Amount(4, 5, 6)));

  @Test
  void volumesAreShownByTheirNamesInThePodWithTheirClaims() {
    JsonNode pod =
        GoldenPods.tree(
            """
            metadata: {name: web, namespace: shop}
            spec:
              volumes:
              - {name: v, persistentVolumeClaim: {claimName: data}}
              - {name: cache, csi: {driver: d}}
              - {name: other, emptyDir: {}}
            """);
    ObjectNode stats = Api.object();
    VolumeStats.add(stats, pod, FIGURES);
    assertThat(stats.toString())
        .isEqualTo(
            "{\"volume\":[{\"time\":\"2026-01-01T00:00:00Z\",\"availableBytes\":60,\"capacityBytes\":100,\"usedBytes\":40,\"inodesFree\":6,\"inodes\":10,\"inodesUsed\":4,\"name\":\"v\",\"pvcRef\":{\"name\":\"data\",\"namespace\":\"shop\"}},"
                + "{\"time\":\"1970-01-01T00:00:00Z\",\"availableBytes\":1,\"capacityBytes\":2,\"usedBytes\":3,\"inodesFree\":4,\"inodes\":5,\"inodesUsed\":6,\"name\":\"cache\"}]}");
  }

  @Test
  void metricsTellOfClaimsOnly() {
    MetricLines lines = new MetricLines();
    VolumeStats.announce(lines);
    VolumeStats.add(lines, FIGURES);
    assertThat(lines.toString())
        .contains(
            "kubelet_volume_stats_used_bytes{namespace=\"shop\",persistentvolumeclaim=\"data\"} 40\n")
        .doesNotContain(" 3\n");
  }
}
