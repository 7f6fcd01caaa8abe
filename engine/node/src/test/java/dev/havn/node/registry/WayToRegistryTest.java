// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.havn.node.credential.Keyring;
import dev.havn.node.credential.NodeCredentials;
import dev.havn.node.image.ImageAccess;
import dev.havn.node.image.ImageException;
import dev.havn.node.image.ImageStore;
import dev.havn.node.image.Reference;
import dev.havn.node.image.TestImages;
import dev.havn.node.kernel.Program;
import dev.havn.reconcile.RealTime;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Registries that are not reached straight: behind proxies, or with certificates of somebody that
/// this Java does not know.
@Timeout(60)
class WayToRegistryTest {
  private static final String PASSWORD = "changeit";

  @TempDir private Path folder;
  private final RealTime executor = new RealTime();
  private @Nullable TestRegistry registry;

  @AfterEach
  void close() {
    if (registry != null) {
      registry.close();
    }
    executor.shutdownNow();
  }

  private String pull(String name, RegistryHosts.Rule rule, Map<String, String> environment)
      throws IOException {
    ImageStore store = new ImageStore(folder.resolve("images"));
    try (Registries registries =
        new Registries(
            store,
            new ImageAccess(folder.resolve("access")),
            new Registries.Settings(
                new RegistryHosts(List.of(rule)),
                new Proxies(environment),
                NodeCredentials.of(Keyring.EMPTY),
                InstantSource.system(),
                executor))) {
      var unused = registries.pull(Reference.parse(name), Keyring.EMPTY);
      Path root = store.find(Reference.parse(name).full()).orElseThrow().rootfs();
      return Files.readString(root.resolve("who"));
    }
  }

  private static void image(TestRegistry registry) throws IOException {
    var unused = registry.image("a:1", TestImages.layer("who", TestRegistry.bytes("me")));
  }

  @Test
  void aPlainMirrorIsAskedThroughTheProxy() throws IOException {
    TestRegistry proxy = TestRegistry.open();
    registry = proxy;
    image(proxy);
    URI mirror = URI.create("http://mirror.test");
    RegistryHosts.Rule rule = new RegistryHosts.Rule("registry.test", List.of(mirror), false, null);
    assertThat(pull("registry.test/a:1", rule, Map.of("HTTP_PROXY", "http://" + proxy.host())))
        .isEqualTo("me");
    assertThat(proxy.requests())
        .isNotEmpty()
        .allMatch(each -> each.matches("[A-Z]+ http://mirror\\.test/v2/a/.*ns=registry\\.test"));
  }

  @Test
  void aRegistryOfAPrivateAuthorityIsReachedThroughTheProxy() throws Exception {
    Path keys = keys();
    TestRegistry tls = new TestRegistry(secured(keys));
    registry = tls;
    image(tls);
    Path authority = Files.writeString(folder.resolve("ca.pem"), certificate(keys));
    try (ConnectProxy proxy = new ConnectProxy(port(tls))) {
      Map<String, String> environment = Map.of("https_proxy", proxy.address());
      RegistryHosts.Rule stranger = new RegistryHosts.Rule("registry.test", List.of(), true, null);
      assertThatThrownBy(() -> pull("registry.test/a:1", stranger, environment))
          .isInstanceOf(ImageException.class)
          .hasMessageContaining("failed to pull and unpack image \"registry.test/a:1\"")
          .hasMessageContaining("unable to find valid certification path");
      assertThat(tls.requests()).isEmpty();

      RegistryHosts.Rule known =
          new RegistryHosts.Rule("registry.test", List.of(), true, authority);
      assertThat(pull("registry.test/a:1", known, environment)).isEqualTo("me");
      assertThat(proxy.asked()).isNotEmpty().allMatch("CONNECT registry.test:443 HTTP/1.1"::equals);
    }
  }

  private static int port(TestRegistry registry) {
    return URI.create("https://" + registry.host()).getPort();
  }

  private Path keys() throws IOException {
    Path file = folder.resolve("keys.p12");
    String keytool = Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
    List<String> key = List.of(keytool, "-genkeypair", "-alias", "own", "-keyalg", "EC");
    List<String> who = List.of("-dname", "CN=own", "-ext", "san=dns:registry.test");
    List<String> where = List.of("-keystore", file.toString(), "-storepass", PASSWORD);
    var unused = Program.must(List.of(key, who, where).stream().flatMap(List::stream).toList());
    return file;
  }

  private static KeyStore read(Path keys) throws IOException, GeneralSecurityException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(keys)) {
      store.load(in, PASSWORD.toCharArray());
    }
    return store;
  }

  private static HttpsServer secured(Path keys) throws IOException, GeneralSecurityException {
    KeyManagerFactory managers =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    managers.init(read(keys), PASSWORD.toCharArray());
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(managers.getKeyManagers(), null, null);
    HttpsServer server = HttpsServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    server.setHttpsConfigurator(new HttpsConfigurator(context));
    return server;
  }

  private static String certificate(Path keys) throws IOException, GeneralSecurityException {
    byte[] own = Optional.ofNullable(read(keys).getCertificate("own")).orElseThrow().getEncoded();
    String text = Base64.getMimeEncoder().encodeToString(own);
    return "-----BEGIN CERTIFICATE-----\n" + text + "\n-----END CERTIFICATE-----\n";
  }
}
