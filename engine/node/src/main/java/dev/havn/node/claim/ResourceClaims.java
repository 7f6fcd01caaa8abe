// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.claim;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.node.device.CheckpointFile;
import dev.havn.node.device.PluginException;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.ResourceClaim;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Has the claims of a pod prepared before its containers, and unprepared after the last of them.
/// Threads: any, one at a time for each pod.
public final class ResourceClaims {
  private final Function<String, Optional<JsonNode>> api;
  private final Drivers drivers;
  private final PreparedClaims claims;
  private final Set<String> prepared = ConcurrentHashMap.newKeySet();

  /// @param api finds an object by its path
  /// @param file what must be known after a restart
  /// @param affected hears the uids of pods whose devices are well or ill now
  public ResourceClaims(
      Function<String, Optional<JsonNode>> api,
      Drivers drivers,
      Path file,
      Consumer<Set<String>> affected) {
    this.api = api;
    this.drivers = drivers;
    this.claims = new PreparedClaims(new CheckpointFile<>(file, PreparedClaims.Kept.class));
    drivers.onHealth(
        (driver, devices) -> {
          Set<String> users = claims.users(driver, devices);
          if (!users.isEmpty()) {
            affected.accept(users);
          }
        });
  }

  /// Has what a pod uses made ready. Asks the API and drivers, which may take a while.
  ///
  /// @param runs whether a container of it runs, so that all was ready before a restart of the node
  public void prepare(Pod pod, BooleanSupplier runs) throws ClaimException {
    String uid = pod.getMetadata().getUid();
    if (areReady(pod)) {
      return;
    }
    if (claims.isUsedBy(uid) && runs.getAsBoolean()) {
      prepared.add(uid);
      return;
    }
    Map<Driver.Claim, Set<String>> used = new LinkedHashMap<>();
    Map<String, Driver> plugins = new LinkedHashMap<>();
    for (PodClaims.Used each : PodClaims.of(pod)) {
      if (each.name().isPresent()) {
        JsonNode claim = claim(pod, each.name().get(), each.isMade());
        Set<String> names = driversOf(claim);
        for (String name : names) {
          plugins.put(name, drivers.get(name));
        }
        used.put(told(claim), names);
      }
    }
    for (var batch : claims.use(uid, used).entrySet()) {
      @Nullable Driver driver = plugins.get(batch.getKey());
      prepare(
          batch.getKey(), driver == null ? drivers.get(batch.getKey()) : driver, batch.getValue());
    }
    claims.prepared(used.keySet());
    prepared.add(uid);
  }

  /// Whether nothing is left to be prepared for a pod.
  public boolean areReady(Pod pod) {
    return !PodClaims.hasAny(pod) || prepared.contains(pod.getMetadata().getUid());
  }

  private static Driver.Claim told(JsonNode claim) {
    JsonNode metadata = claim.path("metadata");
    return new Driver.Claim(
        metadata.path("namespace").asText(),
        metadata.path("uid").asText(),
        metadata.path("name").asText());
  }

  /// A claim that the pod may use.
  private JsonNode claim(Pod pod, String name, boolean isMade) throws ClaimException {
    String namespace = pod.getMetadata().getNamespace();
    JsonNode claim;
    try {
      claim =
          api.apply("/apis/resource.k8s.io/v1/namespaces/" + namespace + "/resourceclaims/" + name)
              .orElseThrow(
                  () ->
                      new ClaimException(
                          "fetch ResourceClaim %s: resourceclaims.resource.k8s.io \"%s\" not found"
                              .formatted(name, name)));
    } catch (Api.RefusedException e) {
      throw new ClaimException("fetch ResourceClaim %s: %s".formatted(name, e.getMessage()), e);
    }
    String uid = pod.getMetadata().getUid();
    if (isMade && !isOwned(claim, uid)) {
      throw new ClaimException(
          "ResourceClaim %s/%s was not created for Pod %s/%s (Pod is not owner)"
              .formatted(namespace, name, namespace, pod.getMetadata().getName()));
    }
    boolean isReserved = false;
    for (JsonNode each : claim.path("status").path("reservedFor")) {
      isReserved |= each.path("uid").asText().equals(uid);
    }
    if (!isReserved) {
      throw new ClaimException(
          "pod %s (%s) is not allowed to use ResourceClaim %s (%s)"
              .formatted(
                  pod.getMetadata().getName(),
                  uid,
                  name,
                  claim.path("metadata").path("uid").asText()));
    }
    if (!claim.path("status").has("allocation")) {
      throw new ClaimException("ResourceClaim %s: not allocated".formatted(name));
    }
    return claim;
  }

  private static boolean isOwned(JsonNode claim, String uid) {
    for (JsonNode owner : claim.path("metadata").path("ownerReferences")) {
      if (owner.path("controller").asBoolean() && owner.path("uid").asText().equals(uid)) {
        return true;
      }
    }
    return false;
  }

  private static Set<String> driversOf(JsonNode claim) {
    Set<String> names = new LinkedHashSet<>();
    for (JsonNode each : claim.path("status").path("allocation").path("devices").path("results")) {
      names.add(each.path("driver").asText());
    }
    return names;
  }

  private void prepare(String name, Driver driver, List<Driver.Claim> batch) throws ClaimException {
    Map<String, Driver.Answer> answers;
    try {
      answers = driver.prepare(batch);
    } catch (PluginException e) {
      throw new ClaimException("NodePrepareResources: " + e.text(), e);
    }
    Set<String> strangers = new TreeSet<>(answers.keySet());
    for (Driver.Claim each : batch) {
      strangers.remove(each.uid());
      Driver.@Nullable Answer answer = answers.get(each.uid());
      if (answer != null && !answer.error().isEmpty()) {
        throw new ClaimException(
            "NodePrepareResources failed for ResourceClaim %s: %s"
                .formatted(each.name(), answer.error()));
      }
      if (answer != null) {
        claims.devices(each, name, answer.devices());
      }
    }
    check("NodePrepareResources", strangers, batch.size() - answers.size());
  }

  private static void check(String call, Set<String> strangers, int missing) throws ClaimException {
    if (!strangers.isEmpty()) {
      throw new ClaimException(
          "%s returned result for unknown claim UID %s"
              .formatted(call, strangers.iterator().next()));
    }
    if (missing > 0) {
      throw new ClaimException("%s skipped %d ResourceClaims".formatted(call, missing));
    }
  }

  /// Has what no other pod uses undone. To be called again until it succeeds.
  public void unprepare(String uid) throws ClaimException {
    if (!claims.isUsedBy(uid)) {
      prepared.remove(uid);
      return;
    }
    boolean done = false;
    try {
      for (var batch : claims.leave(uid).entrySet()) {
        unprepare(drivers.get(batch.getKey()), batch.getValue());
      }
      done = true;
    } finally {
      if (done) {
        claims.forget(uid);
        prepared.remove(uid);
      } else {
        claims.keep(uid);
      }
    }
  }

  private static void unprepare(Driver driver, List<Driver.Claim> batch) throws ClaimException {
    Map<String, String> answers;
    try {
      answers = driver.unprepare(batch);
    } catch (PluginException e) {
      throw new ClaimException("NodeUnprepareResources: " + e.text(), e);
    }
    Set<String> strangers = new TreeSet<>(answers.keySet());
    for (Driver.Claim each : batch) {
      strangers.remove(each.uid());
      String error = answers.getOrDefault(each.uid(), "");
      if (!error.isEmpty()) {
        throw new ClaimException(
            "NodeUnprepareResources failed for ResourceClaim %s: %s".formatted(each.name(), error));
      }
    }
    check("NodeUnprepareResources", strangers, batch.size() - answers.size());
  }

  /// The devices that a container gets: qualified names of the Container Device Interface.
  public List<String> cdiDevices(Pod pod, Container container) throws ClaimException {
    if (!PodClaims.hasAny(pod)) {
      return List.of();
    }
    String namespace = pod.getMetadata().getNamespace();
    Set<String> names = new LinkedHashSet<>();
    for (var used : PodClaims.requests(pod, container).entrySet()) {
      Map<String, List<PreparedDevice>> known =
          claims
              .find(namespace, used.getKey())
              .orElseThrow(
                  () ->
                      new ClaimException(
                          "internal error: unable to get claim info for ResourceClaim %s in namespace %s"
                              .formatted(used.getKey(), namespace)));
      for (String request : used.getValue()) {
        known.values().stream()
            .flatMap(List::stream)
            .filter(each -> each.isFor(request))
            .forEach(each -> names.addAll(each.cdiDevices()));
      }
    }
    return List.copyOf(names);
  }

  /// A claim that a container uses.
  ///
  /// @param devices all of its devices, by driver
  public record Claimed(String namespace, String name, Map<String, List<PreparedDevice>> devices) {}

  /// What a container uses of what is prepared.
  public List<Claimed> claimed(Pod pod, Container container) {
    String namespace = pod.getMetadata().getNamespace();
    List<Claimed> claimed = new ArrayList<>();
    try {
      for (String name : PodClaims.requests(pod, container).keySet()) {
        claims
            .find(namespace, name)
            .ifPresent(devices -> claimed.add(new Claimed(namespace, name, devices)));
      }
    } catch (ClaimException notYet) {
      return List.of();
    }
    return claimed;
  }

  /// A device that a container has by a claim.
  ///
  /// @param claim as the container's status names it: `claim:CLAIM/REQUEST`
  /// @param id of the device
  /// @param health `Healthy`, `Unhealthy` or `Unknown`
  /// @param message of its driver, empty for none
  public record Used(String claim, String id, String health, String message) {}

  /// The devices of a container, as its status shows them.
  public List<Used> used(Pod pod, Container container) {
    List<Used> used = new ArrayList<>();
    Set<String> known = new HashSet<>();
    for (ResourceClaim wanted : PodClaims.wanted(container)) {
      String request = PodClaims.request(wanted);
      String shown = "claim:" + wanted.getName() + (request.isEmpty() ? "" : "/" + request);
      PodClaims.name(pod, wanted.getName())
          .flatMap(name -> claims.find(pod.getMetadata().getNamespace(), name))
          .ifPresent(
              drivers ->
                  drivers.forEach(
                      (driver, devices) ->
                          devices.stream()
                              .filter(each -> each.isFor(base(request)))
                              .map(each -> used(shown, driver, each))
                              .filter(each -> known.add(each.claim() + " " + each.id()))
                              .forEach(used::add)));
    }
    return used;
  }

  private Used used(String claim, String driver, PreparedDevice device) {
    Health health = drivers.health().of(driver, device.pool(), device.device());
    return new Used(claim, id(driver, device), health.state(), health.message());
  }

  /// Of an alternative the request that it is one of.
  private static String base(String request) {
    int slash = request.indexOf('/');
    return slash < 0 ? request : request.substring(0, slash);
  }

  private static String id(String driver, PreparedDevice device) {
    return device.cdiDevices().isEmpty()
        ? driver + "/" + device.pool() + "/" + device.device()
        : device.cdiDevices().getFirst();
  }

  /// The uids of the pods that have claims prepared.
  public Collection<String> pods() {
    return claims.pods();
  }
}
