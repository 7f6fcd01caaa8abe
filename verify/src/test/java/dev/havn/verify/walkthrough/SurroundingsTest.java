// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A machine on which `havn up` cannot work says in one line what is missing, and the command ends
/// with status 1. Each start has mounts of its own.
class SurroundingsTest {
  private static final Path ROOT = Path.of(System.getProperty("havn.root", "..")).toAbsolutePath();

  @TempDir private Path folder;

  @BeforeAll
  static void needMounts() {
    boolean may = Command.run(Map.of(), List.of("unshare", "--mount", "true")).status() == 0;
    if (!may) {
      System.out.println("skipped: bad surroundings: no mounts of one's own without root");
    }
    Assumptions.assumeTrue(may, "no mounts of one's own without root");
  }

  private Command.Result up(String before, String... arguments) {
    String command =
        before
            + " && exec '%s/havn' up --port 0 --kubeconfig '%s/kubeconfig' --data-dir '%s/data' %s"
                .formatted(ROOT, folder, folder, String.join(" ", arguments));
    return Command.run(Map.of(), List.of("unshare", "--mount", "sh", "-c", command));
  }

  private static void oneLine(Command.Result result, String... words) {
    assertThat(result.status()).as(result.output()).isEqualTo(1);
    assertThat(result.output().strip()).startsWith("havn: ").doesNotContain("\n").contains(words);
  }

  @Test
  void aReadOnlyDiskIsNamed() {
    oneLine(
        up("mount -t tmpfs -o ro none '%s'".formatted(folder), "--runtime", "simulated"),
        folder.resolve("data").toString(),
        "Read-only file system",
        "--data-dir");
  }

  @Test
  void aProgramThatIsMissingIsNamedWithItsPackage() {
    // What cannot be carried out is as good as not there.
    String hide =
        "for each in $(ls /usr/bin/conmon /usr/local/bin/conmon /usr/libexec/podman/conmon 2>/dev/null);"
            + " do mount --bind /dev/null $each; done; true";
    oneLine(
        up(hide, "--runtime", "runc"),
        "runtime runc needs",
        "conmon",
        "apt-get install runc conmon iproute2");
  }
}
