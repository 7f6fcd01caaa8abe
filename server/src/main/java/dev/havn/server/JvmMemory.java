// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryNotificationInfo;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.util.Optional;
import javax.management.ListenerNotFoundException;
import javax.management.Notification;
import javax.management.NotificationEmitter;
import javax.management.NotificationListener;

/// The memory of this process as the virtual machine manages it.
final class JvmMemory implements HeapPolicy.Memory {
  private final OperatingSystemMXBean system =
      ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
  private final Optional<MemoryPoolMXBean> old = oldPool();
  private final NotificationListener listener = (notification, _) -> told(notification);
  private volatile Runnable exceeded = () -> {};

  JvmMemory() {
    if (ManagementFactory.getMemoryMXBean() instanceof NotificationEmitter emitter) {
      emitter.addNotificationListener(listener, null, null);
    }
  }

  @Override
  public void close() {
    old.ifPresent(pool -> pool.setUsageThreshold(0));
    if (ManagementFactory.getMemoryMXBean() instanceof NotificationEmitter emitter) {
      try {
        emitter.removeNotificationListener(listener);
      } catch (ListenerNotFoundException closedBefore) {
        exceeded = () -> {};
      }
    }
  }

  /// The pool of what lives long. Pools of what is new have no threshold: they are full before
  /// every collection.
  static Optional<MemoryPoolMXBean> oldPool() {
    return ManagementFactory.getMemoryPoolMXBeans().stream()
        .filter(pool -> pool.getType() == MemoryType.HEAP && pool.isUsageThresholdSupported())
        .findFirst();
  }

  private void told(Notification notification) {
    if (notification.getType().equals(MemoryNotificationInfo.MEMORY_THRESHOLD_EXCEEDED)) {
      exceeded.run();
    }
  }

  @Override
  public long cpuNanos() {
    return system.getProcessCpuTime();
  }

  @Override
  public long committedBytes() {
    return Runtime.getRuntime().totalMemory();
  }

  @Override
  public long oldBytes() {
    return old.map(pool -> pool.getUsage().getUsed()).orElse(0L);
  }

  @Override
  public void collect() {
    System.gc();
  }

  /// Near the heap's end the virtual machine collects by itself.
  @Override
  public void whenOldExceeds(long bytes, Runnable task) {
    exceeded = task;
    old.ifPresent(pool -> pool.setUsageThreshold(bytes < pool.getUsage().getMax() ? bytes : 0));
  }
}
