// SPDX-License-Identifier: Apache-2.0
package dev.havn.reconcile;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One of many candidates leads: the one whose name stands in a Lease and is renewed there.
///
/// Whether a lease has ended is judged by this candidate's own clock, from when it last saw the
/// lease change, never by the times in it: clocks differ. Whoever writes says which version it has
/// read, so of two that think a lease has ended one gets it. A leader that cannot renew steps down
/// before others may take over, because `renewWithin` is shorter than `duration`.
///
/// Runs on the executor; the listener is called there too, in order.
public final class LeaderElection implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(LeaderElection.class);
  private static final int RELEASE_TRIES = 3;

  /// No try begins later: whoever ends this process waits.
  private static final Duration RELEASE_WITHIN = Duration.ofSeconds(5);

  private static final String LEASES = "/apis/coordination.k8s.io/v1/namespaces/%s/leases";

  private final Settings settings;
  private final Api api;
  private final InstantSource clock;
  private final ScheduledExecutorService executor;
  private final Listener listener;

  private JsonNode observed = MissingNode.getInstance();
  private Instant observedAt = Instant.EPOCH;

  /// Written under the lock, as `leads`; read without it by who must not wait.
  private volatile Instant renewedAt = Instant.EPOCH;

  private Instant ledSince = Instant.EPOCH;
  private volatile boolean leads;
  private boolean closed;

  /// What is fought for, and how.
  ///
  /// @param name of the Lease
  /// @param identity of this candidate, unlike that of all others
  /// @param duration for which a lease that is not renewed keeps others out
  /// @param renewWithin how long a leader tries to renew before it steps down
  /// @param every how often a candidate looks
  /// @param offeredEvery after how long a leader offers the lease to others, who have twice `every`
  ///   to take it; zero for one that leads for as long as it can
  public record Settings(
      String namespace,
      String name,
      String identity,
      Duration duration,
      Duration renewWithin,
      Duration every,
      Duration offeredEvery) {

    public Settings {
      if (renewWithin.compareTo(duration) >= 0 || every.compareTo(renewWithin) >= 0) {
        throw new IllegalArgumentException(
            "the times of %s must rise: every %s, within %s, duration %s"
                .formatted(name, every, renewWithin, duration));
      }
    }

    /// With the times that Kubernetes' own components use.
    public static Settings of(String namespace, String name, String identity) {
      return new Settings(
          namespace,
          name,
          identity,
          Duration.ofSeconds(15),
          Duration.ofSeconds(10),
          Duration.ofSeconds(2),
          Duration.ZERO);
    }

    /// The same for a candidate that leads only while nobody else wants to.
    public Settings offering(Duration offeredEvery) {
      return new Settings(namespace, name, identity, duration, renewWithin, every, offeredEvery);
    }
  }

  /// Hears when this candidate begins and ends to lead.
  @FunctionalInterface
  public interface Listener {
    void leads(boolean leads);
  }

  public LeaderElection(
      Settings settings,
      Api api,
      InstantSource clock,
      ScheduledExecutorService executor,
      Listener listener) {
    this.settings = settings;
    this.api = api;
    this.clock = clock;
    this.executor = executor;
    this.listener = listener;
  }

  /// Stands for election from now on.
  public void start() {
    try {
      executor.execute(this::look);
    } catch (RejectedExecutionException closing) {
      LOG.debug("{} is not stood for, the executor is closed", settings.name());
    }
  }

  public synchronized boolean leads() {
    return leads;
  }

  /// Whether this candidate still says that it leads although it has not renewed its lease for so
  /// long that others lead by now: it hangs in a try to renew, and cannot step down. Waits for
  /// nothing, above all not for that try.
  ///
  /// @param tolerated after the lease's end
  public boolean isOverdue(Duration tolerated) {
    return leads && clock.instant().isAfter(renewedAt.plus(settings.duration()).plus(tolerated));
  }

  private synchronized void look() {
    if (closed) {
      return;
    }
    Duration next = settings.every();
    try {
      if (isToOffer()) {
        lead(false);
        release();
        next = next.multipliedBy(2);
      } else {
        boolean mine = tryToHold();
        if (mine) {
          renewedAt = clock.instant();
        }
        if (leads && !mine) {
          LOG.info("{} no longer leads {}: another does", settings.identity(), settings.name());
        }
        lead(mine);
      }
    } catch (RuntimeException e) {
      LOG.info("lease {} cannot be renewed: {}", settings.name(), e.toString());
      boolean tooLong =
          Duration.between(renewedAt, clock.instant()).compareTo(settings.renewWithin()) > 0;
      if (leads && tooLong) {
        lead(false);
      }
    }
    try {
      var unused = executor.schedule(this::look, next.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException closing) {
      closed = true;
    }
  }

  private boolean isToOffer() {
    return leads
        && !settings.offeredEvery().isZero()
        && !clock.instant().isBefore(ledSince.plus(settings.offeredEvery()));
  }

  private void lead(boolean now) {
    if (leads != now) {
      leads = now;
      ledSince = clock.instant();
      LOG.debug(
          "{} {} {}", settings.identity(), now ? "leads" : "no longer leads", settings.name());
      listener.leads(now);
    }
  }

  /// Whether the lease is ours now.
  private boolean tryToHold() {
    String path = LEASES.formatted(settings.namespace());
    Optional<JsonNode> found = api.find(path + "/" + settings.name());
    if (found.isEmpty()) {
      ObjectNode lease = Api.object().put("kind", "Lease");
      lease.put("apiVersion", "coordination.k8s.io/v1");
      lease.putObject("metadata").put("name", settings.name());
      lease.set("spec", spec(MissingNode.getInstance()));
      return written(() -> api.create(path, lease.toString()));
    }
    JsonNode lease = found.get();
    observe(lease.path("spec"));
    String holder = lease.path("spec").path("holderIdentity").asText("");
    boolean free = holder.isEmpty() || holder.equals(settings.identity()) || hasEnded();
    if (!free) {
      return false;
    }
    ObjectNode spec = spec(lease.path("spec"));
    if (spec.equals(lease.path("spec"))) {
      return true;
    }
    ObjectNode update = lease.deepCopy();
    update.set("spec", spec);
    boolean mine = written(() -> api.update(path + "/" + settings.name(), update));
    if (mine && !holder.isEmpty() && !holder.equals(settings.identity())) {
      LOG.info("{} leads {} instead of {}", settings.identity(), settings.name(), holder);
    }
    return mine;
  }

  /// Notes when the lease was last seen to change. A clock that went back begins anew, or the lease
  /// would seem to last for as long as the jump.
  private void observe(JsonNode spec) {
    Instant now = clock.instant();
    if (!spec.equals(observed) || now.isBefore(observedAt)) {
      observed = spec;
      observedAt = now;
    }
  }

  private boolean hasEnded() {
    Duration lasts =
        Duration.ofSeconds(
            observed.path("leaseDurationSeconds").asLong(settings.duration().toSeconds()));
    return observedAt.plus(lasts).isBefore(clock.instant());
  }

  /// A version that is not the one read, or a lease that somebody else has created, is no failure:
  /// another candidate was faster.
  private boolean written(java.util.function.Supplier<JsonNode> write) {
    try {
      observe(write.get().path("spec"));
      return true;
    } catch (Api.RefusedException e) {
      if (e.code() == 409) {
        return false;
      }
      throw e;
    }
  }

  private ObjectNode spec(JsonNode before) {
    String now = MicroTime.of(clock.instant());
    boolean ours = before.path("holderIdentity").asText("").equals(settings.identity());
    ObjectNode spec = Api.object().put("holderIdentity", settings.identity());
    spec.put("leaseDurationSeconds", settings.duration().toSeconds());
    spec.put("acquireTime", ours ? before.path("acquireTime").asText(now) : now);
    spec.put("renewTime", now);
    int transitions = before.path("leaseTransitions").asInt(0);
    return spec.put(
        "leaseTransitions", before.isMissingNode() || ours ? transitions : transitions + 1);
  }

  /// Steps down without giving the lease away: for a candidate that goes by the same name in its
  /// next life and needs nobody to follow it.
  public synchronized void stop() {
    if (!closed) {
      closed = true;
      lead(false);
    }
  }

  /// Steps down and lets the others in at once, also after it had to step down because it could not
  /// renew: nobody may have taken the lease since. A connection that broke while nobody looked is
  /// found out by the first try.
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    boolean mayHold =
        leads || observed.path("holderIdentity").asText("").equals(settings.identity());
    lead(false);
    if (!mayHold) {
      return;
    }
    Instant until = clock.instant().plus(RELEASE_WITHIN);
    boolean isReleased = isReleased();
    for (int tries = 1; !isReleased && tries < RELEASE_TRIES; tries++) {
      isReleased = clock.instant().isBefore(until) && isReleased();
    }
  }

  private boolean isReleased() {
    try {
      release();
      return true;
    } catch (RuntimeException e) {
      LOG.warn(
          "lease {} is not given back, it ends by itself after {} s: {}",
          settings.name(),
          settings.duration().toSeconds(),
          e.toString());
      return false;
    }
  }

  private void release() {
    String path = LEASES.formatted(settings.namespace()) + "/" + settings.name();
    JsonNode lease = api.get(path);
    if (lease.path("spec").path("holderIdentity").asText().equals(settings.identity())) {
      ObjectNode update = lease.deepCopy();
      ObjectNode spec = spec(lease.path("spec"));
      update.set("spec", spec.put("holderIdentity", "").put("leaseDurationSeconds", 1));
      api.update(path, update);
    }
  }
}
