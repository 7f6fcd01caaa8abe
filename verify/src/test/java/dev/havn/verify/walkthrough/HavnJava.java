// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/// How commands of Havn run in processes of their own: with the launcher's jars and its start-up
/// cache, which saves a second or two each time, where these are of the sources as they are; else
/// on the class path of the tests.
final class HavnJava {
  private static final Path ROOT =
      Path.of(System.getProperty("havn.root", "..")).toAbsolutePath().normalize();
  private static final Path BUILT = ROOT.resolve("cli/target/havn");
  private static final int MODULE_DEPTH_MAX = 4;
  private static final List<String> COMMAND = command();

  private HavnJava() {}

  /// @param words of a command of Havn
  static List<String> command(String... words) {
    List<String> command = new ArrayList<>(COMMAND);
    command.addAll(List.of(words));
    return command;
  }

  private static List<String> command() {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    // Those that the cache was made with, as far as it depends on them.
    command.addAll(List.of("-XX:+UseSerialGC", "-XX:+UseCompactObjectHeaders", "-Xlog:disable"));
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-Dsun.jnu.encoding=UTF-8"));
    command.addAll(
        List.of("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"));
    if (isBuilt()) {
      command.add("-XX:AOTCache=" + BUILT.resolve("havn.aot"));
      command.addAll(List.of("-cp", BUILT + "/lib/*"));
    } else {
      System.out.println("commands run without a start-up cache: ./havn makes one");
      command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    }
    command.add("dev.havn.cli.Main");
    return command;
  }

  private static boolean isBuilt() {
    Path stamp = BUILT.resolve("stamp");
    Path trained = BUILT.resolve("trained");
    try {
      return Files.exists(stamp)
          && Files.exists(trained)
          && Files.exists(BUILT.resolve("havn.aot"))
          && isSame(Files.readString(trained).strip(), System.getProperty("java.home"))
          && isNewest(Files.getLastModifiedTime(stamp));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean isSame(String jdk, String other) throws IOException {
    return Files.exists(Path.of(jdk)) && Files.isSameFile(Path.of(jdk), Path.of(other));
  }

  /// Whether no source and no POM is newer, as the launcher asks.
  private static boolean isNewest(FileTime built) throws IOException {
    try (Stream<Path> poms =
        Files.find(ROOT, MODULE_DEPTH_MAX, (each, _) -> each.endsWith("pom.xml"))) {
      for (Path pom : poms.filter(each -> !each.toString().contains("/target/")).toList()) {
        Path sources = pom.resolveSibling("src/main");
        if (isNewer(pom, built) || (Files.isDirectory(sources) && hasNewer(sources, built))) {
          return false;
        }
      }
    }
    return true;
  }

  private static boolean hasNewer(Path folder, FileTime than) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path each : files.toList()) {
        if (isNewer(each, than)) {
          return true;
        }
      }
    }
    return false;
  }

  private static boolean isNewer(Path file, FileTime than) throws IOException {
    return Files.getLastModifiedTime(file).compareTo(than) > 0;
  }
}
