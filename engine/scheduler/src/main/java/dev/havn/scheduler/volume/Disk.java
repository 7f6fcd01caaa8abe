// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.volume;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Volume;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A disk that a pod names itself, without a claim, and that a node can give to one pod only, or to
/// several who all only read.
///
/// @param names of which one in common makes two the same disk
record Disk(String kind, List<String> names, boolean readOnly) {

  static List<Disk> of(Pod pod) {
    List<Disk> disks = new ArrayList<>(0);
    for (Volume each : pod.getSpec().getVolumes()) {
      if (each.getGcePersistentDisk() != null) {
        var disk = each.getGcePersistentDisk();
        disks.add(new Disk("gce", List.of(disk.getPdName()), is(disk.getReadOnly())));
      } else if (each.getAwsElasticBlockStore() != null) {
        // Not even two who read may have it.
        var disk = each.getAwsElasticBlockStore();
        disks.add(new Disk("aws", List.of(disk.getVolumeID()), false));
      } else if (each.getIscsi() != null) {
        var disk = each.getIscsi();
        disks.add(new Disk("iscsi", List.of(disk.getIqn()), is(disk.getReadOnly())));
      } else if (each.getRbd() != null) {
        var disk = each.getRbd();
        String pool = disk.getPool() == null ? "rbd" : disk.getPool();
        List<String> names = new ArrayList<>();
        disk.getMonitors().forEach(at -> names.add(at + " " + pool + " " + disk.getImage()));
        disks.add(new Disk("rbd", names, is(disk.getReadOnly())));
      }
    }
    return disks;
  }

  private static boolean is(@Nullable Boolean readOnly) {
    return Boolean.TRUE.equals(readOnly);
  }

  boolean conflicts(Disk other) {
    return kind.equals(other.kind)
        && !(readOnly && other.readOnly)
        && names.stream().anyMatch(other.names::contains);
  }
}
