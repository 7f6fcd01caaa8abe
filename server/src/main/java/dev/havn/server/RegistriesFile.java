// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.havn.node.credential.CredentialPlugin;
import dev.havn.node.credential.CredentialPlugins;
import dev.havn.node.credential.CredentialSource;
import dev.havn.node.credential.DockerConfig;
import dev.havn.node.credential.NodeCredentials;
import dev.havn.node.registry.Proxies;
import dev.havn.node.registry.Registries;
import dev.havn.node.registry.RegistryHosts;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The file that says where images come from: mirrors, authorities, proxies and the node's own
/// credentials. What it does not say comes from the environment and from Docker's client.
///
/// @param file for messages
/// @param dockerConfig in the format of Docker's `config.json`; one that is not there is empty
/// @param plugins a kubelet's `CredentialProviderConfig`, null for none
/// @param pluginPrograms the folder of the programs that it names
record RegistriesFile(
    @Nullable Path file,
    RegistryHosts hosts,
    Proxies proxies,
    Path dockerConfig,
    @Nullable Path plugins,
    @Nullable Path pluginPrograms) {
  private static final String PLUGINS = "image-credential-provider-config";
  private static final String PROGRAMS = "image-credential-provider-bin-dir";
  private static final List<String> KEYS =
      List.of("registries", "proxy", "docker-config", PLUGINS, PROGRAMS);
  private static final List<String> RULE_KEYS =
      List.of("host", "mirrors", "fallback", "certificate-authority");

  /// @param environment of this process
  /// @throws StartException in words that name the file
  static RegistriesFile read(@Nullable Path file, Map<String, String> environment) {
    JsonNode root = file == null ? JsonNodeFactory.instance.objectNode() : tree(file);
    known(file, "", root, KEYS);
    List<RegistryHosts.Rule> rules = new ArrayList<>();
    for (JsonNode each : root.path("registries")) {
      rules.add(rule(file, each));
    }
    Map<String, String> proxies = new HashMap<>(environment);
    known(file, "proxy", root.path("proxy"), List.of("https", "http", "none"));
    Map<String, String> names =
        Map.of("https", "HTTPS_PROXY", "http", "HTTP_PROXY", "none", "NO_PROXY");
    names.forEach(
        (key, name) -> {
          if (root.path("proxy").has(key)) {
            proxies.put(name, text(root.path("proxy").path(key)));
          }
        });
    String home = environment.getOrDefault("HOME", "/");
    Path docker =
        Path.of(environment.getOrDefault("DOCKER_CONFIG", home + "/.docker"), "config.json");
    String named = root.path("docker-config").asText("");
    if (root.has(PLUGINS) != root.has(PROGRAMS)) {
      throw refused(file, PLUGINS + " and " + PROGRAMS + " go together");
    }
    return new RegistriesFile(
        file,
        new RegistryHosts(rules),
        new Proxies(proxies),
        named.isEmpty() ? docker : Path.of(named),
        path(root.path(PLUGINS)),
        path(root.path(PROGRAMS)));
  }

  private static @Nullable Path path(JsonNode text) {
    return text.isMissingNode() ? null : Path.of(text.asText()).toAbsolutePath();
  }

  private static JsonNode tree(Path file) {
    return tree("registries configuration " + file, file);
  }

  /// @param what it is, for messages
  private static JsonNode tree(String what, Path file) {
    return YamlFile.read(
        what, file, tree -> tree.isNull() ? JsonNodeFactory.instance.objectNode() : tree);
  }

  private static void known(@Nullable Path file, String where, JsonNode object, List<String> keys) {
    if (!object.isObject() && !object.isMissingNode()) {
      throw refused(file, (where.isEmpty() ? "it" : where) + " must be a mapping with " + keys);
    }
    for (Map.Entry<String, JsonNode> each : object.properties()) {
      if (!keys.contains(each.getKey())) {
        throw refused(file, "unknown key '" + each.getKey() + "': there are " + keys);
      }
    }
  }

  private static StartException refused(@Nullable Path file, String why) {
    return new StartException("registries configuration " + file + ": " + why);
  }

  /// A list is as good as its parts joined by commas.
  private static String text(JsonNode node) {
    List<String> all = new ArrayList<>();
    node.forEach(each -> all.add(each.asText()));
    return node.isArray() ? String.join(",", all) : node.asText();
  }

  private static RegistryHosts.Rule rule(@Nullable Path file, JsonNode rule) {
    known(file, "each of registries", rule, RULE_KEYS);
    String host = rule.path("host").asText("");
    if (!host.matches("\\*|[A-Za-z0-9.\\[\\]:-]+")) {
      throw refused(file, "host '" + host + "' must be a host as images name it, or '*'");
    }
    List<URI> mirrors = new ArrayList<>();
    for (JsonNode each : rule.path("mirrors")) {
      mirrors.add(mirror(file, each.asText()));
    }
    String authority = rule.path("certificate-authority").asText("");
    return new RegistryHosts.Rule(
        host,
        mirrors,
        rule.path("fallback").asBoolean(true),
        authority.isEmpty() ? null : Path.of(authority));
  }

  private static URI mirror(@Nullable Path file, String text) {
    try {
      URI uri = URI.create(text.replaceAll("/+$", ""));
      boolean good =
          uri.getHost() != null
              && List.of("http", "https").contains(String.valueOf(uri.getScheme()))
              && uri.getRawQuery() == null
              && uri.getRawUserInfo() == null;
      if (good) {
        return uri;
      }
    } catch (IllegalArgumentException e) {
      throw refused(file, "mirror '" + text + "' must be a URL such as https://mirror.example");
    }
    throw refused(file, "mirror '" + text + "' must be a URL such as https://mirror.example");
  }

  Registries.Settings settings(World world) {
    return new Registries.Settings(hosts, proxies, node(world), world.clock(), world.executor());
  }

  private NodeCredentials node(World world) {
    NodeCredentials ofDocker = ofDocker();
    if (plugins == null || pluginPrograms == null) {
      return ofDocker;
    }
    String what = "credential providers " + plugins;
    try {
      List<CredentialSource> all = new ArrayList<>(ofDocker.sources());
      List<CredentialPlugin> found =
          CredentialPlugins.of(tree(what, plugins), pluginPrograms, world.clock());
      found.stream().filter(each -> !each.wantsAccount()).forEach(all::add);
      return new NodeCredentials(
          ofDocker.known(),
          List.copyOf(all),
          found.stream().filter(CredentialPlugin::wantsAccount).toList());
    } catch (IllegalArgumentException e) {
      throw new StartException(what + ": " + e.getMessage(), e);
    }
  }

  private NodeCredentials ofDocker() {
    try {
      return DockerConfig.readOfNode(Files.readAllBytes(dockerConfig));
    } catch (NoSuchFileException e) {
      return NodeCredentials.NONE;
    } catch (IOException e) {
      throw new StartException(
          "the credentials in " + dockerConfig + " cannot be read: " + e.getMessage(), e);
    }
  }
}
