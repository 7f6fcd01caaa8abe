// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.admission.Admission.Audience;
import dev.havn.apiserver.admission.Admission.Form;
import dev.havn.apiserver.admission.Admission.Operation;
import dev.havn.apiserver.admission.Admission.Write;
import dev.havn.schema.ResourceType;
import dev.havn.schema.Schema;
import dev.havn.schema.validate.Structure;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Requests as admission sees them.
final class Admissions {
  /// Subresources whose body is another kind: those who look from outside see that one.
  private static final Set<String> OF_ANOTHER_KIND = Set.of("binding", "scale");

  private Admissions() {}

  /// @param isNameHidden whether the server has made the name and hides it
  static Write creation(Call call, String name, ObjectNode object, boolean isNameHidden) {
    return write(
        call, Operation.CREATE, name, object, null, own(call, "CreateOptions", isNameHidden));
  }

  static Write change(Call call, ObjectNode before, ObjectNode after) {
    Form form = own(call, "UpdateOptions", /* isNameHidden= */ false);
    boolean another = OF_ANOTHER_KIND.contains(call.info().subresource());
    return write(
        call,
        Operation.UPDATE,
        call.name(),
        after,
        before,
        another ? form.to(Audience.PLUGINS) : form);
  }

  /// @param options of the delete, from its body
  /// @param isDry whether it is one by its body
  static Write deletion(Call call, ObjectNode object, ObjectNode options, boolean isDry) {
    ResourceType type = call.type();
    boolean asked = call.info().subresource().isEmpty();
    Form form =
        new Form(
            asked ? Audience.EVERYBODY : Audience.PLUGINS,
            type.apiVersion(),
            type.kind(),
            () -> deleteOptions(call, options),
            call.info().verb().equals("deletecollection"),
            _ -> {});
    return new Write(
        Operation.DELETE,
        type,
        "",
        place(call, call.name()),
        call.name(),
        object,
        object,
        call.user(),
        isDry,
        call.notes(),
        form);
  }

  /// Of a pod that is to be evicted.
  static Write eviction(Call call, ObjectNode pod) {
    return new Write(
        Operation.CREATE,
        call.type(),
        "eviction",
        call.namespace(),
        call.name(),
        pod,
        pod,
        call.user(),
        false,
        call.notes());
  }

  /// A body that is not stored as it is.
  ///
  /// @param schema of the body, null when none of it comes back: options are read from the query
  /// @param before what stood there in the form of the body, or null
  static Write body(
      Call call,
      Operation operation,
      Schema.@Nullable Struct schema,
      ObjectNode body,
      @Nullable ObjectNode before) {
    if (call.type().namespaced() && body.get("metadata") instanceof ObjectNode metadata) {
      metadata.put("namespace", call.namespace());
    }
    String options = operation == Operation.UPDATE ? "UpdateOptions" : "CreateOptions";
    Form form =
        new Form(
            Audience.CONFIGURED,
            body.path("apiVersion").asText(),
            body.path("kind").asText(),
            operation == Operation.CONNECT ? () -> null : options(call, options),
            false,
            object -> {
              if (schema != null) {
                Structure.fit(object, schema);
              }
            });
    return write(call, operation, call.name(), body, before, form);
  }

  private static Form own(Call call, String options, boolean isNameHidden) {
    ResourceType type = call.type();
    return new Form(
        Audience.EVERYBODY,
        type.apiVersion(),
        type.kind(),
        options(call, options),
        isNameHidden,
        object -> TypeRules.reform(call, object));
  }

  private static Write write(
      Call call,
      Operation operation,
      String name,
      ObjectNode object,
      @Nullable ObjectNode before,
      Form form) {
    return new Write(
        operation,
        call.type(),
        call.info().subresource(),
        place(call, name),
        name,
        object,
        before,
        call.user(),
        call.isDryRun(),
        call.notes(),
        form);
  }

  /// A namespace is said to be in itself.
  private static String place(Call call, String name) {
    boolean namespace = call.type().group().isEmpty() && call.type().plural().equals("namespaces");
    return namespace ? name : call.namespace();
  }

  private static Supplier<@Nullable ObjectNode> options(Call call, String kind) {
    return () -> {
      ObjectNode options = JsonNodeFactory.instance.objectNode();
      options.put("kind", kind).put("apiVersion", "meta.k8s.io/v1");
      List<String> dryRun = call.request().query().all("dryRun");
      if (!dryRun.isEmpty()) {
        dryRun.forEach(options.putArray("dryRun")::add);
      }
      for (String field : List.of("fieldManager", "fieldValidation")) {
        @Nullable String value = call.query(field);
        if (value != null) {
          options.put(field, value);
        }
      }
      return options;
    };
  }

  private static ObjectNode deleteOptions(Call call, ObjectNode given) {
    ObjectNode options = given.deepCopy();
    options.put("kind", "DeleteOptions").put("apiVersion", "meta.k8s.io/v1");
    @Nullable String policy = call.query("propagationPolicy");
    if (policy != null && !options.has("propagationPolicy")) {
      options.put("propagationPolicy", policy);
    }
    @Nullable String grace = call.query("gracePeriodSeconds");
    if (grace != null && !options.has("gracePeriodSeconds")) {
      options.put("gracePeriodSeconds", Long.parseLong(grace));
    }
    if (call.isDryRun() && !options.has("dryRun")) {
      options.putArray("dryRun").add("All");
    }
    return options;
  }
}
