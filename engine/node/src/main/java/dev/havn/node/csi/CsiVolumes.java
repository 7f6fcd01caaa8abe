// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.csi;

import dev.havn.node.plugin.KubeletFolder;
import dev.havn.node.plugin.PluginHandler;
import dev.havn.node.rpc.UnixSockets;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The volumes of drivers on a node. Whoever wants one asks until it is there: a driver is spoken
/// to on the executor, one volume at a time, so that one that hangs holds up only what needs it.
/// Threads: any.
public final class CsiVolumes {
  /// As long as a kubelet gives a driver for an answer.
  public static final Duration TIMEOUT = Duration.ofMinutes(2);

  /// No sooner it is looked again whether what is there is as it should be.
  private static final Duration REFRESH_MIN = Duration.ofSeconds(20);

  private static final Logger LOG = LoggerFactory.getLogger(CsiVolumes.class);

  private final Settings settings;
  private final NodeRecord record;
  private final Drivers drivers;
  private final VolumePlaces places;
  private final Uses uses;
  private final Mounting mounting;
  private final Unmounting unmounting;
  private final Locks locks = new Locks();
  private final Map<String, Wanted> wanted = new ConcurrentHashMap<>();
  private final Map<String, Removal> removals = new ConcurrentHashMap<>();
  private boolean isRemembered;
  private final Set<String> tidying = ConcurrentHashMap.newKeySet();

  /// Tells events.
  @FunctionalInterface
  public interface Teller {
    void tell(HasMetadata about, String type, String reason, String message);
  }

  /// @param tokens of service accounts
  /// @param timeout of one question to a driver
  /// @param look looks at a pod soon
  public record Settings(
      String node,
      KubeletFolder folder,
      CsiApi api,
      Teller events,
      UnixSockets sockets,
      PodTokens tokens,
      Duration timeout,
      Consumer<Pod> look,
      InstantSource clock,
      Executor executor) {}

  /// What has become of the wish for a volume.
  public sealed interface State {
    /// Somebody is at it, or waits for somebody.
    record Pending() implements State {}

    /// It is there.
    ///
    /// @param path of the folder or device
    /// @param isNew whether it was not, when that was last asked
    /// @param givesToGroup whether what lies in it is to be given to the pod's group
    record There(Path path, boolean isNew, boolean givesToGroup) implements State {}
  }

  /// A volume of a pod. Guarded by itself.
  private static final class Wanted {
    private boolean isBusy;
    private boolean isThere;
    private boolean isShown;
    private boolean isGone;
    private Instant beganAt = Instant.MIN;
    private boolean givesToGroup;
    private @Nullable StartException failure;
    private volatile @Nullable VolumeFigures figures;

    synchronized boolean isGone() {
      return isGone;
    }

    /// @return whether nobody is at it
    synchronized boolean leave() {
      isGone = true;
      return !isBusy;
    }
  }

  /// Of a pod's volumes. Guarded by itself.
  private static final class Removal {
    private boolean isBusy;
    private boolean isDone;
    private @Nullable Exception failure;
  }

  public CsiVolumes(Settings settings) {
    this.settings = settings;
    this.record = new NodeRecord(settings.node(), settings.api());
    this.drivers = new Drivers(settings.sockets(), record, settings.timeout());
    this.places = new VolumePlaces(settings.folder());
    this.uses = new Uses(record);
    this.mounting =
        new Mounting(
            settings.node(),
            settings.api(),
            settings.folder(),
            places,
            drivers,
            settings.tokens(),
            new Expansion(settings.api(), settings.node(), settings.events()));
    this.unmounting = new Unmounting(settings.folder(), places, drivers);
  }

  /// What is there from a former life, when it is first needed: nodes without volumes of drivers
  /// read nothing.
  private synchronized void remember() {
    if (isRemembered) {
      return;
    }
    try {
      places.published().forEach(each -> uses.remember(each.uniqueName(), each.uid()));
      places.staged().forEach(each -> uses.remember(each.uniqueName(), ""));
      isRemembered = true;
    } catch (IOException e) {
      throw new UncheckedIOException("the volumes in " + settings.folder().path(), e);
    }
  }

  /// By which drivers are registered.
  public PluginHandler handler() {
    return drivers;
  }

  /// Where a pod's volume is, or will be.
  public Path path(Pod pod, CsiVolume volume) {
    return places.target(pod.getMetadata().getUid(), volume);
  }

  private static String key(String uid, String volume) {
    return uid + "/" + volume;
  }

  /// Asks for a volume; who hears that it is pending is called (`look`) when there is news, and
  /// does well to ask again now and then.
  ///
  /// @throws StartException in the kubelet's words, once for each try
  public State want(Pod pod, CsiVolume volume) {
    remember();
    String uid = pod.getMetadata().getUid();
    if (removals.containsKey(uid)) {
      return new State.Pending();
    }
    Wanted state = wanted.computeIfAbsent(key(uid, volume.name()), _ -> new Wanted());
    synchronized (state) {
      @Nullable StartException failure = state.failure;
      if (failure != null) {
        state.failure = null;
        throw failure;
      }
      // Of what is there tokens may be near their end, or it may have grown.
      Instant now = settings.clock().instant();
      boolean isDue = !state.isThere || !now.isBefore(state.beganAt.plus(REFRESH_MIN));
      if (isDue && !state.isBusy) {
        state.beganAt = now;
        begin(pod, volume, state);
      }
      if (!state.isThere) {
        return new State.Pending();
      }
      boolean isNew = !state.isShown;
      state.isShown = true;
      return new State.There(places.target(uid, volume), isNew, state.givesToGroup);
    }
  }

  private void begin(Pod pod, CsiVolume volume, Wanted state) {
    state.isBusy = true;
    try {
      settings.executor().execute(() -> mount(pod, volume, state));
    } catch (RejectedExecutionException closing) {
      state.isBusy = false;
    }
  }

  private void mount(Pod pod, CsiVolume volume, Wanted state) {
    boolean isAgain;
    synchronized (state) {
      isAgain = state.isThere;
    }
    @Nullable StartException failure = null;
    Optional<DriverRules> done = Optional.empty();
    try {
      done = tryMount(pod, volume, state, isAgain);
    } catch (StartException e) {
      failure = e;
    } catch (RuntimeException e) {
      failure =
          new StartException(
              "FailedMount",
              "MountVolume.SetUp failed for volume \"%s\" : %s"
                  .formatted(volume.name(), e.getMessage()),
              e);
    }
    boolean isNews;
    synchronized (state) {
      state.isBusy = false;
      state.failure = failure;
      isNews = state.isGone || failure != null || (done.isPresent() && !state.isThere);
      if (done.isPresent()) {
        state.isThere = true;
        state.givesToGroup = done.get().givesToGroup(volume);
      }
    }
    if (isNews) {
      settings.look().accept(pod);
    }
  }

  /// @return empty while it cannot be mounted yet
  private Optional<DriverRules> tryMount(Pod pod, CsiVolume volume, Wanted state, boolean isAgain) {
    String uid = pod.getMetadata().getUid();
    DriverRules rules = DriverRules.of(settings.api(), volume.driver());
    Mounting.Wish wish = new Mounting.Wish(pod, volume, rules, isAgain);
    if (isAgain && !rules.republish()) {
      locks.with(volume.uniqueName(), () -> mounting.grow(wish));
      measure(wish, state);
      return Optional.of(rules);
    }
    if (state.isGone()) {
      return Optional.empty();
    }
    if (!volume.isInline() && rules.attachRequired()) {
      uses.add(volume.uniqueName(), uid);
    }
    Optional<Map<String, String>> context = mounting.publishContext(volume, rules);
    if (context.isEmpty()) {
      return Optional.empty();
    }
    locks.with(
        volume.uniqueName(),
        () -> {
          // Its pod may have gone while others had the volume.
          if (!state.isGone()) {
            mounting.mount(wish, context.get());
          }
        });
    if (isAgain) {
      measure(wish, state);
    }
    return Optional.of(rules);
  }

  private void measure(Mounting.Wish wish, Wanted state) {
    Instant at = settings.clock().instant();
    state.figures =
        mounting
            .stats(wish)
            .map(answer -> VolumeFigures.of(wish.volume(), answer, at))
            .orElse(null);
  }

  /// How full the volumes of a pod are, as their drivers said within the last minute.
  public List<VolumeFigures> figures(String uid) {
    List<VolumeFigures> figures = new ArrayList<>();
    for (Map.Entry<String, Wanted> each : wanted.entrySet()) {
      @Nullable VolumeFigures known = each.getValue().figures;
      if (known != null && each.getKey().startsWith(uid + "/")) {
        figures.add(known);
      }
    }
    return figures;
  }

  /// The pods that have volumes of drivers, or something left of them.
  public List<String> uids() {
    try {
      return places.uids();
    } catch (IOException e) {
      throw new UncheckedIOException("the volumes of drivers", e);
    }
  }

  /// Takes all volumes of drivers from a pod.
  ///
  /// @param pod to look at when there is news, null when there is none
  /// @return whether that is done; who hears false asks again
  /// @throws StartException when a driver does not let go, once for each try
  public boolean remove(String uid, @Nullable Pod pod) {
    remember();
    boolean isFree = true;
    for (Map.Entry<String, Wanted> each : wanted.entrySet()) {
      if (each.getKey().startsWith(uid + "/")) {
        isFree &= each.getValue().leave();
      }
    }
    if (!isFree) {
      return false;
    }
    wanted.keySet().removeIf(each -> each.startsWith(uid + "/"));
    try {
      if (!removals.containsKey(uid) && !uses.uses(uid) && !places.hasPod(uid)) {
        return true;
      }
      if (places.ofPod(uid).isEmpty() && !uses.uses(uid) && !removals.containsKey(uid)) {
        places.removePod(uid);
        return true;
      }
    } catch (IOException e) {
      throw new UncheckedIOException("the volumes of pod " + uid, e);
    }
    Removal removal = removals.computeIfAbsent(uid, _ -> new Removal());
    synchronized (removal) {
      if (removal.isDone) {
        removals.remove(uid);
        return true;
      }
      @Nullable Exception failure = removal.failure;
      if (failure != null) {
        removal.failure = null;
        throw new StartException(
            "FailedUnmount",
            "UnmountVolume.TearDown failed for a volume of pod %s : %s"
                .formatted(uid, failure.getMessage()),
            failure);
      }
      if (!removal.isBusy) {
        removal.isBusy = true;
        try {
          settings.executor().execute(() -> unmount(uid, removal, pod));
        } catch (RejectedExecutionException closing) {
          removal.isBusy = false;
        }
      }
      return false;
    }
  }

  private void unmount(String uid, Removal removal, @Nullable Pod pod) {
    @Nullable Exception failure = null;
    try {
      for (VolumePlaces.Placed each : places.ofPod(uid)) {
        locks.<Exception>with(each.uniqueName(), () -> unmount(each));
      }
      uses.removeAll(uid);
      places.removePod(uid);
    } catch (Exception e) {
      failure = e;
    }
    synchronized (removal) {
      removal.isBusy = false;
      removal.isDone = failure == null;
      removal.failure = failure;
    }
    if (pod != null) {
      settings.look().accept(pod);
    }
  }

  private void unmount(VolumePlaces.Placed placed) throws CsiException, IOException {
    unmounting.unpublish(placed);
    boolean isUsed;
    try {
      isUsed = unmounting.unstageUnused(placed.uniqueName());
    } catch (CsiException | IOException e) {
      uses.add(placed.uniqueName(), "");
      LOG.warn("UnmountDevice failed for volume {}: {}", placed.uniqueName(), e.getMessage());
      isUsed = true;
    }
    if (!isUsed) {
      unmounting.forget(placed);
      uses.remove(placed.uniqueName(), "");
    }
    uses.remove(placed.uniqueName(), placed.uid());
  }

  /// Unstages what nobody has any more, as what a crash or a driver that was gone has left.
  public void tidy() {
    remember();
    Set<String> volumes = new HashSet<>();
    try {
      places.staged().forEach(each -> volumes.add(each.uniqueName()));
    } catch (IOException e) {
      throw new UncheckedIOException("the volumes of drivers", e);
    }
    for (String volume : volumes) {
      if (!uses.isUsed(volume) && tidying.add(volume)) {
        try {
          settings.executor().execute(() -> tidy(volume));
        } catch (RejectedExecutionException closing) {
          tidying.remove(volume);
        }
      }
    }
    uses.show();
  }

  private void tidy(String volume) {
    try {
      locks.<Exception>with(
          volume,
          () -> {
            if (!unmounting.unstageUnused(volume)) {
              uses.remove(volume, "");
            }
          });
    } catch (Exception e) {
      LOG.warn("UnmountDevice failed for volume {}: {}", volume, e.getMessage());
    } finally {
      tidying.remove(volume);
    }
  }
}
