// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Kills a process that writes, with SIGKILL and at random moments, and looks at what is left:
/// every write that was acknowledged, none that was never asked for, in order. 200 times under
/// `-Dhavn.full=true`.
class CrashTest {
  private static final int KILLS = Boolean.getBoolean("havn.full") ? 200 : 40;
  private static final int WRITERS = 8;

  @TempDir private Path folder;

  @Test
  void nothingAcknowledgedIsLostAndNothingIsInvented() throws Exception {
    Random random = new Random(11);
    Map<String, Long> acknowledged = new HashMap<>();
    for (int kill = 0; kill < KILLS; kill++) {
      acknowledged.putAll(writeAndKill(random.nextInt(400) + 1));
      check(acknowledged);
    }
    assertThat(acknowledged.values().stream().mapToLong(Long::longValue).sum()).isPositive();
  }

  /// The highest number that was acknowledged for each key before the kill.
  private Map<String, Long> writeAndKill(int afterLines) throws IOException, InterruptedException {
    Process writer =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElseThrow(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Writer.class.getName(),
                folder.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    Map<String, Long> acknowledged = new HashMap<>();
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(writer.getInputStream(), StandardCharsets.UTF_8))) {
      int seen = 0;
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        String[] fields = line.split(" ");
        if (fields.length == 2 && line.endsWith(";")) {
          long number = Long.parseLong(fields[1].substring(0, fields[1].length() - 1));
          acknowledged.merge(fields[0], number, Math::max);
        }
        if (++seen == afterLines) {
          boolean killed = writer.toHandle().destroyForcibly();
          assertThat(killed).isTrue();
        }
      }
    }
    writer.waitFor();
    return acknowledged;
  }

  private void check(Map<String, Long> acknowledged) {
    ScheduledExecutorService executor = Executors.newSingleThreadScheduledExecutor();
    try (LogStore store = LogStore.open(folder, InstantSource.system(), executor)) {
      long highest = 0;
      for (Entry entry : store.range("", "", 0, 0).entries()) {
        long number = Long.parseLong(StoreContract.text(entry));
        long least = acknowledged.getOrDefault(entry.key(), 0L);
        assertThat(number).as(entry.key()).isBetween(least, least + 1);
        assertThat(entry.revision()).isLessThanOrEqualTo(store.revision());
        acknowledged.put(entry.key(), number);
        highest = Math.max(highest, entry.revision());
      }
      acknowledged.keySet().forEach(key -> assertThat(store.get(key)).as(key).isNotNull());
      assertThat(highest).isEqualTo(store.revision());
    } finally {
      executor.shutdownNow();
    }
  }

  /// Counts up one key per thread and says each number once it is durable.
  static final class Writer {
    private Writer() {}

    public static void main(String[] arguments) throws InterruptedException {
      ScheduledExecutorService executor = Executors.newSingleThreadScheduledExecutor();
      LogStore store = LogStore.open(Path.of(arguments[0]), InstantSource.system(), executor);
      try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
        for (int i = 0; i < WRITERS; i++) {
          String key = "k" + i;
          threads.execute(() -> count(store, key));
        }
        new CountDownLatch(1).await();
      }
    }

    private static void count(LogStore store, String key) {
      Entry before = store.get(key);
      long number = before == null ? 0 : Long.parseLong(StoreContract.text(before));
      while (true) {
        number++;
        store.put(key, StoreContract.bytes(String.valueOf(number)), Store.ANY, null);
        synchronized (System.out) {
          System.out.println(key + " " + number + ";");
        }
      }
    }
  }
}
