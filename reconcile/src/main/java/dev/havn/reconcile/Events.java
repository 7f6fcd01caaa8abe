// SPDX-License-Identifier: Apache-2.0
package dev.havn.reconcile;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Records events of one component. The same event again counts up the one that is there, and what
/// is said too often is not recorded; see [EventCorrelator].
public final class Events {
  private static final Logger LOG = LoggerFactory.getLogger(Events.class);

  private final Api api;
  private final String component;
  private final String host;
  private final InstantSource clock;
  private final Memory memory;

  /// The events that are counted up when they are said again, of one component or of several that
  /// share it. For many threads.
  public static final class Memory {
    private final EventCorrelator correlator = new EventCorrelator();
  }

  /// @param host of the component, or empty
  public Events(Api api, String component, String host, InstantSource clock) {
    this(api, component, host, clock, new Memory());
  }

  /// @param memory shared with others who say the same things of other objects
  public Events(Api api, String component, String host, InstantSource clock, Memory memory) {
    this.memory = memory;
    this.api = api;
    this.component = component;
    this.host = host;
    this.clock = clock;
  }

  public void normal(HasMetadata about, String reason, String message) {
    record(about, "", "Normal", reason, message);
  }

  public void warning(HasMetadata about, String reason, String message) {
    record(about, "", "Warning", reason, message);
  }

  /// @param fieldPath the part meant, such as `spec.containers{web}`, or empty
  public void record(
      HasMetadata about, String fieldPath, String type, String reason, String message) {
    Instant now = clock.instant();
    String object =
        String.join(
            "|",
            about.getKind(),
            namespace(about),
            about.getMetadata().getName(),
            String.valueOf(about.getMetadata().getUid()));
    EventCorrelator.Saying saying =
        new EventCorrelator.Saying(
            component + "|" + host, object, fieldPath, type, reason, message);
    Optional<EventCorrelator.Observed> observed =
        memory.correlator.observe(saying, name(about, now, saying.hashCode()), now);
    observed.ifPresent(each -> write(about, saying, each, now));
  }

  private void write(
      HasMetadata about,
      EventCorrelator.Saying saying,
      EventCorrelator.Observed observed,
      Instant now) {
    String path = "/api/v1/namespaces/" + namespace(about) + "/events";
    try {
      if (observed.count() > 1 && countUp(path + "/" + observed.name(), observed, now)) {
        return;
      }
      api.post(path, event(about, saying, observed, now));
    } catch (Api.RefusedException e) {
      LOG.debug(
          "event {} of {} is not recorded: {}",
          saying.reason(),
          about.getMetadata().getName(),
          e.toString());
    } catch (UncheckedIOException e) {
      // What is told of must be done all the same.
      LOG.info(
          "event {} of {} is lost: {}",
          saying.reason(),
          about.getMetadata().getName(),
          e.toString());
    }
  }

  /// False when the event is not there any more: events end by themselves.
  private boolean countUp(String path, EventCorrelator.Observed observed, Instant now) {
    ObjectNode patch = Api.object().put("count", observed.count());
    patch.put("lastTimestamp", seconds(now)).put("message", observed.message());
    try {
      api.merge(path, patch);
      return true;
    } catch (Api.RefusedException e) {
      if (e.code() == 404) {
        return false;
      }
      throw e;
    }
  }

  static String namespace(HasMetadata about) {
    return about.getMetadata().getNamespace() == null
        ? "default"
        : about.getMetadata().getNamespace();
  }

  /// @param salt tells those of one moment apart
  static String name(HasMetadata about, Instant now, int salt) {
    return about.getMetadata().getName()
        + "."
        + Long.toHexString(now.toEpochMilli() * 1_000_000 + (salt & 0xfffffL));
  }

  private static String seconds(Instant instant) {
    return instant.truncatedTo(ChronoUnit.SECONDS).toString();
  }

  /// A reference to an object.
  static void refer(HasMetadata about, ObjectNode reference) {
    reference.put("kind", about.getKind()).put("apiVersion", about.getApiVersion());
    reference.put("name", about.getMetadata().getName());
    reference.put("uid", about.getMetadata().getUid());
    reference.put("resourceVersion", about.getMetadata().getResourceVersion());
    if (about.getMetadata().getNamespace() != null) {
      reference.put("namespace", about.getMetadata().getNamespace());
    }
  }

  private ObjectNode event(
      HasMetadata about,
      EventCorrelator.Saying saying,
      EventCorrelator.Observed observed,
      Instant now) {
    ObjectNode event = Api.object().put("kind", "Event").put("apiVersion", "v1");
    event.putObject("metadata").put("name", observed.name()).put("namespace", namespace(about));
    ObjectNode object = event.putObject("involvedObject");
    refer(about, object);
    if (!saying.part().isEmpty()) {
      object.put("fieldPath", saying.part());
    }
    event.put("reason", saying.reason()).put("message", observed.message());
    event.put("type", saying.type()).put("firstTimestamp", seconds(observed.first()));
    event.put("lastTimestamp", seconds(now)).put("count", observed.count());
    ObjectNode source = event.putObject("source").put("component", component);
    if (!host.isEmpty()) {
      source.put("host", host);
    }
    event.put("reportingComponent", component).put("reportingInstance", host);
    return event;
  }
}
