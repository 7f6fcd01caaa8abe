// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The script `havn` in a checkout whose Maven and whose JDK only note that they were called.
class LauncherTest {
  private static final List<String> TOOLS =
      List.of(
          "sh",
          "awk",
          "sort",
          "find",
          "mkdir",
          "touch",
          "mv",
          "rm",
          "sleep",
          "mktemp",
          "mkfifo",
          "setsid",
          "readlink",
          "grep",
          "tail",
          "cat",
          "kill");

  @TempDir private Path folder;
  private Path checkout;
  private Path jdk;
  private Path tools;
  private Path notes;

  private record Ended(int status, String output, String errors) {}

  @BeforeEach
  void lay() throws IOException {
    notes = Files.createFile(folder.resolve("notes"));
    checkout = Files.createDirectories(folder.resolve("a check out"));
    Files.createDirectories(checkout.resolve("cli/src/main"));
    Files.createDirectories(checkout.resolve("engine/store/src/main"));
    Files.writeString(checkout.resolve("pom.xml"), "<project/>");
    Path script = Path.of(System.getProperty("havn.root", "..")).resolve("havn");
    Files.copy(script, checkout.resolve("havn"), java.nio.file.StandardCopyOption.COPY_ATTRIBUTES);
    script(checkout.resolve("mvnw"), "echo mvnw \"$@\" >>" + notes);
    jdk = jdk("jdk");
    tools = Files.createDirectory(folder.resolve("tools"));
    for (String tool : TOOLS) {
      for (String place : List.of("/bin/", "/usr/bin/")) {
        Path program = Path.of(place + tool);
        if (Files.exists(program) && !Files.exists(tools.resolve(tool))) {
          Files.createSymbolicLink(tools.resolve(tool), program);
        }
      }
    }
    script(tools.resolve("mvn"), "echo mvn \"$@\" >>" + notes);
  }

  private Path jdk(String name) throws IOException {
    Path home = Files.createDirectories(folder.resolve(name));
    Files.createDirectories(home.resolve("bin"));
    Files.writeString(home.resolve("release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"25.0.1\"\n");
    script(home.resolve("bin/javac"), "");
    java(
        home,
        "for argument in \"$@\"; do case $argument in train) echo train >>"
            + notes
            + "; exit;; esac; done; echo \"$@\"");
    return home;
  }

  private static void java(Path home, String body) throws IOException {
    script(home.resolve("bin/java"), body);
  }

  private static void script(Path file, String body) throws IOException {
    Files.writeString(file, "#!/bin/sh\n" + body + "\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private Process start(Path cwd, String... command) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).directory(cwd.toFile());
    builder.environment().clear();
    builder.environment().put("PATH", tools.toString());
    builder.environment().put("JAVA_HOME", jdk.toString());
    builder.environment().put("TMPDIR", folder.toString());
    return builder.start();
  }

  private static Ended end(Process process) throws IOException, InterruptedException {
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    String errors = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Ended(process.waitFor(), output, errors);
  }

  private Ended havn(String... arguments) throws IOException, InterruptedException {
    return end(
        start(
            folder,
            Stream.concat(Stream.of(checkout.resolve("havn").toString()), Stream.of(arguments))
                .toArray(String[]::new)));
  }

  private List<String> notes() throws IOException {
    return Files.readAllLines(notes);
  }

  @Test
  void buildsAndTrainsOnFirstUseAndAfterChanges() throws Exception {
    assertThat(havn("status").output()).contains("dev.havn.cli.Main status");
    assertThat(notes()).hasSize(2).last().isEqualTo("train");
    assertThat(notes().getFirst()).startsWith("mvn -B -Dquick -DskipTests package");
    havn("status");
    assertThat(notes()).hasSize(2);
    Path stamp = checkout.resolve("cli/target/havn/stamp");
    Files.setLastModifiedTime(
        stamp, java.nio.file.attribute.FileTime.fromMillis(System.currentTimeMillis() - 60_000));
    Files.writeString(checkout.resolve("cli/src/main/New.java"), "");
    havn("status");
    assertThat(notes()).hasSize(4);
  }

  @Test
  void aTrainingThatFailedIsToldAndWhetherThereIsACache() throws Exception {
    String train = "for argument in \"$@\"; do case $argument in %s train) exit 1;; esac; done";
    java(jdk, train.formatted("-XX:AOTCacheOutput=*) : >\"${argument#*=}\";;"));
    assertThat(havn("status").errors())
        .contains("the start-up cache is of a part of the training only", "train.log")
        .doesNotContain("no start-up cache");
    jdk = jdk("another");
    java(jdk, train.formatted(""));
    assertThat(havn("status").errors()).contains("no start-up cache could be made");
  }

  @Test
  void twoAtOnceBuildOnce() throws Exception {
    Process one = start(folder, checkout.resolve("havn").toString(), "status");
    Process two = start(folder, checkout.resolve("havn").toString(), "status");
    assertThat(end(one).status()).isZero();
    assertThat(end(two).status()).isZero();
    assertThat(notes()).hasSize(2);
  }

  @Test
  void anotherJdkHasAnotherCache() throws Exception {
    havn("status");
    jdk = jdk("another");
    havn("status");
    assertThat(notes()).hasSize(3).last().isEqualTo("train");
  }

  @Test
  void runsThroughLinksFromAnywhereAndWithoutMaven() throws Exception {
    Files.delete(tools.resolve("mvn"));
    Path links = Files.createDirectory(folder.resolve("links"));
    Files.createSymbolicLink(links.resolve("one"), Path.of("two"));
    Files.createSymbolicLink(links.resolve("two"), Path.of("../a check out/havn"));
    Ended ended = end(start(links, "./one", "image", "load", "a b.tar"));
    assertThat(ended.status()).isZero();
    assertThat(ended.output()).contains("-Dhavn.home=" + checkout.toRealPath()).contains("a b.tar");
    assertThat(notes().getFirst()).startsWith("mvnw -B");
  }

  @Test
  void upShowsWhatTheServerSaysAndEndsAsItSays() throws Exception {
    havn("status");
    java(jdk, "echo all is well; echo 'havn: but for this'; echo havn-exit 1");
    Ended ended = havn("up");
    assertThat(ended.output()).isEqualTo("all is well\n");
    assertThat(ended.errors()).isEqualTo("havn: but for this\n");
    assertThat(ended.status()).isEqualTo(1);
  }

  @Test
  void anInterruptedUpEndsTheServerThatIsStarting() throws Exception {
    havn("status");
    Path ready = folder.resolve("ready");
    java(
        jdk,
        "trap 'echo cleaned up >>%s; exit' TERM\necho >%s\nwhile :; do sleep 0.1; done"
            .formatted(notes, ready));
    Process up = start(folder, checkout.resolve("havn").toString(), "up");
    for (int i = 0; i < 6_000 && !Files.exists(ready); i++) {
      assertThat(up.waitFor(10, TimeUnit.MILLISECONDS)).isFalse();
    }
    // Not the process's own method, which closes what it still has to say.
    up.toHandle().destroy();
    assertThat(end(up).status()).isEqualTo(130);
    assertThat(notes()).last().isEqualTo("cleaned up");
    try (Stream<Path> left = Files.list(folder)) {
      assertThat(left.filter(each -> each.getFileName().toString().startsWith("havn-up")))
          .isEmpty();
    }
  }

  @Test
  void aBuildThatFailsSaysWhereItsOutputIs() throws Exception {
    script(tools.resolve("mvn"), "echo '[ERROR] no luck'; exit 1");
    Ended ended = havn("status");
    assertThat(ended.status()).isEqualTo(1);
    assertThat(ended.errors()).contains("[ERROR] no luck").contains("build.log");
    assertThat(checkout.resolve("cli/target/building")).doesNotExist();
  }

  @Test
  void verifyTakesOneArgumentAtMost() throws Exception {
    assertThat(havn("verify", "--quick").status()).isEqualTo(2);
    assertThat(havn("verify", "--full", "more").status()).isEqualTo(2);
    Files.createDirectories(checkout.resolve("verify"));
    script(checkout.resolve("verify/measure"), "echo measured >>" + notes);
    assertThat(havn("verify", "--full").status()).isZero();
    assertThat(notes()).endsWith("mvn -B verify -Dhavn.full=true", "measured");
  }
}
