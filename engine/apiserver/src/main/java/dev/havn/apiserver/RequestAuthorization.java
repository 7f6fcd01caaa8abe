// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import dev.havn.apiserver.admission.Notes;
import dev.havn.apiserver.authentication.UserInfo;
import dev.havn.apiserver.authorization.Attributes;
import dev.havn.apiserver.authorization.Authorizer;
import dev.havn.apiserver.authorization.Decision;
import dev.havn.apiserver.http.Credential;
import dev.havn.apiserver.http.Request;
import dev.havn.apiserver.resource.ApiException;
import dev.havn.apiserver.resource.Registry;
import dev.havn.schema.ResourceType;
import dev.havn.schema.select.FieldSelector;
import dev.havn.schema.select.LabelSelector;
import dev.havn.schema.select.SelectorException;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Asks the authorizer whether a request may be answered, and words the refusal.
final class RequestAuthorization {
  private static final Logger LOG = LoggerFactory.getLogger(RequestAuthorization.class);

  /// What runs in a pod or reaches into it: a WebSocket begins with GET and needs `create` as well.
  private static final Set<String> OPENING = Set.of("exec", "attach", "portforward");

  private static final Set<String> COLLECTION_VERBS = Set.of("list", "watch", "deletecollection");

  private final Authorizer authorizer;
  private final Registry registry;
  private final boolean explains;

  /// @param explains whether the notes of a refusal say which rule came nearest
  RequestAuthorization(Authorizer authorizer, Registry registry, boolean explains) {
    this.explains = explains;
    this.authorizer = authorizer;
    this.registry = registry;
  }

  /// @throws ApiException when the user may not do this
  void check(Request request, RequestInfo info, UserInfo user, Notes notes) {
    String namespace =
        info.resource().equals("namespaces") && info.group().isEmpty()
            ? info.name()
            : info.namespace();
    // One object is not narrowed down by selectors, so it is not judged by them.
    boolean narrows = COLLECTION_VERBS.contains(info.verb()) && !info.isLegacyWatch();
    FieldSelector fields = narrows ? fields(request) : FieldSelector.EVERYTHING;
    LabelSelector labels = narrows ? labels(request) : LabelSelector.EVERYTHING;
    authorize(request, info, info.verb(), user, namespace, fields, labels, notes);
    boolean opens = info.resource().equals("pods") && OPENING.contains(info.subresource());
    if (opens && info.verb().equals("get")) {
      authorize(request, info, "create", user, namespace, fields, labels, notes);
    }
  }

  private void authorize(
      Request request,
      RequestInfo info,
      String verb,
      UserInfo user,
      String namespace,
      FieldSelector fields,
      LabelSelector labels,
      Notes notes) {
    Attributes wish =
        new Attributes(
            user,
            verb,
            info.group(),
            info.resource(),
            info.subresource(),
            namespace,
            info.name().isEmpty() ? nameOf(fields) : info.name(),
            info.path(),
            fields,
            info.version(),
            labels);
    Decision decision = authorizer.decide(wish);
    boolean undecided = !decision.allowed() && !decision.error().isEmpty();
    if (!undecided) {
      notes.annotate("authorization.k8s.io/decision", decision.allowed() ? "allow" : "forbid");
    }
    notes.annotate("authorization.k8s.io/reason", undecided ? "internal error" : decision.reason());
    if (decision.allowed()) {
      return;
    }
    if (undecided) {
      throw new UndecidedException(decision.error());
    }
    if (explains) {
      notes.annotate("authorization.havn.dev/nearest-rule", authorizer.nearest(wish));
    }
    String refusal =
        decision.reason().isEmpty() ? wish.refusal() : wish.refusal() + ": " + decision.reason();
    if (request.credential() instanceof Credential.Loopback) {
      LOG.warn("refused to a part of this process: {}", refusal);
    }
    throw refusal(info, refusal);
  }

  private ApiException refusal(RequestInfo info, String words) {
    @Nullable ResourceType type = registry.find(info.group(), info.version(), info.resource());
    if (!info.isResource()) {
      return ApiException.forbiddenPath(words);
    }
    if (type == null) {
      return ApiException.forbidden(info.group(), info.resource(), info.name(), words);
    }
    return ApiException.forbidden(type, info.name(), words);
  }

  /// A list narrowed to one name is about that object.
  private static String nameOf(FieldSelector fields) {
    @Nullable String name = fields.required("metadata.name");
    return name != null ? name : "";
  }

  private static LabelSelector labels(Request request) {
    @Nullable String asked = request.query().first("labelSelector");
    try {
      return asked == null || asked.isEmpty()
          ? LabelSelector.EVERYTHING
          : LabelSelector.parse(asked);
    } catch (SelectorException unreadable) {
      return LabelSelector.EVERYTHING;
    }
  }

  /// What a list is narrowed to; a selector that cannot be read is refused later, and counts as
  /// none.
  private static FieldSelector fields(Request request) {
    @Nullable String asked = request.query().first("fieldSelector");
    try {
      return asked == null || asked.isEmpty()
          ? FieldSelector.EVERYTHING
          : FieldSelector.parse(asked);
    } catch (SelectorException unreadable) {
      return FieldSelector.EVERYTHING;
    }
  }
}
