// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.device;

import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The device plugins of a node: they come by registration, show their devices as long as they are
/// connected, and may come again. Threads: any.
public final class DevicePlugins implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(DevicePlugins.class);
  private static final String VERSION = "v1beta1";
  private static final String NATIVE = "kubernetes.io/";
  private static final int NAME_CHARS_MAX = 63;

  /// `requests.` and the name must be a quota's name, too.
  private static final Pattern NAME =
      Pattern.compile(
          "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)");

  private final DeviceBook book;
  private final DeviceAllocator allocator;
  private final InstantSource clock;
  private final Executor executor;
  private final Consumer<Set<String>> affected;
  private final Runnable changed;
  private volatile boolean closed;

  /// @param file what must be known after a restart
  /// @param affected hears the uids of pods whose devices are well or ill now
  /// @param changed hears that what the node has is another
  public DevicePlugins(
      Path file,
      InstantSource clock,
      Executor executor,
      Consumer<Set<String>> affected,
      Runnable changed) {
    this.book = new DeviceBook(new CheckpointFile<>(file, DeviceBook.Kept.class), clock);
    this.allocator = new DeviceAllocator(book);
    this.clock = clock;
    this.executor = executor;
    this.affected = affected;
    this.changed = changed;
  }

  public DeviceAllocator allocator() {
    return allocator;
  }

  /// What is wrong with a plugin, in the kubelet's words; null for nothing.
  ///
  /// @param versions of the device plugin API that it speaks
  public static @Nullable String problem(String resource, List<String> versions) {
    if (!versions.contains(VERSION)) {
      return "requested API version %s is not supported by kubelet. Supported version is [\"%s\"]"
          .formatted(
              versions.size() == 1 ? "\"" + versions.getFirst() + "\"" : versions.toString(),
              VERSION);
    }
    return isExtended(resource) ? null : "the ResourceName \"%s\" is invalid".formatted(resource);
  }

  private static boolean isExtended(String resource) {
    int slash = resource.indexOf('/');
    return slash > 0
        && !resource.contains(NATIVE)
        && !resource.startsWith("requests.")
        && NAME.matcher(resource).matches()
        && resource.length() - slash - 1 <= NAME_CHARS_MAX;
  }

  /// A plugin registers; what was connected under the same name no longer counts. Asks it for its
  /// options, then follows it.
  public void connect(String resource, DevicePlugin plugin) throws PluginException {
    DevicePlugin.Options options;
    try {
      options = plugin.options();
    } catch (PluginException e) {
      plugin.close();
      throw new PluginException("failed to get device plugin options: " + e.text(), e);
    }
    @Nullable DevicePlugin before = book.offers().connect(resource, plugin, options);
    if (before != null) {
      before.close();
    }
    LOG.info("device plugin of {} is connected", resource);
    try {
      executor.execute(() -> follow(resource, plugin));
    } catch (RejectedExecutionException closing) {
      plugin.close();
    }
  }

  private void follow(String resource, DevicePlugin plugin) {
    try {
      plugin.follow(devices -> offer(resource, plugin, devices));
      LOG.info("device plugin of {} says no more", resource);
    } catch (PluginException e) {
      if (!closed) {
        LOG.info("device plugin of {} is gone: {}", resource, e.text());
      }
    } finally {
      disconnect(resource, plugin);
    }
  }

  private void offer(String resource, DevicePlugin plugin, List<OfferedDevice> devices) {
    Set<String> pods = book.users(resource, book.offers().offer(resource, plugin, devices));
    book.save();
    changed.run();
    if (!pods.isEmpty()) {
      affected.accept(pods);
    }
  }

  /// A plugin is gone.
  public void disconnect(String resource, DevicePlugin plugin) {
    plugin.close();
    if (book.offers().disconnect(resource, plugin, clock.instant()) && !closed) {
      changed.run();
    }
  }

  /// A plugin that registered by its socket has taken it away.
  public void disconnect(String resource) {
    plugin(resource).ifPresent(each -> disconnect(resource, each));
  }

  /// The plugin that is asked for a resource.
  Optional<DevicePlugin> plugin(String resource) {
    return book.offers().plugin(resource).map(OfferedResources.Connected::plugin);
  }

  /// What the node has of each extended resource: all of it, and what is well.
  public record Count(long capacity, long allocatable) {}

  /// By resource, with zeros for those that there were once.
  public Map<String, Count> counts() {
    Set<String> before = book.offers().offered();
    Map<String, Count> counts = new TreeMap<>();
    book.offers()
        .counts(clock.instant())
        .forEach(
            (resource, count) ->
                counts.put(resource, new Count(count.capacity(), count.allocatable())));
    if (!book.offers().offered().equals(before)) {
      book.save();
    }
    return counts;
  }

  /// The devices of each resource that are well.
  public Map<String, List<OfferedDevice>> healthy() {
    Map<String, List<OfferedDevice>> healthy = new TreeMap<>();
    for (String each : book.offers().offered()) {
      healthy.put(each, book.offers().healthyDevices(each));
    }
    return healthy;
  }

  /// The devices that a container has, by resource.
  public Map<String, List<OfferedDevice>> devicesOf(String pod, String container) {
    Map<String, List<OfferedDevice>> devices = new TreeMap<>();
    book.byResource(pod, container)
        .forEach((resource, ids) -> devices.put(resource, book.offers().find(resource, ids)));
    return devices;
  }

  @Override
  public void close() {
    closed = true;
    book.offers().plugins().forEach(DevicePlugin::close);
  }
}
