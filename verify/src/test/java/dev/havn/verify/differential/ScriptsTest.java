// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.schema.BuiltinTypes;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/// Requests written by hand, each about one rule, are answered as a real Kubernetes has answered
/// them. After a change `ask` of [Main] asks one again.
class ScriptsTest {
  private static final String RECORDING = "scripts.gz";

  private static final int SCRIPTS = 8;

  @Test
  void rulesAreToldAsKubernetesHasToldThem() throws IOException {
    Triage triage = new Triage();
    try (InProcess havn = InProcess.start()) {
      Recording.tell(new Generator(BuiltinTypes.load()).setup(), havn);
      Differential differential = new Differential(havn, KnownDifferences.load());
      for (Recording.Told told : recorded().scripts()) {
        triage.add(told, differential.compare(told));
      }
    }
    assertThat(triage.different()).as("answers that differ\n%s", triage.report(20)).isZero();
  }

  @Test
  void theRecordingIsOfTheseScripts() throws IOException, URISyntaxException {
    List<Script> written = new ArrayList<>();
    List<Script> asked = new ArrayList<>();
    for (Recording.Told told : recorded().scripts()) {
      asked.add(told.script());
      String name = "scripts/" + told.script().name();
      Path file = Path.of(Objects.requireNonNull(getClass().getResource(name), name).toURI());
      written.add(Script.read(file, "default"));
    }
    assertThat(asked).isEqualTo(written).hasSize(SCRIPTS);
  }

  private static Recording recorded() throws IOException {
    try (InputStream in =
        Objects.requireNonNull(ScriptsTest.class.getResourceAsStream(RECORDING), RECORDING)) {
      return Recording.read(in);
    }
  }
}
