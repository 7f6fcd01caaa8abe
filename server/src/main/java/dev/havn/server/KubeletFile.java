// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.node.configuration.KubeletConfiguration;
import dev.havn.schema.codec.CodecException;
import dev.havn.schema.codec.Yaml;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// The file that says how nodes work, as a kubelet reads it.
final class KubeletFile {
  private KubeletFile() {}

  /// @param file or null for the usual way
  /// @throws StartException in words that name the file
  static KubeletConfiguration read(@Nullable Path file) {
    if (file == null) {
      return KubeletConfiguration.STANDARD;
    }
    String what = "kubelet configuration " + file;
    try {
      return KubeletConfiguration.of(Yaml.read(Files.readAllBytes(file)));
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
