// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.measure;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.MicroTime;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/// Nodes that are nothing but objects and heartbeats: `node-0` and so on, in zones, Ready, each
/// with 4 processors, 32 GiB and room for 110 pods. A pod that is bound to one stays as it is.
final class FakeNodes implements AutoCloseable {
  private static final int ZONES = 10;
  private static final int WORKERS = 32;
  private static final int HEARTBEAT_SECONDS = 10;
  private static final String LEASES =
      "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";

  private final Api api;
  private final int count;
  private final ExecutorService workers = Executors.newFixedThreadPool(WORKERS);
  private final ScheduledExecutorService heart = Executors.newSingleThreadScheduledExecutor();
  private final AtomicInteger next = new AtomicInteger();

  FakeNodes(Api api, int count) {
    this.api = api;
    this.count = count;
  }

  /// Makes them all, and lets them live until closed. Pods go to no other nodes.
  void start() {
    ObjectNode cordon = Api.object();
    cordon.putObject("spec").put("unschedulable", true);
    for (JsonNode other : api.get("/api/v1/nodes").path("items")) {
      api.merge("/api/v1/nodes/" + other.path("metadata").path("name").asText(), cordon);
    }
    each(count, WORKERS, this::create);
    long microsBetween = 1_000_000L * HEARTBEAT_SECONDS / count;
    var unused =
        heart.scheduleAtFixedRate(
            () -> workers.execute(() -> beat(next.getAndIncrement() % count)),
            0,
            microsBetween,
            TimeUnit.MICROSECONDS);
  }

  /// Does something with each number below `count`, some at a time.
  static void each(int count, int atATime, java.util.function.IntConsumer task) {
    AtomicInteger next = new AtomicInteger();
    try (ExecutorService threads = Executors.newFixedThreadPool(atATime)) {
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < atATime; i++) {
        all.add(
            threads.submit(
                () -> {
                  for (int k = next.getAndIncrement(); k < count; k = next.getAndIncrement()) {
                    task.accept(k);
                  }
                }));
      }
      for (Future<?> one : all) {
        one.get();
      }
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }

  private static String now() {
    return MicroTime.of(Instant.now());
  }

  private void create(int index) {
    ObjectNode node = Api.object().put("kind", "Node").put("apiVersion", "v1");
    ObjectNode metadata = node.putObject("metadata").put("name", "node-" + index);
    metadata
        .putObject("labels")
        .put("kubernetes.io/hostname", "node-" + index)
        .put("kubernetes.io/os", "linux")
        .put("topology.kubernetes.io/zone", "zone-" + index % ZONES);
    ObjectNode status = node.putObject("status");
    for (String field : List.of("capacity", "allocatable")) {
      status.putObject(field).put("cpu", "4").put("memory", "32Gi").put("pods", "110");
    }
    ObjectNode ready = status.putArray("conditions").addObject();
    String time = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
    ready.put("type", "Ready").put("status", "True").put("reason", "KubeletReady");
    ready.put("message", "ready").put("lastHeartbeatTime", time).put("lastTransitionTime", time);
    api.create("/api/v1/nodes", node.toString());
    ObjectNode lease = Api.object().put("kind", "Lease");
    lease.put("apiVersion", "coordination.k8s.io/v1");
    lease.putObject("metadata").put("name", "node-" + index);
    lease.set("spec", spec(index));
    api.create(LEASES, lease.toString());
  }

  private static ObjectNode spec(int index) {
    ObjectNode spec = Api.object().put("holderIdentity", "node-" + index);
    return spec.put("leaseDurationSeconds", 40).put("renewTime", now());
  }

  private void beat(int index) {
    ObjectNode patch = Api.object();
    patch.set("spec", spec(index));
    api.merge(LEASES + "/node-" + index, patch);
  }

  @Override
  public void close() {
    heart.shutdownNow();
    workers.shutdownNow();
  }
}
