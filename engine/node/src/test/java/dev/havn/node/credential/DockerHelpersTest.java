// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.credential;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class DockerHelpersTest {
  @TempDir private Path folder;
  private TestPrograms programs;

  @BeforeEach
  void makesPrograms() throws IOException {
    programs = new TestPrograms(folder);
    programs.add("helper-vault", "echo '{\"Username\": \"me\", \"Secret\": \"s3\"}'");
    programs.add("helper-cloud", "echo '{\"Username\": \"<token>\", \"Secret\": \"t0\"}'");
    programs.add("helper-empty", "echo credentials not found in native keychain; exit 1");
  }

  private DockerHelpers helpers(Map<String, String> byHost, String store) {
    return new DockerHelpers(folder + "/helper-", byHost, store, Duration.ofSeconds(20));
  }

  private static Credential credential(String user, String password, String token) {
    return new Credential(user, password, token, Credential.Source.NODE);
  }

  @Test
  void theProgramForARegistryComesBeforeTheOneForAll() throws IOException {
    DockerHelpers helpers = helpers(Map.of("cloud.test:5000", "cloud"), "vault");
    assertThat(helpers.of("cloud.test:5000/a/b")).containsExactly(credential("", "", "t0"));
    assertThat(helpers.of("other.test/a")).containsExactly(credential("me", "s3", ""));
    assertThat(programs.asked())
        .containsExactly("helper-cloud get cloud.test:5000", "helper-vault get other.test");
    assertThat(helpers(Map.of("cloud.test", "cloud"), "").of("other.test/a")).isEmpty();
    assertThat(programs.asked()).hasSize(2);
  }

  @ParameterizedTest
  @ValueSource(strings = {"docker.io", "index.docker.io", "https://index.docker.io/v1/"})
  void dockersOwnRegistryHasItsOldName(String key) throws IOException {
    assertThat(helpers(Map.of(key, "vault"), "").of("docker.io/library/web")).hasSize(1);
    assertThat(programs.asked()).containsExactly("helper-vault get https://index.docker.io/v1/");
  }

  @Test
  void whoHasNoneOrFailsHoldsNobodyUp() throws IOException {
    programs.add("helper-broken", "echo locked >&2; exit 2");
    programs.add("helper-nonsense", "echo s3cr3t");
    programs.add("helper-hangs", "exec sleep 98763");
    for (String each : List.of("empty", "broken", "nonsense", "not-there")) {
      assertThat(helpers(Map.of(), each).of("a.test/b")).as(each).isEmpty();
    }
    DockerHelpers impatient =
        new DockerHelpers(folder + "/helper-", Map.of(), "hangs", Duration.ofMillis(300));
    assertThat(impatient.of("a.test/b")).isEmpty();
  }

  @Test
  void aFileNamesPrograms() throws IOException {
    NodeCredentials node =
        read(
            """
            {"auths": {"a.test": {}, "b.test": {"auth": "dTpw"}}, "credsStore": "vault",
             "credHelpers": {"cloud.test": "cloud"}}
            """);
    assertThat(node.sources())
        .containsExactly(
            new DockerHelpers(
                "docker-credential-",
                Map.of("cloud.test", "cloud"),
                "vault",
                Duration.ofMinutes(1)));
    assertThat(node.known().of("a.test/x")).as("an empty entry").isEmpty();
    assertThat(node.known().of("b.test/x")).containsExactly(credential("u", "p", ""));
    assertThat(read("{}")).matches(each -> each.sources().isEmpty());
    assertThatThrownBy(() -> read("{\"credsStore\": \"../x\"}"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("credsStore must be the end of the name of a program");
  }

  private static NodeCredentials read(String json) throws IOException {
    return DockerConfig.readOfNode(json.getBytes(StandardCharsets.UTF_8));
  }

  /// Who may write a Secret must not start programs of the node.
  @Test
  void aSecretNamesNone() throws IOException {
    Credential.Source secret = new Credential.Source("n", "s", "u");
    byte[] json =
        "{\"credsStore\": \"vault\", \"auths\": {\"b.test\": {\"auth\": \"dTpw\"}}}"
            .getBytes(StandardCharsets.UTF_8);
    assertThat(DockerConfig.read(json, secret).of("b.test/x"))
        .containsExactly(new Credential("u", "p", "", secret));
    assertThat(DockerConfig.read(json, secret).of("a.test/x")).isEmpty();
  }
}
