// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.node.pod.VolumeObject;
import dev.havn.node.pod.VolumeObject.Kind;
import dev.havn.reconcile.VirtualTime;
import dev.havn.store.LogStore;
import dev.havn.store.Outcome;
import dev.havn.store.Store;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class VolumeObjectsTest {
  private final VirtualTime time = new VirtualTime(Instant.parse("2026-01-01T00:00:00Z"));
  private final List<VolumeObject> told = new ArrayList<>();

  private static void put(Store store, String key) {
    assertThat(store.put("/registry/core/" + key, new byte[] {1}, Store.ANY, null))
        .isInstanceOf(Outcome.Done.class);
  }

  @Test
  void whatIsMadeChangedOrDeletedIsTold() {
    try (LogStore store = LogStore.inMemory(time, time)) {
      VolumeObjects objects = new VolumeObjects(store, told::add, time);
      put(store, "configmaps/n/before");
      objects.begin();
      time.settle();
      assertThat(told).isEmpty();
      put(store, "configmaps/n/a");
      put(store, "configmapsandmore/n/a");
      put(store, "secrets/other/s");
      time.settle();
      VolumeObject map = new VolumeObject(Kind.CONFIG_MAP, "n", "a");
      assertThat(told).containsExactlyInAnyOrder(map, new VolumeObject(Kind.SECRET, "other", "s"));
      told.clear();
      put(store, "configmaps/n/a");
      Outcome unused = store.delete("/registry/core/configmaps/n/before", Store.ANY);
      time.settle();
      assertThat(told).containsExactly(map, new VolumeObject(Kind.CONFIG_MAP, "n", "before"));
      told.clear();
      objects.close();
      put(store, "configmaps/n/a");
      time.settle();
      assertThat(told).isEmpty();
    }
  }
}
