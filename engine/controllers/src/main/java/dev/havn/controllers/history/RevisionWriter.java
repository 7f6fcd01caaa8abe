// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.history;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.controllers.replicas.PodTemplates;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.apps.ControllerRevision;
import java.util.List;
import java.util.Map;

/// Reads and writes ControllerRevisions.
public record RevisionWriter(Api api) {
  public History history(List<ControllerRevision> objects) {
    return History.of(
        objects,
        each ->
            api.toModel(TemplatePatch.template(api.toTree(each.getData())), PodTemplateSpec.class));
  }

  /// A revision that is not written yet.
  ///
  /// @param labels of the template, and the one that holds the hash
  public JsonNode create(
      HasMetadata owner,
      String name,
      Map<String, String> labels,
      TemplatePatch patch,
      long number) {
    ObjectNode body = Api.object().put("kind", "ControllerRevision").put("apiVersion", "apps/v1");
    ObjectNode metadata = body.putObject("metadata");
    metadata.put("name", name).put("namespace", owner.getMetadata().getNamespace());
    ObjectNode labelled = metadata.putObject("labels");
    labels.forEach(labelled::put);
    Map<String, String> annotations = owner.getMetadata().getAnnotations();
    if (annotations != null) {
      annotations.forEach(metadata.withObjectProperty("annotations")::put);
    }
    metadata
        .putArray("ownerReferences")
        .add(
            api.toTree(
                PodTemplates.controller(
                    owner.getApiVersion(), owner.getKind(), owner.getMetadata())));
    body.set("data", patch.tree());
    body.put("revision", number);
    return api.create(path(owner.getMetadata().getNamespace(), ""), body.toString());
  }

  /// The revision of a name, as the API has it now.
  public JsonNode get(String namespace, String name) {
    return api.get(path(namespace, name));
  }

  /// Whether a revision keeps exactly this patch.
  public static boolean says(JsonNode revision, TemplatePatch patch) {
    JsonNode template = revision.path("data").path("spec").path("template");
    return template instanceof ObjectNode kept
        && TemplatePatch.of(kept).json().equals(patch.json());
  }

  public JsonNode renumber(Revision revision, long number) {
    return patch(revision, Api.object().put("revision", number));
  }

  public JsonNode label(Revision revision, String key, String value) {
    ObjectNode patch = Api.object();
    patch.putObject("metadata").putObject("labels").put(key, value);
    return patch(revision, patch);
  }

  private JsonNode patch(Revision revision, ObjectNode patch) {
    return api.merge(path(revision.object().getMetadata().getNamespace(), revision.name()), patch);
  }

  public void delete(Revision revision) {
    api.delete(path(revision.object().getMetadata().getNamespace(), revision.name()), Api.object());
  }

  private static String path(String namespace, String name) {
    return Api.path(ControllerRevision.class, namespace, name);
  }
}
