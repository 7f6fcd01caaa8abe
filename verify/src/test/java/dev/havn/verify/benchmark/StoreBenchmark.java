// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.benchmark;

import dev.havn.reconcile.RealTime;
import dev.havn.store.Cursor;
import dev.havn.store.Event;
import dev.havn.store.LogStore;
import dev.havn.store.Outcome;
import dev.havn.store.Page;
import dev.havn.store.Store;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;

/// Writes, reads and watches of the store with 10,000 keys of 1 KiB; beside it what the disk itself
/// takes for one write with a sync.
@State(Scope.Benchmark)
@Fork(
    value = 1,
    jvmArgsAppend = {"-XX:+UseSerialGC", "-XX:+UseCompactObjectHeaders", "-Xmx2g"})
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class StoreBenchmark {
  private static final int KEYS = 10_000;
  private static final int VALUE_BYTES = 1_024;

  @Param({"memory", "file"})
  private String kind = "";

  private final byte[] value = new byte[VALUE_BYTES];
  private final AtomicLong next = new AtomicLong();
  private Path folder;
  private RealTime executor;
  private LogStore store;
  private FileChannel bare;

  @Setup(Level.Trial)
  public void open() throws IOException {
    folder = Files.createTempDirectory("havn-benchmark");
    executor = new RealTime();
    store =
        kind.equals("file")
            ? LogStore.open(folder.resolve("store"), InstantSource.system(), executor)
            : LogStore.inMemory(InstantSource.system(), executor);
    bare =
        FileChannel.open(
            folder.resolve("bare"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    for (int i = 0; i < KEYS; i++) {
      put();
    }
  }

  @TearDown(Level.Trial)
  public void close() throws IOException {
    store.close();
    executor.close();
    bare.close();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  private Outcome put() {
    return store.put("/registry/k/" + next.getAndIncrement() % KEYS, value, Store.ANY, null);
  }

  @Benchmark
  public Outcome putByOne() {
    return put();
  }

  @Benchmark
  @Threads(64)
  public Outcome putBy64() {
    return put();
  }

  @Benchmark
  public void appendAndSync() throws IOException {
    bare.write(ByteBuffer.wrap(value));
    bare.force(false);
  }

  @Benchmark
  public Page rangeOf500() {
    return store.range("/registry/k/", "", 500, 0);
  }

  @Benchmark
  public List<Event> putAndWatch() {
    try (Cursor cursor = store.watch("/registry/k/", store.revision())) {
      put();
      return cursor.poll(1);
    }
  }
}
