// SPDX-License-Identifier: Apache-2.0
package dev.havn.node;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.image.Images;
import dev.havn.node.image.Platform;
import dev.havn.reconcile.Api;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The architecture of a node's programs: the machine's, or that of the node's label where the
/// machine runs it. What the label says is never set back: with one that does not run here the node
/// is not Ready, and says why. For many threads.
final class NodeArchitecture {
  /// As the scheduler and users read it, and by an older name.
  static final List<String> LABELS = List.of("kubernetes.io/arch", "beta.kubernetes.io/arch");

  private static final String LABELLED = "the node is labelled " + LABELS.getFirst() + "=";

  private final Images images;
  private String labelled = Platform.architecture();
  private String architecture = Platform.architecture();
  private List<String> problems = List.of();

  /// @param images that are to be of the architecture
  NodeArchitecture(Images images) {
    this.images = images;
  }

  /// Follows the label of the node, as it is now and as the machine is.
  ///
  /// @return whether the node says what is so
  synchronized boolean follow(JsonNode node) {
    JsonNode labels = node.path("metadata").path("labels");
    String wanted = labels.path(LABELS.getFirst()).asText("");
    labelled = wanted.isEmpty() ? Platform.architecture() : wanted;
    problems = images.refusal(labelled).map(this::problem).stream().toList();
    architecture = problems.isEmpty() ? labelled : Platform.architecture();
    images.choose(architecture);
    return architecture.equals(node.path("status").path("nodeInfo").path("architecture").asText())
        && LABELS.stream().allMatch(each -> labels.path(each).asText().equals(labelled))
        && isTold(node);
  }

  /// Whether its condition tells of the problem, or of none where there is none.
  private boolean isTold(JsonNode node) {
    String said =
        node.path("status")
            .path("conditions")
            .valueStream()
            .filter(each -> each.path("type").asText().equals("Ready"))
            .map(each -> each.path("message").asText())
            .collect(Collectors.joining());
    return problems.isEmpty() ? !said.contains(LABELLED) : said.contains(problems.getFirst());
  }

  private String problem(String refusal) {
    return "%s%s, and this machine runs linux/%s: %s"
        .formatted(LABELLED, labelled, Platform.architecture(), refusal);
  }

  /// What the node says of itself by labels.
  ///
  /// @param name of the node
  synchronized ObjectNode labels(String name) {
    ObjectNode said = Api.object();
    LABELS.forEach(each -> said.put(each, labelled));
    said.put("kubernetes.io/os", "linux").put("beta.kubernetes.io/os", "linux");
    return said.put("kubernetes.io/hostname", name);
  }

  /// Of the images that run.
  synchronized String name() {
    return architecture;
  }

  /// Why the node runs no pods.
  ///
  /// @param others of which the runtime knows
  synchronized List<String> problems(List<String> others) {
    return Stream.concat(others.stream(), problems.stream()).toList();
  }
}
