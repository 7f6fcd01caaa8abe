// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.audit;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class AuditFileTest {
  private static final int BYTES_MAX = 100;

  @TempDir private Path folder;
  private final AtomicReference<Instant> now =
      new AtomicReference<>(Instant.parse("2026-01-01T00:00:00Z"));

  private AuditFile open() throws IOException {
    AuditFile.Bounds bounds = new AuditFile.Bounds(BYTES_MAX, 2, Duration.ZERO);
    return new AuditFile(folder.resolve("audit.log"), bounds, now::get);
  }

  private static ObjectNode event(int number) {
    return JsonNodeFactory.instance.objectNode().put("number", number).put("text", "x".repeat(50));
  }

  private List<String> names() throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.map(each -> each.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void aFullFileIsPutAsideAndTheOldestGo() throws IOException {
    try (AuditFile file = open()) {
      for (int i = 0; i < 5; i++) {
        file.write(event(i));
        now.updateAndGet(time -> time.plusSeconds(1));
      }
    }
    assertThat(names())
        .containsExactly(
            "audit-2026-01-01T00-00-03.000.log", "audit-2026-01-01T00-00-04.000.log", "audit.log");
    assertThat(Files.readString(folder.resolve("audit.log"))).isEqualTo(event(4) + "\n");
  }

  @Test
  void theFileGoesOnWhereItEndedAndIsItsOwnersOnly() throws IOException {
    for (int i = 0; i < 2; i++) {
      try (AuditFile file = open()) {
        file.write(JsonNodeFactory.instance.objectNode().put("n", i));
      }
    }
    Path file = folder.resolve("audit.log");
    assertThat(Files.readAllLines(file)).containsExactly("{\"n\":0}", "{\"n\":1}");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
  }
}
