// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import java.time.InstantSource;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.junit.jupiter.api.AfterEach;

class MemoryStoreTest implements StoreContract {
  private final ScheduledExecutorService executor = Executors.newSingleThreadScheduledExecutor();
  private final LogStore store = LogStore.inMemory(InstantSource.system(), executor);

  @Override
  public Store store() {
    return store;
  }

  @AfterEach
  void close() {
    store.close();
    executor.shutdownNow();
  }
}
