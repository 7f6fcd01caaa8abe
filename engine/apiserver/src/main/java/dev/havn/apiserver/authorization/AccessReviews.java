// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authorization;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.admission.Admission;
import dev.havn.apiserver.authentication.Authenticator;
import dev.havn.apiserver.authentication.ServiceAccountTokens;
import dev.havn.apiserver.authentication.UserInfo;
import dev.havn.apiserver.resource.ApiException;
import dev.havn.apiserver.resource.Call;
import dev.havn.apiserver.resource.Objects;
import dev.havn.apiserver.resource.Reviews;
import dev.havn.schema.kinds.ReviewRules;
import dev.havn.schema.select.FieldSelector;
import dev.havn.schema.select.LabelSelector;
import dev.havn.schema.validate.FieldError;
import dev.havn.schema.validate.Times;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Who am I, may I, and give me a token.
public final class AccessReviews implements Reviews {
  private static final String EXPIRATION = "spec.expirationSeconds";
  private static final long TOKEN_SECONDS_MIN = 600;
  private static final long TOKEN_SECONDS = 3_600;
  private static final long TOKEN_SECONDS_MAX = 1L << 32;

  private final Authorizer authorizer;
  private final Authenticator authenticator;
  private final ServiceAccountTokens tokens;
  private final Objects objects;

  public AccessReviews(
      Authorizer authorizer,
      Authenticator authenticator,
      ServiceAccountTokens tokens,
      Objects objects) {
    this.authorizer = authorizer;
    this.authenticator = authenticator;
    this.tokens = tokens;
    this.objects = objects;
  }

  @Override
  public ObjectNode answer(Call call, ObjectNode given, ObjectNode subject) {
    if (!given.has("metadata")) {
      given.putObject("metadata");
    }
    switch (given.path("kind").asText()) {
      case "SelfSubjectReview" ->
          user(given.putObject("status").putObject("userInfo"), call.user());
      case "SelfSubjectAccessReview", "SubjectAccessReview", "LocalSubjectAccessReview" -> {
        check(call, given);
        boolean ofSelf = given.path("kind").asText().startsWith("Self");
        decide(given, ofSelf ? call.user() : named(given.path("spec")));
      }
      case "SelfSubjectRulesReview" -> rules(given, call.user());
      case "TokenReview" -> token(given);
      case "TokenRequest" -> {
        restrict(call, given.path("spec").path("boundObjectRef"), subject);
        issue(given, subject);
      }
      default -> throw ApiException.methodNotAllowed();
    }
    return given;
  }

  private static void check(Call call, ObjectNode review) {
    String kind = review.path("kind").asText();
    List<FieldError> errors = ReviewRules.of(kind, review);
    if (!errors.isEmpty()) {
      throw ApiException.invalid("authorization.k8s.io", "", "", errors);
    }
    String namespace = review.path("metadata").path("namespace").asText("");
    if (kind.equals("LocalSubjectAccessReview") && !namespace.equals(call.info().namespace())) {
      throw ApiException.badRequest(
          "spec.resourceAttributes.namespace must match namespace: " + call.info().namespace());
    }
  }

  private static UserInfo named(JsonNode spec) {
    List<String> groups = new ArrayList<>();
    spec.path("groups").forEach(each -> groups.add(each.asText()));
    Map<String, List<String>> extra = new HashMap<>();
    for (Map.Entry<String, JsonNode> each : spec.path("extra").properties()) {
      List<String> values = new ArrayList<>();
      each.getValue().forEach(value -> values.add(value.asText()));
      extra.put(each.getKey(), values);
    }
    String name = spec.path("user").asText("");
    return new UserInfo(name, spec.path("uid").asText(""), groups, extra);
  }

  private void decide(ObjectNode review, UserInfo user) {
    JsonNode spec = review.path("spec");
    JsonNode wish = spec.path("resourceAttributes");
    JsonNode path = spec.path("nonResourceAttributes");
    Attributes attributes =
        wish.isMissingNode()
            ? new Attributes(
                user, path.path("verb").asText(), "", "", "", "", "", path.path("path").asText())
            : new Attributes(
                user,
                wish.path("verb").asText(),
                wish.path("group").asText(""),
                wish.path("resource").asText(),
                wish.path("subresource").asText(""),
                wish.path("namespace").asText(""),
                wish.path("name").asText(""),
                "",
                FieldSelector.EVERYTHING,
                wish.path("version").asText(""),
                LabelSelector.EVERYTHING);
    show(
        authorizer.decide(attributes),
        ReviewedSelectors.problems(wish),
        review.putObject("status"));
  }

  private static void show(Decision decision, String problems, ObjectNode status) {
    status.put("allowed", decision.allowed());
    if (decision.verdict() == Decision.Verdict.DENY) {
      status.put("denied", true);
    }
    if (!decision.reason().isEmpty()) {
      status.put("reason", decision.reason());
    }
    String error = decision.error();
    String all = error.isEmpty() || problems.isEmpty() ? error + problems : error + "; " + problems;
    if (!all.isEmpty()) {
      status.put("evaluationError", all);
    }
  }

  private void rules(ObjectNode review, UserInfo user) {
    String namespace = review.path("spec").path("namespace").asText("");
    if (namespace.isEmpty()) {
      throw ApiException.badRequest("no namespace on request");
    }
    ObjectNode status = review.putObject("status");
    ArrayNode resources = status.putArray("resourceRules");
    ArrayNode paths = status.putArray("nonResourceRules");
    for (Rbac.Rule rule : authorizer.rulesOf(user, namespace)) {
      ObjectNode shown = rule.paths().isEmpty() ? resources.addObject() : paths.addObject();
      add(shown, "verbs", rule.verbs());
      add(shown, "apiGroups", rule.groups());
      add(shown, "resources", rule.resources());
      add(shown, "resourceNames", rule.names());
      add(shown, "nonResourceURLs", rule.paths());
    }
    status.put("incomplete", authorizer.knowsNotAllRules());
    if (authorizer.knowsNotAllRules()) {
      status.put("evaluationError", "webhook authorizer does not support user rule resolution");
    }
    review.putObject("metadata");
    review.putObject("spec");
  }

  private static void add(ObjectNode rule, String field, Iterable<String> values) {
    if (values.iterator().hasNext()) {
      values.forEach(rule.putArray(field)::add);
    }
  }

  private void token(ObjectNode review) {
    List<String> audiences = new ArrayList<>();
    review.path("spec").path("audiences").forEach(each -> audiences.add(each.asText()));
    String token = review.path("spec").path("token").asText("");
    if (token.isEmpty()) {
      throw ApiException.badRequest("token is required for TokenReview in authentication");
    }
    Authenticator.Reviewed reviewed = authenticator.review(token, audiences);
    ObjectNode status = review.withObjectProperty("status");
    @Nullable UserInfo user = reviewed.user();
    if (user == null) {
      status.remove("authenticated");
      if (!reviewed.refusal().isEmpty()) {
        status.put("error", reviewed.refusal());
      }
      status.withObjectProperty("user");
      return;
    }
    status.put("authenticated", true);
    user(status.putObject("user"), user);
    reviewed.audiences().forEach(status.putArray("audiences")::add);
  }

  private static void user(ObjectNode json, UserInfo user) {
    json.put("username", user.name());
    if (!user.uid().isEmpty()) {
      json.put("uid", user.uid());
    }
    user.groups().forEach(json.putArray("groups")::add);
    if (!user.extra().isEmpty()) {
      Map<String, List<String>> extra = new HashMap<>(user.extra());
      ObjectNode shown = json.putObject("extra");
      extra.forEach((key, values) -> values.forEach(shown.putArray(key)::add));
    }
  }

  private void restrict(Call call, JsonNode bound, ObjectNode account) {
    String node = NodeAuthorizer.nodeOf(call.user());
    if (node.isEmpty()) {
      return;
    }
    String namespace = account.path("metadata").path("namespace").asText();
    NodeRestriction.admitToken(
        node,
        new Admission.Write(
            Admission.Operation.CREATE,
            call.type(),
            "token",
            namespace,
            account.path("metadata").path("name").asText(),
            account,
            null,
            call.user(),
            call.isDryRun(),
            call.notes()),
        bound,
        objects.read("v1", "pods", namespace, bound.path("name").asText()));
  }

  private void issue(ObjectNode request, ObjectNode account) {
    ObjectNode spec = request.withObjectProperty("spec");
    long seconds = spec.path("expirationSeconds").asLong(TOKEN_SECONDS);
    checkRequest(request, spec.path("expirationSeconds"), seconds, account.path("metadata"));
    List<String> audiences = new ArrayList<>();
    spec.path("audiences").forEach(each -> audiences.add(each.asText()));
    if (audiences.isEmpty()) {
      audiences.add(ServiceAccountTokens.ISSUER);
      spec.putArray("audiences").add(ServiceAccountTokens.ISSUER);
    }
    JsonNode bound = spec.path("boundObjectRef");
    JsonNode metadata = account.path("metadata");
    ServiceAccountTokens.Issued issued =
        tokens.issue(
            metadata.path("namespace").asText(),
            metadata.path("name").asText(),
            metadata.path("uid").asText(),
            audiences,
            Duration.ofSeconds(seconds),
            new TokenBinding(objects)
                .of(metadata.path("namespace").asText(), metadata.path("name").asText(), bound));
    spec.put("expirationSeconds", seconds);
    ObjectNode own = request.withObjectProperty("metadata");
    for (String field : List.of("name", "namespace", "uid")) {
      own.set(field, metadata.path(field));
    }
    own.put("creationTimestamp", Times.seconds(issued.begins()));
    request
        .putObject("status")
        .put("token", issued.token())
        .put("expirationTimestamp", Times.seconds(issued.expires()));
  }

  private static void checkRequest(
      ObjectNode request, JsonNode expiration, long seconds, JsonNode account) {
    List<FieldError> errors = new ArrayList<>();
    String name = account.path("name").asText();
    for (String field : List.of("name", "namespace")) {
      String given = request.path("metadata").path(field).asText("");
      if (!given.isEmpty() && !given.equals(account.path(field).asText())) {
        errors.add(
            FieldError.invalid(
                "metadata." + field,
                given,
                "must match the service account " + field + " if specified"));
      }
    }
    if (!errors.isEmpty()) {
      throw ApiException.invalid("authentication.k8s.io", "TokenRequest", name, errors);
    }
    if (seconds < TOKEN_SECONDS_MIN) {
      errors.add(
          FieldError.invalid(
              EXPIRATION, expiration, "may not specify a duration less than 10 minutes"));
    }
    if (seconds > TOKEN_SECONDS_MAX) {
      errors.add(
          FieldError.invalid(
              EXPIRATION, expiration, "may not specify a duration larger than 2^32 seconds"));
    }
    if (!errors.isEmpty()) {
      throw ApiException.invalid("authentication.k8s.io", "TokenRequest", "", errors);
    }
  }
}
