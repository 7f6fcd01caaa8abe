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
