// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.apiserver.MetricsText;
import dev.havn.store.EtcdStore;
import dev.havn.store.LogStore;
import dev.havn.store.Sealing;
import dev.havn.store.Store;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;

/// The store of a server, whichever was chosen, and what is different between them.
sealed interface OpenStore extends AutoCloseable {
  Store store();

  /// What this server is to the cluster: address ranges are settled, the certificates are there.
  Configuration settle(
      Configuration wanted, List<Route> routes, InstantSource clock, SecureRandom random)
      throws IOException;

  /// Adds what is known about the store to `/metrics`.
  void measure(MetricsText text);

  /// Whether other servers may be on it.
  boolean isShared();

  @Override
  void close();

  /// Opens what the configuration names.
  static OpenStore open(
      Configuration configuration,
      Sealing sealing,
      DataDirectory directory,
      InstantSource clock,
      ScheduledExecutorService executor) {
    StoreChoice choice = configuration.store();
    return switch (choice.kind()) {
      case FILE -> {
        Path folder = directory.path().resolve("store");
        yield new Own(LogStore.open(folder, sealing, clock, executor), directory);
      }
      case MEMORY -> new Own(LogStore.inMemory(clock, executor), directory);
      case ETCD ->
          new Etcd(
              EtcdStore.open(choice.settings(), sealing, clock, executor),
              directory,
              choice.toString());
    };
  }

  /// Of this server alone.
  record Own(LogStore store, DataDirectory directory) implements OpenStore {
    @Override
    public Configuration settle(
        Configuration wanted, List<Route> routes, InstantSource clock, SecureRandom random) {
      return new AddressRanges(directory, routes).settle(wanted);
    }

    @Override
    public void measure(MetricsText text) {
      ServerMetrics.store(text, store, directory.path().resolve("store"));
    }

    @Override
    public boolean isShared() {
      return false;
    }

    @Override
    public void close() {
      store.close();
    }
  }

  /// In an etcd.
  record Etcd(EtcdStore store, DataDirectory directory, String name) implements OpenStore {
    @Override
    public Configuration settle(
        Configuration wanted, List<Route> routes, InstantSource clock, SecureRandom random)
        throws IOException {
      return new SharedCluster(directory, store.notes(), name).join(wanted, routes, clock, random);
    }

    /// etcd has metrics of its own.
    @Override
    public void measure(MetricsText text) {}

    @Override
    public boolean isShared() {
      return true;
    }

    @Override
    public void close() {
      store.close();
    }
  }
}
