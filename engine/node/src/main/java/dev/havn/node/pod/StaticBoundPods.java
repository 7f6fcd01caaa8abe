// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informer;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodStatus;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The pods of a node together with those of its own files. A mirror that the API has of such a pod
/// is not run: it holds the pod's status. Whoever deletes it deletes nothing else, and it is made
/// anew; a pod ends with its file. For many threads, one look at a time.
public final class StaticBoundPods implements BoundPods {
  private static final Logger LOG = LoggerFactory.getLogger(StaticBoundPods.class);

  private static final Duration EVERY = Duration.ofSeconds(1);

  private final BoundPods bound;
  private final StaticPodFolder folder;
  private final Api api;
  private final String node;
  private final InstantSource clock;
  private final ScheduledExecutorService executor;

  /// Those of files, by namespace and name.
  private final Map<String, ObjectNode> wanted = new ConcurrentHashMap<>();

  /// Those that run or are to run, by namespace and name; one that ends keeps its place until its
  /// containers have.
  private final Map<String, ObjectNode> present = new ConcurrentHashMap<>();

  /// Statuses that no mirror may hold, by uid.
  private final Map<String, ObjectNode> statuses = new ConcurrentHashMap<>();

  private volatile Informer.@Nullable Listener<Pod> listener;
  private volatile boolean hasLooked;
  private volatile boolean closed;

  public StaticBoundPods(
      BoundPods bound,
      StaticPodFolder folder,
      Api api,
      String node,
      InstantSource clock,
      ScheduledExecutorService executor) {
    this.bound = bound;
    this.folder = folder;
    this.api = api;
    this.node = node;
    this.clock = clock;
    this.executor = executor;
  }

  /// Reads the files anew and brings pods and mirrors to where these want them, again and again.
  private void look() {
    if (closed) {
      return;
    }
    bring();
    try {
      var unused = executor.schedule(this::look, EVERY.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException closing) {
      closed = true;
    }
  }

  private synchronized void bring() {
    try {
      Map<String, ObjectNode> found = folder.look();
      wanted.keySet().retainAll(found.keySet());
      wanted.putAll(found);
      hasLooked = true;
    } catch (IOException e) {
      LOG.warn("the static pods of {} cannot be read: {}", node, e.getMessage());
      return;
    }
    Set<String> keys = new HashSet<>(wanted.keySet());
    keys.addAll(present.keySet());
    keys.forEach(this::bring);
    if (bound.hasSynced()) {
      mirror();
    }
  }

  private void bring(String key) {
    @Nullable ObjectNode want = wanted.get(key);
    @Nullable ObjectNode have = present.get(key);
    if (have == null) {
      if (want != null) {
        present.put(key, want);
        tell(key);
      }
    } else if ((want == null || !uid(want).equals(uid(have))) && !isEnding(have)) {
      ObjectNode ending = have.deepCopy();
      JsonNode grace = have.path("spec").path("terminationGracePeriodSeconds");
      ending
          .withObjectProperty("metadata")
          .put("deletionTimestamp", clock.instant().truncatedTo(ChronoUnit.SECONDS).toString())
          .put("deletionGracePeriodSeconds", grace.asLong(30));
      present.put(key, ending);
      tell(key);
    }
  }

  private static boolean isEnding(ObjectNode pod) {
    return pod.path("metadata").has("deletionTimestamp");
  }

  private static String uid(ObjectNode pod) {
    return pod.path("metadata").path("uid").asText();
  }

  private void tell(String key) {
    Informer.@Nullable Listener<Pod> told = listener;
    @Nullable ObjectNode pod = present.get(key);
    if (told != null && pod != null) {
      told.changed(null, model(pod));
    }
  }

  /// Makes mirrors that are missing, and deletes those that show what is not so.
  private void mirror() {
    Set<String> shown = new HashSet<>();
    for (Pod each : bound.list()) {
      if (!StaticPods.isMirror(each)) {
        continue;
      }
      String key = key(each.getMetadata().getNamespace(), each.getMetadata().getName());
      @Nullable ObjectNode pod = present.get(key);
      boolean isTrue =
          pod != null
              && uid(pod).equals(StaticPods.annotation(each, StaticPods.MIRROR))
              && each.getMetadata().getDeletionTimestamp() == null;
      if (isTrue) {
        shown.add(key);
      } else {
        attempt("delete", key, () -> delete(each));
      }
    }
    present.forEach(
        (key, pod) -> {
          if (!shown.contains(key) && !isEnding(pod)) {
            attempt("make", key, () -> create(pod));
          }
        });
  }

  private void attempt(String what, String key, Runnable action) {
    try {
      action.run();
    } catch (RuntimeException e) {
      LOG.warn("cannot {} the mirror of static pod {}: {}", what, key, e.getMessage());
    }
  }

  private void delete(Pod mirror) {
    ObjectNode options = Api.object().put("gracePeriodSeconds", 0);
    options.putObject("preconditions").put("uid", mirror.getMetadata().getUid());
    api.delete(
        Api.path(Pod.class, mirror.getMetadata().getNamespace(), mirror.getMetadata().getName()),
        options);
  }

  private void create(ObjectNode pod) {
    ObjectNode mirror = StaticPods.mirror(pod, api.get("/api/v1/nodes/" + node));
    String namespace = pod.path("metadata").path("namespace").asText();
    try {
      api.create(Api.path(Pod.class, namespace, ""), mirror.toString());
    } catch (Api.RefusedException e) {
      // That of a moment ago, which the cache does not know yet.
      if (!e.reason().equals("AlreadyExists")) {
        throw e;
      }
    }
  }

  private static String key(String namespace, String name) {
    return namespace + "/" + name;
  }

  @Override
  public @Nullable Pod get(String namespace, String name) {
    @Nullable ObjectNode own = present.get(key(namespace, name));
    if (own != null) {
      return model(own);
    }
    @Nullable Pod pod = bound.get(namespace, name);
    return pod == null || StaticPods.isMirror(pod) ? null : pod;
  }

  private Pod model(ObjectNode own) {
    Pod pod = api.toModel(own, Pod.class);
    @Nullable Pod mirror = mirrorOf(pod);
    @Nullable ObjectNode known = statuses.get(uid(own));
    if (known != null) {
      pod.setStatus(api.toModel(known, PodStatus.class));
    } else if (mirror != null && mirror.getStatus() != null) {
      pod.setStatus(mirror.getStatus());
    } else {
      pod.setStatus(new PodStatus());
      pod.getStatus().setPhase("Pending");
    }
    if (mirror != null) {
      pod.getMetadata().setResourceVersion(mirror.getMetadata().getResourceVersion());
      pod.getMetadata().setGeneration(mirror.getMetadata().getGeneration());
    }
    return pod;
  }

  /// A pod whose file has changed is not shown as over: its place would seem to be free, and it is
  /// for what is in the file now.
  @Override
  public @Nullable Pod shown(Pod pod) {
    return !StaticPods.isStatic(pod) ? pod : isReplaced(pod) ? null : mirrorOf(pod);
  }

  private boolean isReplaced(Pod pod) {
    @Nullable ObjectNode want =
        wanted.get(key(pod.getMetadata().getNamespace(), pod.getMetadata().getName()));
    return want != null && !uid(want).equals(pod.getMetadata().getUid());
  }

  private @Nullable Pod mirrorOf(Pod pod) {
    @Nullable Pod mirror = bound.get(pod.getMetadata().getNamespace(), pod.getMetadata().getName());
    return mirror != null
            && Objects.equals(
                StaticPods.annotation(mirror, StaticPods.MIRROR), pod.getMetadata().getUid())
        ? mirror
        : null;
  }

  @Override
  public void observed(Pod pod, ObjectNode status) {
    if (StaticPods.isStatic(pod) && !isReplaced(pod)) {
      statuses.put(pod.getMetadata().getUid(), status.deepCopy());
    }
  }

  @Override
  public boolean ended(Pod pod) {
    if (!StaticPods.isStatic(pod)) {
      return false;
    }
    String key = key(pod.getMetadata().getNamespace(), pod.getMetadata().getName());
    statuses.remove(pod.getMetadata().getUid());
    present.computeIfPresent(
        key, (_, have) -> uid(have).equals(pod.getMetadata().getUid()) ? wanted.get(key) : have);
    tell(key);
    return true;
  }

  @Override
  public List<Pod> list() {
    List<Pod> all = new ArrayList<>();
    bound.list().stream().filter(each -> !StaticPods.isMirror(each)).forEach(all::add);
    present.values().forEach(each -> all.add(model(each)));
    return all;
  }

  @Override
  public boolean hasSynced() {
    return hasLooked && bound.hasSynced();
  }

  @Override
  public void onChange(Informer.Listener<Pod> told) {
    listener = told;
    bound.onChange(told);
    look();
  }

  @Override
  public void close() {
    closed = true;
    bound.close();
  }
}
