// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.flowcontrol;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.ConcurrencyLimits;
import dev.havn.apiserver.MetricsText;
import dev.havn.apiserver.RequestInfo;
import dev.havn.apiserver.authentication.UserInfo;
import dev.havn.apiserver.resource.Hints;
import dev.havn.apiserver.resource.Objects;
import dev.havn.schema.ResourceType;
import dev.havn.store.Store;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/// Decides for each request to which level it belongs and when it has a seat there. Follows the
/// FlowSchemas and PriorityLevelConfigurations in the store; a level keeps its seats and queues as
/// long as its configuration and those of the others say the same.
///
/// A level that is full may use seats that others lend and do not use at the moment. Who lends gets
/// its own back at once, so for the time of the requests that borrowed there may be more requests
/// under way than in all, by no more than all that is lent.
public final class FlowControl implements AutoCloseable {
  private final Objects objects;
  private final ConcurrencyLimits limits;
  private final FlowObjects stored;
  private final List<Hints> hints = new ArrayList<>();
  private volatile Configured configured = new Configured(List.of(), new TreeMap<>());

  /// What holds at one moment.
  private record Configured(List<Schema> schemas, TreeMap<String, Level> levels) {}

  /// Where a request belongs, and the seat it sits on.
  ///
  /// @param schemaUid empty when it is not classified
  public record Place(String schemaUid, String levelUid, Seat seat) {
    /// Of requests that are not counted.
    public static final Place NONE = new Place("", "", Seat.UNCOUNTED);
  }

  /// What flow control stands on.
  ///
  /// @param uid makes one for each new object
  public record Settings(
      Objects objects,
      Store store,
      ConcurrencyLimits limits,
      Supplier<String> uid,
      InstantSource clock,
      ScheduledExecutorService executor) {}

  public FlowControl(Settings settings) {
    this.objects = settings.objects();
    this.limits = settings.limits();
    this.stored = new FlowObjects(objects, settings.clock(), settings.uid());
    for (String plural : List.of(FlowObjects.SCHEMAS, FlowObjects.LEVELS)) {
      ResourceType type = objects.registry().get(FlowObjects.API, plural);
      hints.add(
          new Hints(settings.store(), Objects.folder(type), settings.executor(), _ -> look()));
    }
  }

  /// Makes the objects that every cluster has; those that are there stay.
  public void bootstrap() {
    stored.add(_ -> true);
  }

  /// Follows what is configured from now on.
  public void start() {
    hints.forEach(Hints::follow);
    look();
  }

  private synchronized void look() {
    stored.add(FlowObjects::isMandatory);
    List<ObjectNode> configurations = objects.list(FlowObjects.API, FlowObjects.LEVELS, "");
    TreeMap<String, Level> levels = levels(configurations);
    List<Schema> schemas = new ArrayList<>();
    Map<String, Schema> before = new TreeMap<>();
    configured.schemas().forEach(each -> before.put(each.uid(), each));
    for (ObjectNode each : objects.list(FlowObjects.API, FlowObjects.SCHEMAS, "")) {
      Schema schema = Schema.of(each);
      stored.setDangling(each, !levels.containsKey(schema.level()));
      if (levels.containsKey(schema.level())) {
        schemas.add(counting(schema, before.get(schema.uid())));
      }
    }
    schemas.sort(Comparator.comparing(Schema::precedence).thenComparing(Schema::name));
    configured = new Configured(List.copyOf(schemas), levels);
  }

  private static Schema counting(Schema schema, @Nullable Schema before) {
    return before == null
        ? schema
        : new Schema(
            schema.name(),
            schema.uid(),
            schema.precedence(),
            schema.level(),
            schema.distinguisher(),
            schema.rules(),
            before.dispatched());
  }

  private TreeMap<String, Level> levels(List<ObjectNode> configurations) {
    int total = limits.reads() + limits.writes();
    long shares = configurations.stream().mapToLong(Level.Plan::shares).sum();
    TreeMap<String, Level> levels = new TreeMap<>();
    for (ObjectNode each : configurations) {
      Level.Plan plan = Level.Plan.of(each, total, shares);
      @Nullable Level known = configured.levels().get(plan.name());
      levels.put(
          plan.name(),
          known != null && known.plan().equals(plan)
              ? known
              : new Level(plan, limits.patience(), this::somebodyLends));
    }
    return levels;
  }

  private boolean somebodyLends() {
    int idle = 0;
    for (Level each : configured.levels().values()) {
      idle += each.idle() - each.borrowed();
    }
    return idle > 0;
  }

  /// Waits for a seat if need be.
  ///
  /// @throws RejectedException when there is none
  public Place enter(RequestInfo info, UserInfo user) {
    Configured now = configured;
    Asking asking = Asking.of(info, user);
    for (Schema schema : now.schemas()) {
      if (schema.matches(asking)) {
        return enter(schema, now.levels().get(schema.level()), asking);
      }
    }
    throw new RejectedException("no FlowSchema matches", Place.NONE);
  }

  private static Place enter(Schema schema, @Nullable Level level, Asking asking) {
    if (level == null) {
      throw new AssertionError("a FlowSchema without a level is not asked");
    }
    try {
      level.enter(level.plan().exempt() ? 0 : hash(schema.name(), schema.flow(asking)));
    } catch (Level.NoSeatException e) {
      Place nowhere = new Place(schema.uid(), level.plan().uid(), Seat.UNCOUNTED);
      throw new RejectedException(String.valueOf(e.getMessage()), nowhere);
    }
    schema.dispatched().increment();
    return new Place(schema.uid(), level.plan().uid(), level::leave);
  }

  /// Of 64 bits, well mixed (the finalizer of MurmurHash3).
  private static long hash(String schema, String flow) {
    long mixed = schema.hashCode() * 0x9E3779B97F4A7C15L + flow.hashCode();
    mixed = (mixed ^ (mixed >>> 33)) * 0xff51afd7ed558ccdL;
    mixed = (mixed ^ (mixed >>> 33)) * 0xc4ceb9fe1a85ec53L;
    return mixed ^ (mixed >>> 33);
  }

  /// Adds the numbers of all levels.
  public void measure(MetricsText text) {
    Configured now = configured;
    text.metric(
        "apiserver_flowcontrol_dispatched_requests_total",
        "counter",
        "Requests that got a seat, by FlowSchema and level.");
    for (Schema each : now.schemas()) {
      String labels = "flow_schema=\"" + each.name() + "\",priority_level=\"" + each.level() + "\"";
      text.sample(
          "apiserver_flowcontrol_dispatched_requests_total", labels, each.dispatched().sum());
    }
    Collection<Level> levels = now.levels().values();
    BiConsumer<String, ToLongFunction<Level>> gauge =
        (name, value) -> {
          text.metric(name, "gauge", "By priority level.");
          levels.forEach(
              each ->
                  text.sample(
                      name,
                      "priority_level=\"" + each.plan().name() + "\"",
                      value.applyAsLong(each)));
        };
    gauge.accept("apiserver_flowcontrol_current_executing_seats", Level::executing);
    gauge.accept("apiserver_flowcontrol_current_inqueue_seats", Level::waiting);
    gauge.accept("apiserver_flowcontrol_nominal_limit_seats", each -> each.plan().nominal());
    gauge.accept(
        "apiserver_flowcontrol_lower_limit_seats",
        each -> each.plan().nominal() - each.plan().lendable());
    gauge.accept("apiserver_flowcontrol_upper_limit_seats", each -> each.plan().most());
    text.metric("apiserver_flowcontrol_rejected_requests_total", "counter", "By priority level.");
    levels.forEach(
        each ->
            text.sample(
                "apiserver_flowcontrol_rejected_requests_total",
                "priority_level=\"" + each.plan().name() + "\"",
                each.rejected()));
  }

  /// The table of `/debug/api_priority_and_fairness/dump_priority_levels`.
  public String dump() {
    List<List<String>> rows = new ArrayList<>();
    rows.add(
        List.of(
            "PriorityLevelName",
            "ActiveQueues",
            "IsIdle",
            "IsQuiescing",
            "WaitingRequests",
            "ExecutingRequests",
            "DispatchedRequests",
            "RejectedRequests",
            "TimedoutRequests",
            "CancelledRequests"));
    for (Level each : configured.levels().values()) {
      boolean idle = each.executing() == 0 && each.waiting() == 0;
      rows.add(
          List.of(
              each.plan().name(),
              "" + each.activeQueues(),
              "" + idle,
              "false",
              "" + each.waiting(),
              "" + each.executing(),
              "" + each.dispatched(),
              "" + each.rejected(),
              "" + each.timedOut(),
              "0"));
    }
    return Table.of(rows);
  }

  @Override
  public void close() {
    hints.forEach(Hints::rest);
  }
}
