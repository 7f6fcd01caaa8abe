// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.device;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A device plugin in this process. It offers what it is told to, and gives each device as a
/// variable.
final class FakePlugin implements DevicePlugin {
  private static final int WITHIN_SECONDS = 20;

  private final Options options;
  private final List<List<String>> asked = new ArrayList<>();
  private final List<List<String>> started = new ArrayList<>();
  private final CountDownLatch followed = new CountDownLatch(1);
  private final CountDownLatch gone = new CountDownLatch(1);
  private List<OfferedDevice> devices;
  private List<String> preferred = List.of();
  private @Nullable String failure;
  private @Nullable Consumer<List<OfferedDevice>> listener;

  FakePlugin(Options options, String... ids) {
    this.options = options;
    this.devices = healthy(ids);
  }

  FakePlugin(String... ids) {
    this(Options.NONE, ids);
  }

  static List<OfferedDevice> healthy(String... ids) {
    return Arrays.stream(ids).map(id -> new OfferedDevice(id, true)).toList();
  }

  /// Comes under a name, and has shown its devices.
  FakePlugin connect(DevicePlugins plugins, String resource) throws Exception {
    plugins.connect(resource, this);
    if (!followed.await(WITHIN_SECONDS, TimeUnit.SECONDS)) {
      throw new AssertionError("nobody follows " + resource);
    }
    return this;
  }

  void offer(List<OfferedDevice> changed) {
    devices = changed;
    if (listener != null) {
      listener.accept(changed);
    }
  }

  FakePlugin failing(@Nullable String why) {
    failure = why;
    return this;
  }

  FakePlugin preferring(String... ids) {
    preferred = List.of(ids);
    return this;
  }

  /// The devices that were given out, one list for each call.
  List<List<String>> asked() {
    return asked;
  }

  /// Those whose container was about to start.
  List<List<String>> started() {
    return started;
  }

  boolean isClosed() {
    return gone.getCount() == 0;
  }

  @Override
  public Options options() {
    return options;
  }

  @Override
  public void follow(Consumer<List<OfferedDevice>> seen) throws PluginException {
    listener = seen;
    seen.accept(devices);
    followed.countDown();
    try {
      gone.await();
    } catch (InterruptedException e) {
      throw new PluginException("interrupted", e);
    }
  }

  private void mayFail() throws PluginException {
    if (failure != null) {
      throw new PluginException(failure, null);
    }
  }

  @Override
  public Allocation allocate(List<String> ids) throws PluginException {
    asked.add(ids);
    mayFail();
    return new Allocation(
        Map.of("DEVICES", String.join(",", ids)), List.of(), List.of(), Map.of(), List.of());
  }

  @Override
  public List<String> prefer(List<String> available, List<String> mustInclude, int size)
      throws PluginException {
    mayFail();
    return preferred;
  }

  @Override
  public void preStart(List<String> ids) throws PluginException {
    started.add(ids);
    mayFail();
  }

  @Override
  public void close() {
    gone.countDown();
  }
}
