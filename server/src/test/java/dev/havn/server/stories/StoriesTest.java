// SPDX-License-Identifier: Apache-2.0
package dev.havn.server.stories;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What each controller does about what, in files: `CONTROLLER/STORY.input.yaml` is what somebody
/// does, `STORY.output.yaml` beside it what becomes of it, recorded from a Kubernetes where the
/// input's first lines say so.
///
/// Lines `# feature-gates: NAME=true,...` and `# runtime-config: GROUP/VERSION=true,...` say what
/// the cluster has besides; another Kubernetes is to be started with them.
///
/// `-Dhavn.write=true` writes the outputs anew, from Havn or, with `-Dhavn.kubeconfig=FILE`, from
/// another Kubernetes that has no nodes; `-Dhavn.stories=REGEX` chooses.
class StoriesTest {
  private static final Path FOLDER = Path.of("src/test/resources/dev/havn/server/stories");
  private static final KubernetesSerialization YAML = new KubernetesSerialization();
  private static final ObjectMapper JSON = new ObjectMapper();

  /// Controllers remember names for a while.
  private static final String RUN = "-" + ProcessHandle.current().pid();

  private static final String INPUT = ".input.yaml";
  private static final Pattern OPTION =
      Pattern.compile("(?m)^# (feature-gates|runtime-config): (.*)$");

  static List<String> stories() throws IOException {
    try (Stream<Path> files = Files.walk(FOLDER)) {
      return files
          .map(file -> FOLDER.relativize(file).toString())
          .filter(name -> name.endsWith(INPUT))
          .map(name -> name.substring(0, name.length() - INPUT.length()))
          .filter(name -> name.matches(System.getProperty("havn.stories", ".*")))
          .sorted()
          .toList();
    }
  }

  @ParameterizedTest
  @MethodSource("stories")
  void goesAsRecorded(String name) throws IOException {
    Path output = FOLDER.resolve(name + ".output.yaml");
    String told = tell(name);
    if (Boolean.getBoolean("havn.write")) {
      Files.writeString(output, told);
    }
    assertThat(told).as(name).isEqualTo(Files.readString(output));
  }

  private static Ground havn(String input) {
    Map<String, String> options = new HashMap<>();
    OPTION.matcher(input).results().forEach(found -> options.put(found.group(1), found.group(2)));
    return Ground.havn(
        options.getOrDefault("feature-gates", ""), options.getOrDefault("runtime-config", ""));
  }

  private static String tell(String name) throws IOException {
    @Nullable String kubeconfig = System.getProperty("havn.kubeconfig");
    String namespace = name.replace('/', '-') + (kubeconfig == null ? "" : RUN);
    String input = Files.readString(FOLDER.resolve(name + INPUT)).replace("NS", namespace);
    JsonNode steps = JSON.readTree(YAML.asJson(YAML.unmarshal("---\n" + input, Object.class)));
    try (Ground ground = kubeconfig == null ? havn(input) : Ground.of(kubeconfig)) {
      List<JsonNode> told = new Story(ground, new Kinds(ground.api()), namespace).tell(steps);
      return YAML.asYaml(YAML.unmarshal(told.toString(), Object.class));
    }
  }
}
