// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.addresses.Ranges;
import dev.havn.apiserver.aggregation.ExtensionAuthentication;
import dev.havn.apiserver.aggregation.LocalApis;
import dev.havn.apiserver.authorization.BootstrapRoles;
import dev.havn.apiserver.authorization.RoleUpdates;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.resource.Objects;
import dev.havn.apiserver.resource.StoredObject;
import dev.havn.apiserver.resource.Uid;
import dev.havn.schema.ResourceType;
import dev.havn.schema.kinds.SystemPriorityClasses;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// The objects of a new cluster, created through the API itself.
final class Bootstrap {
  private static final String RBAC = "rbac.authorization.k8s.io";
  private static final String TRACKING = "kube-apiserver-legacy-service-account-token-tracking";

  private static final String NETWORKING = "networking.k8s.io/v1";

  private final Objects objects;
  private final ApiServer server;
  private final Ranges services;

  /// @param services the very first address is the API server's own Service
  Bootstrap(Objects objects, ApiServer server, Ranges services) {
    this.services = services;
    this.objects = objects;
    this.server = server;
  }

  void run() {
    for (String name : List.of("kube-system", "kube-public", "kube-node-lease", "default")) {
      create("v1", "namespaces", object("v1", "Namespace", name));
    }
    BootstrapRoles.read().forEach(this::role);
    SystemPriorityClasses.values().forEach(this::priority);
    addressRange();
    ObjectNode service = object("v1", "Service", "kubernetes");
    ObjectNode metadata = (ObjectNode) service.get("metadata");
    metadata.put("namespace", "default");
    metadata.putObject("labels").put("component", "apiserver").put("provider", "kubernetes");
    String first = services.first().address(1);
    ObjectNode spec = service.putObject("spec").put("clusterIP", first);
    spec.putArray("ports")
        .addObject()
        .put("name", "https")
        .put("port", 443)
        .put("targetPort", 6443);
    create("v1", "services", service);
  }

  /// Tells other API servers whom to trust, and in APIServices what is served here.
  void apis(ApiServer.Settings settings) {
    authentication(
        ExtensionAuthentication.configMap(settings.authorities(), settings.frontProxy()));
    tracking(settings.clock().instant());
    if (settings.options().gates().has(FeatureGates.Feature.STORAGE_VERSION_API)) {
      BootstrapRoles.ofStorageVersions().forEach(this::role);
    }
    if (settings.usage().measures()) {
      create("rbac.authorization.k8s.io/v1", "clusterroles", figuresReader());
    }
    ResourceType type = objects.registry().get("apiregistration.k8s.io/v1", "apiservices");
    LocalApis.objects(
            objects.registry().all().stream()
                .filter(each -> settings.options().runtimeConfig().serves(each.apiVersion()))
                .toList(),
            settings.clock().instant(),
            () -> Uid.next(settings.random()))
        .forEach(each -> objects.add(type, each));
  }

  /// Says since when the use of tokens in Secrets is noted.
  private void tracking(Instant now) {
    ObjectNode map = object("v1", "ConfigMap", TRACKING);
    map.withObjectProperty("metadata").put("namespace", "kube-system");
    map.putObject("data").put("since", LocalDate.ofInstant(now, ZoneOffset.UTC).toString());
    create("v1", "configmaps", map);
  }

  /// Who may view, edit or administer may see figures; the role is named as metrics-server's.
  private static ObjectNode figuresReader() {
    ObjectNode role =
        object("rbac.authorization.k8s.io/v1", "ClusterRole", "system:aggregated-metrics-reader");
    ObjectNode labels = role.withObjectProperty("metadata").putObject("labels");
    for (String each : List.of("admin", "edit", "view")) {
      labels.put("rbac.authorization.k8s.io/aggregate-to-" + each, "true");
    }
    ObjectNode rule = role.putArray("rules").addObject();
    rule.putArray("apiGroups").add("metrics.k8s.io");
    rule.putArray("resources").add("pods").add("nodes");
    rule.putArray("verbs").add("get").add("list").add("watch");
    return role;
  }

  private void authentication(ObjectNode wanted) {
    ResourceType type = objects.registry().get("v1", "configmaps");
    String name = wanted.path("metadata").path("name").asText();
    @Nullable StoredObject present = objects.find(type, "kube-system", name);
    if (present == null) {
      create("v1", "configmaps", wanted);
      return;
    }
    ObjectNode completed = ExtensionAuthentication.completed(present.shared(), wanted);
    if (!completed.equals(present.shared())) {
      send("PUT", "/api/v1/namespaces/kube-system/configmaps/" + name, completed);
    }
  }

  /// Where addresses of Services come from.
  private void addressRange() {
    ResourceType type = objects.registry().get(NETWORKING, "servicecidrs");
    if (objects.find(type, "", "kubernetes") != null) {
      return;
    }
    ObjectNode range = object(NETWORKING, "ServiceCIDR", "kubernetes");
    ArrayNode cidrs = range.putObject("spec").putArray("cidrs");
    services.all().forEach(each -> cidrs.add(each.toString()));
    create(NETWORKING, "servicecidrs", range);
    @Nullable StoredObject made = objects.find(type, "", "kubernetes");
    if (made == null) {
      throw new IllegalStateException("the range of service addresses is gone at once");
    }
    ObjectNode ready = made.toTree();
    ready
        .putObject("status")
        .putArray("conditions")
        .addObject()
        .put("type", "Ready")
        .put("status", "True")
        .put("lastTransitionTime", ready.path("metadata").path("creationTimestamp").asText())
        .put("reason", "")
        .put("message", "Kubernetes default Service CIDR is ready");
    send("PUT", "/apis/networking.k8s.io/v1/servicecidrs/kubernetes/status", ready);
  }

  private static ObjectNode object(String apiVersion, String kind, String name) {
    ObjectNode object = JsonNodeFactory.instance.objectNode();
    object.put("kind", kind).put("apiVersion", apiVersion).putObject("metadata").put("name", name);
    return object;
  }

  /// A role or a binding.
  private void role(ObjectNode role) {
    String plural = role.path("kind").asText().toLowerCase(Locale.ROOT) + "s";
    create("rbac.authorization.k8s.io/v1", plural, role);
  }

  private void priority(String name, int value) {
    ObjectNode priority = object("scheduling.k8s.io/v1", "PriorityClass", name);
    create("scheduling.k8s.io/v1", "priorityclasses", priority.put("value", value));
  }

  private void create(String apiVersion, String plural, ObjectNode object) {
    ResourceType type = objects.registry().get(apiVersion, plural);
    String namespace = object.path("metadata").path("namespace").asText("");
    String name = object.path("metadata").path("name").asText();
    String path =
        (type.group().isEmpty() ? "/api/" : "/apis/")
            + apiVersion
            + (namespace.isEmpty() ? "/" : "/namespaces/" + namespace + "/")
            + plural;
    @Nullable StoredObject present = objects.find(type, namespace, name);
    if (present != null) {
      if (type.group().equals(RBAC)) {
        RoleUpdates.of(present.shared(), object)
            .ifPresent(updated -> send("PUT", path + "/" + name, updated));
      }
      return;
    }
    send("POST", path, object);
  }

  private void send(String method, String path, ObjectNode object) {
    Internal.Answer answer = Internal.call(server, method, path, new Headers(), object.toString());
    if (answer.status() != 200 && answer.status() != 201 && answer.status() != 409) {
      throw new IllegalStateException(
          "%s %s gave %d: %s".formatted(method, path, answer.status(), answer.body()));
    }
  }
}
