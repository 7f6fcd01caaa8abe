// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.measure;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;

/// Many Services, each with ten endpoints that are written by hand: nobody's pods.
/// `-Dhavn.services=1000` makes fewer.
record ManyServices(Api api) {
  static final int COUNT = Integer.getInteger("havn.services", 10_000);
  static final int ENDPOINTS = 10;
  private static final int NAMESPACES = 20;
  private static final int WORKERS = 32;

  static String name(int number) {
    return "service-" + number;
  }

  static String namespace(int number) {
    return "many-" + number % NAMESPACES;
  }

  void create() {
    for (int i = 0; i < NAMESPACES; i++) {
      ObjectNode namespace = Api.object().put("kind", "Namespace").put("apiVersion", "v1");
      namespace.putObject("metadata").put("name", namespace(i));
      api.create("/api/v1/namespaces", namespace.toString());
    }
    FakeNodes.each(COUNT, WORKERS, this::create);
  }

  private void create(int number) {
    service(name(number), namespace(number), "TCP", 80);
    ObjectNode slice = slice(name(number), namespace(number), "TCP", 8_080);
    slice.set("endpoints", endpoints(number, ENDPOINTS));
    api.create(slices(namespace(number)), slice.toString());
  }

  /// A Service without a selector.
  ///
  /// @return its address
  String service(String name, String namespace, String protocol, int port) {
    ObjectNode service = Api.object().put("kind", "Service").put("apiVersion", "v1");
    service.putObject("metadata").put("name", name);
    ObjectNode one = service.putObject("spec").putArray("ports").addObject();
    one.put("port", port).put("protocol", protocol);
    return api.create("/api/v1/namespaces/" + namespace + "/services", service.toString())
        .path("spec")
        .path("clusterIP")
        .asText();
  }

  /// An EndpointSlice of a Service, still without endpoints.
  static ObjectNode slice(String name, String namespace, String protocol, int port) {
    ObjectNode slice = Api.object().put("kind", "EndpointSlice");
    slice.put("apiVersion", "discovery.k8s.io/v1").put("addressType", "IPv4");
    ObjectNode metadata = slice.putObject("metadata").put("name", name + "-by-hand");
    metadata
        .put("namespace", namespace)
        .putObject("labels")
        .put("kubernetes.io/service-name", name)
        .put("endpointslice.kubernetes.io/managed-by", "by-hand");
    slice.putArray("ports").addObject().put("port", port).put("protocol", protocol);
    slice.putArray("endpoints");
    return slice;
  }

  static String slices(String namespace) {
    return "/apis/discovery.k8s.io/v1/namespaces/" + namespace + "/endpointslices";
  }

  /// Gives a Service so many endpoints, the first ones of its own.
  void change(int number, int count) {
    ObjectNode patch = Api.object();
    patch.set("endpoints", endpoints(number, count));
    api.merge(slices(namespace(number)) + "/" + name(number) + "-by-hand", patch);
  }

  /// The address of one endpoint; no two are the same.
  static String address(int number, int endpoint) {
    int all = number * (ENDPOINTS + 1) + endpoint;
    return "10.%d.%d.%d".formatted(200 + (all >> 16), all >> 8 & 0xff, all & 0xff);
  }

  private static ArrayNode endpoints(int number, int count) {
    ArrayNode all = Api.object().putArray("endpoints");
    for (int i = 0; i < count; i++) {
      ObjectNode endpoint = all.addObject();
      endpoint.putArray("addresses").add(address(number, i));
      endpoint.putObject("conditions").put("ready", true);
    }
    return all;
  }
}
