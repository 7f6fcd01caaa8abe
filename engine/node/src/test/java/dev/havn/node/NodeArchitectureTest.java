// SPDX-License-Identifier: Apache-2.0
package dev.havn.node;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.configuration.ImagePolicy;
import dev.havn.node.credential.Keyring;
import dev.havn.node.image.ImageCollector.Collected;
import dev.havn.node.image.ImageStore;
import dev.havn.node.image.Images;
import dev.havn.node.image.Platform;
import dev.havn.node.image.Reference;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

class NodeArchitectureTest {
  private static final String MACHINE = Platform.architecture();
  private static final String OTHER = MACHINE.equals("arm64") ? "amd64" : "arm64";

  private final Chosen images = new Chosen();
  private final NodeArchitecture architecture = new NodeArchitecture(images);

  @Test
  void aNodeWithoutALabelHasTheMachines() {
    assertThat(architecture.follow(node("", "", ""))).isFalse();
    assertThat(said()).containsExactly(MACHINE, MACHINE, MACHINE);
    assertThat(architecture.follow(node(MACHINE, MACHINE, MACHINE))).isTrue();
  }

  @Test
  void aLabelIsFollowedWhereTheMachineRunsIt() {
    images.refusals.remove(OTHER);
    assertThat(architecture.follow(node(OTHER, MACHINE, MACHINE))).isFalse();
    assertThat(said()).containsExactly(OTHER, OTHER, OTHER);
    assertThat(architecture.problems(List.of())).isEmpty();
    assertThat(architecture.follow(node(OTHER, OTHER, OTHER))).isTrue();
    assertThat(architecture.follow(node("", OTHER, OTHER))).isFalse();
    assertThat(said()).containsExactly(MACHINE, MACHINE, MACHINE);
  }

  @Test
  void oneThatDoesNotRunHereIsKeptAndToldOf() {
    assertThat(architecture.follow(node(OTHER, MACHINE, MACHINE))).isFalse();
    assertThat(said()).containsExactly(OTHER, MACHINE, MACHINE);
    assertThat(architecture.problems(List.of("runc does not end")))
        .containsExactly(
            "runc does not end",
            "the node is labelled kubernetes.io/arch=%s, and this machine runs linux/%s: no qemu"
                .formatted(OTHER, MACHINE));
    images.refusals.remove(OTHER);
    assertThat(architecture.follow(node(OTHER, OTHER, MACHINE))).isFalse();
    assertThat(architecture.problems(List.of())).isEmpty();
    assertThat(said()).containsExactly(OTHER, OTHER, OTHER);
  }

  private List<String> said() {
    JsonNode labels = architecture.labels("rock");
    assertThat(labels.path("beta.kubernetes.io/arch")).isEqualTo(labels.path("kubernetes.io/arch"));
    return List.of(labels.path("kubernetes.io/arch").asText(), architecture.name(), images.chosen);
  }

  private static JsonNode node(String label, String oldLabel, String info) {
    ObjectNode node = new ObjectMapper().createObjectNode();
    ObjectNode labels = node.withObject("metadata").withObject("labels");
    Map.of("kubernetes.io/arch", label, "beta.kubernetes.io/arch", oldLabel)
        .forEach(
            (key, value) -> {
              if (!value.isEmpty()) {
                labels.put(key, value);
              }
            });
    node.withObject("status").withObject("nodeInfo").put("architecture", info);
    return node;
  }

  /// Notes what is chosen; has no images.
  private static final class Chosen implements Images {
    private final Map<String, String> refusals = new HashMap<>(Map.of(OTHER, "no qemu"));
    private String chosen = "";

    @Override
    public Optional<String> refusal(String wanted) {
      return Optional.ofNullable(refusals.get(wanted));
    }

    @Override
    public void choose(String wanted) {
      chosen = wanted;
    }

    @Override
    public boolean has(String name) {
      return false;
    }

    @Override
    public Optional<Path> root(String name) {
      return Optional.empty();
    }

    @Override
    public boolean isOpenTo(String name, Keyring pod) {
      return false;
    }

    @Override
    public Pulled pull(Reference name, Keyring pod) {
      throw new IllegalStateException("nothing is pulled");
    }

    @Override
    public List<ImageStore.Kept> all() {
      return List.of();
    }

    @Override
    public void addUser(Supplier<Set<String>> names) {}

    @Override
    public Collected collect(ImagePolicy policy, long capacityBytes, long availableBytes) {
      throw new IllegalStateException("nothing is collected");
    }

    @Override
    public void removeUnused(ImagePolicy policy) {}
  }
}
