// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.credential;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The two formats in which Docker's client keeps credentials: `config.json` (`dockerconfigjson`)
/// and the older `.dockercfg`, which has no frame.
public final class DockerConfig {
  private static final ObjectMapper JSON = new ObjectMapper();

  private DockerConfig() {}

  /// Reads `config.json`.
  ///
  /// @throws IOException in words that hold nothing secret
  public static Keyring read(byte[] config, Credential.Source source) throws IOException {
    return entries(tree(config).path("auths"), source);
  }

  /// What the node's own `config.json` has: its entries, and the programs that it names.
  ///
  /// @throws IOException in words that hold nothing secret
  public static NodeCredentials readOfNode(byte[] config) throws IOException {
    JsonNode tree = tree(config);
    Map<String, List<Credential>> byPlace = new HashMap<>();
    for (Map.Entry<String, JsonNode> each : tree.path("auths").properties()) {
      // Of whom a program has the credential there is an empty entry.
      if (!each.getValue().isEmpty()) {
        byPlace.put(
            each.getKey(),
            List.of(credential(each.getKey(), each.getValue(), Credential.Source.NODE)));
      }
    }
    Map<String, String> helpers = new HashMap<>();
    for (Map.Entry<String, JsonNode> each : tree.path("credHelpers").properties()) {
      helpers.put(each.getKey(), helper("credHelpers of " + each.getKey(), each.getValue()));
    }
    String store =
        tree.hasNonNull("credsStore") ? helper("credsStore", tree.path("credsStore")) : "";
    return new NodeCredentials(
        new Keyring(byPlace),
        helpers.isEmpty() && store.isEmpty()
            ? List.of()
            : List.of(
                new DockerHelpers(
                    DockerHelpers.PREFIX, Map.copyOf(helpers), store, DockerHelpers.TIME_MAX)),
        List.of());
  }

  private static String helper(String where, JsonNode name) throws IOException {
    if (!name.asText().matches("([A-Za-z0-9][A-Za-z0-9._-]*)?")) {
      throw new IOException(
          "%s must be the end of the name of a program docker-credential-..., not '%s'"
              .formatted(where, name.asText()));
    }
    return name.asText();
  }

  /// Reads `.dockercfg`.
  public static Keyring readOld(byte[] config, Credential.Source source) throws IOException {
    return entries(tree(config), source);
  }

  private static JsonNode tree(byte[] config) throws IOException {
    try {
      return JSON.readTree(config);
    } catch (JacksonException e) {
      throw new IOException("it is no JSON", e);
    }
  }

  private static Keyring entries(JsonNode auths, Credential.Source source) throws IOException {
    Map<String, List<Credential>> byPlace = new HashMap<>();
    for (Map.Entry<String, JsonNode> each : auths.properties()) {
      byPlace.put(each.getKey(), List.of(credential(each.getKey(), each.getValue(), source)));
    }
    return new Keyring(byPlace);
  }

  private static Credential credential(String place, JsonNode entry, Credential.Source source)
      throws IOException {
    String user = entry.path("username").asText("");
    String password = entry.path("password").asText("");
    String auth = entry.path("auth").asText("").strip();
    if (!auth.isEmpty()) {
      String both = decoded(place, auth);
      int colon = both.indexOf(':');
      if (colon < 0) {
        throw new IOException("the auth of " + place + " is no user and password");
      }
      user = both.substring(0, colon);
      password = both.substring(colon + 1).replaceAll("\0+$", "");
    }
    return new Credential(user, password, entry.path("identitytoken").asText(""), source);
  }

  private static String decoded(String place, String auth) throws IOException {
    try {
      return new String(Base64.getDecoder().decode(auth), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw new IOException("the auth of " + place + " is no base64", e);
    }
  }
}
