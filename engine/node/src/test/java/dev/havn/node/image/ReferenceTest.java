// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReferenceTest {
  private static final String DIGEST = "sha256:" + "0f".repeat(32);

  @ParameterizedTest
  @CsvSource({
    "web, docker.io/library/web:latest",
    "web:1, docker.io/library/web:1",
    "a/web, docker.io/a/web:latest",
    "index.docker.io/web, docker.io/library/web:latest",
    "localhost/web, localhost/web:latest",
    "localhost:5000/a/b/web:v1.2_3, localhost:5000/a/b/web:v1.2_3",
    "[::1]:5000/web, [::1]:5000/web:latest",
    "Host/web, Host/web:latest",
    "registry.example.test/a__b/c--d.e, registry.example.test/a__b/c--d.e:latest"
  })
  void aNameIsMeantAsDockerMeansIt(String name, String full) {
    assertThat(Reference.parse(name).full()).isEqualTo(full);
  }

  @Test
  void ofTagAndDigestTheDigestCounts() {
    Reference reference = Reference.parse("web:1@" + DIGEST);
    assertThat(reference.full()).isEqualTo("docker.io/library/web@" + DIGEST);
    assertThat(reference.version()).isEqualTo(DIGEST);
    assertThat(reference.tag()).isEqualTo("1");
  }

  @ParameterizedTest
  @CsvSource({
    "'', invalid reference format",
    "'web ', invalid reference format",
    "web:, invalid reference format",
    "web@sha256:12, invalid reference format",
    "a//b, invalid reference format",
    "-host.test/a, invalid reference format",
    "localhost:port/web, invalid reference format",
    "web@sha256:0123456789abcdef0123456789abcdef, invalid checksum digest length",
    "web@md5:0123456789abcdef0123456789abcdef, unsupported digest algorithm",
    "Web, invalid reference format: repository name (library/Web) must be lowercase",
    "a/Web:1, invalid reference format: repository name (a/Web) must be lowercase"
  })
  void whatIsNoNameIsRefusedInDockersWords(String name, String message) {
    assertThatThrownBy(() -> Reference.parse(name)).hasMessage(message);
  }

  @Test
  void namesAreBounded() {
    assertThatThrownBy(() -> Reference.parse("a".repeat(300)))
        .hasMessage("repository name must not be more than 255 characters");
    assertThatThrownBy(() -> Reference.parse("ab".repeat(32)))
        .hasMessageStartingWith("invalid repository name (abab");
    assertThatThrownBy(() -> Reference.parse("a-".repeat(1 << 20)))
        .hasMessage("invalid reference format");
  }
}
