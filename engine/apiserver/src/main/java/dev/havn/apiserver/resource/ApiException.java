// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.ResourceType;
import dev.havn.schema.validate.FieldError;
import dev.havn.store.StoreException;
import java.util.List;

/// A request that is refused, as the `Status` the client gets. All reasons and messages of the API
/// server are made here.
public final class ApiException extends RuntimeException {
  private final int code;
  private final String reason;
  private final ObjectNode details;
  private final boolean detailsShown;
  private final ObjectNode metadata = JsonNodeFactory.instance.objectNode();

  private ApiException(int code, String reason, String message, ObjectNode details) {
    this(code, reason, message, details, false);
  }

  private ApiException(
      int code, String reason, String message, ObjectNode details, boolean detailsShown) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
    this.detailsShown = detailsShown;
  }

  /// What the server says without knowing an object; its details are empty but there.
  private static ApiException generic(int code, String reason, String message) {
    return new ApiException(code, reason, message, details(), true);
  }

  public int code() {
    return code;
  }

  public String reason() {
    return reason;
  }

  /// The `Status` object.
  public ObjectNode status() {
    ObjectNode status = JsonNodeFactory.instance.objectNode();
    status.put("kind", "Status").put("apiVersion", "v1");
    status.set("metadata", metadata);
    status.put("status", "Failure").put("message", getMessage());
    if (!reason.isEmpty()) {
      status.put("reason", reason);
    }
    if (detailsShown || !details.isEmpty()) {
      status.set("details", details);
    }
    return status.put("code", code);
  }

  /// The same with one more cause in its details.
  public ApiException because(String cause) {
    details.withArrayProperty("causes").addObject().put("reason", cause);
    return this;
  }

  private static ObjectNode details() {
    return JsonNodeFactory.instance.objectNode();
  }

  private static ObjectNode details(ResourceType type, String name) {
    ObjectNode details = details();
    if (!name.isEmpty()) {
      details.put("name", name);
    }
    if (!type.group().isEmpty()) {
      details.put("group", type.group());
    }
    return details.put("kind", type.plural());
  }

  public static ApiException notFound(ResourceType type, String name) {
    return new ApiException(
        404,
        "NotFound",
        "%s \"%s\" not found".formatted(type.qualifiedName(), name),
        details(type, name));
  }

  /// Something that is no object of its own.
  static ApiException notFound(String what, String name) {
    return new ApiException(
        404,
        "NotFound",
        "%s \"%s\" not found".formatted(what, name),
        details().put("name", name).put("kind", what));
  }

  /// A path that means nothing here.
  public static ApiException unknownPath() {
    return generic(404, "NotFound", "the server could not find the requested resource");
  }

  public static ApiException alreadyExists(ResourceType type, String name) {
    return new ApiException(
        409,
        "AlreadyExists",
        "%s \"%s\" already exists".formatted(type.qualifiedName(), name),
        details(type, name));
  }

  /// A name that the server has made, or could have made, and that is taken.
  static ApiException notGenerated(ResourceType type, String name) {
    ApiException error =
        new ApiException(
            409,
            "AlreadyExists",
            "%s \"%s\" already exists, the server was not able to generate a unique name for the object"
                .formatted(type.qualifiedName(), name),
            details(type, name));
    error.details.put("retryAfterSeconds", 1);
    return error;
  }

  public static ApiException conflict(ResourceType type, String name, String why) {
    return new ApiException(
        409,
        "Conflict",
        "Operation cannot be fulfilled on %s \"%s\": %s".formatted(type.qualifiedName(), name, why),
        details(type, name));
  }

  /// The same of a subresource, by its path.
  static ApiException conflict(String group, String path, String name, String why) {
    String qualified = group.isEmpty() ? path : path + "." + group;
    String message = "Operation cannot be fulfilled on " + qualified + " \"" + name + "\": " + why;
    ObjectNode details = details().put("name", name);
    ObjectNode grouped = group.isEmpty() ? details : details.put("group", group);
    return new ApiException(409, "Conflict", message, grouped.put("kind", path));
  }

  public static ApiException modified(ResourceType type, String name) {
    return conflict(
        type,
        name,
        "the object has been modified; please apply your changes to the latest version and try again");
  }

  /// A server-side apply that meets other owners; each path is a cause.
  public static ApiException applyConflict(
      String message, List<dev.havn.schema.apply.ConflictException.Conflict> conflicts) {
    ObjectNode details = details();
    ArrayNode causes = details.putArray("causes");
    conflicts.forEach(
        conflict ->
            conflict
                .paths()
                .forEach(
                    path ->
                        causes
                            .addObject()
                            .put("reason", "FieldManagerConflict")
                            .put("message", "conflict with " + conflict.with())
                            .put("field", path)));
    return new ApiException(409, "Conflict", message, details);
  }

  public static ApiException invalid(ResourceType type, String name, List<FieldError> errors) {
    String group = type.builtinKind().equals("Event") ? "" : type.group();
    return invalid(group, type.kind(), name, errors);
  }

  /// The same of what is no resource: options of a request, questions for access.
  public static ApiException invalid(
      String group, String kind, String name, List<FieldError> errors) {
    String qualified = group.isEmpty() ? kind : kind + "." + group;
    ObjectNode details = details();
    if (!name.isEmpty()) {
      details.put("name", name);
    }
    if (!group.isEmpty()) {
      details.put("group", group);
    }
    if (!kind.isEmpty()) {
      details.put("kind", kind);
    }
    causes(details, errors);
    return new ApiException(
        422,
        "Invalid",
        "%s %s is invalid: %s"
            .formatted(qualified, FieldError.quote(name), FieldError.aggregate(errors)),
        details);
  }

  public static ApiException badRequest(String message) {
    return new ApiException(400, "BadRequest", message, details());
  }

  public static ApiException unprocessable(String message) {
    return new ApiException(422, "Invalid", message, details());
  }

  public static ApiException unauthorized() {
    return new ApiException(401, "Unauthorized", "Unauthorized", details());
  }

  /// Forbidden whatever it is: a resource that is not known here.
  public static ApiException forbidden(String group, String plural, String name, String why) {
    ObjectNode details = details();
    if (!name.isEmpty()) {
      details.put("name", name);
    }
    if (!group.isEmpty()) {
      details.put("group", group);
    }
    details.put("kind", plural);
    String resource = group.isEmpty() ? plural : plural + "." + group;
    String named = name.isEmpty() ? resource : resource + " \"" + name + "\"";
    return new ApiException(403, "Forbidden", named + " is forbidden: " + why, details);
  }

  /// A delete that was meant for another object than the one that is there.
  public static ApiException preconditionFailed(ResourceType type, String name, String why) {
    String group = Registry.storageGroup(type);
    String kind = group.isEmpty() ? type.kind() : type.kind() + "." + group;
    ObjectNode details = details().put("name", name);
    if (!group.isEmpty()) {
      details.put("group", group);
    }
    details.put("kind", type.kind());
    return new ApiException(
        409,
        "Conflict",
        "Operation cannot be fulfilled on %s \"%s\": %s".formatted(kind, name, why),
        details);
  }

  public static ApiException forbidden(ResourceType type, String name, String why) {
    return new ApiException(
        403,
        "Forbidden",
        name.isEmpty()
            ? "%s is forbidden: %s".formatted(type.qualifiedName(), why)
            : "%s \"%s\" is forbidden: %s".formatted(type.qualifiedName(), name, why),
        details(type, name));
  }

  /// Forbidden without an object: a path.
  public static ApiException forbiddenPath(String why) {
    return new ApiException(403, "Forbidden", "forbidden: " + why, details());
  }

  /// Creation in a namespace that is being deleted.
  public static ApiException namespaceTerminating(
      ResourceType type, String name, String namespace) {
    String message =
        "unable to create new content in namespace %s because it is being terminated"
            .formatted(namespace);
    ApiException error = forbidden(type, name, message);
    error
        .details
        .putArray("causes")
        .addObject()
        .put("reason", "NamespaceTerminating")
        .put("message", "namespace %s is being terminated".formatted(namespace))
        .put("field", "metadata.namespace");
    return error;
  }

  public static ApiException methodNotAllowed() {
    return generic(
        405, "MethodNotAllowed", "the server does not allow this method on the requested resource");
  }

  /// What cannot be done with custom objects, which has no name.
  static ApiException notSupported(ResourceType type) {
    return new ApiException(
        405,
        "MethodNotAllowed",
        " is not supported on resources of kind \"%s\"".formatted(type.qualifiedName()),
        details().put("group", type.group()).put("kind", type.plural()));
  }

  /// What is not done any more with objects whose definition is being deleted.
  static ApiException definitionTerminating(ResourceType type, String verb) {
    return new ApiException(
        405,
        "MethodNotAllowed",
        verb + " not allowed while custom resource definition is terminating",
        details().put("group", type.group()).put("kind", type.plural()));
  }

  public static ApiException unsupportedMediaType(String accepted) {
    return new ApiException(
        415,
        "UnsupportedMediaType",
        "the body of the request was in an unknown format - accepted media types include: "
            + accepted,
        details());
  }

  /// A patch of a form that is not known.
  public static ApiException unsupportedPatch() {
    return generic(415, "UnsupportedMediaType", "415: Unsupported Media Type");
  }

  /// A patch that cannot be applied to the object as it stands.
  public static ApiException rejected() {
    return generic(
        422, "Invalid", "the server rejected our request due to an error in our request");
  }

  public static ApiException notAcceptable(String available) {
    return generic(
        406, "NotAcceptable", "406: Not Acceptable\n\nAvailable representations: " + available);
  }

  /// A form that the answer cannot have.
  static ApiException unsuitable(String message) {
    return new ApiException(406, "NotAcceptable", message, details());
  }

  /// The same for custom resources and for pages.
  public static ApiException acceptsOnly(String types) {
    return unsuitable("only the following media types are accepted: " + types);
  }

  /// An error for which the API has no reason of its own.
  public static ApiException unreasoned(String message) {
    return new ApiException(500, "", message, details());
  }

  /// A patch whose result is no object of its kind.
  ///
  /// @param patched what was tried, as it is printed
  public static ApiException invalidPatch(String patched, String why) {
    List<FieldError> errors = List.of(FieldError.invalid("patch", patched, why));
    ObjectNode details = details();
    causes(details, errors);
    return new ApiException(
        422, "Invalid", " \"\" is invalid: " + FieldError.aggregate(errors), details);
  }

  private static void causes(ObjectNode details, List<FieldError> errors) {
    ArrayNode causes = details.putArray("causes");
    errors.forEach(
        error ->
            causes
                .addObject()
                .put("reason", error.type().reason())
                .put("message", error.message())
                .put("field", error.field()));
  }

  public static ApiException tooLarge(int bytesMax) {
    return new ApiException(
        413, "RequestEntityTooLarge", "Request entity too large: limit is " + bytesMax, details());
  }

  public static ApiException expired(String message) {
    return new ApiException(410, "Expired", message, details());
  }

  /// A page of a list whose revision was compacted away.
  ///
  /// @param token with which the list goes on with what there is now
  static ApiException expiredPage(String token) {
    ApiException error =
        expired(
            "The provided continue parameter is too old to display a consistent list result. You can"
                + " start a new list without the continue parameter, or use the continue token in"
                + " this response to retrieve the remainder of the results. Continuing with the"
                + " provided token results in an inconsistent list - objects that were created,"
                + " modified, or deleted between the time the first chunk was returned and now may"
                + " show up in the list.");
    error.metadata.put("continue", token);
    return error;
  }

  public static ApiException tooOld(long asked, long available) {
    return expired("too old resource version: %d (%d)".formatted(asked, available));
  }

  /// A revision that this server has not reached.
  ///
  /// @param asked unsigned
  /// @param retryAfterSeconds 0 where Kubernetes does not say when to try again
  static ApiException futureRevision(long asked, long current, int retryAfterSeconds) {
    ObjectNode details = details();
    details
        .putArray("causes")
        .addObject()
        .put("reason", "ResourceVersionTooLarge")
        .put("message", "Too large resource version");
    if (retryAfterSeconds > 0) {
      details.put("retryAfterSeconds", retryAfterSeconds);
    }
    return new ApiException(
        504,
        "Timeout",
        "Timeout: Too large resource version: %s, current: %d"
            .formatted(Long.toUnsignedString(asked), current),
        details);
  }

  public static ApiException internal(String message) {
    ObjectNode details = details();
    details.putArray("causes").addObject().put("message", message);
    return new ApiException(500, "InternalError", "Internal error occurred: " + message, details);
  }

  /// What the store could not do.
  public static ApiException of(StoreException failure) {
    String message = String.valueOf(failure.getMessage());
    return switch (failure.kind()) {
      case REFUSED -> internal(message);
      case UNREACHABLE -> timeout(message);
      case TOO_LARGE ->
          new ApiException(
              413, "RequestEntityTooLarge", "Request entity too large: " + message, details());
    };
  }

  public static ApiException timeout(String message) {
    return new ApiException(504, "Timeout", "Timeout: " + message, details());
  }

  public static ApiException tooManyRequests(String message, int retryAfterSeconds) {
    return new ApiException(
        429, "TooManyRequests", message, details().put("retryAfterSeconds", retryAfterSeconds));
  }

  /// An eviction that a budget does not allow.
  ///
  /// @param retryAfterSeconds 0 when it is not known when it will
  static ApiException disruptionRefused(String message, String why, int retryAfterSeconds) {
    ObjectNode details = details();
    details.putArray("causes").addObject().put("reason", "DisruptionBudget").put("message", why);
    if (retryAfterSeconds > 0) {
      details.put("retryAfterSeconds", retryAfterSeconds);
    }
    return new ApiException(429, "TooManyRequests", message, details);
  }

  static ApiException unavailable(String message) {
    return new ApiException(503, "ServiceUnavailable", message, details());
  }

  /// Refused by policies.
  ///
  /// @param reason such as `Invalid`, with its code
  /// @param causes what each of them says
  public static ApiException byPolicy(
      ResourceType type,
      String name,
      int code,
      String reason,
      String message,
      List<String> causes) {
    ObjectNode details = details(type, name);
    ArrayNode list = details.putArray("causes");
    causes.forEach(each -> list.addObject().put("message", each));
    return new ApiException(code, reason, message, details);
  }

  /// A refusal that somebody else has worded: a webhook.
  ///
  /// @param given a `Status`; what it leaves out that a failure has is added
  public static ApiException ofStatus(ObjectNode given) {
    int code = Math.max(400, given.path("code").asInt());
    ObjectNode details =
        given.get("details") instanceof ObjectNode said ? said.deepCopy() : details();
    ApiException error =
        new ApiException(
            code,
            given.path("reason").asText(""),
            given.path("message").asText(""),
            details,
            given.path("details").isObject());
    if (given.get("metadata") instanceof ObjectNode said) {
      error.metadata.setAll(said);
    }
    return error;
  }

  /// An answer whose code came from elsewhere (a node).
  public static ApiException ofCode(int code, String message) {
    String reason =
        switch (code) {
          case 400 -> "BadRequest";
          case 404 -> "NotFound";
          case 403 -> "Forbidden";
          case 503 -> "ServiceUnavailable";
          default -> "InternalError";
        };
    return new ApiException(code, reason, message, details());
  }
}
