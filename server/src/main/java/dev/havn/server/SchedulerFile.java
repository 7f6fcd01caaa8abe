// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.scheduler.profile.SchedulerConfiguration;
import dev.havn.schema.codec.CodecException;
import dev.havn.schema.codec.Yaml;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// The file that says how pods are placed, as kube-scheduler reads it.
final class SchedulerFile {
  private SchedulerFile() {}

  /// @param file or null for Kubernetes' own way
  /// @throws StartException in words that name the file
  static SchedulerConfiguration read(@Nullable Path file) {
    if (file == null) {
      return SchedulerConfiguration.STANDARD;
    }
    String what = "scheduler configuration " + file;
    try {
      return SchedulerConfiguration.of(Yaml.read(Files.readAllBytes(file)));
    } catch (NoSuchFileException e) {
      throw new StartException(what + ": there is no such file", e);
    } catch (IOException e) {
      throw new StartException(what + " cannot be read: " + e, e);
    } catch (CodecException e) {
      throw new StartException(what + " is no YAML: " + e.getMessage(), e);
    } catch (IllegalArgumentException e) {
      throw new StartException(what + ": " + e.getMessage(), e);
    }
  }
}
