// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.addresses.AddressRange;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/// Containers that are only said to run. They start at once, never end by themselves, and stop when
/// asked.
public final class SimulatedRuntime implements ContainerRuntime {
  private static final int ADDRESS_RANGE = 253;

  private final InstantSource clock;
  private final Executor executor;
  private final AddressRange addresses;
  private final Map<String, Pod> pods = new LinkedHashMap<>();
  private final AtomicInteger nextAddress = new AtomicInteger();
  private Consumer<String> changed = _ -> {};

  private record Pod(String address, List<Container> containers) {}

  /// @param addresses of its pods
  public SimulatedRuntime(InstantSource clock, Executor executor, AddressRange addresses) {
    this.clock = clock;
    this.executor = executor;
    this.addresses = addresses;
  }

  @Override
  public String version() {
    return "simulated://1";
  }

  @Override
  public boolean needsImages() {
    return false;
  }

  @Override
  public Set<Feature> features() {
    return EnumSet.of(Feature.POD_ADDRESSES);
  }

  @Override
  public synchronized Optional<String> address(String podUid) {
    return Optional.ofNullable(pods.get(podUid)).map(Pod::address);
  }

  @Override
  public synchronized String ensurePod(PodPlace pod) {
    return pods.computeIfAbsent(
            pod.uid(),
            _ -> {
              int number = nextAddress.getAndIncrement() % ADDRESS_RANGE;
              return new Pod(addresses.address(number + 2L), new ArrayList<>());
            })
        .address();
  }

  @Override
  public synchronized void start(PodPlace place, ContainerSpec spec) {
    Pod pod = pods.get(place.uid());
    if (pod == null) {
      throw new StartException("CreateContainerError", "the pod has no place", null);
    }
    String id = Integer.toHexString((place.uid() + spec.name()).hashCode()) + "-" + spec.attempt();
    pod.containers()
        .add(
            new Container(
                id,
                spec.name(),
                spec.attempt(),
                spec.image(),
                spec.image(),
                clock.instant(),
                null,
                0,
                false,
                Path.of("/dev/null")));
    tell(place.uid());
  }

  private void tell(String uid) {
    Consumer<String> to = changed;
    executor.execute(() -> to.accept(uid));
  }

  @Override
  public synchronized List<Container> containers(String podUid) {
    Pod pod = pods.get(podUid);
    return pod == null ? List.of() : List.copyOf(pod.containers());
  }

  @Override
  public synchronized void stop(String podUid, String containerId, Duration grace) {
    Pod pod = pods.get(podUid);
    if (pod == null) {
      return;
    }
    pod.containers()
        .replaceAll(
            each ->
                each.id().equals(containerId) && each.running()
                    ? new Container(
                        each.id(),
                        each.name(),
                        each.attempt(),
                        each.image(),
                        each.imageId(),
                        each.started(),
                        clock.instant(),
                        0,
                        false,
                        each.logFile())
                    : each);
    tell(podUid);
  }

  @Override
  public synchronized void remove(String podUid, String containerId) {
    Pod pod = pods.get(podUid);
    if (pod != null) {
      pod.containers().removeIf(each -> each.id().equals(containerId));
    }
  }

  @Override
  public synchronized void removePod(String podUid) {
    pods.remove(podUid);
  }

  @Override
  public synchronized List<String> pods() {
    return List.copyOf(pods.keySet());
  }

  @Override
  public synchronized void onChange(Consumer<String> listener) {
    changed = listener;
  }

  @Override
  public int exec(
      String podUid,
      String containerId,
      List<String> command,
      boolean tty,
      Streams streams,
      Duration timeout) {
    if (streams.stdout() != null) {
      try {
        String line = "simulated: " + String.join(" ", command) + "\n";
        streams.stdout().write(line.getBytes(StandardCharsets.UTF_8));
        streams.stdout().flush();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return 0;
  }

  @Override
  public void attach(String podUid, String containerId, boolean tty, Streams streams) {
    exec(podUid, containerId, List.of("attached"), tty, streams, Duration.ZERO);
  }

  @Override
  public void connect(String podUid, int port, InputStream in, OutputStream out) {
    throw new StartException("Unsupported", "simulated pods have no ports", null);
  }

  @Override
  public synchronized void removeAll() {
    pods.clear();
  }

  @Override
  public void close() {
    removeAll();
  }
}
