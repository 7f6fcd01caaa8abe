// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.node.image.RootPaths;
import dev.havn.node.kernel.Beneath;
import dev.havn.node.kernel.Descriptor;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// A file with variables that a container has written into a volume (KEP-3721). It is what a shell
/// reads, and strict: `NAME='value'`, always in single quotes, over several lines if need be, with
/// nothing behind but a comment; lines that are blank or begin with `#` say nothing. As a shell has
/// it, a blank behind `=` makes the value empty.
///
/// Whoever shares the volume may put links, pipes and files of any size there: links lead nowhere
/// but into the volume, only a file is read, and that is bounded.
final class EnvFile {
  /// What a kubelet reads of a line at most.
  private static final int LINE_BYTES_MAX = (64 << 10) - 1;

  private static final int FILE_BYTES_MAX = 16 << 20;
  private static final String BLANKS = " \t";

  private final InputStream in;
  private int bytes;
  private int number;

  private EnvFile(InputStream in) {
    this.in = in;
  }

  /// @param volume its folder
  /// @param path below it
  /// @return where the file lies, if it is there
  static Path place(Path volume, String path) throws IOException {
    return RootPaths.resolve(volume.toRealPath(), path);
  }

  /// @param budget for what is read
  /// @return the bytes of a value, none when the file does not have it
  /// @throws IOException when there is no such file, or it is not of this form
  static byte[] value(Path volume, String path, String name, ByteBudget budget) throws IOException {
    Path root = volume.toRealPath();
    Path below = root.relativize(place(volume, path));
    try (Descriptor file = Beneath.find(root, below)) {
      if (!file.isFile()) {
        throw new IOException(path + " is not a file");
      }
      try (InputStream in = new BufferedInputStream(Files.newInputStream(file.path()))) {
        return value(in, name, budget);
      }
    }
  }

  static byte[] value(InputStream in, String name, ByteBudget budget) throws IOException {
    EnvFile file = new EnvFile(in);
    String value = file.value(name);
    budget.take(file.bytes);
    return value.getBytes(StandardCharsets.ISO_8859_1);
  }

  private String value(String name) throws IOException {
    for (@Nullable String line = line(); line != null; line = line()) {
      String declared = trimmed(line);
      if (declared.isEmpty() || declared.startsWith("#")) {
        continue;
      }
      int equals = declared.indexOf('=');
      if (equals < 0) {
        throw wrong("missing '='");
      }
      String declaredName = declared.substring(0, equals);
      if (trimmed(declaredName).isEmpty()) {
        throw wrong("empty variable name");
      }
      if (BLANKS.indexOf(declaredName.charAt(equals - 1)) >= 0) {
        throw wrong("whitespace before '=' is not allowed");
      }
      String value = quoted(declared.substring(equals + 1));
      if (declaredName.equals(name)) {
        return value;
      }
    }
    return "";
  }

  private String quoted(String text) throws IOException {
    if (text.isEmpty() || BLANKS.indexOf(text.charAt(0)) < 0) {
      if (!text.startsWith("'")) {
        throw wrong("value must be enclosed in single quotes");
      }
    } else {
      return "";
    }
    int first = number;
    StringBuilder value = new StringBuilder();
    String rest = text.substring(1);
    int end = rest.indexOf('\'');
    while (end < 0) {
      value.append(rest).append('\n');
      if (value.length() > Words.BYTES_MAX) {
        throw wrong("the value is longer than %d bytes".formatted(Words.BYTES_MAX));
      }
      @Nullable String next = line();
      if (next == null) {
        throw new EOFException(
            "invalid environment variable format starting at line %d: unclosed single quote"
                .formatted(first));
      }
      rest = next;
      end = rest.indexOf('\'');
    }
    String behind = trimmed(rest.substring(end + 1));
    if (!behind.isEmpty() && !behind.startsWith("#")) {
      throw wrong("unexpected content after closing quote");
    }
    return value.append(rest, 0, end).toString();
  }

  private static String trimmed(String text) {
    int from = 0;
    while (from < text.length() && BLANKS.indexOf(text.charAt(from)) >= 0) {
      from++;
    }
    return text.substring(from);
  }

  private IOException wrong(String what) {
    return new IOException(
        "invalid environment variable format at line %d: %s".formatted(number, what));
  }

  /// The next line without its end, a character for each byte; null behind the last one.
  private @Nullable String line() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    int each = in.read();
    if (each < 0) {
      return null;
    }
    number++;
    while (each >= 0 && each != '\n') {
      line.write(each);
      if (line.size() > LINE_BYTES_MAX || ++bytes > FILE_BYTES_MAX) {
        throw wrong("it is longer than %d bytes, or the file too large".formatted(LINE_BYTES_MAX));
      }
      each = in.read();
    }
    bytes++;
    String text = line.toString(StandardCharsets.ISO_8859_1);
    return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
  }
}
