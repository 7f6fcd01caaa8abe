// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.VirtualTime;
import dev.havn.schema.BuiltinTypes;
import dev.havn.schema.codec.Yaml;
import dev.havn.store.LogStore;
import dev.havn.store.Outcome;
import dev.havn.store.Store;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// What Services hold, seen from another one, while some of them cannot be read.
class FollowedFolderTest {
  private static final String FIRST = "10.96.0.1";
  private static final String SECOND = "10.96.0.2";

  private final VirtualTime time = new VirtualTime(Instant.parse("2026-01-01T00:00:00Z"));
  private final LogStore store = LogStore.inMemory(time, time);
  private final Registry registry = new Registry(BuiltinTypes.load());
  private final TakenByServices taken = new TakenByServices(new Objects(store, registry));

  @AfterEach
  void close() {
    store.close();
  }

  private String key(String name) {
    return Registry.key(registry.get("v1", "services"), "n", name);
  }

  private void put(String name, byte[] value) {
    assertThat(store.put(key(name), value, Store.ANY, null)).isInstanceOf(Outcome.Done.class);
  }

  private void service(String name, String address) {
    String yaml =
        "{kind: Service, apiVersion: v1, metadata: {name: %s, namespace: n, uid: %s}, spec: {clusterIPs: [%s]}}"
            .formatted(name, name, address);
    put(name, StoredObject.encode((ObjectNode) Yaml.read(yaml.getBytes(StandardCharsets.UTF_8))));
  }

  private void unreadable(String name) {
    put(name, "sealed by a key that is gone".getBytes(StandardCharsets.UTF_8));
  }

  private boolean isTaken(String address) {
    return taken.butOf(key("new"), "new").haveAddress(address);
  }

  private void isUnknown() {
    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(() -> isTaken(SECOND))
          .as("the first time and the next")
          .isInstanceOf(RuntimeException.class);
    }
  }

  @Test
  void whatIsHeldIsUnknownAsLongAsAnObjectCannotBeRead() {
    service("a", FIRST);
    unreadable("b");
    service("c", SECOND);
    isUnknown();
    service("b", "10.96.0.3");
    assertThat(isTaken(SECOND)).isTrue();
  }

  @Test
  void whatHasChangedSinceIsNotLostByAnObjectThatCannotBeRead() {
    service("a", FIRST);
    assertThat(isTaken(FIRST)).isTrue();
    unreadable("b");
    service("a", SECOND);
    isUnknown();
    Outcome unused = store.delete(key("b"), Store.ANY);
    assertThat(isTaken(SECOND)).isTrue();
    assertThat(isTaken(FIRST)).isFalse();
  }
}
