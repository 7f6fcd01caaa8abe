// SPDX-License-Identifier: Apache-2.0
package dev.havn.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// What runs, where, since when, how large, and what is wrong.
@Command(description = "Shows what runs and what is wrong.", mixinStandardHelpOptions = true)
@SuppressWarnings("NullAway.Init") // picocli sets the fields before it calls the command
final class StatusCommand implements Callable<Integer> {
  @Mixin private DataDirectoryOption directory;
  @Mixin private OutputOption output;

  @Override
  public Integer call() {
    System.out.println(describe(directory, output.json()));
    return 0;
  }

  static String describe(DataDirectoryOption directory, boolean json) {
    JsonNode status = directory.ask("status", JsonNodeFactory.instance.objectNode());
    if (json) {
      return status.toPrettyString();
    }
    StringBuilder text =
        new StringBuilder(status.path("joined").asBoolean() ? ofNode(status) : ofCluster(status));
    for (JsonNode node : status.path("nodes")) {
      text.append(
          "  node        %s %s %s%n"
              .formatted(
                  node.path("name").asText(), readiness(node), node.path("version").asText()));
    }
    for (JsonNode pull : status.path("pulls")) {
      text.append("  pulling     ").append(pull(pull)).append('\n');
    }
    for (JsonNode problem : status.path("problems")) {
      text.append("  wrong       ").append(problem.asText()).append('\n');
    }
    return text.toString().stripTrailing();
  }

  /// A pull of an image that is under way, as `docker.io/library/web:1, 12.0 of 30.5 MiB, 4.0
  /// MiB/s`.
  static String pull(JsonNode pull) {
    String image = pull.path("image").asText();
    return pull.path("bytes").asLong() == 0
        ? image + ", its registry is asked"
        : String.format(
            Locale.ROOT,
            "%s, %.1f of %.1f MiB, %.1f MiB/s",
            image,
            mebibytes(pull, "bytesDone"),
            mebibytes(pull, "bytes"),
            mebibytes(pull, "bytesPerSecond"));
  }

  private static double mebibytes(JsonNode pull, String field) {
    return pull.path(field).asLong() / (double) (1 << 20);
  }

  private static String ofNode(JsonNode status) {
    return """
        Havn runs a node of %s: %s at %s, %s
          since       %s, process %d
          data        %s (%d MiB), memory %d MiB
          runtime     %s
        """
        .formatted(
            status.path("server").asText(),
            status.path("node").asText(),
            status.path("address").asText(),
            readiness(status),
            seconds(status.path("since").asText()),
            status.path("process").asLong(),
            status.path("dataDirectory").asText(),
            status.path("dataBytes").asLong() >> 20,
            status.path("residentBytes").asLong() >> 20,
            status.path("runtime").asText("not known yet"));
  }

  private static String ofCluster(JsonNode status) {
    return """
        Havn runs: Kubernetes %s at %s
          cluster     %s, since %s, process %d
          kubeconfig  %s (context %s)
          data        %s (%d MiB, objects %d MiB), memory %d MiB
          runtime     %s
        """
            .formatted(
                status.path("version").asText(),
                status.path("server").asText(),
                status.path("clusterId").asText(),
                seconds(status.path("since").asText()),
                status.path("process").asLong(),
                status.path("kubeconfig").asText(),
                status.path("context").asText(),
                status.path("dataDirectory").asText(),
                status.path("dataBytes").asLong() >> 20,
                status.path("storeBytes").asLong() >> 20,
                status.path("residentBytes").asLong() >> 20,
                status.path("runtime").asText())
        + features(status.path("featureGates").asText());
  }

  private static String features(String gates) {
    return gates.isEmpty() ? "" : "  features    " + gates + "\n";
  }

  private static String seconds(String instant) {
    return Instant.parse(instant).truncatedTo(ChronoUnit.SECONDS).toString();
  }

  private static String readiness(JsonNode node) {
    return node.path("ready").asBoolean() ? "Ready" : "not Ready";
  }
}
