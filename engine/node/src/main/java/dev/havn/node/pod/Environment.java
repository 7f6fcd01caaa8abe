// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.node.runtime.Addresses;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvFromSource;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.FileKeySelector;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.ResourceFieldSelector;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A container's environment: Services, whole ConfigMaps and Secrets, single values of them and of
/// files that other containers have written, `$(NAME)` expanded.
final class Environment {
  private static final Logger LOG = LoggerFactory.getLogger(Environment.class);

  private final PodApi api;
  private final Addresses addresses;
  private final Supplier<Map<String, BigDecimal>> allocatable;
  private final BiFunction<Pod, String, Path> volumes;

  /// @param allocatable what the node has for pods, by resource
  /// @param volumes where a volume lies, by its name
  Environment(
      PodApi api,
      Addresses addresses,
      Supplier<Map<String, BigDecimal>> allocatable,
      BiFunction<Pod, String, Path> volumes) {
    this.api = api;
    this.addresses = addresses;
    this.allocatable = allocatable;
    this.volumes = volumes;
  }

  /// @throws StartException in the kubelet's words

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

  private static String decode(String base64) {
    return text(Base64.getDecoder().decode(base64));
  }

  /// The words of CRI carry no others, so a container has no such variables.
  private static String text(byte[] bytes) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new StartException(
          "CreateContainerError",
          "grpc: error while marshaling: string field contains invalid UTF-8",
          e);
    }
  }

  private Optional<JsonNode> object(Pod pod, String plural, String name, boolean optional) {
    Optional<JsonNode> found =
        api.find(
            "/api/v1/namespaces/" + pod.getMetadata().getNamespace() + "/" + plural + "/" + name);
    if (found.isEmpty() && !optional) {
      throw refused(plural.substring(0, plural.length() - 1) + " \"" + name + "\" not found", null);
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
      return resource(pod, container, source.getResourceFieldRef());
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
    if (source.getFileKeyRef() != null) {
      return ofFile(pod, source.getFileKeyRef());
    }
    return "";
  }

  private String resource(Pod pod, Container container, ResourceFieldSelector selector) {
    try {
      return DownwardApi.variable(pod, container, selector, allocatable.get());
    } catch (DownwardApi.UnknownContainerException e) {
      throw refused(String.valueOf(e.getMessage()), e);
    }
  }

  /// What a container has written down before. That the value is empty counts as missing, and that
  /// the file is missing as a mistake even where it is optional, as with a kubelet.
  private @Nullable String ofFile(Pod pod, FileKeySelector reference) {
    String volume = reference.getVolumeName();
    boolean isThere =
        pod.getSpec().getVolumes().stream().anyMatch(each -> each.getName().equals(volume));
    if (!isThere) {
      throw refused(
          "cannot find the volume \"%s\" referenced by FileKeyRef".formatted(volume), null);
    }
    Path folder = volumes.apply(pod, volume);
    try {
      byte[] value = EnvFile.value(folder, reference.getPath(), reference.getKey());
      if (value.length > 0) {
        return text(value);
      }
      if (Boolean.TRUE.equals(reference.getOptional())) {
        return null;
      }
      throw refused(
          "environment variable key \"%s\" not found in file \"%s\""
              .formatted(reference.getKey(), EnvFile.place(folder, reference.getPath())),
          null);
    } catch (IOException e) {
      LOG.warn(
          "env file {} of pod {}/{}: {}",
          reference.getPath(),
          pod.getMetadata().getNamespace(),
          pod.getMetadata().getName(),
          e.getMessage());
      throw refused("couldn't parse env file", e);
    }
  }

  private static StartException refused(String why, @Nullable Exception cause) {
    return new StartException("CreateContainerConfigError", why, cause);
  }

  private @Nullable String keyed(
      Pod pod, String plural, String name, String key, boolean optional) {
    Optional<JsonNode> found = object(pod, plural, name, optional);
    @Nullable JsonNode value = found.map(each -> each.path("data").get(key)).orElse(null);
    if (value == null && !optional) {
      throw refused(
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
