// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.measure;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// What the kernel says of changes of its rules, when it has made them: `nft monitor`. Of these the
/// endpoints that come and go are told by an element of the set of hairpins, which each has.
///
/// Threads: one reads, one asks.
final class RuleEvents implements AutoCloseable {
  private static final Pattern EVENT =
      Pattern.compile("(add|delete) element ip \\S+ hairpins \\{ (\\S+) \\. .*");
  private static final int SECONDS_MAX = 60;

  private final Process monitor;

  /// When what is waited for was seen, by `add` or `delete` and an address.
  private final ConcurrentMap<String, CompletableFuture<Long>> awaited = new ConcurrentHashMap<>();

  RuleEvents() throws IOException {
    monitor =
        new ProcessBuilder(List.of("nft", "monitor", "elements"))
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    Thread.ofPlatform().daemon().name("nft-monitor").start(this::read);
  }

  private void read() {
    try (BufferedReader lines = monitor.inputReader(StandardCharsets.UTF_8)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        Matcher event = EVENT.matcher(line.strip());
        if (event.matches()) {
          @Nullable CompletableFuture<Long> waiting =
              awaited.remove(event.group(1) + " " + event.group(2));
          if (waiting != null) {
            waiting.complete(System.nanoTime());
          }
        }
      }
    } catch (IOException e) {
      awaited.values().forEach(each -> each.completeExceptionally(e));
    }
  }

  /// Makes a change and waits until the kernel has it.
  ///
  /// @param what `add` or `delete` and an address
  /// @return how long it took, in milliseconds
  double millis(String what, Runnable change) {
    long begin = System.nanoTime();
    return (seen(what, change, SECONDS_MAX)
                .orElseThrow(
                    () -> new IllegalStateException("`" + what + "` is not seen in the kernel"))
            - begin)
        / 1e6;
  }

  /// Whether the kernel has a change in time.
  boolean sees(String what, Runnable change, int seconds) {
    return seen(what, change, seconds).isPresent();
  }

  private OptionalLong seen(String what, Runnable change, int seconds) {
    CompletableFuture<Long> seen = new CompletableFuture<>();
    awaited.put(what, seen);
    change.run();
    try {
      return OptionalLong.of(seen.get(seconds, TimeUnit.SECONDS));
    } catch (TimeoutException e) {
      return OptionalLong.empty();
    } catch (ExecutionException e) {
      throw new IllegalStateException("nft monitor", e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }

  @Override
  public void close() {
    monitor.destroy();
  }
}
