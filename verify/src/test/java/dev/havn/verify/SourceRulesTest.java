// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Rules about source files that class files no longer show.
class SourceRulesTest {
  private static final int LINES_PER_FILE_MAX = 500;
  private static final int LINES_PER_METHOD_MAX = 50;

  /// A reason at the top of a file that is longer than the rule.
  private static final String REASON = "/// Longer than the rule because";

  private static final Set<String> FORBIDDEN_PACKAGES =
      Set.of("util", "utils", "common", "impl", "manager", "helper", "base", "core", "misc");

  private static final List<String> MACHINE_PATHS = List.of("/work" + "/", "/ro" + "ot/");

  private static List<Path> sources;

  @BeforeAll
  static void findSources() throws IOException {
    Path root = Path.of(System.getProperty("havn.root", ".."));
    try (Stream<Path> files = Files.walk(root)) {
      sources =
          files
              .filter(file -> file.toString().endsWith(".java"))
              .filter(file -> file.toString().contains("/src/"))
              .filter(file -> !file.toString().contains("/target/"))
              .sorted()
              .toList();
    }
    assertThat(sources).as("Java sources under %s", root.toAbsolutePath()).isNotEmpty();
  }

  @Test
  void filesAreShortOrSayWhyNot() throws IOException {
    List<String> tooLong = new ArrayList<>();
    for (Path file : sources) {
      List<String> lines = Files.readAllLines(file);
      if (lines.size() > LINES_PER_FILE_MAX && !hasReason(lines)) {
        tooLong.add(file + ": " + lines.size() + " lines");
      }
    }
    assertThat(tooLong).isEmpty();
  }

  @Test
  void methodsAreShortOrSayWhyNot() throws IOException {
    List<String> tooLong = new ArrayList<>();
    for (MethodLengths.Method method : MethodLengths.of(sources)) {
      if (method.lines() > LINES_PER_METHOD_MAX && !hasReason(Files.readAllLines(method.file()))) {
        tooLong.add(method.file() + "#" + method.name() + ": " + method.lines() + " lines");
      }
    }
    assertThat(tooLong).isEmpty();
  }

  @Test
  void everyPackageSaysWhatItIsFor() throws IOException {
    Set<Path> packages = new TreeSet<>();
    for (Path file : sources) {
      if (file.toString().contains("/src/main/")) {
        packages.add(file.getParent());
      }
    }
    List<Path> silent = new ArrayList<>();
    for (Path folder : packages) {
      Path info = folder.resolve("package-info.java");
      if (!Files.exists(info)
          || !Files.readString(info).contains("///")
          || !Files.readString(info).contains("@NullMarked")) {
        silent.add(folder);
      }
    }
    assertThat(silent).as("packages without purpose line or @NullMarked").isEmpty();
  }

  @Test
  void packagesAreNamedByFeature() {
    List<Path> forbidden =
        sources.stream()
            .filter(
                file ->
                    FORBIDDEN_PACKAGES.contains(file.getName(file.getNameCount() - 2).toString()))
            .toList();
    assertThat(forbidden).isEmpty();
  }

  @Test
  void implementationsAreNamedByWhatDiffers() {
    List<Path> vague =
        sources.stream()
            .filter(
                file ->
                    file.getFileName()
                        .toString()
                        .matches(
                            "(Abstract|Default|Base)[A-Z].*\\.java"
                                + "|.*(Impl|Manager|Helper|Util|Utils)\\.java"))
            .toList();
    assertThat(vague).isEmpty();
  }

  @Test
  void everySourceNamesItsLicence() throws IOException {
    List<Path> unlicensed = new ArrayList<>();
    for (Path file : sources) {
      if (!Files.readString(file).startsWith("// SPDX-License-Identifier: Apache-2.0\n")) {
        unlicensed.add(file);
      }
    }
    assertThat(unlicensed).isEmpty();
  }

  @Test
  void noSourceNamesAPathOfSomebodysMachine() throws IOException {
    List<Path> local = new ArrayList<>();
    for (Path file : sources) {
      String text = Files.readString(file);
      if (MACHINE_PATHS.stream().anyMatch(text::contains)) {
        local.add(file);
      }
    }
    assertThat(local).isEmpty();
  }

  private static boolean hasReason(List<String> lines) {
    return lines.stream().limit(60).anyMatch(line -> line.contains(REASON));
  }
}
