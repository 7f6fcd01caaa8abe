// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/// The files of a package, without installing it.
final class DebianPackage {
  private DebianPackage() {}

  /// @param folder where a folder of the package's name is made
  /// @return that folder, or nothing where no such package can be had
  static Optional<Path> unpack(String name, Path folder) {
    if (Command.onPath("apt-get").isEmpty() || Command.onPath("dpkg-deb").isEmpty()) {
      return Optional.empty();
    }
    Path target = folder.resolve(name);
    try {
      Files.createDirectories(target);
      Command.Result got =
          Command.run(
              Map.of(),
              List.of(
                  "sh", "-c", "cd \"$1\" && apt-get -q download \"$2\"", "sh", "" + target, name));
      try (Stream<Path> files = Files.list(target)) {
        Optional<Path> archive = files.filter(file -> file.toString().endsWith(".deb")).findFirst();
        if (got.status() != 0 || archive.isEmpty()) {
          System.out.println("no package " + name + ": " + got.output().strip());
          return Optional.empty();
        }
        Command.run(Map.of(), List.of("dpkg-deb", "-x", "" + archive.get(), "" + target))
            .succeeded();
      }
      return Optional.of(target);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
