// SPDX-License-Identifier: Apache-2.0
package dev.havn.reconcile;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Records events of one component. The same event again counts up the one that is there.
public final class Events {
  private static final Logger LOG = LoggerFactory.getLogger(Events.class);
  private static final int REMEMBERED_MAX = 4_096;

  private final Api api;
  private final String component;
  private final String host;
  private final InstantSource clock;
  private final Memory memory;

  private record Known(String path, int count) {}

  /// The events that are counted up when they are said again, of one component or of several that
  /// share it: the newest 4,096. For many threads.
  public static final class Memory {
    private final Map<String, Known> known =
        new LinkedHashMap<>() {
          @Override
          protected boolean removeEldestEntry(Map.Entry<String, Known> eldest) {
            return size() > REMEMBERED_MAX;
          }
        };

    private synchronized @Nullable Known get(String key) {
      return known.get(key);
    }

    private synchronized void put(String key, Known event) {
      known.put(key, event);
    }

    private synchronized void remove(String key) {
      known.remove(key);
    }
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
    String namespace =
        about.getMetadata().getNamespace() == null ? "default" : about.getMetadata().getNamespace();
    String key =
        String.join(
            "|",
            namespace,
            String.valueOf(about.getMetadata().getUid()),
            fieldPath,
            reason,
            message);
    String now = clock.instant().truncatedTo(ChronoUnit.SECONDS).toString();
    try {
      @Nullable Known before = memory.get(key);
      if (before != null) {
        ObjectNode patch = Api.object().put("count", before.count() + 1).put("lastTimestamp", now);
        api.merge(before.path(), patch);
        memory.put(key, new Known(before.path(), before.count() + 1));
        return;
      }
      create(about, namespace, fieldPath, type, reason, message, now, key);
    } catch (Api.RefusedException e) {
      memory.remove(key);
      LOG.debug(
          "event {} of {} is not recorded: {}",
          reason,
          about.getMetadata().getName(),
          e.toString());
    }
  }

  private void create(
      HasMetadata about,
      String namespace,
      String fieldPath,
      String type,
      String reason,
      String message,
      String now,
      String key) {
    String name =
        about.getMetadata().getName()
            + "."
            + Long.toHexString(
                clock.instant().toEpochMilli() * 1_000_000 + (key.hashCode() & 0xfffffL));
    ObjectNode event = Api.object().put("kind", "Event").put("apiVersion", "v1");
    event.putObject("metadata").put("name", name).put("namespace", namespace);
    ObjectNode object = event.putObject("involvedObject");
    object.put("kind", about.getKind()).put("apiVersion", about.getApiVersion());
    object.put("name", about.getMetadata().getName());
    object.put("uid", about.getMetadata().getUid());
    object.put("resourceVersion", about.getMetadata().getResourceVersion());
    if (about.getMetadata().getNamespace() != null) {
      object.put("namespace", about.getMetadata().getNamespace());
    }
    if (!fieldPath.isEmpty()) {
      object.put("fieldPath", fieldPath);
    }
    event.put("reason", reason).put("message", message).put("type", type);
    event.put("firstTimestamp", now).put("lastTimestamp", now).put("count", 1);
    ObjectNode source = event.putObject("source").put("component", component);
    if (!host.isEmpty()) {
      source.put("host", host);
    }
    event.put("reportingComponent", component).put("reportingInstance", host);
    String path = "/api/v1/namespaces/" + namespace + "/events";
    api.create(path, event.toString());
    memory.put(key, new Known(path + "/" + name, 1));
  }
}
