// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.encryption;

import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/// Reads an `EncryptionConfiguration`. Fields that it does not know are refused: a key that is
/// silently not used is worse than a server that does not start.
final class EncryptionFile {
  private static final Set<Integer> AES_BYTES = Set.of(16, 24, 32);
  private static final Set<Integer> SECRETBOX_BYTES = Set.of(32);
  private static final Duration KEY_SERVICE_TIMEOUT = Duration.ofSeconds(3);
  private static final String UNIX = "unix://";

  private final InstantSource clock;
  private final SecureRandom random;
  private final Set<String> prefixes = new HashSet<>();

  EncryptionFile(InstantSource clock, SecureRandom random) {
    this.clock = clock;
    this.random = random;
  }

  /// @throws IllegalArgumentException with where and what is wrong
  List<EncryptionAtRest.Rule> parse(String yaml) {
    Object loaded;
    try {
      loaded = new Load(LoadSettings.builder().build()).loadFromString(yaml);
    } catch (YamlEngineException e) {
      throw new IllegalArgumentException(
          "no YAML: " + String.valueOf(e.getMessage()).replaceAll("\\s+", " "), e);
    }
    Map<?, ?> root = mapping("", loaded);
    only("", root, Set.of("apiVersion", "kind", "resources"));
    if (!"EncryptionConfiguration".equals(root.get("kind"))
        || !"apiserver.config.k8s.io/v1".equals(root.get("apiVersion"))) {
      throw new IllegalArgumentException(
          "kind EncryptionConfiguration of apiserver.config.k8s.io/v1 is expected, not %s of %s"
              .formatted(root.get("kind"), root.get("apiVersion")));
    }
    List<EncryptionAtRest.Rule> rules = new ArrayList<>();
    List<?> given = list("resources", root.get("resources"));
    for (int i = 0; i < given.size(); i++) {
      prefixes.clear();
      rules.add(rule("resources[" + i + "]", given.get(i)));
    }
    return List.copyOf(rules);
  }

  private EncryptionAtRest.Rule rule(String path, @Nullable Object given) {
    Map<?, ?> rule = mapping(path, given);
    only(path, rule, Set.of("resources", "providers"));
    List<ResourcePattern> resources = new ArrayList<>();
    for (Object each : list(path + ".resources", rule.get("resources"))) {
      try {
        resources.add(ResourcePattern.parse(String.valueOf(each)));
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(path + ".resources: " + e.getMessage(), e);
      }
    }
    List<Provider> providers = new ArrayList<>();
    List<?> wanted = list(path + ".providers", rule.get("providers"));
    for (int i = 0; i < wanted.size(); i++) {
      providers.addAll(providers(path + ".providers[" + i + "]", wanted.get(i)));
    }
    return new EncryptionAtRest.Rule(List.copyOf(resources), List.copyOf(providers));
  }

  private List<Provider> providers(String path, @Nullable Object given) {
    Map<?, ?> provider = mapping(path, given);
    if (provider.size() != 1) {
      throw new IllegalArgumentException(path + " must name one provider, not " + provider.size());
    }
    String kind = String.valueOf(provider.keySet().iterator().next());
    @Nullable Object options = provider.get(kind);
    String inside = path + "." + kind;
    return switch (kind) {
      case "identity" -> {
        only(inside, mapping(inside, options), Set.of());
        yield List.of(new Identity());
      }
      case "aesgcm" ->
          keys(
              inside,
              options,
              AES_BYTES,
              (prefix, key) -> new AesGcm(prefix, new SecretKeySpec(key, "AES"), random));
      case "aescbc" ->
          keys(
              inside,
              options,
              AES_BYTES,
              (prefix, key) -> new AesCbc(prefix, new SecretKeySpec(key, "AES"), random));
      case "secretbox" ->
          keys(
              inside,
              options,
              SECRETBOX_BYTES,
              (prefix, key) -> new SecretBox(prefix, key, random));
      case "kms" -> List.of(keyService(inside, mapping(inside, options)));
      default ->
          throw new IllegalArgumentException(
              path
                  + ": unknown provider '"
                  + kind
                  + "', there are identity, aesgcm, aescbc, secretbox and kms");
    };
  }

  /// Makes a provider of a key.
  private interface Making {
    Provider of(String prefix, byte[] key);
  }

  private List<Provider> keys(
      String path, @Nullable Object options, Set<Integer> lengths, Making making) {
    Map<?, ?> known = mapping(path, options);
    only(path, known, Set.of("keys"));
    List<Provider> providers = new ArrayList<>();
    List<?> keys = list(path + ".keys", known.get("keys"));
    String kind = path.substring(path.lastIndexOf('.') + 1);
    for (int i = 0; i < keys.size(); i++) {
      String inside = path + ".keys[" + i + "]";
      Map<?, ?> key = mapping(inside, keys.get(i));
      only(inside, key, Set.of("name", "secret"));
      String prefix = Provider.ENCRYPTED + kind + ":v1:" + name(inside, key) + ":";
      once(inside, prefix);
      providers.add(making.of(prefix, secret(inside, key, lengths)));
    }
    return providers;
  }

  private void once(String path, String prefix) {
    if (!prefixes.add(prefix)) {
      throw new IllegalArgumentException(path + ".name is there a second time: " + prefix);
    }
  }

  private static String name(String path, Map<?, ?> options) {
    Object name = options.get("name");
    if (!(name instanceof String text) || !text.matches("[!-9;-~]+")) {
      throw new IllegalArgumentException(
          path + ".name must be a word without colons, not " + (name == null ? "nothing" : name));
    }
    return text;
  }

  private static byte[] secret(String path, Map<?, ?> key, Set<Integer> lengths) {
    byte[] bytes;
    try {
      bytes = Base64.getDecoder().decode(String.valueOf(key.get("secret")));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(path + ".secret must be base64", e);
    }
    if (!lengths.contains(bytes.length)) {
      throw new IllegalArgumentException(
          path
              + ".secret must have "
              + lengths.stream().sorted().toList()
              + " bytes, not "
              + bytes.length);
    }
    return bytes;
  }

  private Provider keyService(String path, Map<?, ?> options) {
    only(path, options, Set.of("apiVersion", "name", "endpoint", "timeout"));
    if (!"v2".equals(options.get("apiVersion"))) {
      throw new IllegalArgumentException(
          path + ".apiVersion must be v2: version 1 is off in Kubernetes too");
    }
    String endpoint = String.valueOf(options.get("endpoint"));
    if (!endpoint.startsWith(UNIX + "/")) {
      throw new IllegalArgumentException(
          path + ".endpoint must be a socket such as unix:///run/kms.sock, not " + endpoint);
    }
    String prefix = Provider.ENCRYPTED + "kms:v2:" + name(path, options) + ":";
    once(path, prefix);
    Duration timeout = timeout(path, options.get("timeout"));
    return new KeyService(prefix, endpoint.substring(UNIX.length()), timeout, clock, random);
  }

  private static Duration timeout(String path, @Nullable Object given) {
    if (given == null) {
      return KEY_SERVICE_TIMEOUT;
    }
    String text = String.valueOf(given);
    if (!text.matches("[1-9][0-9]{0,5}(ms|s|m)")) {
      throw new IllegalArgumentException(path + ".timeout must be such as 3s, not " + text);
    }
    return text.endsWith("ms")
        ? Duration.parse("PT0.001S").multipliedBy(Long.parseLong(text.replace("ms", "")))
        : Duration.parse("PT" + text.toUpperCase(java.util.Locale.ROOT));
  }

  private static Map<?, ?> mapping(String path, @Nullable Object given) {
    if (given instanceof Map<?, ?> map) {
      return map;
    }
    throw new IllegalArgumentException((path.isEmpty() ? "it" : path) + " must be a mapping");
  }

  private static List<?> list(String path, @Nullable Object given) {
    if (given instanceof List<?> list && !list.isEmpty()) {
      return list;
    }
    throw new IllegalArgumentException(path + " must be a list with something in it");
  }

  private static void only(String path, Map<?, ?> given, Set<String> known) {
    for (Object key : given.keySet()) {
      if (!known.contains(String.valueOf(key))) {
        throw new IllegalArgumentException(
            "unknown field '" + (path.isEmpty() ? "" : path + ".") + key + "'");
      }
    }
  }
}
