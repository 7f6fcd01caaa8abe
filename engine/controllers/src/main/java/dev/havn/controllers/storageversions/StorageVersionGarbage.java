// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.storageversions;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Informers;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.Consumer;

/// Takes back what servers have said that have no lease any more, and the whole object with the
/// last of it. A lease that only seems to be gone is asked for before.
public final class StorageVersionGarbage implements Reconciler, AutoCloseable {
  /// Says what has a lease in `kube-system`.
  public static final String IDENTITY = "apiserver.kubernetes.io/identity";

  /// Says so of API servers.
  public static final String SERVER = "kube-apiserver";

  private static final String SYSTEM = "kube-system";

  private final Informer<StorageVersion> versions;
  private final Informer<Lease> leases;
  private final Api api;
  private final InstantSource clock;

  public StorageVersionGarbage(Informers informers, Api api, InstantSource clock) {
    this.versions = informers.of(StorageVersion.SOURCE);
    this.leases =
        informers.of(
            Lease.class, "&labelSelector=" + IDENTITY.replace("/", "%2F") + "%3D" + SERVER);
    this.api = api;
    this.clock = clock;
  }

  /// What it watches.
  public Informer<?>[] caches() {
    return new Informer<?>[] {versions, leases};
  }

  /// Tells `queue` what is to be looked at.
  public void watch(Consumer<Key> queue) {
    versions.onChange(
        (_, after) -> {
          if (after != null && after.servers().stream().anyMatch(each -> !seems(each))) {
            queue.accept(after.key());
          }
        });
    leases.onChange(
        (before, after) -> {
          if (after == null && before != null) {
            String gone = before.getMetadata().getName();
            versions.list().stream()
                .filter(each -> each.servers().contains(gone))
                .forEach(each -> queue.accept(each.key()));
          }
        });
  }

  private boolean seems(String server) {
    return leases.get(SYSTEM, server) != null;
  }

  @Override
  public Result reconcile(Key key) {
    String path = StorageVersion.PATH + "/" + key.name();
    Optional<JsonNode> found = api.find(path);
    if (found.isEmpty()) {
      return Result.DONE;
    }
    ObjectNode object = found.get().deepCopy();
    ObjectNode status = object.withObjectProperty("status");
    ArrayNode said = status.withArrayProperty("storageVersions");
    int before = said.size();
    said.removeIf(each -> !isThere(each.path("apiServerID").asText()));
    if (said.size() == before) {
      return Result.DONE;
    }
    if (said.isEmpty()) {
      api.delete(path, Api.object());
    } else {
      StorageVersion.conclude(object, clock.instant());
      api.update(path + "/status", object);
    }
    return Result.DONE;
  }

  @Override
  public void close() {
    versions.close();
  }

  private boolean isThere(String server) {
    return api.find(Api.path(Lease.class, SYSTEM, server))
        .filter(
            lease -> lease.path("metadata").path("labels").path(IDENTITY).asText().equals(SERVER))
        .isPresent();
  }
}
