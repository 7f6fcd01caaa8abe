// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.node.configuration.KubeletConfiguration;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// The file that says how nodes work, as a kubelet reads it.
final class KubeletFile {
  private KubeletFile() {}

  /// @param file or null for the usual way
  /// @throws StartException in words that name the file
  static KubeletConfiguration read(@Nullable Path file) {
    return file == null
        ? KubeletConfiguration.STANDARD
        : YamlFile.read("kubelet configuration " + file, file, KubeletConfiguration::of);
  }
}
