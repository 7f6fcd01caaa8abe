// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.dynamic;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.resource.Hints;
import dev.havn.apiserver.resource.Objects;
import dev.havn.store.Store;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
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

  private static final Duration AGAIN = Duration.ofSeconds(30);

  /// Applies an object through the API.
  @FunctionalInterface
  public interface Applier {
    /// @return the status code
    int apply(String path, String object);
  }

  private final Objects objects;
  private final Applier applier;
  private final ScheduledExecutorService executor;
  private final TypeCheck types;
  private final Hints hints;

  /// Whether a look is due anyway: what cannot be written has one timer, however often it is met.
  private boolean waits;

  /// @param applier writes as this controller
  public PolicyStatus(
      Objects objects, Store store, Applier applier, ScheduledExecutorService executor) {
    this.objects = objects;
    this.applier = applier;
    this.executor = executor;
    this.types = new TypeCheck(objects.registry());
    String folder = Objects.folder(objects.registry().get(API, PLURAL));
    this.hints = new Hints(store, folder, executor, _ -> step());
  }

  /// Follows the policies from now on.
  public void start() {
    hints.follow();
    executor.execute(this::step);
  }

  /// Ends.
  public void close() {
    hints.rest();
  }

  private synchronized void step() {
    if (!look()) {
      later();
    }
  }

  private void later() {
    if (waits) {
      return;
    }
    try {
      var unused = executor.schedule(this::again, AGAIN.toMillis(), TimeUnit.MILLISECONDS);
      waits = true;
    } catch (RejectedExecutionException closing) {
      LOG.debug("no more steps: the server ends");
    }
  }

  private synchronized void again() {
    waits = false;
    step();
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
