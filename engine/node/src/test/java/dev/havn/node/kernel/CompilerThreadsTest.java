// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(OS.LINUX)
class CompilerThreadsTest {
  /// A JVM of its own: tests run without the second compiler.
  @Test
  void theSecondCompilerGivesWayAndNothingElseDoes() throws Exception {
    Process process =
        new ProcessBuilder(
                System.getProperty("java.home") + "/bin/java",
                "--enable-native-access=ALL-UNNAMED",
                "-XX:-UseDynamicNumberOfCompilerThreads",
                "-XX:CICompilerCount=2",
                "-cp",
                System.getProperty("java.class.path"),
                Giving.class.getName())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(process.waitFor()).isZero();
    assertThat(said.lines())
        .containsExactly("1 of nice 3", "0 of nice 2", "[C2 CompilerThre] have nice 3");
  }

  /// What the other JVM does.
  static final class Giving {
    private Giving() {}

    public static void main(String... arguments) throws IOException {
      System.out.println(CompilerThreads.giveWay(3) + " of nice 3");
      System.out.println(CompilerThreads.giveWay(2) + " of nice 2");
      System.out.println(named(3) + " have nice 3");
    }

    private static List<String> named(int nice) throws IOException {
      List<String> names = new ArrayList<>();
      try (DirectoryStream<Path> threads = Files.newDirectoryStream(Path.of("/proc/self/task"))) {
        for (Path thread : threads) {
          try {
            String state = Files.readString(thread.resolve("stat"));
            String[] fields = state.substring(state.lastIndexOf(')') + 2).split(" ");
            if (Integer.parseInt(fields[16]) == nice) {
              names.add(Files.readString(thread.resolve("comm")).strip());
            }
          } catch (NoSuchFileException e) {
            continue; // it has ended
          }
        }
      }
      return names;
    }
  }
}
