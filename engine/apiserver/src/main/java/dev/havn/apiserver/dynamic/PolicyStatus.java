// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.dynamic;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.resource.Objects;
import dev.havn.store.CompactedException;
import dev.havn.store.Cursor;
import dev.havn.store.Store;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The controller of the status of ValidatingAdmissionPolicies: says of which generation it is, and
/// of what its author is warned. It stands in the API server, which knows the types of all objects
/// (`docs/decisions/0009-cel.md`). Each step looks at all of them anew, so several servers on one
/// store come to the same.
///
/// Steps run on the executor, one at a time.
public final class PolicyStatus {
  private static final Logger LOG = LoggerFactory.getLogger(PolicyStatus.class);
  private static final String API = "admissionregistration.k8s.io/v1";
  private static final String PLURAL = "validatingadmissionpolicies";

  /// As whom it owns the fields that it writes.
  public static final String MANAGER = "validatingadmissionpolicy-status";

  private static final int EVENTS_PER_POLL_MAX = 256;
  private static final Duration AGAIN = Duration.ofSeconds(1);

  /// Applies an object through the API.
  @FunctionalInterface
  public interface Applier {
    /// @return the status code
    int apply(String path, String object);
  }

  private final Objects objects;
  private final Store store;
  private final Applier applier;
  private final ScheduledExecutorService executor;
  private final TypeCheck types;
  private @Nullable Cursor cursor;

  public PolicyStatus(
      Objects objects, Store store, Applier applier, ScheduledExecutorService executor) {
    this.objects = objects;
    this.store = store;
    this.applier = applier;
    this.executor = executor;
    this.types = new TypeCheck(objects.registry());
  }

  /// Follows the policies from now on.
  public void start() {
    wake();
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
      if (!look()) {
        later();
      }
    } catch (RuntimeException e) {
      LOG.error("admission policies could not be looked at, trying again", e);
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

  /// False when a status could not be written and is to be tried again.
  private boolean look() {
    boolean settled = true;
    for (ObjectNode each : objects.list(API, PLURAL, "")) {
      long generation = each.path("metadata").path("generation").asLong();
      if (generation > each.path("status").path("observedGeneration").asLong()) {
        settled &= write(each, generation);
      }
    }
    return settled;
  }

  private boolean write(ObjectNode policy, long generation) {
    String name = policy.path("metadata").path("name").asText();
    ObjectNode applied = JsonNodeFactory.instance.objectNode();
    applied.put("apiVersion", API).put("kind", "ValidatingAdmissionPolicy");
    applied.putObject("metadata").put("name", name);
    ObjectNode status = applied.putObject("status");
    status.put("observedGeneration", generation);
    ArrayNode warnings = types.warnings(policy.path("spec"));
    ObjectNode checking = status.putObject("typeChecking");
    if (!warnings.isEmpty()) {
      checking.set("expressionWarnings", warnings);
    }
    String path = "/apis/" + API + "/" + PLURAL + "/" + name + "/status";
    int code = applier.apply(path, applied.toString());
    if (code >= 300 && code != 404) {
      LOG.warn("the status of policy {} was refused with {}", name, code);
      return false;
    }
    return true;
  }
}
