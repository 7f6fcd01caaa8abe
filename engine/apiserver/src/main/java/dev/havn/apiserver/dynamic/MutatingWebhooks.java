// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.dynamic;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.admission.Admission.Write;
import dev.havn.apiserver.resource.ApiException;
import dev.havn.schema.ResourceType;
import dev.havn.schema.codec.CodecException;
import dev.havn.schema.patch.JsonPatch;
import dev.havn.schema.patch.PatchException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The plugin MutatingAdmissionWebhook: asks one webhook after the other, by the names of their
/// configurations; each sees what those before it made of the object.
final class MutatingWebhooks {
  private static final Logger LOG = LoggerFactory.getLogger(MutatingWebhooks.class);
  private static final String SORT = "webhooks";
  private static final String ANNOTATIONS = "mutation.webhook.admission.k8s.io/";

  private final WebhookCalls calls;

  MutatingWebhooks(WebhookCalls calls) {
    this.calls = calls;
  }

  void admit(Write write, List<Webhook> webhooks, Reinvocation reinvocation) {
    reinvocation.enter(SORT, write.object());
    for (int i = 0; i < webhooks.size(); i++) {
      Webhook webhook = webhooks.get(i);
      Optional<ResourceType> as = calls.match(webhook, write, true);
      if (as.isPresent() && reinvocation.isDue(webhook.id())) {
        ask(webhook, i, write, as.get(), reinvocation);
      }
    }
    reinvocation.leave(SORT, write.object());
  }

  private void ask(
      Webhook webhook, int index, Write write, ResourceType as, Reinvocation reinvocation) {
    String place = "round_" + (reinvocation.isSecond() ? 1 : 0) + "_index_" + index;
    boolean changed = false;
    try {
      changed = changes(webhook, write, as, place);
    } catch (WebhookFailure e) {
      if (!webhook.ignoresFailure()) {
        throw ApiException.internal(String.valueOf(e.getMessage()));
      }
      LOG.warn("going on without an answer: {}", e.getMessage());
      write.notes().annotate("failed-open." + ANNOTATIONS + place, webhook.name());
    } finally {
      write.notes().annotate(ANNOTATIONS + place, said(webhook).put("mutated", changed).toString());
    }
    if (changed) {
      reinvocation.changed();
    }
    if (webhook.reinvoked()) {
      reinvocation.wantsAgain(webhook.id());
    }
  }

  private static ObjectNode said(Webhook webhook) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("configuration", webhook.configuration())
        .put("webhook", webhook.name());
  }

  private boolean changes(Webhook webhook, Write write, ResourceType as, String place) {
    WebhookCalls.Verdict verdict = calls.ask(webhook, write, as, true);
    verdict.warnings().forEach(write.notes()::warn);
    verdict
        .annotations()
        .forEach((key, value) -> write.notes().annotate(webhook.name() + "/" + key, value));
    if (!verdict.allowed()) {
      throw verdict.refusal(webhook);
    }
    if (verdict.patch().length == 0) {
      return false;
    }
    JsonNode patch = WebhookCalls.patchOf(webhook, verdict.patch());
    if (patch.isEmpty()) {
      return false;
    }
    @Nullable ObjectNode object = AdmissionReviews.object(write, as, true);
    if (object == null) {
      throw ApiException.internal(
          "admission webhook \"%s\" attempted to modify the object, which is not supported for this operation"
              .formatted(webhook.name()));
    }
    boolean changed = apply(write, as, object, patch);
    ObjectNode said = said(webhook);
    said.set("patch", patch);
    write
        .notes()
        .annotate(
            "patch.webhook.admission.k8s.io/" + place,
            said.put("patchType", "JSONPatch").toString());
    return changed;
  }

  private static boolean apply(Write write, ResourceType as, ObjectNode object, JsonNode patch) {
    ObjectNode before = write.object().deepCopy();
    try {
      if (!(JsonPatch.apply(object, patch) instanceof ObjectNode patched)) {
        throw ApiException.internal("the patched object is none");
      }
      AdmissionReviews.replace(write, patched, as);
    } catch (PatchException e) {
      throw ApiException.internal(plain(e));
    } catch (CodecException e) {
      throw ApiException.internal(String.valueOf(e.getMessage()));
    }
    return !before.equals(write.object());
  }

  /// Why a patch cannot be applied, without what the patch endpoint says before it.
  static String plain(PatchException e) {
    return String.valueOf(e.getMessage())
        .replaceFirst("^remove operation does not apply: (error)", "$1");
  }
}
