// SPDX-License-Identifier: Apache-2.0
package dev.havn.server.stories;

import dev.havn.reconcile.Api;
import dev.havn.server.EmbeddedCluster;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.File;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/// Where a story is told: a Havn whose time stands still in between, or a Kubernetes.
interface Ground extends AutoCloseable {
  Api api();

  /// Lets time pass.
  void pass(Duration duration);

  Instant now();

  /// Lets time pass until that second of a minute, of this one or the next.
  default void passUntil(int second) {
    Instant now = now();
    Instant then = now.truncatedTo(ChronoUnit.MINUTES).plusSeconds(second);
    pass(Duration.between(now, then.isBefore(now) ? then.plus(Duration.ofMinutes(1)) : then));
  }

  /// Lets everything happen that happens soon.
  ///
  /// @param state of the cluster, which changes no more when all has happened
  void settle(Supplier<Object> state);

  @Override
  void close();

  /// Controllers and scheduler, and a node that takes no part.
  ///
  /// @param gates features that are there besides, `NAME=true,...`
  /// @param runtimeConfig APIs that are there besides, `GROUP/VERSION=true,...`
  static Ground havn(String gates, String runtimeConfig) {
    EmbeddedCluster cluster =
        runtimeConfig.isEmpty()
            ? EmbeddedCluster.start(0, gates)
            : EmbeddedCluster.start(
                0, usual -> usual.withFeatureGates(gates).withRuntimeConfig(runtimeConfig));
    Api api = new Api(cluster.client());
    return new Ground() {
      @Override
      public Api api() {
        return api;
      }

      @Override
      public void pass(Duration duration) {
        cluster.advance(duration);
      }

      @Override
      public Instant now() {
        return cluster.now();
      }

      @Override
      public void settle(Supplier<Object> state) {
        cluster.settle();
        cluster.advance(SOON);
      }

      @Override
      public void close() {
        cluster.close();
      }
    };
  }

  /// How long a controller may take to have heard of a change and done something about it.
  Duration SOON = Duration.ofSeconds(2);

  /// Another Kubernetes, whose files Havn's are compared with.
  static Ground of(String kubeconfig) {
    KubernetesClient client =
        new KubernetesClientBuilder()
            .withConfig(Config.fromKubeconfig(new File(kubeconfig)))
            .build();
    Api api = new Api(client);
    return new Ground() {
      private static final int LOOKS_MAX = 30;

      @Override
      public Api api() {
        return api;
      }

      @Override
      public void pass(Duration duration) {
        long end = System.nanoTime() + duration.toNanos();
        for (long left = duration.toNanos(); left > 0; left = end - System.nanoTime()) {
          LockSupport.parkNanos(left);
        }
      }

      @Override
      public Instant now() {
        return Instant.now();
      }

      @Override
      public void settle(Supplier<Object> state) {
        pass(SOON.dividedBy(2));
        Object before = state.get();
        for (int look = 0; look < LOOKS_MAX; look++) {
          pass(SOON.dividedBy(2));
          Object now = state.get();
          if (now.equals(before)) {
            return;
          }
          before = now;
        }
        throw new AssertionError("the cluster does not come to rest");
      }

      @Override
      public void close() {
        client.close();
      }
    };
  }
}
