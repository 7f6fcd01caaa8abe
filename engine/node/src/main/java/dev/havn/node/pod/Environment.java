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
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A container's environment: Services, whole ConfigMaps and Secrets, single values of them and of
/// files that other containers have written, `$(NAME)` expanded. All of it is bounded: whoever may
/// make pods could fill the memory of the server otherwise, or keep it reading.
final class Environment {
  private static final Logger LOG = LoggerFactory.getLogger(Environment.class);

  /// What is read of files for all variables of a container: each is looked for from the top.
  private static final int FILES_BYTES_MAX = 64 << 20;

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

  /// Adds the variables of a container.
  ///
  /// @throws StartException in the kubelet's words, and where there is too much of them
  void add(Pod pod, Container container, String address, Words words) {
    services(pod, words);
    Sources sources =
        new Sources(
            pod,
            container,
            address,
            new DataOfObjects(api, container.getName()),
            new ByteBudget(
                FILES_BYTES_MAX,
                "files for variables of container %s are too large for so many variables: write smaller ones"
                    .formatted(container.getName())));
    for (EnvFromSource source : container.getEnvFrom()) {
      from(sources, source, words);
    }
    for (EnvVar variable : container.getEnv()) {
      if (variable.getValueFrom() == null) {
        words.putExpanded(
            variable.getName(), variable.getValue() == null ? "" : variable.getValue());
      } else {
        @Nullable String value = value(sources, variable);
        if (value != null) {
          words.put(variable.getName(), value);
        }
      }
    }
  }

  /// Where the variables of one container come from.
  private record Sources(
      Pod pod, Container container, String address, DataOfObjects objects, ByteBudget files) {}

  private void services(Pod pod, Words words) {
    boolean links = !Boolean.FALSE.equals(pod.getSpec().getEnableServiceLinks());
    String namespace = pod.getMetadata().getNamespace();
    if (links) {
      api.find("/api/v1/namespaces/" + namespace + "/services")
          .ifPresent(list -> list.path("items").forEach(each -> service(each, words)));
    }
    api.find("/api/v1/namespaces/default/services/kubernetes")
        .ifPresent(service -> service(service, words));
  }

  private static void service(JsonNode service, Words words) {
    String address = service.path("spec").path("clusterIP").asText("");
    if (address.isEmpty() || address.equals("None")) {
      return;
    }
    String name =
        service.path("metadata").path("name").asText().toUpperCase(Locale.ROOT).replace('-', '_');
    words.put(name + "_SERVICE_HOST", address);
    boolean first = true;
    for (JsonNode port : service.path("spec").path("ports")) {
      String number = port.path("port").asText();
      String protocol = port.path("protocol").asText("TCP");
      String host = address.contains(":") ? "[" + address + "]" : address;
      String url = protocol.toLowerCase(Locale.ROOT) + "://" + host + ":" + number;
      String prefix = name + "_PORT_" + number + "_" + protocol;
      if (first) {
        words.put(name + "_SERVICE_PORT", number);
        words.put(name + "_PORT", url);
        first = false;
      }
      if (port.hasNonNull("name")) {
        String portName = port.get("name").asText().toUpperCase(Locale.ROOT).replace('-', '_');
        words.put(name + "_SERVICE_PORT_" + portName, number);
      }
      words.put(prefix, url);
      words.put(prefix + "_PROTO", protocol.toLowerCase(Locale.ROOT));
      words.put(prefix + "_PORT", number);
      words.put(prefix + "_ADDR", address);
    }
  }

  private void from(Sources sources, EnvFromSource source, Words words) {
    String prefix = source.getPrefix() == null ? "" : source.getPrefix();
    if (source.getConfigMapRef() != null) {
      boolean optional = Boolean.TRUE.equals(source.getConfigMapRef().getOptional());
      object(sources, "configmaps", source.getConfigMapRef().getName(), optional)
          .ifPresent(
              data ->
                  data.properties()
                      .forEach(e -> words.put(prefix + e.getKey(), e.getValue().asText())));
    }
    if (source.getSecretRef() != null) {
      boolean optional = Boolean.TRUE.equals(source.getSecretRef().getOptional());
      object(sources, "secrets", source.getSecretRef().getName(), optional)
          .ifPresent(
              data ->
                  data.properties()
                      .forEach(e -> words.put(prefix + e.getKey(), decode(e.getValue().asText()))));
    }
  }

  private static String decode(String base64) {
    return text(Base64.getDecoder().decode(base64));
  }

  /// What is no UTF-8 becomes U+FFFD, one for each byte: what containerd makes of such bytes, which
  /// tells runc of variables in JSON, and no other number of them as Java would.
  private static String text(byte[] bytes) {
    CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
    ByteBuffer left = ByteBuffer.wrap(bytes);
    CharBuffer text = CharBuffer.allocate(bytes.length);
    while (decoder.decode(left, text, true).isError()) {
      left.get();
      text.put('\ufffd');
      decoder.reset();
    }
    return text.flip().toString();
  }

  private static Optional<JsonNode> object(
      Sources sources, String plural, String name, boolean optional) {
    Optional<JsonNode> found =
        sources
            .objects()
            .find(
                "/api/v1/namespaces/"
                    + sources.pod().getMetadata().getNamespace()
                    + "/"
                    + plural
                    + "/"
                    + name);
    if (found.isEmpty() && !optional) {
      throw refused(plural.substring(0, plural.length() - 1) + " \"" + name + "\" not found", null);
    }
    return found;
  }

  private @Nullable String value(Sources sources, EnvVar variable) {
    Pod pod = sources.pod();
    var source = variable.getValueFrom();
    if (source.getFieldRef() != null) {
      return DownwardApi.field(
          pod,
          source.getFieldRef().getFieldPath(),
          addresses.all(sources.address()),
          addresses.hosts());
    }
    if (source.getResourceFieldRef() != null) {
      return resource(pod, sources.container(), source.getResourceFieldRef());
    }
    if (source.getConfigMapKeyRef() != null) {
      var key = source.getConfigMapKeyRef();
      return keyed(
          sources,
          "configmaps",
          key.getName(),
          key.getKey(),
          Boolean.TRUE.equals(key.getOptional()));
    }
    if (source.getSecretKeyRef() != null) {
      var key = source.getSecretKeyRef();
      @Nullable String text =
          keyed(
              sources,
              "secrets",
              key.getName(),
              key.getKey(),
              Boolean.TRUE.equals(key.getOptional()));
      return text == null ? null : decode(text);
    }
    if (source.getFileKeyRef() != null) {
      return ofFile(sources, source.getFileKeyRef());
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
  private @Nullable String ofFile(Sources sources, FileKeySelector reference) {
    Pod pod = sources.pod();
    String volume = reference.getVolumeName();
    boolean isThere =
        pod.getSpec().getVolumes().stream().anyMatch(each -> each.getName().equals(volume));
    if (!isThere) {
      throw refused(
          "cannot find the volume \"%s\" referenced by FileKeyRef".formatted(volume), null);
    }
    Path folder = volumes.apply(pod, volume);
    try {
      byte[] value =
          EnvFile.value(folder, reference.getPath(), reference.getKey(), sources.files());
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

  private static @Nullable String keyed(
      Sources sources, String plural, String name, String key, boolean optional) {
    Optional<JsonNode> found = object(sources, plural, name, optional);
    @Nullable JsonNode value = found.map(each -> each.get(key)).orElse(null);
    if (value == null && !optional) {
      throw refused(
          "couldn't find key %s in %s %s/%s"
              .formatted(
                  key,
                  plural.equals("secrets") ? "Secret" : "ConfigMap",
                  sources.pod().getMetadata().getNamespace(),
                  name),
          null);
    }
    return value == null ? null : value.asText();
  }
}
