// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.node.runtime.Addresses;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvFromSource;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.Pod;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A container's environment: Services, whole ConfigMaps and Secrets, single values, `$(NAME)`
/// expanded.
final class Environment {
  private final PodApi api;
  private final Addresses addresses;

  Environment(PodApi api, Addresses addresses) {
    this.api = api;
    this.addresses = addresses;
  }

  Map<String, String> of(Pod pod, Container container, String address) {
    Map<String, String> variables = new LinkedHashMap<>();
    services(pod, variables);
    for (EnvFromSource source : container.getEnvFrom()) {
      from(pod, source, variables);
    }
    for (EnvVar variable : container.getEnv()) {
      @Nullable String value =
          variable.getValueFrom() == null
              ? expand(variable.getValue() == null ? "" : variable.getValue(), variables)
              : value(pod, container, variable, address);
      if (value != null) {
        variables.put(variable.getName(), value);
      }
    }
    return variables;
  }

  private void services(Pod pod, Map<String, String> variables) {
    boolean links = !Boolean.FALSE.equals(pod.getSpec().getEnableServiceLinks());
    String namespace = pod.getMetadata().getNamespace();
    if (links) {
      api.find("/api/v1/namespaces/" + namespace + "/services")
          .ifPresent(list -> list.path("items").forEach(each -> service(each, variables)));
    }
    api.find("/api/v1/namespaces/default/services/kubernetes")
        .ifPresent(service -> service(service, variables));
  }

  private static void service(JsonNode service, Map<String, String> variables) {
    String address = service.path("spec").path("clusterIP").asText("");
    if (address.isEmpty() || address.equals("None")) {
      return;
    }
    String name =
        service.path("metadata").path("name").asText().toUpperCase(Locale.ROOT).replace('-', '_');
    variables.put(name + "_SERVICE_HOST", address);
    boolean first = true;
    for (JsonNode port : service.path("spec").path("ports")) {
      String number = port.path("port").asText();
      String protocol = port.path("protocol").asText("TCP");
      String host = address.contains(":") ? "[" + address + "]" : address;
      String url = protocol.toLowerCase(Locale.ROOT) + "://" + host + ":" + number;
      String prefix = name + "_PORT_" + number + "_" + protocol;
      if (first) {
        variables.put(name + "_SERVICE_PORT", number);
        variables.put(name + "_PORT", url);
        first = false;
      }
      if (port.hasNonNull("name")) {
        String portName = port.get("name").asText().toUpperCase(Locale.ROOT).replace('-', '_');
        variables.put(name + "_SERVICE_PORT_" + portName, number);
      }
      variables.put(prefix, url);
      variables.put(prefix + "_PROTO", protocol.toLowerCase(Locale.ROOT));
      variables.put(prefix + "_PORT", number);
      variables.put(prefix + "_ADDR", address);
    }
  }

  private void from(Pod pod, EnvFromSource source, Map<String, String> variables) {
    String prefix = source.getPrefix() == null ? "" : source.getPrefix();
    if (source.getConfigMapRef() != null) {
      boolean optional = Boolean.TRUE.equals(source.getConfigMapRef().getOptional());
      object(pod, "configmaps", source.getConfigMapRef().getName(), optional)
          .ifPresent(
              map ->
                  map.path("data")
                      .properties()
                      .forEach(e -> variables.put(prefix + e.getKey(), e.getValue().asText())));
    }
    if (source.getSecretRef() != null) {
      boolean optional = Boolean.TRUE.equals(source.getSecretRef().getOptional());
      object(pod, "secrets", source.getSecretRef().getName(), optional)
          .ifPresent(
              secret ->
                  secret
                      .path("data")
                      .properties()
                      .forEach(
                          e -> variables.put(prefix + e.getKey(), decode(e.getValue().asText()))));
    }
  }

  static String decode(String base64) {
    return new String(Base64.getDecoder().decode(base64), StandardCharsets.UTF_8);
  }

  private Optional<JsonNode> object(Pod pod, String plural, String name, boolean optional) {
    Optional<JsonNode> found =
        api.find(
            "/api/v1/namespaces/" + pod.getMetadata().getNamespace() + "/" + plural + "/" + name);
    if (found.isEmpty() && !optional) {
      throw new StartException(
          "CreateContainerConfigError",
          plural.substring(0, plural.length() - 1) + " \"" + name + "\" not found",
          null);
    }
    return found;
  }

  private @Nullable String value(Pod pod, Container container, EnvVar variable, String address) {
    var source = variable.getValueFrom();
    if (source.getFieldRef() != null) {
      return DownwardApi.field(
          pod, source.getFieldRef().getFieldPath(), addresses.all(address), addresses.hosts());
    }
    if (source.getResourceFieldRef() != null) {
      return DownwardApi.resource(pod, container, source.getResourceFieldRef());
    }
    if (source.getConfigMapKeyRef() != null) {
      var key = source.getConfigMapKeyRef();
      return keyed(
          pod, "configmaps", key.getName(), key.getKey(), Boolean.TRUE.equals(key.getOptional()));
    }
    if (source.getSecretKeyRef() != null) {
      var key = source.getSecretKeyRef();
      @Nullable String text =
          keyed(
              pod, "secrets", key.getName(), key.getKey(), Boolean.TRUE.equals(key.getOptional()));
      return text == null ? null : decode(text);
    }
    return "";
  }

  private @Nullable String keyed(
      Pod pod, String plural, String name, String key, boolean optional) {
    Optional<JsonNode> found = object(pod, plural, name, optional);
    @Nullable JsonNode value = found.map(each -> each.path("data").get(key)).orElse(null);
    if (value == null && !optional) {
      throw new StartException(
          "CreateContainerConfigError",
          "couldn't find key %s in %s %s/%s"
              .formatted(
                  key,
                  plural.equals("secrets") ? "Secret" : "ConfigMap",
                  pod.getMetadata().getNamespace(),
                  name),
          null);
    }
    return value == null ? null : value.asText();
  }

  /// `$(NAME)` becomes the variable's value; `$$` is a dollar; what is unknown stays.
  static String expand(String text, Map<String, String> variables) {
    StringBuilder expanded = new StringBuilder();
    int i = 0;
    while (i < text.length()) {
      char c = text.charAt(i);
      if (c == '$' && text.startsWith("$$", i)) {
        expanded.append('$');
        i += 2;
      } else if (c == '$' && text.startsWith("$(", i) && text.indexOf(')', i) > 0) {
        int end = text.indexOf(')', i);
        String name = text.substring(i + 2, end);
        @Nullable String value = variables.get(name);
        expanded.append(value == null ? "$(" + name + ")" : value);
        i = end + 1;
      } else {
        expanded.append(c);
        i++;
      }
    }
    return expanded.toString();
  }
}
