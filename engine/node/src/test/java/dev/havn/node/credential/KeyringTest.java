// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.credential;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KeyringTest {
  private static Keyring read(String... places) throws IOException {
    StringBuilder auths = new StringBuilder();
    for (String each : places) {
      auths.append(auths.isEmpty() ? "" : ",");
      auths.append("\"%s\":{\"username\":\"%s\",\"password\":\"p\"}".formatted(each, each));
    }
    return DockerConfig.read(bytes("{\"auths\":{" + auths + "}}"), Credential.Source.NODE);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @ParameterizedTest
  @CsvSource({
    "registry.test, registry.test/a, true",
    "https://registry.test, registry.test/a, true",
    "https://registry.test/v1/, registry.test/a, true",
    "registry.test/v2/, registry.test/a, true",
    "registry.test/a, registry.test/a/b, true",
    "registry.test/b, registry.test/a/b, false",
    "registry.test, registry.test:5000/a, false",
    "registry.test:5000, registry.test:5000/a, true",
    "*.test, registry.test/a, true",
    "*.test, a.registry.test/a, false",
    "*.*.test, a.registry.test/a, true",
    "reg*y.test, registry.test/a, true",
    "r?gistry.test, registry.test/a, true",
    "r[a-f]gistry.test, registry.test/a, true",
    "r[^e]gistry.test, registry.test/a, false",
    "r[.test, registry.test/a, false",
    "https://index.docker.io/v1/, docker.io/library/web, true",
    "docker.io, docker.io/library/web, true",
    "https://index.docker.io/v1/, registry.test/web, false"
  })
  void aPlaceIsForImagesAsKubernetesSays(String place, String image, boolean matches)
      throws IOException {
    assertThat(read(place).of(image).isEmpty()).isEqualTo(!matches);
  }

  @Test
  void theLongestPlaceComesFirst() throws IOException {
    Keyring keyring = read("registry.test", "registry.test/a/b", "*.test", "registry.test/a");
    assertThat(keyring.of("registry.test/a/b/c"))
        .extracting(Credential::user)
        .containsExactly("registry.test/a/b", "registry.test/a", "registry.test", "*.test");
  }

  @Test
  void aPatternWithManyStarsTakesNoTime() throws IOException {
    assertThat(read("*a".repeat(100) + "b.test").of("a".repeat(200) + ".test/a")).isEmpty();
  }

  @Test
  void bothFormatsOfDockerAreRead() throws IOException {
    String entry = "{\"registry.test\":{\"auth\":\"dXNlcjpwYTpzcw==\"}}";
    Credential.Source source = new Credential.Source("n", "s", "u");
    for (Keyring each :
        new Keyring[] {
          DockerConfig.readOld(bytes(entry), source),
          DockerConfig.read(bytes("{\"auths\":" + entry + "}"), source)
        }) {
      assertThat(each.of("registry.test/a"))
          .containsExactly(new Credential("user", "pa:ss", "", source));
    }
  }

  @Test
  void whatIsNoConfigurationIsRefusedWithoutItsContent() {
    assertThatThrownBy(() -> DockerConfig.read(bytes("secret"), Credential.Source.NODE))
        .hasMessage("it is no JSON");
    assertThatThrownBy(
            () ->
                DockerConfig.readOld(
                    bytes("{\"r.test\":{\"auth\":\"%%%secret\"}}"), Credential.Source.NODE))
        .hasMessage("the auth of r.test is no base64");
    assertThat(new Credential("u", "secret", "secret", Credential.Source.NODE).toString())
        .doesNotContain("secret");
  }
}
