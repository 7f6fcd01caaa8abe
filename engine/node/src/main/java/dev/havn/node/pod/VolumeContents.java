// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.node.pod.AtomicFolder.Content;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.DownwardAPIVolumeFile;
import io.fabric8.kubernetes.api.model.KeyToPath;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.ServiceAccountTokenProjection;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeProjection;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The files of volumes that are made of objects of the API: ConfigMaps, Secrets, the pod's own
/// fields, tokens, and projections of all of these.
final class VolumeContents {
  private static final int MODE = 0644;
  private static final int OWNER_ONLY = 0600;

  private final PodApi api;
  private final ServiceAccountTokens tokens;
  private final Supplier<Map<String, BigDecimal>> allocatable;

  /// @param allocatable what the node has for pods, by resource
  VolumeContents(
      PodApi api, ServiceAccountTokens tokens, Supplier<Map<String, BigDecimal>> allocatable) {
    this.api = api;
    this.tokens = tokens;
    this.allocatable = allocatable;
  }

  /// The kinds of object that carry data.
  private enum Kind {
    CONFIG_MAP("configmaps", "configmap \"%s\" not found", "configmap references non-existent"),
    SECRET("secrets", "secret \"%s\" not found", "references non-existent");

    private final String plural;
    private final String missing;
    private final String keyless;

    Kind(String plural, String missing, String keyless) {
      this.plural = plural;
      this.missing = missing;
      this.keyless = keyless;
    }
  }

  /// One reference of a volume to an object.
  private record Reference(Kind kind, String name, @Nullable Boolean optional, int mode) {
    boolean mayMiss() {
      return Boolean.TRUE.equals(optional);
    }
  }

  /// By path; what must be there and is not is an error in the kubelet's words.
  Map<String, Content> of(Pod pod, Volume volume) throws IOException {
    Map<String, Content> files = new TreeMap<>();
    if (volume.getConfigMap() != null) {
      var source = volume.getConfigMap();
      int mode = mode(source.getDefaultMode());
      add(
          pod,
          new Reference(Kind.CONFIG_MAP, source.getName(), source.getOptional(), mode),
          source.getItems(),
          files);
    } else if (volume.getSecret() != null) {
      var source = volume.getSecret();
      int mode = mode(source.getDefaultMode());
      add(
          pod,
          new Reference(Kind.SECRET, source.getSecretName(), source.getOptional(), mode),
          source.getItems(),
          files);
    } else if (volume.getDownwardAPI() != null) {
      int mode = mode(volume.getDownwardAPI().getDefaultMode());
      for (DownwardAPIVolumeFile item : volume.getDownwardAPI().getItems()) {
        files.put(item.getPath(), downward(pod, item, mode));
      }
    } else if (volume.getProjected() != null) {
      int mode = mode(volume.getProjected().getDefaultMode());
      for (VolumeProjection source : volume.getProjected().getSources()) {
        project(pod, source, mode, files);
      }
    } else {
      throw new IOException("a volume of this kind is not mounted by Havn");
    }
    return files;
  }

  private static int mode(@Nullable Integer mode) {
    return mode == null ? MODE : mode;
  }

  private Content downward(Pod pod, DownwardAPIVolumeFile item, int mode) throws IOException {
    return new Content(
        downward(pod, item).getBytes(StandardCharsets.UTF_8),
        item.getMode() == null ? mode : item.getMode(),
        null);
  }

  private String downward(Pod pod, DownwardAPIVolumeFile item) throws IOException {
    if (item.getFieldRef() != null) {
      return DownwardApi.field(pod, item.getFieldRef().getFieldPath(), List.of(), List.of());
    }
    try {
      return DownwardApi.file(pod, item.getResourceFieldRef(), allocatable.get());
    } catch (DownwardApi.UnknownContainerException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  private void project(Pod pod, VolumeProjection source, int mode, Map<String, Content> files)
      throws IOException {
    if (source.getClusterTrustBundle() != null || source.getPodCertificate() != null) {
      throw new IOException("certificates are not projected by Havn");
    }
    if (source.getConfigMap() != null) {
      var map = source.getConfigMap();
      add(
          pod,
          new Reference(Kind.CONFIG_MAP, map.getName(), map.getOptional(), mode),
          map.getItems(),
          files);
    }
    if (source.getSecret() != null) {
      var secret = source.getSecret();
      add(
          pod,
          new Reference(Kind.SECRET, secret.getName(), secret.getOptional(), mode),
          secret.getItems(),
          files);
    }
    if (source.getDownwardAPI() != null) {
      for (DownwardAPIVolumeFile item : source.getDownwardAPI().getItems()) {
        files.put(item.getPath(), downward(pod, item, mode));
      }
    }
    if (source.getServiceAccountToken() != null) {
      files.put(
          source.getServiceAccountToken().getPath(),
          token(pod, source.getServiceAccountToken(), mode));
    }
  }

  /// A token is for the pod's user alone, where all its containers run as one.
  private Content token(Pod pod, ServiceAccountTokenProjection projection, int mode) {
    byte[] bytes = tokens.of(pod, projection).getBytes(StandardCharsets.UTF_8);
    @Nullable Long user = userOfAll(pod);
    boolean group =
        pod.getSpec().getSecurityContext() != null
            && pod.getSpec().getSecurityContext().getFsGroup() != null;
    return new Content(bytes, user != null || group ? OWNER_ONLY : mode, user);
  }

  /// The user that every container of a pod runs as, null when they differ or do not say.
  static @Nullable Long userOfAll(Pod pod) {
    @Nullable Long whole =
        pod.getSpec().getSecurityContext() == null
            ? null
            : pod.getSpec().getSecurityContext().getRunAsUser();
    @Nullable Long user = null;
    List<Container> inits = pod.getSpec().getInitContainers();
    for (List<Container> containers : List.of(inits, pod.getSpec().getContainers())) {
      for (Container each : containers) {
        @Nullable Long own =
            each.getSecurityContext() == null ? null : each.getSecurityContext().getRunAsUser();
        @Nullable Long effective = own == null ? whole : own;
        if (effective == null || (user != null && !user.equals(effective))) {
          return null;
        }
        user = effective;
      }
    }
    return user;
  }

  private void add(Pod pod, Reference reference, List<KeyToPath> items, Map<String, Content> files)
      throws IOException {
    Kind kind = reference.kind();
    Optional<JsonNode> found =
        api.find(
            "/api/v1/namespaces/%s/%s/%s"
                .formatted(pod.getMetadata().getNamespace(), kind.plural, reference.name()));
    if (found.isEmpty() && !reference.mayMiss()) {
      throw new IOException(kind.missing.formatted(reference.name()));
    }
    Map<String, byte[]> data = found.map(object -> data(object, kind)).orElse(Map.of());
    if (items.isEmpty()) {
      data.forEach((key, bytes) -> files.put(key, new Content(bytes, reference.mode(), null)));
    }
    for (KeyToPath item : items) {
      byte @Nullable [] bytes = data.get(item.getKey());
      if (bytes != null) {
        int mode = item.getMode() == null ? reference.mode() : item.getMode();
        files.put(item.getPath(), new Content(bytes, mode, null));
      } else if (!reference.mayMiss()) {
        String word = kind == Kind.SECRET ? " secret key: " : " config key: ";
        throw new IOException(kind.keyless + word + item.getKey());
      }
    }
  }

  private static Map<String, byte[]> data(JsonNode object, Kind kind) {
    Map<String, byte[]> data = new TreeMap<>();
    for (Map.Entry<String, JsonNode> each : object.path("data").properties()) {
      String text = each.getValue().asText();
      data.put(
          each.getKey(),
          kind == Kind.SECRET
              ? Base64.getDecoder().decode(text)
              : text.getBytes(StandardCharsets.UTF_8));
    }
    for (Map.Entry<String, JsonNode> each : object.path("binaryData").properties()) {
      data.put(each.getKey(), Base64.getDecoder().decode(each.getValue().asText()));
    }
    return data;
  }
}
