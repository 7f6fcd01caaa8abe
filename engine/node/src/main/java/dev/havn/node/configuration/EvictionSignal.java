// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.configuration;

import java.util.Optional;

/// What a node may run short of, as thresholds name it. Images lie on the disk of the node.
public enum EvictionSignal {
  MEMORY("memory.available", "memory"),
  NODE_DISK("nodefs.available", "ephemeral-storage"),
  IMAGE_DISK("imagefs.available", "ephemeral-storage"),
  NODE_INODES("nodefs.inodesFree", "inodes"),
  IMAGE_INODES("imagefs.inodesFree", "inodes"),
  PROCESSES("pid.available", "pids");

  private final String text;
  private final String resource;

  EvictionSignal(String text, String resource) {
    this.text = text;
    this.resource = resource;
  }

  /// What pods use of it, as messages name it.
  public String resource() {
    return resource;
  }

  public boolean isOfDisk() {
    return this != MEMORY && this != PROCESSES;
  }

  /// Whether it is counted in bytes.
  public boolean isInBytes() {
    return this == MEMORY || this == NODE_DISK || this == IMAGE_DISK;
  }

  static Optional<EvictionSignal> of(String text) {
    for (EvictionSignal each : values()) {
      if (each.text.equals(text)) {
        return Optional.of(each);
      }
    }
    return Optional.empty();
  }

  @Override
  public String toString() {
    return text;
  }
}
