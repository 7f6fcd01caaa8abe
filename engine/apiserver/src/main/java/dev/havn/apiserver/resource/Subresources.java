// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.RequestInfo;
import dev.havn.apiserver.admission.Admission;
import dev.havn.apiserver.admission.Admission.Operation;
import dev.havn.apiserver.admission.NamespaceLifecycle;
import dev.havn.apiserver.http.Response;
import dev.havn.schema.ResourceType;
import dev.havn.schema.Schema;
import dev.havn.schema.apply.ManagedFields;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What is served below an object.
final class Subresources {
  private final Objects objects;
  private final Reads reads;
  private final Writes writes;
  private final Patches patches;
  private final Deletes deletes;
  private final Admission admission;
  private final Reviews reviews;
  private final NodeSessions sessions;
  private final Scales scales;
  private final InstantSource clock;

  Subresources(
      Objects objects,
      Reads reads,
      Writes writes,
      Patches patches,
      Deletes deletes,
      Admission admission,
      Reviews reviews,
      NodeSessions sessions,
      InstantSource clock) {
    this.objects = objects;
    this.reads = reads;
    this.writes = writes;
    this.patches = patches;
    this.deletes = deletes;
    this.admission = admission;
    this.reviews = reviews;
    this.sessions = sessions;
    this.clock = clock;
    this.scales = new Scales(objects, reads, writes, patches, admission);
  }

  void handle(Call call, Response response) {
    String name = call.info().subresource();
    ResourceType.Subresource subresource =
        call.type().subresources().stream()
            .filter(each -> each.name().equals(name))
            .findFirst()
            .orElseThrow(
                () ->
                    call.type().custom() == null
                        ? ApiException.unknownPath()
                        : ApiException.notFound(call.type(), call.name()));
    boolean passedOn = name.equals("proxy");
    if (call.type().custom() != null && !subresource.verbs().contains(call.info().verb())) {
      throw ApiException.methodNotAllowed();
    }
    if (call.info().verb().equals("patch") && !passedOn) {
      Patches.checkType(call);
    }
    if (!call.info().verb().equals("create") && !passedOn) {
      Identity.checkPathName(call.name());
    }
    switch (name) {
      case "status", "approval", "resize", "ephemeralcontainers" -> part(call, response);
      case "scale" -> scales.serve(call, response);
      case "binding" -> bind(call, response);
      case "eviction" -> evict(call, response);
      case "finalize" -> finish(call, response);
      case "token" -> review(call, response, subresource);
      case "log" -> sessions.serve(call, existing(call).toTree(), response);
      case "exec", "attach", "portforward" -> {
        connect(call, subresource);
        sessions.serve(call, existing(call).toTree(), response);
      }
      case "proxy" -> {
        connect(call, subresource);
        proxy(call, response);
      }
      default -> throw ApiException.unknownPath();
    }
  }

  private void connect(Call call, ResourceType.Subresource subresource) {
    ObjectNode options = ConnectOptions.of(call, subresource.kind());
    asked(Admissions.body(call, Operation.CONNECT, null, options, null));
  }

  private void asked(Admission.Write write) {
    admission.admit(write);
    admission.validate(write);
  }

  /// Kinds that are created, answered and forgotten.
  void passing(Call call, Response response) {
    ResourceType type = call.type();
    if (type.builtinKind().equals("Binding")) {
      bindByItself(call, response);
      return;
    }
    if (type.builtinKind().equals("ComponentStatus") && !call.name().isEmpty()) {
      throw ApiException.notFound("componentstatus", call.name());
    } else if (type.builtinKind().equals("ComponentStatus")) {
      ObjectNode list = JsonNodeFactory.instance.objectNode();
      list.put("kind", "ComponentStatusList").put("apiVersion", "v1");
      list.putObject("metadata");
      list.putArray("items");
      Output.send(response, Media.of(call.request(), false), 200, list, null, call.warnings());
      return;
    }
    Media media = Media.of(call.request(), false);
    Body.checkForm(call);
    Options.ofCreate(call);
    ObjectNode given = Body.object(call, Body.Expected.of(objects.registry(), type));
    writes.metadata(call, given);
    asked(Admissions.body(call, Operation.CREATE, type.schema(), given, null));
    ObjectNode answer =
        reviews.answer(call, writes.passing(call, given), JsonNodeFactory.instance.objectNode());
    Output.send(response, media, 201, answer, type.schema(), call.warnings());
  }

  /// The name may carry a scheme and a port: `http:web-1:8080`.
  private void proxy(Call call, Response response) {
    String[] parts = call.name().split(":", -1);
    String name = parts.length == 3 ? parts[1] : parts[0];
    boolean schemed = parts.length == 3 && List.of("", "http", "https").contains(parts[0]);
    if (name.isEmpty() || parts.length > 2 && !schemed) {
      throw ApiException.badRequest(
          "invalid %s request \"%s\"".formatted(call.type().singular(), call.name()));
    }
    switch (call.type().builtinKind()) {
      case "Pod" -> {
        @Nullable StoredObject pod = objects.find(call.type(), call.namespace(), name);
        if (pod == null) {
          throw ApiException.notFound(call.type(), name);
        }
        sessions.serve(call, pod.toTree(), response);
      }
      case "Service" -> {
        String port = parts.length > 1 ? parts[parts.length - 1] : "";
        ServiceBackends chosen = ServiceBackends.choose(objects, call.namespace(), name, port);
        String scheme = parts.length == 3 ? parts[0] : "http";
        String podName = chosen.pod().path("metadata").path("name").asText();
        RequestInfo info = call.info().named(scheme + ":" + podName + ":" + chosen.port());
        sessions.serve(call.about(info), chosen.pod().deepCopy(), response);
      }
      case "Node" -> {
        @Nullable StoredObject node = objects.find(call.type(), "", name);
        if (node == null) {
          throw ApiException.notFound(call.type(), name);
        }
        new NodeProxy(objects, sessions).serve(call, node.shared(), response);
      }
      default -> throw ApiException.notFound(call.type(), name);
    }
  }

  private StoredObject existing(Call call) {
    @Nullable StoredObject found = objects.find(call.type(), call.namespace(), call.name());
    if (found == null) {
      throw ApiException.notFound(call.type(), call.name());
    }
    return found;
  }

  /// A part of the object, read and written as the whole.
  private void part(Call call, Response response) {
    Media media = Media.of(call, true);
    Patches.Result result =
        switch (call.info().verb()) {
          case "get" -> {
            reads.checkRevision(call);
            yield new Patches.Result(new Written.Stored(existing(call)), false);
          }
          case "patch" -> patches.patch(call);
          default -> updated(call);
        };
    reads.send(call, response, media, result.created() ? 201 : 200, result.written());
  }

  private Patches.Result updated(Call call) {
    ObjectNode given = Body.object(call, Body.Expected.of(objects.registry(), call.type()));
    boolean creates =
        call.info().subresource().equals("status")
            && Kinds.isCreatedByUpdate(call.type())
            && objects.find(call.type(), call.namespace(), call.name()) == null;
    if (creates) {
      Identity.checkName(call, writes.metadata(call, given));
      Written created = writes.createInstead(call.as("create"), given, object -> object);
      return new Patches.Result(created, true);
    }
    return new Patches.Result(writes.update(call, _ -> given.deepCopy(), true, false), false);
  }

  private void finish(Call call, Response response) {
    ResourceType type = call.type();
    ObjectNode given = Body.object(call, Body.Expected.of(objects.registry(), type));
    Identity.checkName(call, writes.metadata(call, given));
    Written result =
        writes.update(
            call,
            current -> {
              ObjectNode wanted = given.deepCopy();
              wanted.set("status", current.path("status"));
              return wanted;
            },
            true,
            false);
    reads.send(call, response, Media.of(call, true), 200, result);
  }

  private void review(Call call, Response response, ResourceType.Subresource subresource) {
    Schema.Struct schema = schema("io.k8s.api.authentication.v1.TokenRequest");
    ObjectNode given =
        Body.object(call, expected("authentication.k8s.io/v1", subresource.kind(), schema));
    ObjectNode subject = existing(call).toTree();
    writes.metadata(call, given);
    asked(Admissions.body(call, Operation.CREATE, schema, given, null));
    ObjectNode asked = given.deepCopy();
    ObjectNode answer = reviews.answer(call, given, subject);
    JsonNode seconds = answer.path("spec").path("expirationSeconds");
    asked.withObjectProperty("spec").set("expirationSeconds", seconds);
    ManagedFields.Writer writer = writes.writer(call, call.type());
    ObjectNode owned =
        ManagedFields.updated(
            JsonNodeFactory.instance.objectNode(),
            asked,
            schema,
            new ManagedFields.Writer(
                writer.manager(), answer.path("apiVersion").asText(), "token", writer.time()),
            Set.of("status"));
    answer
        .withObjectProperty("metadata")
        .set("managedFields", owned.path("metadata").path("managedFields"));
    Output.send(response, Media.of(call.request(), false), 201, answer, schema, call.warnings());
  }

  private Body.Expected expected(String apiVersion, String kind, Schema.Struct schema) {
    return new Body.Expected(objects.registry(), apiVersion, kind, schema);
  }

  private Schema.Struct schema(String definition) {
    Schema.@Nullable Struct schema = objects.registry().struct(definition);
    if (schema == null) {
      throw new AssertionError("no schema " + definition);
    }
    return schema;
  }

  private void bind(Call call, Response response) {
    bind(call, binding(call));
    success(call, response);
  }

  /// A binding that is not posted below its pod names it.
  private void bindByItself(Call call, Response response) {
    ObjectNode binding = binding(call);
    String name = binding.path("metadata").path("name").asText("");
    bind(call.below(name, "binding", objects.registry().get("v1", "pods")), binding);
    success(call, response);
  }

  private ObjectNode binding(Call call) {
    ObjectNode binding =
        Body.object(call, expected("v1", "Binding", schema("io.k8s.api.core.v1.Binding")));
    writes.metadata(call, binding);
    return binding;
  }

  private void bind(Call call, ObjectNode binding) {
    Admission.Write write =
        Admissions.body(
            call, Operation.CREATE, schema("io.k8s.api.core.v1.Binding"), binding, null);
    new NamespaceLifecycle(objects).admit(write);
    asked(write);
    Bindings.check(call, binding);
    String uid = binding.path("metadata").path("uid").asText("");
    writes.update(
        call,
        pod -> {
          if (!uid.isEmpty()) {
            pod.withObjectProperty("metadata").put("uid", uid);
          }
          return Bindings.bound(call, pod, binding, clock.instant());
        },
        true,
        true);
  }

  private void evict(Call call, Response response) {
    ObjectNode eviction =
        Body.object(
            call, expected("policy/v1", "Eviction", schema("io.k8s.api.policy.v1.Eviction")));
    writes.metadata(call, eviction);
    Bindings.checkName(call, eviction, "Eviction");
    @Nullable StoredObject found = objects.find(call.type(), call.namespace(), call.name());
    if (found != null) {
      admission.evict(Admissions.eviction(call, found.toTree()));
    }
    asked(
        Admissions.body(
            call, Operation.CREATE, schema("io.k8s.api.policy.v1.Eviction"), eviction, null));
    new Evictions(objects, deletes).evict(call, existing(call).toTree(), eviction, clock.instant());
    success(call, response);
  }

  private void success(Call call, Response response) {
    ObjectNode status = JsonNodeFactory.instance.objectNode();
    status.put("kind", "Status").put("apiVersion", "v1");
    status.putObject("metadata");
    status.put("status", "Success").put("code", 201);
    Output.send(
        response,
        Media.of(call.request(), false),
        201,
        status,
        schema("io.k8s.apimachinery.pkg.apis.meta.v1.Status"),
        call.warnings());
  }
}
