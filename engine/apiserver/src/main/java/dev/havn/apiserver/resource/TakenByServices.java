// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.store.Entry;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The cluster addresses and the ports of nodes that Services have. It follows the writes, so that
/// one more Service costs the same beside ten and beside ten thousand.
final class TakenByServices implements FollowedFolder.Kept {
  private final FollowedFolder services;

  /// By the Service's key in the store.
  private final Map<String, Held> held = new HashMap<>();

  /// By how many Services each is held: more than one where the API did not look.
  private final Map<String, Integer> addresses = new HashMap<>();

  private final Map<Integer, Integer> ports = new HashMap<>();

  private record Held(String uid, Set<String> addresses, Set<Integer> ports) {
    static Held by(JsonNode service) {
      JsonNode spec = service.path("spec");
      Set<Integer> ports = new HashSet<>();
      spec.path("ports").forEach(each -> ports.add(each.path("nodePort").asInt()));
      ports.add(spec.path("healthCheckNodePort").asInt());
      ports.remove(0);
      String uid = service.path("metadata").path("uid").asText();
      return new Held(uid, ServiceAddresses.of(service), ports);
    }
  }

  /// What Services other than one hold, until the next write of a Service.
  interface Others {
    boolean haveAddress(String canonical);

    boolean havePort(int port);
  }

  TakenByServices(Objects objects) {
    this.services =
        new FollowedFolder(
            objects.store(), Objects.folder(objects.registry().get("v1", "services")), this);
  }

  /// As of now. To be asked, and used, while no other Service is written.
  ///
  /// @param key of the one that is left out, under which there may be another yet
  /// @param uid of the one that is left out
  synchronized Others butOf(String key, String uid) {
    services.catchUp();
    @Nullable Held known = held.get(key);
    @Nullable Held own = known != null && known.uid().equals(uid) ? known : null;
    return new Others() {
      @Override
      public boolean haveAddress(String canonical) {
        int mine = own != null && own.addresses().contains(canonical) ? 1 : 0;
        return addresses.getOrDefault(canonical, 0) > mine;
      }

      @Override
      public boolean havePort(int port) {
        int mine = own != null && own.ports().contains(port) ? 1 : 0;
        return ports.getOrDefault(port, 0) > mine;
      }
    };
  }

  @Override
  public void clear() {
    held.clear();
    addresses.clear();
    ports.clear();
  }

  @Override
  public void put(Entry entry) {
    remove(entry.key());
    Held now = Held.by(StoredObject.of(entry).shared());
    held.put(entry.key(), now);
    now.addresses().forEach(each -> addresses.merge(each, 1, Integer::sum));
    now.ports().forEach(each -> ports.merge(each, 1, Integer::sum));
  }

  @Override
  public void remove(String key) {
    @Nullable Held before = held.remove(key);
    if (before != null) {
      before.addresses().forEach(each -> fewer(addresses, each));
      before.ports().forEach(each -> fewer(ports, each));
    }
  }

  private static <T> void fewer(Map<T, Integer> counts, T one) {
    counts.computeIfPresent(one, (_, count) -> count == 1 ? null : count - 1);
  }
}
