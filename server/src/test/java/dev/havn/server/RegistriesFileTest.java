// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.node.registry.RegistryHosts;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RegistriesFileTest {
  @TempDir private Path folder;

  private RegistriesFile read(String yaml, Map<String, String> environment) throws IOException {
    Path file = Files.writeString(folder.resolve("registries.yaml"), yaml);
    return RegistriesFile.read(file, environment);
  }

  @Test
  void saysWhereImagesComeFrom() throws IOException {
    RegistriesFile file =
        read(
            """
            registries:
            - host: registry.k8s.io
              mirrors: ["http://127.0.0.1:5500/"]
            - host: "*"
              mirrors: [https://mirror.test/all]
              fallback: false
              certificate-authority: /pki/ca.crt
            proxy:
              https: http://proxy.test:3128
              none: [.cluster.local, 10.0.0.0/8]
            docker-config: /etc/docker.json
            """,
            Map.of());
    assertThat(file.hosts().rules())
        .containsExactly(
            new RegistryHosts.Rule(
                "registry.k8s.io", List.of(URI.create("http://127.0.0.1:5500")), true, null),
            new RegistryHosts.Rule(
                "*",
                List.of(URI.create("https://mirror.test/all")),
                false,
                Path.of("/pki/ca.crt")));
    assertThat(file.proxies().select(URI.create("https://registry.test/")).getFirst().address())
        .isEqualTo(new InetSocketAddress("proxy.test", 3128));
    assertThat(file.proxies().select(URI.create("https://a.cluster.local/")))
        .containsExactly(Proxy.NO_PROXY);
    assertThat(file.dockerConfig()).isEqualTo(Path.of("/etc/docker.json"));
  }

  @Test
  void whatItDoesNotSayTheEnvironmentDoes() throws IOException {
    RegistriesFile file = read("", Map.of("HOME", "/home/me", "https_proxy", "proxy.test:1"));
    assertThat(file.hosts()).isEqualTo(RegistryHosts.NONE);
    assertThat(file.dockerConfig()).isEqualTo(Path.of("/home/me/.docker/config.json"));
    assertThat(file.proxies().select(URI.create("https://registry.test/")).getFirst().address())
        .isEqualTo(new InetSocketAddress("proxy.test", 1));
    assertThat(RegistriesFile.read(null, Map.of("DOCKER_CONFIG", "/d")).dockerConfig())
        .isEqualTo(Path.of("/d/config.json"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "registry: [] | unknown key 'registry': there are [registries, proxy, docker-config, image-credential-provider-config,",
        "image-credential-provider-config: /p | image-credential-provider-config and image-credential-provider-bin-dir go together",
        "[] | it must be a mapping",
        "registries: [{host: a.test, mirror: x}] | unknown key 'mirror': there are [host, mirrors,",
        "registries: [{mirrors: []}] | host '' must be a host as images name it, or '*'",
        "registries: [{host: a.test, mirrors: [ftp://x]}] | mirror 'ftp://x' must be a URL such as",
        "registries: [{host: a.test, mirrors: ['http://u:p@x']}] | must be a URL such as",
        "'{' | is no YAML"
      })
  void isRefusedInWords(String yaml, String message) {
    assertThatThrownBy(() -> read(yaml, Map.of()))
        .isInstanceOf(StartException.class)
        .hasMessageContaining("registries.yaml")
        .hasMessageContaining(message);
  }
}
