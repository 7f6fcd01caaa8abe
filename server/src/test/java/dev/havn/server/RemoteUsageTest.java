// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.havn.apiserver.usage.NodeUsage.Amount;
import dev.havn.apiserver.usage.NodeUsage.NodeFigures;
import dev.havn.apiserver.usage.NodeUsage.PodFigures;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RemoteUsageTest {
  private static final Duration WINDOW = Duration.ofSeconds(15);

  private static RemoteUsage.Said read(String summary) throws IOException {
    return RemoteUsage.read(new ObjectMapper().readTree(summary));
  }

  @Test
  void thePodsFiguresAreThoseOfItsMeasuredContainersAndAsOldAsTheOldest() throws IOException {
    RemoteUsage.Said said =
        read(
            """
            {"node": {"nodeName": "n",
              "cpu": {"time": "2026-01-01T00:00:09Z", "usageNanoCores": 7, "usageCoreNanoSeconds": 1},
              "memory": {"time": "2026-01-01T00:00:09Z", "workingSetBytes": 8}},
             "pods": [
              {"podRef": {"name": "p", "namespace": "d", "uid": "u"}, "containers": [
                {"name": "a", "cpu": {"time": "2026-01-01T00:00:05Z", "usageNanoCores": 1},
                 "memory": {"workingSetBytes": 2}},
                {"name": "b", "cpu": {"time": "2026-01-01T00:00:04Z", "usageNanoCores": 3},
                 "memory": {"workingSetBytes": 4}},
                {"name": "fresh", "memory": {"workingSetBytes": 4}}]},
              {"podRef": {"name": "q", "namespace": "d", "uid": "v"}, "containers": [
                {"name": "fresh"}]}]}
            """);

    assertThat(said.node())
        .contains(new NodeFigures(Instant.parse("2026-01-01T00:00:09Z"), WINDOW, new Amount(7, 8)));
    assertThat(said.pods())
        .containsExactly(
            Map.entry(
                "u",
                new PodFigures(
                    Instant.parse("2026-01-01T00:00:04Z"),
                    WINDOW,
                    Map.of("a", new Amount(1, 2), "b", new Amount(3, 4)))));
  }

  @Test
  void aNodeThatHasMeasuredNothingHasNoFigures() throws IOException {
    RemoteUsage.Said said = read("{\"node\": {\"nodeName\": \"n\"}, \"pods\": []}");

    assertThat(said.node()).isEmpty();
    assertThat(said.pods()).isEmpty();
  }
}
