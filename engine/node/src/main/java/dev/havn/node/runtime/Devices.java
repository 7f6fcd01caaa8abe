// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.node.runtime.ContainerRuntime.StartException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// The numbers of devices, as the kernel packs them.
final class Devices {
  static final int MODE = 0660;
  private static final int KIND = 0170000;
  private static final int BLOCK = 0060000;

  private Devices() {}

  /// @throws StartException when there is no block device
  static long number(Path device) {
    try {
      if (((int) Files.getAttribute(device, "unix:mode") & KIND) != BLOCK) {
        throw new StartException("CreateContainerError", device + " is not a block device", null);
      }
      return (long) Files.getAttribute(device, "unix:rdev");
    } catch (IOException e) {
      throw new StartException("CreateContainerError", "device " + device + ": " + e, e);
    }
  }

  static long major(long number) {
    return (number >>> 8 & 0xfff) | (number >>> 32 & ~0xfffL);
  }

  static long minor(long number) {
    return (number & 0xff) | (number >>> 12 & ~0xffL);
  }
}
