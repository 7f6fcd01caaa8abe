// SPDX-License-Identifier: Apache-2.0
package dev.havn.reconcile;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Records events of one component in `events.k8s.io/v1`. The same of the same revision of an
/// object again within six minutes makes the event a series (KEP-383): that it became one is
/// written at once, how far it has come when it has ended, and every half an hour, lest it end
/// before. For many threads; what is due later is written on the executor.
public final class SeriesEvents {
  private static final Logger LOG = LoggerFactory.getLogger(SeriesEvents.class);
  private static final int REMEMBERED_MAX = 4_096;
  private static final int NOTE_MAX = 1_024;
  private static final String CUT = " ...";
  private static final Duration END = Duration.ofMinutes(6);
  private static final Duration REFRESH = Duration.ofMinutes(30);

  private final Api api;
  private final String controller;
  private final String instance;
  private final InstantSource clock;
  private final ScheduledExecutorService executor;
  private final Map<Key, Said> known = new LinkedHashMap<>();
  private boolean waits;

  private record Key(
      String object, String version, String related, String type, String reason, String action) {}

  /// What was said.
  ///
  /// @param event as it was made
  /// @param count 1 until it is a series
  /// @param written when its series was written last
  private record Said(ObjectNode event, int count, Instant last, Instant written) {
    boolean isSeries() {
      return count > 1;
    }
  }

  /// An event as it happens.
  ///
  /// @param related whom else it is about
  public record Happening(
      HasMetadata regarding,
      @Nullable HasMetadata related,
      String type,
      String reason,
      String action,
      String note) {}

  /// @param host on which the component runs
  public SeriesEvents(
      Api api,
      String controller,
      String host,
      InstantSource clock,
      ScheduledExecutorService executor) {
    this.api = api;
    this.controller = controller;
    this.instance = controller + "-" + host;
    this.clock = clock;
    this.executor = executor;
  }

  /// Records what happens to an object once.
  public void once(Happening happening) {
    create(event(happening, clock.instant()));
  }

  /// Records what may happen to an object again and again.
  public void record(Happening happening) {
    Instant now = clock.instant();
    Key key = key(happening);
    @Nullable Said fresh = null;
    @Nullable Said becomes = null;
    List<Said> pushed = new ArrayList<>();
    synchronized (this) {
      @Nullable Said before = known.get(key);
      if (before == null) {
        fresh = new Said(event(happening, now), 1, now, now);
        known.put(key, fresh);
        pushOut(pushed);
      } else {
        Said after = new Said(before.event(), before.count() + 1, now, before.written());
        known.put(key, after);
        becomes = before.isSeries() ? null : after;
      }
      waitForEnd();
    }
    if (fresh != null) {
      create(fresh.event());
    }
    if (becomes != null) {
      writeSeries(becomes);
    }
    pushed.forEach(this::writeSeries);
  }

  private void pushOut(List<Said> pushed) {
    if (known.size() > REMEMBERED_MAX) {
      Key eldest = known.keySet().iterator().next();
      @Nullable Said said = known.remove(eldest);
      if (said != null && said.isSeries()) {
        pushed.add(said);
      }
    }
  }

  private static Key key(Happening happening) {
    return new Key(
        reference(happening.regarding()),
        String.valueOf(happening.regarding().getMetadata().getResourceVersion()),
        happening.related() == null ? "" : reference(happening.related()),
        happening.type(),
        happening.reason(),
        happening.action());
  }

  private static String reference(HasMetadata about) {
    return String.join(
        "|",
        about.getKind(),
        String.valueOf(about.getMetadata().getNamespace()),
        about.getMetadata().getName(),
        String.valueOf(about.getMetadata().getUid()));
  }

  private void waitForEnd() {
    if (waits || known.isEmpty()) {
      return;
    }
    try {
      var unused = executor.schedule(this::finish, END.toMillis(), TimeUnit.MILLISECONDS);
      waits = true;
    } catch (RejectedExecutionException closing) {
      LOG.debug("series are not ended any more: the process ends");
    }
  }

  /// Ends what was not said again.
  private void finish() {
    Instant now = clock.instant();
    List<Said> due = new ArrayList<>();
    synchronized (this) {
      waits = false;
      for (Map.Entry<Key, Said> each : List.copyOf(known.entrySet())) {
        Said said = each.getValue();
        boolean ended = said.last().isBefore(now.minus(END));
        boolean isOld = !said.written().isAfter(now.minus(REFRESH));
        if (ended) {
          known.remove(each.getKey());
        } else if (said.isSeries() && isOld) {
          known.put(each.getKey(), new Said(said.event(), said.count(), said.last(), now));
        }
        if (said.isSeries() && (ended || isOld)) {
          due.add(said);
        }
      }
      waitForEnd();
    }
    due.forEach(this::writeSeries);
  }

  private static String path(ObjectNode event) {
    return "/apis/events.k8s.io/v1/namespaces/"
        + event.path("metadata").path("namespace").asText()
        + "/events";
  }

  private void create(ObjectNode event) {
    try {
      api.post(path(event), event);
    } catch (Api.RefusedException e) {
      LOG.debug("event {} is not recorded: {}", event.path("metadata").path("name"), e.toString());
    }
  }

  private void writeSeries(Said said) {
    ObjectNode patch = Api.object();
    patch
        .putObject("series")
        .put("count", said.count())
        .put("lastObservedTime", MicroTime.of(said.last()));
    String path = path(said.event()) + "/" + said.event().path("metadata").path("name").asText();
    try {
      api.strategicMerge(path, patch);
    } catch (Api.RefusedException e) {
      if (e.code() != 404) {
        LOG.debug("the series {} is not recorded: {}", path, e.toString());
        return;
      }
      ObjectNode again = said.event().deepCopy();
      again.set("series", patch.get("series"));
      create(again);
    }
  }

  private ObjectNode event(Happening happening, Instant now) {
    HasMetadata about = happening.regarding();
    ObjectNode event = Api.object().put("kind", "Event").put("apiVersion", "events.k8s.io/v1");
    event
        .putObject("metadata")
        .put("name", Events.name(about, now, happening.hashCode()))
        .put("namespace", Events.namespace(about));
    event.put("eventTime", MicroTime.of(now));
    event.put("reportingController", controller).put("reportingInstance", instance);
    event.put("action", happening.action()).put("reason", happening.reason());
    Events.refer(about, event.putObject("regarding"));
    if (happening.related() != null) {
      Events.refer(happening.related(), event.putObject("related"));
    }
    return event.put("note", cut(happening.note())).put("type", happening.type());
  }

  private static String cut(String note) {
    return note.length() <= NOTE_MAX ? note : note.substring(0, NOTE_MAX - CUT.length()) + CUT;
  }
}
