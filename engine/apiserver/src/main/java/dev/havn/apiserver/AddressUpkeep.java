// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.http.Handler;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.resource.AddressRepair;
import dev.havn.apiserver.resource.Objects;
import dev.havn.apiserver.resource.StoredObject;
import dev.havn.schema.ResourceType;
import dev.havn.schema.validate.Times;
import dev.havn.store.StoreException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Looks after the IPAddresses of Services from time to time, on the executor, and says in events
/// what it has repaired.
final class AddressUpkeep implements AddressRepair.Reporter {
  private static final Logger LOG = LoggerFactory.getLogger(AddressUpkeep.class);
  private static final Duration PERIOD = Duration.ofMinutes(3);
  private static final String CONTROLLER = "ipallocator-repair-controller";

  private final Objects objects;
  private final Handler server;
  private final InstantSource clock;
  private final ScheduledExecutorService executor;
  private final AddressRepair repair;
  private volatile boolean closed;

  AddressUpkeep(Objects objects, Handler server, ApiServer.Settings settings) {
    this.objects = objects;
    this.server = server;
    this.clock = settings.clock();
    this.executor = settings.executor();
    this.repair = new AddressRepair(objects, this, clock, settings.random());
  }

  void start() {
    executor.execute(this::step);
  }

  void close() {
    closed = true;
  }

  private void step() {
    if (closed) {
      return;
    }
    try {
      repair.run();
    } catch (StoreException e) {
      LOG.warn("the addresses of Services cannot be looked after now", e);
    }
    try {
      var unused = executor.schedule(this::step, PERIOD.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException closing) {
      LOG.debug("no more repairs: the server ends");
    }
  }

  @Override
  public void warn(ObjectNode about, String reason, String action, String message) {
    JsonNode metadata = about.path("metadata");
    String namespace = metadata.path("namespace").asText("default");
    Instant now = clock.instant();
    ObjectNode event = JsonNodeFactory.instance.objectNode();
    event.put("kind", "Event").put("apiVersion", "events.k8s.io/v1");
    event
        .putObject("metadata")
        .put(
            "name",
            metadata.path("name").asText()
                + "."
                + Long.toHexString(now.getEpochSecond() * 1_000_000_000 + now.getNano()))
        .put("namespace", namespace);
    event.put("eventTime", Times.micros(now));
    event.put("reportingController", CONTROLLER).put("reportingInstance", CONTROLLER + "-havn");
    event.put("reason", reason).put("action", action).put("type", "Warning").put("note", message);
    ObjectNode regarding = event.putObject("regarding");
    regarding.set("kind", about.path("kind"));
    regarding.set("apiVersion", about.path("apiVersion"));
    for (String each : new String[] {"namespace", "name", "uid"}) {
      if (metadata.has(each)) {
        regarding.set(each, metadata.get(each));
      }
    }
    version(about, regarding);
    Internal.Answer answer =
        Internal.call(
            server,
            "POST",
            "/apis/events.k8s.io/v1/namespaces/" + namespace + "/events",
            new Headers(),
            event.toString());
    if (answer.status() != 201) {
      LOG.warn("\"{}\" cannot be recorded: {}", message, answer.body());
    }
  }

  private void version(ObjectNode about, ObjectNode regarding) {
    String plural = about.path("kind").asText().equals("Service") ? "services" : "ipaddresses";
    ResourceType type = objects.registry().get(about.path("apiVersion").asText(), plural);
    JsonNode metadata = about.path("metadata");
    @Nullable StoredObject found =
        objects.find(type, metadata.path("namespace").asText(""), metadata.path("name").asText());
    if (found != null) {
      regarding.set("resourceVersion", found.toTree().path("metadata").path("resourceVersion"));
    }
  }
}
