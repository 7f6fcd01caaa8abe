// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.admission;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.resource.Objects;
import java.util.Comparator;
import java.util.Optional;

/// The plugins DefaultStorageClass and DefaultIngressClass: what asks for no class on creation gets
/// the newest of those that are marked as default.
public final class ClassChoice implements Admission {
  private static final String STORAGE = "storageclass.kubernetes.io/is-default-class";
  private static final String STORAGE_BETA = "storageclass.beta.kubernetes.io/is-default-class";
  private static final String INGRESS = "ingressclass.kubernetes.io/is-default-class";

  private static final Comparator<ObjectNode> NEWEST_FIRST =
      Comparator.comparing((ObjectNode each) -> each.at("/metadata/creationTimestamp").asText())
          .reversed()
          .thenComparing(each -> each.at("/metadata/name").asText());

  private final Objects objects;

  public ClassChoice(Objects objects) {
    this.objects = objects;
  }

  @Override
  public void admit(Write write) {
    if (write.operation() != Operation.CREATE) {
      return;
    }
    ObjectNode object = write.object();
    if (write.isOf("", "persistentvolumeclaims")) {
      choose(
          object,
          "storageClassName",
          "volume.beta.kubernetes.io/storage-class",
          usual("storage.k8s.io/v1", "storageclasses", STORAGE, STORAGE_BETA));
    } else if (write.isOf("networking.k8s.io", "ingresses")) {
      choose(
          object,
          "ingressClassName",
          "kubernetes.io/ingress.class",
          usual("networking.k8s.io/v1", "ingressclasses", INGRESS, INGRESS));
    }
  }

  /// @param annotation that named the class before the field did
  private static void choose(
      ObjectNode object, String field, String annotation, Optional<String> usual) {
    boolean said =
        object.path("spec").hasNonNull(field)
            || object.path("metadata").path("annotations").has(annotation);
    if (!said) {
      usual.ifPresent(name -> object.withObjectProperty("spec").put(field, name));
    }
  }

  private Optional<String> usual(String version, String plural, String mark, String oldMark) {
    return objects.list(version, plural, "").stream()
        .filter(each -> isMarked(each, mark) || isMarked(each, oldMark))
        .min(NEWEST_FIRST)
        .map(each -> each.at("/metadata/name").asText());
  }

  private static boolean isMarked(JsonNode each, String mark) {
    return each.path("metadata").path("annotations").path(mark).asText("").equals("true");
  }
}
