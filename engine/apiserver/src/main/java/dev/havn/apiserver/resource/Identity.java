// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.ResourceType;
import dev.havn.schema.codec.GoText;
import dev.havn.schema.validate.FieldError;
import java.util.ArrayList;
import java.util.List;

/// Whether an update means the object that its path names: name, uid and revision.
final class Identity {
  private Identity() {}

  /// Refuses a name that could not be a part of a path.
  static void checkPathName(String name) {
    List<String> problems = new ArrayList<>();
    if (name.equals(".") || name.equals("..")) {
      problems.add("may not be '" + name + "'");
    }
    for (String each : List.of("/", "%")) {
      if (name.contains(each)) {
        problems.add("may not contain '" + each + "'");
      }
    }
    if (!problems.isEmpty()) {
      throw ApiException.badRequest(
          "Name parameter invalid: " + GoText.quoted(name) + ": " + String.join(";", problems));
    }
  }

  static void checkName(Call call, JsonNode metadata) {
    String name = metadata.path("name").asText("");
    if (name.isEmpty() && call.info().subresource().isEmpty()) {
      throw ApiException.badRequest(
          "the name of the object (%s based on URL) was undeterminable: name must be provided"
              .formatted(call.name()));
    }
    if (!name.isEmpty() && !name.equals(call.name())) {
      throw ApiException.badRequest(
          "the name of the object (%s) does not match the name on the URL (%s)"
              .formatted(name, call.name()));
    }
  }

  /// Refuses what was meant for another object or another revision. A patch is made of the object
  /// itself: what it does to the identity is looked at like any other change.
  static void checkVersion(Call call, ObjectNode before, ObjectNode wanted) {
    ResourceType type = call.type();
    String name = call.name();
    JsonNode metadata = wanted.path("metadata");
    String uid = metadata.path("uid").asText("");
    String actual = before.path("metadata").path("uid").asText();
    if (!uid.isEmpty() && !uid.equals(actual) && !call.info().verb().equals("patch")) {
      throw ApiException.conflict(
          type,
          name,
          "StorageError: invalid object, Code: 4, Key: %s/%s/%s, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: %s, UID in object meta: %s"
              .formatted(
                  call.isDryRun() ? "" : "/registry",
                  Registry.storageName(type),
                  path(before, name),
                  uid,
                  actual));
    }
    String version = metadata.path("resourceVersion").asText("");
    boolean status = call.info().subresource().equals("status");
    if (version.isEmpty()
        && (Kinds.needsVersion(type) || status && Kinds.needsVersionInStatus(type))) {
      throw ApiException.invalid(
          type.group(),
          type.plural(),
          name,
          List.of(
              FieldError.invalid(
                  "metadata.resourceVersion",
                  JsonNodeFactory.instance.numberNode(0),
                  "must be specified for an update")));
    }
    if (!version.isEmpty() && AskedRevision.read(version).isEmpty()) {
      throw ApiException.unreasoned(AskedRevision.problem(version));
    }
    boolean named = !version.isEmpty() && !version.equals("0");
    if (named && !version.equals(before.path("metadata").path("resourceVersion").asText())) {
      throw ApiException.modified(type, name);
    }
  }

  private static String path(ObjectNode object, String name) {
    String namespace = object.path("metadata").path("namespace").asText("");
    return namespace.isEmpty() ? name : namespace + "/" + name;
  }
}
