// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.credential;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.havn.node.kernel.Program;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The programs that keep the credentials of Docker's client: `docker-credential-NAME get` reads a
/// registry's name and answers with JSON. Of a Secret none is ever started.
///
/// @param prefix of the names of programs
/// @param byHost the one for a registry alone (`credHelpers`)
/// @param store the one for all others (`credsStore`), empty for none
/// @param timeMax that one may take
public record DockerHelpers(
    String prefix, Map<String, String> byHost, String store, Duration timeMax)
    implements CredentialSource {
  /// As long as a kubelet waits for its own.
  static final Duration TIME_MAX = Duration.ofMinutes(1);

  /// Of programs on the path.
  static final String PREFIX = "docker-credential-";

  private static final Logger LOG = LoggerFactory.getLogger(DockerHelpers.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String HUB = "https://index.docker.io/v1/";
  private static final List<String> HUB_NAMES =
      List.of("docker.io", "index.docker.io", "registry-1.docker.io");

  /// Whose password is a token for which others are asked for.
  private static final String TOKEN = "<token>";

  @Override
  public List<Credential> of(String name) {
    String host = name.replaceFirst("/.*", "");
    List<String> names =
        HUB_NAMES.contains(host) ? List.of(HUB, "index.docker.io", "docker.io") : List.of(host);
    String helper =
        names.stream()
            .filter(byHost::containsKey)
            .map(each -> byHost.getOrDefault(each, ""))
            .findFirst()
            .orElse(store);
    if (helper.isEmpty()) {
      return List.of();
    }
    try {
      return get(helper, names.getFirst()).stream().toList();
    } catch (IOException e) {
      LOG.warn("no credential for {}: {}", host, e.getMessage());
      return List.of();
    }
  }

  private Optional<Credential> get(String helper, String server) throws IOException {
    String program = prefix + helper;
    Program.Answer answer = Program.ask(List.of(program, "get"), Map.of(), server + "\n", timeMax);
    if (answer.status() != 0) {
      // What it says is no secret: it has found none.
      String said = answer.output().isBlank() ? answer.errors() : answer.output().strip();
      if (said.contains("credentials not found")) {
        return Optional.empty();
      }
      throw new IOException("%s: %s".formatted(program, said));
    }
    JsonNode found = json(program, answer.output());
    String user = found.path("Username").asText("");
    String secret = found.path("Secret").asText("");
    return Optional.of(
        user.equals(TOKEN)
            ? new Credential("", "", secret, Credential.Source.NODE)
            : new Credential(user, secret, "", Credential.Source.NODE));
  }

  private static JsonNode json(String program, String text) throws IOException {
    try {
      return JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw new IOException(program + " answers with no JSON", e);
    }
  }
}
