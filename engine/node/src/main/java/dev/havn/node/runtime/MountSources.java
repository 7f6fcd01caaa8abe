// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.node.runtime.ContainerRuntime.ContainerSpec;
import dev.havn.node.runtime.ContainerRuntime.Mount;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Locale;
import java.util.Set;

/// Where the mounts of a container come from, on the machine.
final class MountSources {
  private static final FileAttribute<Set<PosixFilePermission>> READABLE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x"));

  private MountSources() {}

  /// Makes the folders that are not there, as containerd does: a host path without a type may be
  /// missing. A part of one (`subPath`) is looked for by who holds it.
  ///
  /// @return the container whose mounts they are
  /// @throws StartException in containerd's words where something else is in the way
  static ContainerSpec make(ContainerSpec spec) {
    for (Mount each : spec.mounts()) {
      Path source = each.source();
      if (each.subPath().isEmpty() && !Files.exists(source)) {
        try {
          Files.createDirectories(source, READABLE);
        } catch (IOException e) {
          throw new StartException(
              "CreateContainerError",
              "failed to generate spec: failed to mkdir \"%s\": mkdir %s: %s"
                  .formatted(source, source, why(e)),
              e);
        }
      }
    }
    return spec;
  }

  private static String why(IOException e) {
    if (e instanceof FileAlreadyExistsException) {
      return "file exists";
    }
    return e instanceof FileSystemException of && of.getReason() != null
        ? of.getReason().toLowerCase(Locale.ROOT)
        : String.valueOf(e.getMessage());
  }
}
