// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.codec.CodecException;
import dev.havn.schema.codec.Yaml;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.function.Function;

/// A file in YAML that a user has named.
final class YamlFile {
  private YamlFile() {}

  /// @param what it is and where, for messages
  /// @param meaning throws an [IllegalArgumentException] with what cannot be meant
  /// @throws StartException in words that begin with `what`
  static <T> T read(String what, Path file, Function<JsonNode, T> meaning) {
    try {
      return meaning.apply(Yaml.read(Files.readAllBytes(file)));
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
