// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.audit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.RequestInfo;
import dev.havn.apiserver.admission.Notes;
import dev.havn.apiserver.authentication.UserInfo;
import dev.havn.apiserver.http.Request;
import dev.havn.apiserver.http.Response;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// One request on its way: becomes an event at each stage that the policy keeps.
public final class AuditedRequest {
  private static final int TEXT_CHARS_MAX = 1 << 10;
  private static final int STATUS_BYTES_MAX = 1 << 10;
  private static final int FAILURE = 400;

  private final Surroundings surroundings;
  private final Request request;
  private final RequestInfo info;
  private final Notes notes;
  private final boolean goesOn;
  private final Instant received;
  private final @Nullable RecordedBody body;
  private AuditPolicy.Choice choice = AuditPolicy.Choice.NOTHING;
  private @Nullable UserInfo user;
  private @Nullable UserInfo acting;
  private String id = "";
  private String last = "ResponseComplete";
  private boolean complete;
  private boolean open;

  record Surroundings(
      AuditPolicy policy, AuditSink sink, InstantSource clock, Supplier<String> ids) {}

  AuditedRequest(
      Surroundings surroundings, Request request, RequestInfo info, Notes notes, boolean goesOn) {
    this.surroundings = surroundings;
    this.info = info;
    this.notes = notes;
    this.goesOn = goesOn;
    this.received = surroundings.clock().instant();
    this.body = surroundings.policy().isEmpty() ? null : new RecordedBody(request);
    this.request = body == null ? request : body;
  }

  /// The same request, whose body is remembered once it is read.
  public Request request() {
    return request;
  }

  /// The same response, whose answers are noted.
  public Response observed(Response response) {
    return surroundings.policy().isEmpty() ? response : new RecordedResponse(response, this);
  }

  boolean keepsResponse() {
    return choice.level().isAtLeast(AuditLevel.REQUEST_RESPONSE);
  }

  boolean isKept() {
    return choice.level().isAtLeast(AuditLevel.METADATA);
  }

  /// Whether the answer says more than its code.
  boolean isRead(int code, int bytes) {
    return code >= FAILURE
        || keepsResponse()
        || (info.verb().equals("delete") && bytes <= STATUS_BYTES_MAX);
  }

  String id() {
    return id;
  }

  /// Who asks is known.
  public void authenticated(UserInfo who) {
    if (surroundings.policy().isEmpty()) {
      return;
    }
    begin(who);
    emit("RequestReceived", event());
  }

  private void begin(UserInfo who) {
    user = who;
    choice = surroundings.policy().choose(who, info);
    @Nullable String given = request.headers().first("audit-id");
    id = given == null || given.isEmpty() ? surroundings.ids().get() : shortened(given);
  }

  /// What was presented is wrong; the answer says so.
  public void unauthenticated() {
    if (!surroundings.policy().isEmpty()) {
      begin(new UserInfo("", List.of()));
      last = "ResponseStarted";
    }
  }

  /// For whom it asks, another than itself.
  public void impersonates(UserInfo other) {
    acting = other;
  }

  /// The answer has begun and goes on.
  synchronized void started(int code) {
    open = true;
    if (!goesOn) {
      return;
    }
    ObjectNode event = event();
    event.set("responseStatus", status(code));
    emit("ResponseStarted", event);
  }

  /// All is said.
  ///
  /// @param answer what was said, null where it is not to be kept or cannot be read
  synchronized void completed(int code, @Nullable JsonNode answer) {
    if (complete) {
      return;
    }
    complete = true;
    ObjectNode event = event();
    boolean saysMore = answer != null && answer.path("kind").asText().equals("Status");
    event.set("responseStatus", saysMore && answer != null ? said(answer, code) : status(code));
    if (answer != null && info.isResource() && keepsResponse()) {
      event.set("responseObject", trimmed(answer));
    }
    emit(last, event);
  }

  /// The handler is through; a connection that was handed over ends with it.
  public synchronized void ended() {
    if (user != null && !complete && !open) {
      completed(101, null);
    }
  }

  private static ObjectNode status(int code) {
    ObjectNode status = JsonNodeFactory.instance.objectNode();
    status.putObject("metadata");
    return status.put("code", code);
  }

  private static ObjectNode said(JsonNode answer, int code) {
    ObjectNode status = answer.deepCopy();
    status.remove(List.of("kind", "apiVersion"));
    return status.put("code", code);
  }

  private JsonNode trimmed(JsonNode object) {
    JsonNode trimmed = object.deepCopy();
    if (choice.omitsManagedFields()) {
      withoutManagedFields(trimmed);
      trimmed.path("items").forEach(AuditedRequest::withoutManagedFields);
    }
    return trimmed;
  }

  private static void withoutManagedFields(JsonNode object) {
    if (object.get("metadata") instanceof ObjectNode metadata) {
      metadata.remove("managedFields");
    }
  }

  private void emit(String stage, ObjectNode event) {
    if (!isKept() || choice.omittedStages().contains(stage)) {
      return;
    }
    event.put("stage", stage);
    @Nullable JsonNode given = body == null ? null : body.tree();
    if (given != null
        && choice.level().isAtLeast(AuditLevel.REQUEST)
        && !stage.equals("RequestReceived")) {
      event.set("requestObject", trimmed(given));
    }
    AuditTimes.add(event, received, surroundings.clock().instant());
    if (!notes.annotations().isEmpty()) {
      ObjectNode annotations = event.putObject("annotations");
      notes.annotations().forEach(annotations::put);
    }
    surroundings.sink().write(event);
  }

  private ObjectNode event() {
    ObjectNode event = JsonNodeFactory.instance.objectNode();
    event.put("kind", "Event").put("apiVersion", AuditPolicy.API_VERSION);
    event.put("level", choice.level().toString()).put("auditID", id).put("stage", "");
    event.put("requestURI", AuditTexts.uri(request)).put("verb", info.verb());
    UserInfo who = user;
    event.set("user", who == null ? JsonNodeFactory.instance.objectNode() : AuditTexts.user(who));
    UserInfo other = acting;
    if (other != null) {
      event.set("impersonatedUser", AuditTexts.user(other));
    }
    AuditTexts.sources(request).forEach(event.withArrayProperty("sourceIPs")::add);
    @Nullable String agent = request.headers().first("user-agent");
    if (agent != null) {
      event.put("userAgent", shortened(agent));
    }
    if (info.isResource()) {
      event.set("objectRef", AuditTexts.reference(info, body == null ? null : body.tree()));
    }
    return event;
  }

  private static String shortened(String text) {
    return text.length() > TEXT_CHARS_MAX ? text.substring(0, TEXT_CHARS_MAX) : text;
  }
}
