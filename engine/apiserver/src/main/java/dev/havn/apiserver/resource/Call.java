// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import dev.havn.apiserver.FeatureGates;
import dev.havn.apiserver.RequestInfo;
import dev.havn.apiserver.admission.Notes;
import dev.havn.apiserver.authentication.UserInfo;
import dev.havn.apiserver.http.Request;
import dev.havn.schema.ResourceType;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One request for a resource, with all that was found out about it.
///
/// @param notes collects what the answer's `Warning` headers and the audit event say
/// @param gates features that are there besides
public record Call(
    Request request,
    RequestInfo info,
    ResourceType type,
    UserInfo user,
    Notes notes,
    FeatureGates gates) {

  /// The same asker with another verb, such as that of what an update does when there is nothing.
  Call as(String verb) {
    RequestInfo other =
        new RequestInfo(
            verb,
            info.group(),
            info.version(),
            info.namespace(),
            info.resource(),
            info.name(),
            info.subresource(),
            info.rest(),
            info.path());
    return about(other);
  }

  /// The same asker about something else of the type.
  Call about(RequestInfo other) {
    return new Call(request, other, type, user, notes, gates);
  }

  List<String> warnings() {
    return notes.warnings();
  }

  String name() {
    return info.name();
  }

  String namespace() {
    return info.namespace();
  }

  String key() {
    return Registry.key(type, namespace(), name());
  }

  @Nullable String query(String parameter) {
    @Nullable String value = request.query().first(parameter);
    return value == null || value.isEmpty() ? null : value;
  }

  boolean flag(String parameter) {
    @Nullable String value = request.query().first(parameter);
    return value != null && !value.equals("0") && !value.equalsIgnoreCase("false");
  }

  /// A whole number in the query; `absent` when it is not there.
  long number(String parameter, long absent) {
    @Nullable String text = request.query().first(parameter);
    if (text == null) {
      return absent;
    }
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw ApiException.badRequest("strconv.ParseInt: parsing \"" + text + "\": invalid syntax");
    }
  }

  public boolean isDryRun() {
    return query("dryRun") != null;
  }

  /// The same asker before a subresource of something in the same namespace.
  Call below(String name, String subresource, ResourceType other) {
    RequestInfo below =
        new RequestInfo(
            info.verb(),
            other.group(),
            other.version(),
            info.namespace(),
            other.plural(),
            name,
            subresource,
            info.rest(),
            info.path());
    return new Call(request, below, other, user, notes, gates);
  }

  /// Who owns the fields that this request writes: `fieldManager`, else the client's name.
  String fieldManager() {
    @Nullable String manager = query("fieldManager");
    if (manager != null) {
      return manager;
    }
    @Nullable String agent = request.headers().first("user-agent");
    return agent == null || agent.isBlank() ? "unknown" : agent.split("/")[0].strip();
  }
}
