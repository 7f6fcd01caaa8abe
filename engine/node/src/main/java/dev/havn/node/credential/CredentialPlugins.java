// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.credential;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.node.configuration.KubeletConfiguration;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A kubelet's `CredentialProviderConfig`: which programs are asked for credentials of which
/// images.
public final class CredentialPlugins {
  private static final Set<String> VERSIONS =
      Set.of(
          "kubelet.config.k8s.io/v1",
          "kubelet.config.k8s.io/v1beta1",
          "kubelet.config.k8s.io/v1alpha1");
  private static final Set<String> PROTOCOLS =
      Set.of(
          "credentialprovider.kubelet.k8s.io/v1",
          "credentialprovider.kubelet.k8s.io/v1beta1",
          "credentialprovider.kubelet.k8s.io/v1alpha1");
  private static final String KIND = "CredentialProviderConfig";
  private static final List<String> FIELDS =
      List.of(
          "name",
          "matchImages",
          "defaultCacheDuration",
          "apiVersion",
          "args",
          "env",
          "tokenAttributes");

  private CredentialPlugins() {}

  /// Reads and checks it.
  ///
  /// @param programs the folder of all plugins
  /// @throws IllegalArgumentException says what is wrong
  public static List<CredentialPlugin> of(JsonNode json, Path programs, InstantSource clock) {
    if (!VERSIONS.contains(json.path("apiVersion").asText(""))
        || !json.path("kind").asText("").equals(KIND)) {
      throw new IllegalArgumentException("expected kind " + KIND + " of kubelet.config.k8s.io/v1");
    }
    if (json.path("providers").isEmpty()) {
      throw new IllegalArgumentException("providers: at least 1 item in plugins is required");
    }
    List<CredentialPlugin> all = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (JsonNode each : json.path("providers")) {
      CredentialPlugin.Settings settings = settings(each, programs);
      String name = each.path("name").asText();
      if (!names.add(name)) {
        throw new IllegalArgumentException(
            "providers: provider name must be unique, '%s' is there twice".formatted(name));
      }
      all.add(new CredentialPlugin(settings, clock, CredentialPlugin.TIME_MAX));
    }
    return all;
  }

  private static CredentialPlugin.Settings settings(JsonNode provider, Path programs) {
    String name = provider.path("name").asText("");
    if (name.isEmpty() || name.matches("\\.\\.?|.*[/ ].*")) {
      throw new IllegalArgumentException(
          "providers: name '%s' must be that of a program, without '/' and spaces".formatted(name));
    }
    for (Map.Entry<String, JsonNode> each : provider.properties()) {
      if (!FIELDS.contains(each.getKey())) {
        throw new IllegalArgumentException(
            "provider %s: field \"%s\" is not followed: those are %s"
                .formatted(name, each.getKey(), FIELDS));
      }
    }
    String version = provider.path("apiVersion").asText("");
    if (!PROTOCOLS.contains(version)) {
      throw new IllegalArgumentException(
          "provider %s: apiVersion '%s' is not supported, such as credentialprovider.kubelet.k8s.io/v1"
              .formatted(name, version));
    }
    Path program = programs.resolve(name);
    if (!Files.isExecutable(program)) {
      throw new IllegalArgumentException(
          "provider %s: plugin binary executable %s did not exist".formatted(name, program));
    }
    List<String> command = new ArrayList<>(List.of(program.toString()));
    provider.path("args").forEach(each -> command.add(each.asText()));
    return new CredentialPlugin.Settings(
        List.copyOf(command),
        variables(provider),
        version,
        images(name, provider),
        keeps(name, provider),
        tokens(name, version, provider));
  }

  private static @Nullable TokenAttributes tokens(String name, String version, JsonNode provider) {
    if (!provider.hasNonNull("tokenAttributes")) {
      return null;
    }
    if (!version.endsWith("/v1")) {
      throw new IllegalArgumentException(
          "provider %s: tokenAttributes is only supported for credentialprovider.kubelet.k8s.io/v1"
              .formatted(name));
    }
    try {
      return TokenAttributes.of(provider.path("tokenAttributes"));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("provider " + name + ": " + e.getMessage(), e);
    }
  }

  private static Map<String, String> variables(JsonNode provider) {
    Map<String, String> all = new HashMap<>();
    provider
        .path("env")
        .forEach(each -> all.put(each.path("name").asText(), each.path("value").asText("")));
    return Map.copyOf(all);
  }

  private static List<String> images(String name, JsonNode provider) {
    List<String> all = new ArrayList<>();
    provider.path("matchImages").forEach(each -> all.add(each.asText()));
    if (all.isEmpty()) {
      throw new IllegalArgumentException(
          "provider %s: matchImages: at least 1 item is required".formatted(name));
    }
    return List.copyOf(all);
  }

  private static Duration keeps(String name, JsonNode provider) {
    if (!provider.hasNonNull("defaultCacheDuration")) {
      throw new IllegalArgumentException(
          "provider %s: defaultCacheDuration is required, such as 12h".formatted(name));
    }
    return KubeletConfiguration.duration(
        "provider " + name + ": defaultCacheDuration", provider.path("defaultCacheDuration"));
  }
}
