// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Pod;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Pods that a node has from files of its own; the API shows a mirror of each. The pod's own uid is
/// made of what is in its file and of where the API shows it, that of its mirror is the API's.
///
/// Annotations alone prove nothing, since everybody writes those of his pods: a uid is believed of
/// the pod of that namespace and name only, and the API gives no such uid.
public final class StaticPods {
  static final String MIRROR = "kubernetes.io/config.mirror";
  static final String HASH = "kubernetes.io/config.hash";
  private static final String SOURCE = "kubernetes.io/config.source";
  private static final String SEEN = "kubernetes.io/config.seen";
  private static final int UID_CHARS = 32;

  /// Of these for what is in the file; the others say whose uid it is.
  private static final int CONTENT_CHARS = 12;

  private static final List<String> CONTAINERS = List.of("initContainers", "containers");

  private StaticPods() {}

  static boolean isMirror(Pod pod) {
    return annotation(pod, MIRROR) != null;
  }

  static boolean isStatic(Pod pod) {
    ObjectMeta metadata = pod.getMetadata();
    return "file".equals(annotation(pod, SOURCE))
        && isOf(metadata.getUid(), metadata.getNamespace(), metadata.getName());
  }

  static @Nullable String annotation(Pod pod, String name) {
    Map<String, String> all = pod.getMetadata().getAnnotations();
    return all == null ? null : all.get(name);
  }

  /// By which the node knows a pod of the API.
  public static String uid(JsonNode pod) {
    JsonNode metadata = pod.path("metadata");
    JsonNode own = metadata.path("annotations").path(MIRROR);
    boolean isOwn =
        isOf(own.asText(), metadata.path("namespace").asText(), metadata.path("name").asText());
    return isOwn ? own.asText() : metadata.path("uid").asText();
  }

  private static boolean isOf(@Nullable String uid, String namespace, String name) {
    return uid != null && uid.length() == UID_CHARS && uid.endsWith(place(namespace, name));
  }

  private static String place(String namespace, String name) {
    return hash(namespace + "/" + name).substring(CONTENT_CHARS);
  }

  /// What a node makes of a pod in a file. A uid that the file says does not become the pod's.
  ///
  /// @param manifest with its defaults
  /// @param file where it is from
  /// @param seen when
  /// @throws IllegalArgumentException when it needs objects of the API
  static ObjectNode of(ObjectNode manifest, String file, String node, String seen) {
    refuseReferences(manifest.path("spec"));
    ObjectNode pod = manifest.deepCopy();
    String hash = hash(manifest + "\nhost:" + node + "file:" + file);
    ObjectNode metadata = pod.withObjectProperty("metadata");
    metadata.put("name", metadata.path("name").asText() + "-" + node.toLowerCase(Locale.ROOT));
    if (metadata.path("namespace").asText("").isEmpty()) {
      metadata.put("namespace", "default");
    }
    metadata.put(
        "uid",
        hash.substring(0, CONTENT_CHARS)
            + place(metadata.path("namespace").asText(), metadata.path("name").asText()));
    ObjectNode annotations = metadata.withObjectProperty("annotations");
    annotations.put(HASH, metadata.path("uid").asText());
    annotations.put(SEEN, seen).put(SOURCE, "file");
    ObjectNode spec = pod.withObjectProperty("spec");
    spec.put("nodeName", node);
    spec.withArrayProperty("tolerations")
        .addObject()
        .put("operator", "Exists")
        .put("effect", "NoExecute");
    pod.remove("status");
    return pod;
  }

  /// What the API is to show of it.
  static ObjectNode mirror(ObjectNode pod, JsonNode node) {
    ObjectNode mirror = pod.deepCopy();
    ObjectNode metadata = mirror.withObjectProperty("metadata");
    ObjectNode annotations = metadata.withObjectProperty("annotations");
    annotations.put(MIRROR, annotations.path(HASH).asText());
    metadata.remove("uid");
    ObjectNode owner = metadata.putArray("ownerReferences").addObject();
    owner.put("apiVersion", "v1").put("kind", "Node").put("controller", true);
    owner.set("name", node.path("metadata").path("name"));
    owner.set("uid", node.path("metadata").path("uid"));
    return mirror.put("kind", "Pod").put("apiVersion", "v1");
  }

  private static String hash(String text) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest, 0, 16);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("SHA-256 is part of every JDK", e);
    }
  }

  private static void refuseReferences(JsonNode spec) {
    refuse(!spec.path("ephemeralContainers").isEmpty(), "ephemeral containers");
    refuse(!spec.path("serviceAccountName").asText("").isEmpty(), "serviceaccounts");
    refuse(!spec.path("imagePullSecrets").isEmpty(), "secrets");
    refuse(!spec.path("resourceClaims").isEmpty(), "resourceclaims");
    for (String list : CONTAINERS) {
      for (JsonNode container : spec.path(list)) {
        for (JsonNode from : container.path("envFrom")) {
          refuse(from.has("configMapRef"), "configmaps");
          refuse(from.has("secretRef"), "secrets");
        }
        for (JsonNode variable : container.path("env")) {
          refuse(variable.path("valueFrom").has("configMapKeyRef"), "configmaps");
          refuse(variable.path("valueFrom").has("secretKeyRef"), "secrets");
        }
      }
    }
    spec.path("volumes").forEach(StaticPods::refuseReferencesOfVolume);
  }

  private static void refuseReferencesOfVolume(JsonNode volume) {
    refuse(volume.has("secret"), "secrets");
    refuse(volume.has("configMap"), "configmaps");
    refuse(
        volume.has("persistentVolumeClaim") || volume.has("ephemeral"), "persistentvolumeclaims");
    refuse(!volume.findPath("secretRef").isMissingNode(), "secrets");
    refuse(!volume.findPath("nodePublishSecretRef").isMissingNode(), "secrets");
    for (JsonNode source : volume.path("projected").path("sources")) {
      refuse(source.has("secret"), "secrets");
      refuse(source.has("configMap"), "configmaps");
      refuse(source.has("serviceAccountToken"), "serviceaccounts");
      refuse(source.has("clusterTrustBundle"), "clustertrustbundles");
      refuse(source.has("podCertificate"), "pod certificates");
    }
  }

  private static void refuse(boolean refers, String what) {
    if (refers) {
      throw new IllegalArgumentException("static pods may not reference " + what);
    }
  }
}
