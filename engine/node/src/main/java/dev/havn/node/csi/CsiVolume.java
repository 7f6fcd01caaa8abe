// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.csi;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.CSIVolumeSource;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Volume;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A volume of a driver, as a PersistentVolume or a pod itself describes it.
///
/// @param name of the PersistentVolume, or of the volume in its pod
/// @param handle by which the driver knows it
/// @param isInline whether a pod describes it, and it lives as long as that
/// @param readOnly whether the pod says so
/// @param fsType empty where the driver chooses
/// @param claim `NAMESPACE/NAME` of the claim that it is bound to, empty for an inline one
public record CsiVolume(
    String name,
    String driver,
    String handle,
    boolean isInline,
    boolean isBlock,
    boolean readOnly,
    String fsType,
    Map<String, String> attributes,
    List<String> accessModes,
    List<String> mountOptions,
    Secrets secrets,
    String claim) {

  /// Where what only the driver may know is kept.
  public record Secrets(
      @Nullable Reference stage, @Nullable Reference publish, @Nullable Reference expand) {}

  /// Of a Secret.
  public record Reference(String namespace, String name) {
    @Override
    public String toString() {
      return namespace + "/" + name;
    }

    static @Nullable Reference of(JsonNode json) {
      String name = json.path("name").asText("");
      return name.isEmpty() ? null : new Reference(json.path("namespace").asText(""), name);
    }
  }

  /// Of a PersistentVolume whose source is `csi`.
  ///
  /// @param readOnly whether the pod wants it only to read
  public static CsiVolume of(String name, JsonNode spec, boolean readOnly) {
    JsonNode csi = spec.path("csi");
    Map<String, String> attributes = new TreeMap<>();
    csi.path("volumeAttributes")
        .properties()
        .forEach(each -> attributes.put(each.getKey(), each.getValue().asText()));
    JsonNode claim = spec.path("claimRef");
    return new CsiVolume(
        name,
        csi.path("driver").asText(),
        csi.path("volumeHandle").asText(),
        false,
        spec.path("volumeMode").asText().equals("Block"),
        readOnly,
        csi.path("fsType").asText(""),
        attributes,
        texts(spec.path("accessModes")),
        texts(spec.path("mountOptions")),
        new Secrets(
            Reference.of(csi.path("nodeStageSecretRef")),
            Reference.of(csi.path("nodePublishSecretRef")),
            Reference.of(csi.path("nodeExpandSecretRef"))),
        claim.path("namespace").asText() + "/" + claim.path("name").asText());
  }

  private static List<String> texts(JsonNode list) {
    List<String> texts = new ArrayList<>();
    list.forEach(each -> texts.add(each.asText()));
    return texts;
  }

  /// Of a volume that a pod describes.
  public static CsiVolume of(Pod pod, Volume volume) {
    CSIVolumeSource source = Objects.requireNonNull(volume.getCsi());
    @Nullable Map<String, String> attributes = source.getVolumeAttributes();
    @Nullable Reference publish =
        source.getNodePublishSecretRef() == null
            ? null
            : new Reference(
                pod.getMetadata().getNamespace(), source.getNodePublishSecretRef().getName());
    return new CsiVolume(
        volume.getName(),
        source.getDriver(),
        "csi-" + digest(pod.getMetadata().getUid() + volume.getName()),
        true,
        false,
        Boolean.TRUE.equals(source.getReadOnly()),
        source.getFsType() == null ? "" : source.getFsType(),
        attributes == null ? Map.of() : attributes,
        List.of(),
        List.of(),
        new Secrets(null, publish, null),
        "");
  }

  /// As the node's status names it.
  String uniqueName() {
    return uniqueName(driver, handle);
  }

  static String uniqueName(String driver, String handle) {
    return "kubernetes.io/csi/" + driver + "^" + handle;
  }

  /// The VolumeAttachment that says whether it is attached to a node.
  String attachment(String node) {
    return "csi-" + digest(handle + driver + node);
  }

  /// The first, as for drivers there is one.
  String accessMode() {
    return accessModes.isEmpty() ? "ReadWriteOnce" : accessModes.getFirst();
  }

  /// In hexadecimal digits.
  static String digest(String text) {
    try {
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java has SHA-256", e);
    }
  }
}
