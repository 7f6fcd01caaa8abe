// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.definition;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.resource.Objects;
import dev.havn.schema.ResourceType;
import dev.havn.schema.Schema;
import dev.havn.schema.custom.Converter;
import dev.havn.schema.custom.Definition;
import dev.havn.store.CompactedException;
import dev.havn.store.Cursor;
import dev.havn.store.Store;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Follows the CustomResourceDefinitions in the store: serves what is established, brings their
/// status up to date, and cleans up after those that are deleted. Each step looks at all of them
/// anew, so several servers on one store come to the same: the store's revisions settle who writes.
///
/// Steps run on the executor, one at a time.
public final class Definitions {
  static final String FINALIZER = "customresourcecleanup.apiextensions.k8s.io";

  private static final Logger LOG = LoggerFactory.getLogger(Definitions.class);
  private static final String API = "apiextensions.k8s.io/v1";
  private static final String PLURAL = "customresourcedefinitions";
  private static final String PATH = "/apis/" + API + "/" + PLURAL + "/";
  private static final int EVENTS_PER_POLL_MAX = 256;
  private static final Duration AGAIN = Duration.ofSeconds(1);

  /// A request of this server to itself.
  @FunctionalInterface
  public interface Caller {
    /// @return the status code; a refusal is logged by the caller of this
    Answer call(String method, String path, String body);

    /// @param body as text
    record Answer(int status, String body) {
      boolean succeeded() {
        return status < 300;
      }
    }
  }

  private final Objects objects;
  private final Store store;
  private final Caller caller;
  private final Function<JsonNode, Converter> converters;
  private final ScheduledExecutorService executor;
  private final InstantSource clock;
  private final Schema.Struct metadata;
  private final Instances instances;
  private final Map<String, Known> known = new HashMap<>();
  private @Nullable Cursor cursor;

  /// The types that a definition made, as long as it says the same.
  private record Known(List<JsonNode> said, List<ResourceType> types) {}

  /// @param converters by webhook, made of `spec.conversion` of a definition
  public Definitions(
      Objects objects,
      Store store,
      Caller caller,
      Function<JsonNode, Converter> converters,
      ScheduledExecutorService executor,
      InstantSource clock) {
    this.objects = objects;
    this.store = store;
    this.caller = caller;
    this.converters = converters;
    this.executor = executor;
    this.clock = clock;
    Schema.@Nullable Struct struct =
        objects.registry().struct("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta");
    if (struct == null) {
      throw new AssertionError("no schema of ObjectMeta");
    }
    this.metadata = struct;
    this.instances = new Instances(store, caller, this::wake);
  }

  /// Serves what is there, and follows from now on.
  public void start() {
    step();
  }

  private void wake() {
    try {
      executor.execute(this::step);
    } catch (RejectedExecutionException closing) {
      LOG.debug("no more steps: the server ends");
    }
  }

  private synchronized void step() {
    try {
      forget();
      boolean again = look();
      if (again) {
        wake();
      }
    } catch (RuntimeException e) {
      LOG.error("custom resource definitions could not be looked at, trying again", e);
      later();
    }
    Cursor following = cursor;
    if (following != null) {
      following.onReady(this::wake);
    }
  }

  private void later() {
    try {
      var unused = executor.schedule(this::step, AGAIN.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException closing) {
      LOG.debug("no more steps: the server ends");
    }
  }

  /// Events are only hints to look: they are read over.
  private void forget() {
    Cursor following = cursor;
    try {
      while (following != null && !following.poll(EVENTS_PER_POLL_MAX).isEmpty()) {
        // What they say is read from the store as it is now.
      }
    } catch (CompactedException tooSlow) {
      following.close();
      following = null;
    }
    if (following == null) {
      cursor = store.watch(Objects.folder(objects.registry().get(API, PLURAL)), store.revision());
    }
  }

  /// @return whether a write was refused because another came first
  private boolean look() {
    List<ObjectNode> definitions = objects.trees(API, PLURAL);
    definitions.sort(
        Comparator.comparing((ObjectNode each) -> text(each, "creationTimestamp"))
            .thenComparing(each -> text(each, "name")));
    List<ObjectNode> changed = new ArrayList<>();
    for (int i = 0; i < definitions.size(); i++) {
      Optional<ObjectNode> updated = Conditions.update(definitions, i, clock.instant());
      if (updated.isPresent()) {
        definitions.set(i, updated.get());
        changed.add(updated.get());
      }
    }
    // First served, then said to be: who reads that it is established finds it.
    serve(definitions);
    boolean again = false;
    for (ObjectNode each : changed) {
      again |= !write(each);
    }
    for (ObjectNode each : definitions) {
      if (each.path("metadata").has("deletionTimestamp")) {
        again |= !end(each);
      }
    }
    return again;
  }

  private Converter converter(ObjectNode definition) {
    JsonNode conversion = definition.path("spec").path("conversion");
    return conversion.path("strategy").asText("").equals("Webhook")
        ? converters.apply(conversion)
        : Converter.NONE;
  }

  private static String text(ObjectNode object, String field) {
    return object.path("metadata").path(field).asText("");
  }

  private void serve(List<ObjectNode> definitions) {
    List<ResourceType> types = new ArrayList<>();
    Map<String, Known> before = new HashMap<>(known);
    known.clear();
    for (ObjectNode each : definitions) {
      List<JsonNode> said =
          List.of(
              each.path("spec"),
              each.path("status").path("acceptedNames"),
              each.booleanNode(Definition.isTrue(each, "Established")),
              each.booleanNode(Definition.isTrue(each, "Terminating")));
      String name = text(each, "name");
      @Nullable Known old = before.get(name);
      Known now = old != null && old.said().equals(said) ? old : made(each, said);
      known.put(name, now);
      types.addAll(now.types());
    }
    types.sort(Comparator.comparing(ResourceType::group));
    objects.registry().serve(types);
  }

  /// The types of a definition; none of one that cannot be read, so that the others are served.
  private Known made(ObjectNode definition, List<JsonNode> said) {
    try {
      return new Known(said, Definition.types(definition, metadata, converter(definition)));
    } catch (RuntimeException | StackOverflowError e) {
      LOG.error("{} cannot be served", text(definition, "name"), e);
      return new Known(said, List.of());
    }
  }

  /// False when another write came first.
  private boolean write(ObjectNode definition) {
    String path = PATH + text(definition, "name") + "/status";
    return settled(caller.call("PUT", path, definition.toString()), path);
  }

  /// What the store could not do now is tried again in a while.
  private boolean settled(Caller.Answer answer, String path) {
    if (!answer.succeeded() && answer.status() != 404 && answer.status() != 409) {
      LOG.warn("{} was refused: {}", path, answer.body());
    }
    if (answer.status() >= 500 || answer.status() == 429) {
      later();
    }
    return answer.status() != 409;
  }

  /// Deletes the instances of a definition that is being deleted, and lets it go after the last.
  private boolean end(ObjectNode definition) {
    boolean cleans = false;
    ObjectNode metadata = (ObjectNode) definition.get("metadata");
    List<String> left = new ArrayList<>();
    for (JsonNode each : metadata.path("finalizers")) {
      cleans |= each.asText().equals(FINALIZER);
      if (!each.asText().equals(FINALIZER)) {
        left.add(each.asText());
      }
    }
    if (!cleans || !instances.areGone(definition, types(definition))) {
      return true;
    }
    ObjectNode patch = definition.objectNode();
    ObjectNode changes = patch.putObject("metadata");
    left.forEach(changes.putArray("finalizers")::add);
    changes.set("uid", metadata.get("uid"));
    String path = PATH + text(definition, "name");
    return settled(caller.call("PATCH", path, patch.toString()), path);
  }

  private List<ResourceType> types(ObjectNode definition) {
    @Nullable Known entry = known.get(text(definition, "name"));
    return entry == null ? List.of() : entry.types();
  }
}
