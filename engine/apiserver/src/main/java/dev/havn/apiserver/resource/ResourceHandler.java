// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.addresses.Ranges;
import dev.havn.apiserver.RequestInfo;
import dev.havn.apiserver.admission.Admission;
import dev.havn.apiserver.admission.Quotas;
import dev.havn.apiserver.http.Response;
import dev.havn.schema.ResourceType;
import dev.havn.schema.custom.CustomResource;
import dev.havn.store.Entry;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// The verbs, the same for every resource.
public final class ResourceHandler {
  private static final List<String> NAMED = List.of("get", "update", "patch", "delete");

  private static final Map<String, String> DEPRECATED =
      Map.of(
          "componentstatuses",
          "v1 ComponentStatus is deprecated in v1.19+",
          "endpoints",
          "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice");

  private final Objects objects;
  private final Reads reads;
  private final Writes writes;
  private final Patches patches;
  private final Deletes deletes;
  private final Watches watches;
  private final Subresources subresources;

  /// What a resource handler is made of besides the objects.
  ///
  /// @param mayCreate refuses a call that may not create, where an update or an apply does so
  /// @param reviews answers to what is created and not stored: reviews and token requests
  public record Parts(
      Admission admission,
      Reviews reviews,
      NodeSessions sessions,
      Ranges services,
      InstantSource clock,
      ScheduledExecutorService executor,
      RandomGenerator random,
      Consumer<Call> mayCreate) {}

  public ResourceHandler(Objects objects, Parts parts) {
    this.objects = objects;
    Tables tables = new Tables(parts.clock());
    Allocation allocation =
        new Allocation(objects, parts.services(), parts.clock(), parts.random());
    this.reads = new Reads(objects, tables, parts.executor());
    this.writes =
        new Writes(
            objects,
            parts.admission(),
            new Quotas(objects),
            allocation,
            parts.mayCreate(),
            parts.clock(),
            parts.random());
    this.patches = new Patches(writes, objects);
    this.deletes = new Deletes(objects, parts.admission(), allocation, parts.clock());
    this.watches = new Watches(objects, tables, parts.executor());
    this.subresources =
        new Subresources(
            objects,
            reads,
            writes,
            patches,
            deletes,
            parts.admission(),
            parts.reviews(),
            parts.sessions(),
            parts.clock());
  }

  /// Ends all watches that are under way.
  public void endWatches() {
    watches.endAll();
  }

  /// Answers a request that may be answered: authenticated, authorized, of a known resource.
  public void handle(Call call, Response response) {
    RequestInfo info = call.info();
    ResourceType type = call.type();
    checkDefinition(call);
    if (type.custom() == null) {
      Routes.check(call);
    } else if (call.request().method().equals("HEAD") && info.verb().equals("watch")) {
      throw ApiException.methodNotAllowed();
    }
    if (!info.subresource().isEmpty()) {
      subresources.handle(call, response);
      return;
    }
    if (info.verb().equals("patch")) {
      Patches.checkType(call);
    }
    if (type.custom() != null) {
      checkPlace(info, type);
    }
    if (!Registry.isStored(type)) {
      subresources.passing(call, response);
      return;
    }
    switch (info.verb()) {
      case "get" -> {
        checkName(call);
        reads.get(call, response);
      }
      case "list" -> reads.list(call, response);
      case "watch" -> watches.watch(call, response);
      case "create" -> create(call, response);
      case "update" -> update(call, response);
      case "patch" -> patch(call, response);
      case "delete" -> delete(call, response);
      case "deletecollection" -> deleteAll(call, response);
      default -> throw ApiException.notSupported(type);
    }
  }

  /// Warns of old kinds and versions, and refuses new objects of a kind that is about to go.
  private static void checkDefinition(Call call) {
    @Nullable CustomResource custom = call.type().custom();
    if (custom == null) {
      @Nullable String old = DEPRECATED.get(call.type().plural());
      if (old != null && call.type().group().isEmpty()) {
        call.warnings().add(old);
      }
      return;
    }
    if (!custom.deprecation().isEmpty()) {
      call.warnings().add(custom.deprecation());
    }
    boolean creates = call.info().verb().equals("create") && call.info().subresource().isEmpty();
    if (creates && custom.terminating()) {
      throw ApiException.definitionTerminating(call.type(), "create");
    }
  }

  /// What Kubernetes says of the places of custom resources: only reading goes across namespaces,
  /// and only objects have names.
  private static void checkPlace(RequestInfo info, ResourceType type) {
    if (info.verb().equals("update") && info.name().isEmpty()) {
      throw ApiException.badRequest("name must be provided");
    }
    boolean everywhere = type.namespaced() && info.namespace().isEmpty();
    if (everywhere && !info.name().isEmpty()) {
      throw ApiException.unknownPath();
    }
    boolean named = NAMED.contains(info.verb());
    boolean reads = List.of("list", "watch").contains(info.verb());
    if ((everywhere && !reads) || (named && info.name().isEmpty())) {
      throw ApiException.methodNotAllowed();
    }
  }

  /// Looked at when the object is, so after the form of the answer.
  private static void checkName(Call call) {
    Media.of(call, true);
    Identity.checkPathName(call.name());
  }

  private void create(Call call, Response response) {
    Media media = Media.of(call, true);
    Body.checkForm(call);
    Options.ofCreate(call);
    ObjectNode given = body(call);
    reads.send(call, response, media, 201, writes.create(call, given, object -> object));
  }

  private ObjectNode body(Call call) {
    return Body.object(call, Body.Expected.of(objects.registry(), call.type()));
  }

  private void update(Call call, Response response) {
    Media media = Media.of(call, true);
    Options.ofUpdate(call);
    ObjectNode given = body(call);
    Identity.checkName(call, writes.metadata(call, given));
    Identity.checkPathName(call.name());
    boolean creates =
        Kinds.isCreatedByUpdate(call.type())
            && objects.find(call.type(), call.namespace(), call.name()) == null;
    if (creates) {
      Written created = writes.createInstead(call.as("create"), given, object -> object);
      reads.send(call, response, media, 201, created);
      return;
    }
    reads.send(call, response, media, 200, writes.update(call, _ -> given.deepCopy(), true, false));
  }

  private void patch(Call call, Response response) {
    Media media = Media.of(call, true);
    Identity.checkPathName(call.name());
    Patches.Result result = patches.patch(call);
    reads.send(call, response, media, result.created() ? 201 : 200, result.written());
  }

  private void delete(Call call, Response response) {
    Media media = Media.of(call, true);
    ObjectNode options = Body.options(call.request(), objects.registry());
    Options.ofDelete(call, options);
    Identity.checkPathName(call.name());
    Deletes.Result result = deletes.delete(call, options);
    boolean wholeObject = Kinds.isReturnedWhenDeleted(call.type()) || !result.gone();
    if (wholeObject) {
      reads.sendOne(call, response, media, 200, result.object());
    } else {
      Output.send(
          response,
          media,
          200,
          Deletes.success(call.type(), result.object()),
          objects.registry().struct("io.k8s.apimachinery.pkg.apis.meta.v1.Status"),
          call.warnings());
    }
  }

  private void deleteAll(Call call, Response response) {
    Media media = Media.of(call, true);
    ListOptions.check(call);
    Selection selection = Selection.of(call);
    ObjectNode options = Body.options(call.request(), objects.registry());
    Options.ofDelete(call, options);
    reads.checkPaging(call);
    ObjectNode list = JsonNodeFactory.instance.objectNode();
    list.put("kind", call.type().listKind()).put("apiVersion", call.type().apiVersion());
    ArrayNode items = JsonNodeFactory.instance.arrayNode();
    String prefix = Objects.prefix(call.type(), call.namespace());
    for (Entry entry : objects.page(prefix, "", 0, 0).entries()) {
      StoredObject object = StoredObject.of(entry);
      if (selection.matches(call.type(), object)) {
        JsonNode metadata = object.shared().path("metadata");
        RequestInfo info = call.info();
        RequestInfo one =
            new RequestInfo(
                info.verb(),
                info.group(),
                info.version(),
                metadata.path("namespace").asText(""),
                info.resource(),
                metadata.path("name").asText(),
                "",
                "",
                info.path());
        try {
          ObjectNode deleted = Conversions.tree(call.type(), object);
          deletes.delete(call.about(one), options);
          if (call.type().custom() == null) {
            deleted.remove(List.of("kind", "apiVersion"));
          }
          items.add(deleted);
        } catch (ApiException e) {
          if (e.code() != 404) {
            throw e;
          }
        }
      }
    }
    ObjectNode meta = list.putObject("metadata");
    if (call.type().custom() != null) {
      meta.put("continue", "");
    }
    meta.put("resourceVersion", String.valueOf(objects.revision()));
    list.set("items", items);
    Output.send(response, media, 200, list, null, call.warnings());
  }
}
