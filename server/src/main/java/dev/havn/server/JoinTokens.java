// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.certificates.Pem;
import dev.havn.reconcile.Api;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/// Invites nodes of other machines: makes bootstrap tokens and, with the first of them, all that a
/// node needs to find and trust the cluster and to do its work. A cluster that invites nobody has
/// none of it.
///
/// @param admin that may do everything
record JoinTokens(
    Api admin, Configuration configuration, String clusterId, Door door, World world) {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String SECRETS = "/api/v1/namespaces/kube-system/secrets";
  private static final String PREFIX = "bootstrap-token-";
  private static final String CLUSTER_INFO =
      "/api/v1/namespaces/kube-public/configmaps/cluster-info";
  private static final String LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";
  private static final int ID_CHARS = 6;
  private static final int SECRET_CHARS = 16;
  private static final int LOOKS_MAX = 250;
  private static final long LOOK_EVERY_MILLIS = 20;

  /// Of the API.
  record Door(X509Certificate authority, int port) {}

  /// Makes a token.
  ///
  /// @param server address and port that the node is to use, empty for this machine's
  /// @return `server`, `token`, `caHash`, `expires`
  JsonNode create(Duration lifetime, String server) {
    String url = "https://" + (server.isEmpty() ? ownAddress() : server);
    prepare(url);
    String id = random(ID_CHARS);
    String secret = random(SECRET_CHARS);
    String end = world.clock().instant().plus(lifetime).truncatedTo(ChronoUnit.SECONDS).toString();
    ObjectNode token = Api.object().put("kind", "Secret").put("apiVersion", "v1");
    token.putObject("metadata").put("name", PREFIX + id).put("namespace", "kube-system");
    token.put("type", "bootstrap.kubernetes.io/token");
    token
        .putObject("stringData")
        .put("token-id", id)
        .put("token-secret", secret)
        .put("expiration", end)
        .put("usage-bootstrap-authentication", "true")
        .put("usage-bootstrap-signing", "true")
        .put("description", "havn token create");
    admin.create(SECRETS, token.toString());
    awaitSignature(id);
    return Api.object()
        .put("server", url)
        .put("token", id + "." + secret)
        .put("caHash", Pin.of(door.authority()))
        .put("expires", end);
  }

  private String ownAddress() {
    Optional<String> host = HostAddress.of(configuration);
    if (host.isEmpty()) {
      throw new StartException(
          "the API listens at "
              + configuration.bind()
              + ", which no other machine reaches: `havn down`, then `havn up --bind ADDRESS` with"
              + " an address of this machine on the network of the others");
    }
    return HostAddress.inUrl(host.get()) + ":" + door.port();
  }

  private String random(int characters) {
    StringBuilder text = new StringBuilder();
    RandomGenerator random = world.random();
    for (int i = 0; i < characters; i++) {
      text.append(LETTERS.charAt(random.nextInt(LETTERS.length())));
    }
    return text.toString();
  }

  /// Rights, and what is to be known before one has a certificate.
  private void prepare(String url) {
    try (InputStream in =
        Objects.requireNonNull(JoinTokens.class.getResourceAsStream("join-objects.json"))) {
      for (JsonNode each : JSON.readTree(in)) {
        put(each.path("path").asText(), (ObjectNode) each.path("object"));
      }
    } catch (IOException e) {
      throw new UncheckedIOException("join-objects.json", e);
    }
    ObjectNode network = configMap("havn-network", "kube-system");
    network
        .putObject("data")
        .put("pod-range", configuration.podRange())
        .put("service-range", configuration.serviceRange())
        .put(BalancerRanges.NAME, configuration.network().balancers())
        .put(PodMtu.NAME, String.valueOf(configuration.network().mtu()))
        .put("overlay-id", String.valueOf(HostAddress.overlayId(clusterId)));
    put("/api/v1/namespaces/kube-system/configmaps", network);
    ObjectNode info = configMap("cluster-info", "kube-public");
    info.putObject("data").put("kubeconfig", kubeconfig(url));
    put("/api/v1/namespaces/kube-public/configmaps", info);
  }

  private static ObjectNode configMap(String name, String namespace) {
    ObjectNode map = Api.object().put("kind", "ConfigMap").put("apiVersion", "v1");
    map.putObject("metadata").put("name", name).put("namespace", namespace);
    return map;
  }

  /// Without a user: only where the cluster is and which authority it has.
  private String kubeconfig(String url) {
    String authority =
        Base64.getEncoder()
            .encodeToString(Pem.of(door.authority()).getBytes(StandardCharsets.US_ASCII));
    return """
        apiVersion: v1
        clusters:
        - cluster:
            certificate-authority-data: %s
            server: %s
          name: ""
        contexts: null
        current-context: ""
        kind: Config
        users: null
        """
        .formatted(authority, url);
  }

  private void put(String collection, ObjectNode object) {
    String path = collection + "/" + object.path("metadata").path("name").asText();
    Optional<JsonNode> known = admin.find(path);
    if (known.isEmpty()) {
      admin.create(collection, object.toString());
    } else if (!Api.says(known.get(), object)) {
      admin.merge(path, object);
    }
  }

  /// Whoever joins looks for the token's signature first.
  private void awaitSignature(String id) {
    CountDownLatch never = new CountDownLatch(1);
    for (int look = 0; look < LOOKS_MAX; look++) {
      if (admin.get(CLUSTER_INFO).path("data").has("jws-kubeconfig-" + id)) {
        return;
      }
      try {
        boolean unused = never.await(LOOK_EVERY_MILLIS, TimeUnit.MILLISECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new StartException("interrupted while the token was made", e);
      }
    }
    throw new StartException(
        "the token is not signed in kube-public/cluster-info: `havn logs` says why");
  }

  /// All that there are, without their secrets.
  JsonNode list() {
    ArrayNode list = JsonNodeFactory.instance.arrayNode();
    for (JsonNode each :
        admin.get(SECRETS + "?fieldSelector=type%3Dbootstrap.kubernetes.io/token").path("items")) {
      list.addObject()
          .put("id", text(each, "token-id"))
          .put("expires", text(each, "expiration"))
          .put("description", text(each, "description"));
    }
    return list;
  }

  private static String text(JsonNode secret, String key) {
    return new String(
        Base64.getDecoder().decode(secret.path("data").path(key).asText("")),
        StandardCharsets.UTF_8);
  }

  /// @param token its id, or the whole of it
  JsonNode delete(String token) {
    String id = token.replaceFirst("\\..*", "");
    String path = SECRETS + "/" + PREFIX + id;
    if (!id.matches("[a-z0-9]{6}") || admin.find(path).isEmpty()) {
      throw new StartException(
          "there is no token " + id + ": `havn token list` shows what there is");
    }
    admin.delete(path, Api.object());
    return Api.object().put("id", id);
  }
}
