// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.node.credential.Keyring;
import dev.havn.node.credential.NodeCredentials;
import dev.havn.node.image.Digests;
import dev.havn.node.image.ImageAccess;
import dev.havn.node.image.ImageStore;
import dev.havn.node.image.Platform;
import dev.havn.node.image.Reference;
import dev.havn.node.image.TestImages;
import dev.havn.node.kernel.Program;
import dev.havn.reconcile.RealTime;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The registry of the CNCF's distribution project, as Debian packs it.
@Timeout(60)
class ForeignRegistryTest {
  private static final String PROGRAM = "docker-registry";

  @TempDir private Path folder;
  private final RealTime executor = new RealTime();
  private final HttpClient client = HttpClient.newHttpClient();
  private @Nullable Process process;
  private String host = "";

  @BeforeEach
  void start() throws Exception {
    boolean missing = !Program.missing(List.of(PROGRAM)).isEmpty();
    if (missing) {
      System.out.println("skipped ForeignRegistryTest: no " + PROGRAM);
    }
    Assumptions.assumeFalse(missing);
    int port;
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    host = "127.0.0.1:" + port;
    Path config =
        Files.writeString(
            folder.resolve("registry.yml"),
            """
            version: 0.1
            log: {level: error}
            storage: {filesystem: {rootdirectory: %s}}
            http: {addr: "%s"}
            """
                .formatted(folder.resolve("data"), host));
    process =
        Program.builder(List.of(PROGRAM, "serve", config.toString()))
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("log").toFile())
            .start();
    for (int i = 0; i < 200 && !answers(); i++) {
      Thread.sleep(50);
    }
    assertThat(answers()).as("the registry answers within ten seconds").isTrue();
  }

  private boolean answers() throws InterruptedException {
    try {
      return send(HttpRequest.newBuilder(URI.create("http://" + host + "/v2/"))).statusCode()
          == 200;
    } catch (IOException notYet) {
      return false;
    }
  }

  private HttpResponse<String> send(HttpRequest.Builder request)
      throws IOException, InterruptedException {
    return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  @AfterEach
  void stop() {
    if (process != null) {
      process.destroy();
    }
    client.close();
    executor.shutdownNow();
  }

  private String push(byte[] blob, String type) throws Exception {
    String digest = Digests.ofBytes(blob);
    URI begin = URI.create("http://" + host + "/v2/a/web/blobs/uploads/");
    HttpResponse<String> begun =
        send(HttpRequest.newBuilder(begin).POST(HttpRequest.BodyPublishers.noBody()));
    URI place = begin.resolve(begun.headers().firstValue("Location").orElseThrow());
    URI whole = URI.create(place + (place.getQuery() == null ? "?" : "&") + "digest=" + digest);
    HttpRequest.Builder put =
        HttpRequest.newBuilder(whole)
            .header("Content-Type", "application/octet-stream")
            .PUT(HttpRequest.BodyPublishers.ofByteArray(blob));
    assertThat(send(put).statusCode()).isEqualTo(201);
    return "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%d}"
        .formatted(type, digest, blob.length);
  }

  private String manifest(String tag, String type, String content) throws Exception {
    HttpRequest.Builder put =
        HttpRequest.newBuilder(URI.create("http://" + host + "/v2/a/web/manifests/" + tag))
            .header("Content-Type", type)
            .PUT(HttpRequest.BodyPublishers.ofString(content));
    assertThat(send(put).statusCode()).isEqualTo(201);
    return Digests.ofBytes(TestRegistry.bytes(content));
  }

  @Test
  void imagesInDockersFormatAreFetchedByTagDigestAndIndex() throws Exception {
    String docker = "application/vnd.docker.distribution.manifest.v2+json";
    byte[] layer = TestImages.layer("a", TestRegistry.bytes("1"));
    byte[] config =
        TestRegistry.bytes(
            "{\"architecture\":\"%s\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"%s\"]}}"
                .formatted(Platform.architecture(), Digests.ofBytes(layer)));
    String content =
        "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"config\":%s,\"layers\":[%s]}"
            .formatted(
                docker,
                push(config, "application/vnd.docker.container.image.v1+json"),
                push(TestImages.gzip(layer), "application/vnd.docker.image.rootfs.diff.tar.gzip"));
    String digest = manifest("1", docker, content);
    String list = "application/vnd.docker.distribution.manifest.list.v2+json";
    manifest(
        "all",
        list,
        "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"manifests\":[{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%d,\"platform\":{\"os\":\"linux\",\"architecture\":\"%s\"}}]}"
            .formatted(list, docker, digest, content.length(), Platform.architecture()));
    ImageStore store = new ImageStore(folder.resolve("images"));
    try (Registries registries =
        new Registries(
            store,
            new ImageAccess(folder.resolve("access")),
            new Registries.Settings(
                RegistryHosts.NONE,
                new Proxies(Map.of()),
                NodeCredentials.NONE,
                InstantSource.system(),
                executor))) {
      for (String each : List.of("a/web:1", "a/web@" + digest, "a/web:all")) {
        Reference name = Reference.parse(host + "/" + each);
        registries.pull(name, Keyring.EMPTY);
        assertThat(store.find(name.full()).orElseThrow().rootfs().resolve("a")).hasContent("1");
      }
      assertThatThrownBy(
              () -> registries.pull(Reference.parse(host + "/a/web:none"), Keyring.EMPTY))
          .hasMessageEndingWith(host + "/a/web:none: not found");
    }
  }
}
