// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.FeatureGates.Feature;
import dev.havn.apiserver.resource.Uid;
import dev.havn.controllers.storageversions.StorageVersionGarbage;
import dev.havn.reconcile.Api;
import dev.havn.schema.BuiltinTypes;
import dev.havn.schema.validate.Times;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Says in the cluster that this API server is there, by a lease in `kube-system` that it renews
/// (KEP-1965), and then in which versions it keeps what. Leases that nobody has renewed for an hour
/// are taken away, whosever they were.
final class ServerPresence implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ServerPresence.class);
  private static final Path HOSTNAME = Path.of("/proc/sys/kernel/hostname");
  private static final String LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";
  private static final Duration RENEWED_EVERY = Duration.ofSeconds(10);
  private static final Duration VALID_FOR = Duration.ofHours(1);
  private static final Duration COLLECTED_EVERY = Duration.ofHours(1);
  private static final Duration SAID_EVERY = Duration.ofMinutes(10);
  private static final Duration AGAIN = Duration.ofSeconds(1);
  private static final int ID_BYTES = 16;

  private final Api api;
  private final World world;
  private final String host;
  private final String server;
  private final String holder;
  private final StorageVersions versions;
  private volatile boolean closed;

  private ServerPresence(Api api, World world, String host, String instance, BuiltinTypes types) {
    this.api = api;
    this.world = world;
    this.host = host;
    this.server = "apiserver-" + digest(host + '\0' + instance);
    this.holder = server + "_" + Uid.next(world.random());
    this.versions = new StorageVersions(api, server, types, world.clock());
  }

  /// Says it where somebody has asked for that. All is said when this returns: before anybody
  /// writes.
  ///
  /// @return null where nobody has asked
  static @Nullable ServerPresence open(
      Configuration configuration,
      DataDirectory directory,
      BuiltinTypes types,
      Api api,
      World world) {
    if (!configuration.api().gates().has(Feature.STORAGE_VERSION_API)) {
      return null;
    }
    ServerPresence presence =
        new ServerPresence(
            api,
            world,
            hostName(),
            directory.clusterId(),
            types.with(configuration.api().runtimeConfig()::asksFor));
    presence.start();
    return presence;
  }

  /// One that other machines and other servers of this machine do not have, the same at each start.
  private static String digest(String text) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(hash, 0, ID_BYTES);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  private static String hostName() {
    try {
      return Files.readString(HOSTNAME).strip();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void start() {
    api.delete(LEASES + "/" + server, Api.object());
    repeat("the lease of this server", this::renew, RENEWED_EVERY);
    repeat("versions of resources", versions::say, SAID_EVERY);
    repeat("leases of servers", this::collect, COLLECTED_EVERY);
  }

  /// Does something now and from time to time, sooner when it was refused.
  private void repeat(String what, Runnable task, Duration pause) {
    if (closed) {
      return;
    }
    Duration next = pause;
    try {
      task.run();
    } catch (Api.RefusedException e) {
      LOG.warn("{} cannot be written now, it is tried again: {}", what, e.getMessage());
      next = AGAIN;
    }
    try {
      var unused =
          world
              .executor()
              .schedule(() -> repeat(what, task, pause), next.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException closing) {
      LOG.debug("{} are not written again, the server ends", what);
    }
  }

  private synchronized void renew() {
    if (closed) {
      return;
    }
    ObjectNode lease = Api.object();
    ObjectNode labels = lease.putObject("metadata").putObject("labels");
    labels.put(StorageVersionGarbage.IDENTITY, StorageVersionGarbage.SERVER);
    labels.put("kubernetes.io/hostname", host);
    lease
        .putObject("spec")
        .put("holderIdentity", holder)
        .put("leaseDurationSeconds", VALID_FOR.toSeconds())
        .put("renewTime", Times.micros(world.clock().instant()));
    try {
      api.merge(LEASES + "/" + server, lease);
    } catch (Api.RefusedException e) {
      if (e.code() != 404) {
        throw e;
      }
      lease.put("kind", "Lease").put("apiVersion", "coordination.k8s.io/v1");
      lease.withObjectProperty("metadata").put("name", server);
      api.post(LEASES, lease);
    }
  }

  private void collect() {
    JsonNode found =
        api.get(
            LEASES
                + "?labelSelector="
                + StorageVersionGarbage.IDENTITY.replace("/", "%2F")
                + "%3D"
                + StorageVersionGarbage.SERVER);
    for (JsonNode lease : found.path("items")) {
      if (isOver(lease.path("spec"))) {
        api.delete(LEASES + "/" + lease.path("metadata").path("name").asText(), Api.object());
      }
    }
  }

  private boolean isOver(JsonNode spec) {
    if (!spec.hasNonNull("renewTime") || !spec.hasNonNull("leaseDurationSeconds")) {
      return true;
    }
    return Instant.parse(spec.path("renewTime").asText())
        .plusSeconds(spec.path("leaseDurationSeconds").asLong())
        .isBefore(world.clock().instant());
  }

  /// The lease goes with the server.
  @Override
  public synchronized void close() {
    closed = true;
    try {
      api.delete(LEASES + "/" + server, Api.object());
    } catch (Api.RefusedException e) {
      LOG.warn("the lease of this server stays until it is over: {}", e.getMessage());
    }
  }
}
