// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.plugin;

import dev.havn.node.rpc.UnixSockets;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The plugins whose sockets lie in `plugins_registry`: asks each who it is and hands it to the
/// handler of its type; when the socket goes, so does the plugin, and one that was made anew is a
/// new one. Level-based: somebody calls [#look] again and again. Plugins are spoken to on the
/// executor, each by itself, so that one that hangs holds up no other.
public final class Plugins {
  private static final Logger LOG = LoggerFactory.getLogger(Plugins.class);

  /// As a kubelet waits.
  private static final Duration PAUSE_MIN = Duration.ofMillis(500);

  private static final Duration PAUSE_MAX = Duration.ofSeconds(122);
  private static final int SOCKETS_MAX = 500;
  private static final int DEPTH_MAX = 3;

  private final KubeletFolder folder;
  private final Registration registration;
  private final InstantSource clock;
  private final Executor executor;
  private final Map<Path, Known> known = new HashMap<>();

  /// @param handlers one for each type
  public Plugins(
      KubeletFolder folder,
      UnixSockets sockets,
      List<PluginHandler> handlers,
      InstantSource clock,
      Executor executor) {
    this.folder = folder;
    this.registration = new Registration(folder, sockets, handlers);
    this.clock = clock;
    this.executor = executor;
  }

  /// What is known of a socket. Guarded by the map.
  private static final class Known {
    private final Object identity;
    private boolean isBusy;
    private Registration.@Nullable Registered registered;
    private Duration pause = Duration.ZERO;
    private Instant notBefore = Instant.MIN;

    Known(Object identity) {
      this.identity = identity;
    }
  }

  /// Looks what has changed. Returns at once.
  ///
  /// @throws UncheckedIOException when the folder cannot be read
  public void look() {
    Map<Path, Object> there;
    try {
      folder.make();
      there = sockets();
    } catch (IOException e) {
      throw new UncheckedIOException("plugins in " + folder.registry(), e);
    }
    synchronized (known) {
      for (Map.Entry<Path, Known> each : List.copyOf(known.entrySet())) {
        boolean stays = each.getValue().identity.equals(there.get(each.getKey()));
        if (!stays && !each.getValue().isBusy) {
          leave(each.getKey(), each.getValue());
        }
      }
      there.forEach(
          (socket, identity) ->
              meet(socket, known.computeIfAbsent(socket, _ -> new Known(identity))));
    }
  }

  /// Each with what tells it from another of the same name.
  private Map<Path, Object> sockets() throws IOException {
    Map<Path, Object> found = new HashMap<>();
    try (Stream<Path> all =
        Files.walk(folder.registry(), DEPTH_MAX, new FileVisitOption[0])
            .filter(each -> !String.valueOf(each.getFileName()).startsWith("."))) {
      for (Path each : (Iterable<Path>) all::iterator) {
        @Nullable Object identity = identity(each);
        if (identity != null && found.size() < SOCKETS_MAX) {
          found.put(each, identity);
        }
      }
    } catch (UncheckedIOException e) {
      throw new IOException("reading " + folder.registry(), e);
    }
    return found;
  }

  /// Null for what is no socket.
  private static @Nullable Object identity(Path path) throws IOException {
    try {
      Map<String, Object> of =
          Files.readAttributes(path, "unix:mode,ino,dev,ctime", LinkOption.NOFOLLOW_LINKS);
      boolean isSocket = ((int) of.getOrDefault("mode", 0) & 0170000) == 0140000;
      return isSocket ? of.get("dev") + ":" + of.get("ino") + ":" + of.get("ctime") : null;
    } catch (NoSuchFileException gone) {
      return null;
    }
  }

  /// Until its handler has let go of it, nobody of the same name is met.
  private void leave(Path socket, Known gone) {
    Registration.@Nullable Registered plugin = gone.registered;
    if (plugin == null) {
      known.remove(socket);
      return;
    }
    gone.isBusy = true;
    LOG.info("plugin {} is gone", plugin.plugin().name());
    boolean runs =
        run(
            () -> {
              try {
                plugin.handler().forget(plugin.plugin());
              } finally {
                synchronized (known) {
                  known.remove(socket);
                }
              }
            });
    if (!runs) {
      known.remove(socket);
    }
  }

  private void meet(Path socket, Known met) {
    if (met.isBusy || met.registered != null || clock.instant().isBefore(met.notBefore)) {
      return;
    }
    met.isBusy = true;
    if (!run(() -> register(socket, met))) {
      met.isBusy = false;
    }
  }

  private boolean run(Runnable task) {
    try {
      executor.execute(task);
      return true;
    } catch (RejectedExecutionException closing) {
      return false;
    }
  }

  private void register(Path socket, Known met) {
    Registration.@Nullable Registered plugin = null;
    try {
      // Before it mounts anything.
      folder.share();
      plugin = registration.of(socket);
      LOG.info("plugin {} is there: {}", plugin.plugin().name(), plugin.plugin().endpoint());
    } catch (PluginRefusedException | IOException | RuntimeException e) {
      LOG.warn("plugin at {} is not used: {}", socket, e.getMessage());
    } finally {
      synchronized (known) {
        met.isBusy = false;
        met.registered = plugin;
        if (plugin == null) {
          met.pause = longer(met.pause);
          met.notBefore = clock.instant().plus(met.pause);
        }
      }
    }
  }

  private static Duration longer(Duration pause) {
    Duration doubled = pause.isZero() ? PAUSE_MIN : pause.multipliedBy(2);
    return doubled.compareTo(PAUSE_MAX) > 0 ? PAUSE_MAX : doubled;
  }

  /// Those that are in use.
  public List<Plugin> list() {
    synchronized (known) {
      List<Plugin> all = new ArrayList<>();
      for (Known each : known.values()) {
        if (each.registered != null) {
          all.add(each.registered.plugin());
        }
      }
      return all;
    }
  }
}
