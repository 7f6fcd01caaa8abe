// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/// The contract of stores, of an etcd.
class EtcdStoreTest implements StoreContract {
  @TempDir private static Path folder;
  private static final AtomicInteger PREFIXES = new AtomicInteger();
  private static EtcdProcess etcd;

  private final ScheduledExecutorService executor = Executors.newScheduledThreadPool(4);
  private EtcdStore store;

  @BeforeAll
  static void startEtcd() throws IOException {
    etcd = EtcdProcess.start(folder.resolve("data"));
  }

  @AfterAll
  static void stopEtcd() throws IOException {
    if (etcd != null) {
      etcd.close();
    }
  }

  @BeforeEach
  void open() {
    store = open("/test-" + PREFIXES.incrementAndGet() + "/");
  }

  private EtcdStore open(String prefix) {
    EtcdSettings settings =
        new EtcdSettings(EtcdSettings.endpoints(etcd.url()), "", prefix, null, null, null);
    return EtcdStore.open(settings, Sealing.NONE, InstantSource.system(), executor);
  }

  @AfterEach
  void close() {
    store.close();
    executor.shutdownNow();
  }

  @Override
  public Store store() {
    return store;
  }
}
