// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.claim;

import dev.havn.node.device.PluginException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The drivers whose plugins have registered at a node. Of a driver that cannot be reached for a
/// while the node's ResourceSlices go, so that no pod is sent here for its devices; at the node's
/// start all go, since none has registered yet. Threads: any.
public final class Drivers implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Drivers.class);

  /// As with a kubelet: long enough for another version of the plugin to come.
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private static final Duration FOLLOW_AGAIN = Duration.ofSeconds(5);
  private static final Duration RETRY_FIRST = Duration.ofSeconds(1);
  private static final Duration RETRY_MAX = Duration.ofMinutes(5);

  /// The most preferred first.
  private static final List<String> SERVICES = List.of("v1.DRAPlugin", "v1beta1.DRAPlugin");

  private final String node;
  private final Consumer<String> deletion;
  private final ScheduledExecutorService executor;
  private final Map<String, List<Registered>> registered = new HashMap<>();

  /// Drivers whose slices are about to go, each with what tells this time from another.
  private final Map<String, Object> leaving = new HashMap<>();

  private final HealthReports health;
  private volatile BiConsumer<String, Set<HealthReports.Device>> listener = (_, _) -> {};
  private boolean closed;

  private record Registered(String endpoint, Driver driver) {}

  /// @param node its name
  /// @param deletion deletes the objects of the API that a path selects
  public Drivers(
      String node,
      Consumer<String> deletion,
      InstantSource clock,
      ScheduledExecutorService executor) {
    this.node = node;
    this.health = new HealthReports(clock);
    this.deletion = deletion;
    this.executor = executor;
  }

  /// Removes what is left of drivers from before the node began.
  public void begin() {
    later(Duration.ZERO, () -> wipe("", RETRY_FIRST));
  }

  /// The service of a plugin that the node speaks.
  ///
  /// @param services as the plugin lists them, the one it likes best first
  /// @throws ClaimException when there is none
  public static String service(String driver, String endpoint, List<String> services)
      throws ClaimException {
    String whose =
        "invalid supported gRPC versions of DRA driver plugin %s at endpoint %s: "
            .formatted(driver, endpoint);
    if (services.isEmpty()) {
      throw new ClaimException(
          whose + "empty list of supported gRPC services (aka supported versions)");
    }
    return services.stream()
        .filter(SERVICES::contains)
        .findFirst()
        .orElseThrow(
            () ->
                new ClaimException(
                    whose
                        + "none of services supported by the plugin (%s) are supported by the kubelet (%s)"
                            .formatted(quoted(services), quoted(SERVICES))));
  }

  private static String quoted(List<String> words) {
    return words.stream().map(each -> "\"" + each + "\"").toList().toString().replace(",", "");
  }

  /// A plugin registers. A driver may have several, as while a new version replaces it.
  public synchronized void add(String name, String endpoint, Driver driver) throws ClaimException {
    List<Registered> all = registered.computeIfAbsent(name, _ -> new ArrayList<>());
    if (closed || all.stream().anyMatch(each -> each.endpoint().equals(endpoint))) {
      driver.close();
      throw new ClaimException(
          "endpoint %s already registered for DRA driver plugin %s".formatted(endpoint, name));
    }
    all.add(new Registered(endpoint, driver));
    driver.onConnection(() -> look(name));
    LOG.info("driver {} is registered at {}", name, endpoint);
    look(name);
    later(Duration.ZERO, () -> follow(name, endpoint, driver));
  }

  HealthReports health() {
    return health;
  }

  /// Hears a driver and its devices whose health has changed.
  void onHealth(BiConsumer<String, Set<HealthReports.Device>> told) {
    listener = told;
  }

  /// As long as the plugin is registered, and tells of such.
  private void follow(String name, String endpoint, Driver driver) {
    boolean tells = true;
    try {
      tells = driver.follow(all -> listener.accept(name, health.tell(name, all)));
    } catch (PluginException e) {
      LOG.debug("driver {} at {} tells no health: {}", name, endpoint, e.text());
    }
    health.forget(name);
    if (tells && isRegistered(name, driver)) {
      later(FOLLOW_AGAIN, () -> follow(name, endpoint, driver));
    }
  }

  private synchronized boolean isRegistered(String name, Driver driver) {
    return registered.getOrDefault(name, List.of()).stream()
        .anyMatch(each -> each.driver() == driver);
  }

  /// A plugin takes its registration back.
  public synchronized void remove(String name, String endpoint) {
    List<Registered> all = registered.getOrDefault(name, List.of());
    for (Registered each : List.copyOf(all)) {
      if (each.endpoint().equals(endpoint)) {
        all.remove(each);
        each.driver().close();
        LOG.info("driver {} at {} is no longer registered", name, endpoint);
      }
    }
    look(name);
  }

  /// The plugin to ask: the latest that can be reached, else the latest.
  Driver get(String name) throws ClaimException {
    return find(name)
        .orElseThrow(() -> new ClaimException("DRA driver %s is not registered".formatted(name)));
  }

  private synchronized Optional<Driver> find(String name) {
    List<Registered> all = registered.getOrDefault(name, List.of()).reversed();
    @Nullable Registered found =
        all.stream()
            .filter(each -> each.driver().isConnected())
            .findFirst()
            .orElse(all.isEmpty() ? null : all.getFirst());
    return Optional.ofNullable(found).map(Registered::driver);
  }

  private boolean isUsable(String name) {
    return registered.getOrDefault(name, List.of()).stream()
        .anyMatch(each -> each.driver().isConnected());
  }

  private synchronized void look(String name) {
    if (isUsable(name)) {
      leaving.remove(name);
    } else if (!closed && !leaving.containsKey(name)) {
      Object time = new Object();
      leaving.put(name, time);
      later(PATIENCE, () -> leave(name, time));
    }
  }

  /// Unless the driver has come back, and perhaps gone again: then another look is on its way.
  private void leave(String name, Object time) {
    synchronized (this) {
      if (closed || !leaving.remove(name, time) || isUsable(name)) {
        return;
      }
    }
    wipe(name, RETRY_FIRST);
  }

  /// @param driver empty for all
  private void wipe(String driver, Duration retry) {
    synchronized (this) {
      if (closed || (!driver.isEmpty() && isUsable(driver))) {
        return;
      }
    }
    String selector =
        "spec.nodeName%3D" + node + (driver.isEmpty() ? "" : "%2Cspec.driver%3D" + driver);
    try {
      deletion.accept("/apis/resource.k8s.io/v1/resourceslices?fieldSelector=" + selector);
    } catch (RuntimeException e) {
      LOG.info("ResourceSlices of {} {} are not removed: {}", node, driver, e.toString());
      Duration doubled = retry.multipliedBy(2);
      later(retry, () -> wipe(driver, doubled.compareTo(RETRY_MAX) > 0 ? RETRY_MAX : doubled));
    }
  }

  private void later(Duration wait, Runnable task) {
    try {
      var unused = executor.schedule(task, wait.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException closing) {
      LOG.debug("{} ends", node);
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    registered.values().forEach(all -> all.forEach(each -> each.driver().close()));
    registered.clear();
  }
}
