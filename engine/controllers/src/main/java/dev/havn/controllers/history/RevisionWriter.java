// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.history;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.controllers.replicas.PodTemplates;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.apps.ControllerRevision;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Reads and writes ControllerRevisions.
public record RevisionWriter(Api api) {
  public History history(List<ControllerRevision> objects) {
    return History.of(
        objects,
        each ->
            api.toModel(TemplatePatch.template(api.toTree(each.getData())), PodTemplateSpec.class));
  }

  /// A template that is to be kept.
  ///
  /// @param hashLabel the label that holds the hash, beside those of the template
  public record Wanted(
      HasMetadata owner,
      PodTemplateSpec template,
      TemplatePatch patch,
      long number,
      String hashLabel,
      String hash) {}

  /// Keeps a template under a name, unless it is kept so already.
  ///
  /// @return the revision as it stands
  /// @throws Api.RefusedException with the reason `AlreadyExists` when another template has the
  ///   name
  public JsonNode keep(Wanted wanted, String name) {
    try {
      return create(wanted, name);
    } catch (Api.RefusedException e) {
      if (!e.reason().equals("AlreadyExists")) {
        throw e;
      }
      JsonNode there = api.get(path(wanted.owner().getMetadata().getNamespace(), name));
      if (says(there, wanted.patch())) {
        return there;
      }
      throw e;
    }
  }

  private JsonNode create(Wanted wanted, String name) {
    HasMetadata owner = wanted.owner();
    ObjectNode body = Api.object().put("kind", "ControllerRevision").put("apiVersion", "apps/v1");
    ObjectNode metadata = body.putObject("metadata");
    metadata.put("name", name).put("namespace", owner.getMetadata().getNamespace());
    ObjectNode labelled = metadata.putObject("labels");
    @Nullable ObjectMeta own = wanted.template().getMetadata();
    if (own != null && own.getLabels() != null) {
      own.getLabels().forEach(labelled::put);
    }
    labelled.put(wanted.hashLabel(), wanted.hash());
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
    body.set("data", wanted.patch().tree());
    body.put("revision", wanted.number());
    return api.create(path(owner.getMetadata().getNamespace(), ""), body.toString());
  }

  /// Whether a revision keeps exactly this patch.
  private static boolean says(JsonNode revision, TemplatePatch patch) {
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
