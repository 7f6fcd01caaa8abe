// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.addresses.AddressRange;
import dev.havn.apiserver.authorization.PluggedNodes;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Nobody gets more than they have, whichever way they write; nodes change of themselves only what
/// is theirs.
class RightsTest {
  private static final String RBAC = "/apis/rbac.authorization.k8s.io/v1/";
  private static final String ROLES = RBAC + "namespaces/default/roles";
  private static final String HEAD =
      "\"apiVersion\":\"rbac.authorization.k8s.io/v1\",\"metadata\":{\"name\":\"%s\"},";
  private static final String ALL =
      "\"rules\":[{\"apiGroups\":[\"*\"],\"resources\":[\"*\"],\"verbs\":[\"*\"]}]";
  private static final String TO_CHIEF =
      "\"roleRef\":{\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":\"ClusterRole\",\"name\":\"cluster-admin\"},"
          + "\"subjects\":[{\"kind\":\"User\",\"apiGroup\":\"rbac.authorization.k8s.io\",\"name\":\"ann\"}]";

  private final TestApi api = new TestApi();

  /// Ann may write roles and bindings, and read ConfigMaps.
  @BeforeEach
  void ann() {
    api.post(
        RBAC + "clusterroles",
        "{"
            + HEAD.formatted("writer")
            + "\"rules\":[{\"apiGroups\":[\"rbac.authorization.k8s.io\"],\"resources\":[\"*\"],\"verbs\":[\"create\",\"get\",\"update\",\"patch\"]},"
            + "{\"apiGroups\":[\"\"],\"resources\":[\"configmaps\"],\"verbs\":[\"get\"]}]}");
    api.post(
        RBAC + "clusterrolebindings",
        "{" + HEAD.formatted("ann") + TO_CHIEF.replace("cluster-admin", "writer") + "}");
    for (String each : new String[] {"roles", "rolebindings"}) {
      String rest =
          each.equals("roles")
              ? "\"rules\":[{\"apiGroups\":[\"\"],\"resources\":[\"configmaps\"],\"verbs\":[\"get\"]}]"
              : TO_CHIEF.replace("cluster-admin", "writer");
      String kind = each.equals("roles") ? "Role" : "RoleBinding";
      assertThat(
              write(
                  "POST",
                  each,
                  "",
                  "json",
                  "{\"kind\":\"" + kind + "\"," + HEAD.formatted("old") + rest + "}"))
          .isEqualTo(201);
    }
  }

  private int write(String method, String plural, String name, String form, String body) {
    return api.ask(method, ROLES.replace("/roles", "/" + plural) + name)
        .asUser("ann")
        .header("content-type", "application/" + form)
        .body(body)
        .send()
        .status();
  }

  /// Ann may change a map by applying it, and not make one.
  @Test
  void whoMayNotCreateDoesNotCreateByApplying() {
    api.post(
        ROLES,
        "{"
            + HEAD.formatted("patcher")
            + "\"rules\":[{\"apiGroups\":[\"\"],\"resources\":[\"configmaps\"],\"verbs\":[\"patch\"]}]}");
    api.post(
        ROLES.replace("/roles", "/rolebindings"),
        "{"
            + HEAD.formatted("patcher")
            + TO_CHIEF.replace("ClusterRole", "Role").replace("cluster-admin", "patcher")
            + "}");
    TestApi.Answer answer =
        api.ask("PATCH", "/api/v1/namespaces/default/configmaps/a?fieldManager=m")
            .asUser("ann")
            .header("content-type", "application/apply-patch+yaml")
            .body("{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"}}")
            .send();
    assertThat(answer.status()).isEqualTo(403);
    assertThat(answer.message())
        .isEqualTo(
            "configmaps \"a\" is forbidden: User \"ann\" cannot create resource \"configmaps\" in API group \"\" in the namespace \"default\"");
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        "POST, new, json, -",
        "PUT, old, json, -",
        "PATCH, old, merge-patch+json, -",
        "PATCH, old, strategic-merge-patch+json, -",
        "PATCH, old, apply-patch+yaml, ?fieldManager=x&force=true",
        "PATCH, fresh, apply-patch+yaml, ?fieldManager=x&force=true",
      })
  void noRoleGrantsMoreThanItsWriterHas(String method, String name, String form, String query) {
    String path = method.equals("POST") ? "" : "/" + name;
    String body = "{\"kind\":\"Role\"," + HEAD.formatted(name) + ALL + "}";
    assertThat(write(method, "roles", path + (query == null ? "" : query), form, body))
        .isEqualTo(403);
  }

  @Test
  void noPatchOfSingleFieldsGrantsMoreEither() {
    assertThat(
            write(
                "PATCH",
                "roles",
                "/old",
                "json-patch+json",
                "[{\"op\":\"replace\",\"path\":\"/rules/0/resources/0\",\"value\":\"secrets\"}]"))
        .isEqualTo(403);
    assertThat(
            write(
                "PATCH",
                "rolebindings",
                "/old",
                "json-patch+json",
                "[{\"op\":\"add\",\"path\":\"/subjects/-\",\"value\":{\"kind\":\"User\",\"apiGroup\":\"rbac.authorization.k8s.io\",\"name\":\"bob\"}}]"))
        .as("of what ann has herself she may give")
        .isEqualTo(200);
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {"POST, json, -", "PATCH, apply-patch+yaml, ?fieldManager=x&force=true"})
  void nobodyBindsWhatTheyDoNotHave(String method, String form, String query) {
    String path = method.equals("POST") ? "" : "/new" + query;
    String body = "{\"kind\":\"RoleBinding\"," + HEAD.formatted("new") + TO_CHIEF + "}";
    assertThat(write(method, "rolebindings", path, form, body)).isEqualTo(403);
  }

  private TestApi.Answer asNode(String path, String patch) {
    return api.ask("PATCH", path)
        .asUser("system:node:n", "system:nodes")
        .header("content-type", "application/merge-patch+json")
        .body(patch)
        .send();
  }

  @Test
  void aNodeDoesNotGiveItselfAnOwner() {
    api.post("/api/v1/nodes", "{\"metadata\":{\"name\":\"n\"}}");
    String owner =
        "{\"metadata\":{\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"name\":\"x\",\"uid\":\"y\"}]}}";
    for (String path : new String[] {"/api/v1/nodes/n", "/api/v1/nodes/n/status"}) {
      TestApi.Answer refused = asNode(path, owner);
      assertThat(refused.status()).isEqualTo(403);
      assertThat(refused.message()).endsWith("node \"n\" is not allowed to modify ownerReferences");
    }
    assertThat(asNode("/api/v1/nodes/n/status", "{\"status\":{\"phase\":\"Running\"}}").status())
        .isEqualTo(200);
  }

  /// Policies and endpoints believe what a pod's status says.
  @Test
  void aNodeClaimsNoAddressOfAnothersPods() {
    for (int i = 0; i < 2; i++) {
      api.post(
          "/api/v1/nodes",
          "{\"metadata\":{\"name\":\"%s\"},\"spec\":{\"podCIDR\":\"10.244.%d.0/24\"}}"
              .formatted(i == 0 ? "n" : "m", i));
    }
    api.post("/api/v1/namespaces/default/serviceaccounts", "{\"metadata\":{\"name\":\"default\"}}");
    api.post(
        "/api/v1/namespaces/default/pods",
        "{\"metadata\":{\"name\":\"p\"},\"spec\":{\"nodeName\":\"n\",\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}");
    String node = "/api/v1/nodes/n/status";
    String pod = "/api/v1/namespaces/default/pods/p/status";
    String of = "{\"status\":{\"addresses\":[{\"type\":\"InternalIP\",\"address\":\"%s\"}]}}";
    String at = "{\"status\":{\"podIP\":\"%s\",\"podIPs\":[{\"ip\":\"%1$s\"}]}}";
    assertThat(asNode(node, of.formatted("192.0.2.7")).status()).isEqualTo(200);
    assertThat(asNode(node, of.formatted("10.244.1.9")).message())
        .isEqualTo(
            "nodes \"n\" is forbidden: node \"n\" is not allowed to claim addresses of another node's pods");
    assertThat(asNode(pod, at.formatted("10.244.1.9")).message())
        .isEqualTo("pods \"p\" is forbidden: node \"n\" has no address 10.244.1.9 for a pod");
    assertThat(asNode(pod, at.formatted("198.51.100.1")).status()).isEqualTo(403);
    assertThat(asNode(pod, at.formatted("192.0.2.7")).status()).isEqualTo(200);
    assertThat(asNode(pod, at.formatted("10.244.0.9")).status()).isEqualTo(200);
    assertThat(asNode(pod, "{\"status\":{\"phase\":\"Running\"}}").status()).isEqualTo(200);
  }

  /// Which addresses plugins gave only their pods say, of no node's range.
  @Test
  void aNodeClaimsNoAddressThatPluginsGaveAnothersPods() {
    TestApi plugged = new TestApi(plugged("10.99.0.0/16"));
    plugged.post(
        "/api/v1/namespaces/default/serviceaccounts", "{\"metadata\":{\"name\":\"default\"}}");
    List<String> nodes = List.of("s", "n");
    for (String each : nodes) {
      plugged.post(
          "/api/v1/nodes",
          "{\"metadata\":{\"name\":\"%s\"},\"spec\":{\"podCIDR\":\"10.244.%d.0/24\"}}"
              .formatted(each, nodes.indexOf(each)));
      plugged.post(
          "/api/v1/namespaces/default/pods",
          "{\"metadata\":{\"name\":\"%1$s\"},\"spec\":{\"nodeName\":\"%1$s\",\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}"
              .formatted(each));
    }
    String at = "{\"status\":{\"podIP\":\"%s\",\"podIPs\":[{\"ip\":\"%1$s\"}]}}";
    String of = "{\"status\":{\"addresses\":[{\"type\":\"InternalIP\",\"address\":\"%s\"}]}}";
    String pods = "/api/v1/namespaces/default/pods/%s/status";
    assertThat(asNode(plugged, "s", pods, at.formatted("10.244.1.9"))).isEqualTo(403);
    assertThat(asNode(plugged, "s", pods, at.formatted("10.88.0.2"))).isEqualTo(200);
    for (String each : List.of("10.88.0.2", "10.88.0.3", "198.51.100.1")) {
      assertThat(asNode(plugged, "n", pods, at.formatted(each))).as(each).isEqualTo(403);
    }
    String node = "/api/v1/nodes/%s/status";
    assertThat(asNode(plugged, "n", node, of.formatted("10.88.0.2"))).isEqualTo(403);
    assertThat(asNode(plugged, "n", node, of.formatted("192.0.2.7"))).isEqualTo(200);
    assertThat(asNode(plugged, "n", pods, at.formatted("10.244.1.9"))).isEqualTo(200);
    String range = "{\"metadata\":{\"name\":\"x\"},\"spec\":{\"podCIDR\":\"10.88.0.0/16\"}}";
    TestApi.Answer refused =
        plugged
            .ask("POST", "/api/v1/nodes")
            .asUser("system:node:x", "system:nodes")
            .body(range)
            .send();
    assertThat(refused.message())
        .endsWith("node \"x\" is not allowed to claim addresses of another node's pods");
  }

  private static ApiOptions plugged(String range) {
    List<AddressRange> ranges = List.of(AddressRange.parse(range));
    return ApiOptions.STANDARD.withPluggedNodes(new PluggedNodes(Set.of("s"), () -> ranges));
  }

  /// What plugins have not given yet is for pods to come.
  @Test
  void aNodeClaimsNoFreeAddressOfPlugins() {
    TestApi plugged = new TestApi(plugged("10.88.0.0/16"));
    plugged.post(
        "/api/v1/namespaces/default/serviceaccounts", "{\"metadata\":{\"name\":\"default\"}}");
    String spec = "\"spec\":{\"podCIDR\":\"10.244.0.0/24\"}";
    plugged.post("/api/v1/nodes", "{\"metadata\":{\"name\":\"s\"}," + spec + "}");
    plugged.post("/api/v1/nodes", "{\"metadata\":{\"name\":\"n\"}}");
    for (String each : List.of("true", "false")) {
      plugged.post(
          "/api/v1/namespaces/default/pods",
          "{\"metadata\":{\"name\":\"host-%1$s\"},\"spec\":{\"nodeName\":\"n\",\"hostNetwork\":%1$s,\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}"
              .formatted(each));
    }
    String at = "{\"status\":{\"podIP\":\"%s\",\"podIPs\":[{\"ip\":\"%1$s\"}]}}";
    String pods = "/api/v1/namespaces/default/pods/host-";
    for (String each : List.of("10.88.0.2", "198.51.100.1")) {
      assertThat(asNode(plugged, "n", pods + "false/status", at.formatted(each)))
          .as("%s without a range of the node", each)
          .isEqualTo(403);
    }
    String own = "{\"status\":{\"addresses\":[{\"type\":\"InternalIP\",\"address\":\"%s\"}]}}";
    assertThat(asNode(plugged, "n", "/api/v1/nodes/n/status", own.formatted("10.88.0.9")))
        .as("machines may be on the network of pods")
        .isEqualTo(200);
    assertThat(asNode(plugged, "n", pods + "false/status", at.formatted("10.88.0.9")))
        .isEqualTo(403);
    assertThat(asNode(plugged, "n", pods + "true/status", at.formatted("10.88.0.9")))
        .isEqualTo(200);
    for (String range : List.of("10.88.7.0/24", "10.0.0.0/8", "10.244.254.0/24")) {
      TestApi.Answer answer =
          plugged
              .ask("POST", "/api/v1/nodes")
              .asUser("system:node:x", "system:nodes")
              .body(
                  "{\"metadata\":{\"name\":\"x\"},\"spec\":{\"podCIDR\":\"%s\"}}".formatted(range))
              .send();
      assertThat(answer.status()).as(range).isEqualTo(range.startsWith("10.244.") ? 201 : 403);
    }
  }

  /// With a plugin that has the addresses of all nodes each node's range says what is whose.
  @Test
  void aNodeKeepsItsRangeWhereAPluginsHoldsAllOfThem() {
    TestApi plugged = new TestApi(plugged("10.244.0.0/16"));
    String node = "{\"metadata\":{\"name\":\"%s\"},\"spec\":{\"podCIDR\":\"%s\"}}";
    plugged.post("/api/v1/nodes", node.formatted("s", "10.244.0.0/24"));
    TestApi.Answer answer =
        plugged
            .ask("POST", "/api/v1/nodes")
            .asUser("system:node:x", "system:nodes")
            .body(node.formatted("x", "10.244.254.0/24"))
            .send();
    assertThat(answer.status()).isEqualTo(201);
  }

  private static int asNode(TestApi api, String node, String path, String patch) {
    return api.ask("PATCH", path.formatted(node))
        .asUser("system:node:" + node, "system:nodes")
        .header("content-type", "application/merge-patch+json")
        .body(patch)
        .send()
        .status();
  }

  private int nodeGets(String path) {
    return api.ask("GET", path).asUser("system:node:n", "system:nodes").send().status();
  }

  @Test
  void aNodeSeesTheClaimsOfItsPodsAndItsOwnSlices() {
    String dra = "/apis/resource.k8s.io/v1/";
    String claims = dra + "namespaces/default/resourceclaims";
    api.post("/api/v1/namespaces/default/serviceaccounts", "{\"metadata\":{\"name\":\"default\"}}");
    for (String each : new String[] {"used", "other"}) {
      api.post(
          claims,
          "{\"metadata\":{\"name\":\"" + each + "\"},\"spec\":{\"devices\":{\"requests\":[]}}}");
    }
    api.post(
        "/api/v1/namespaces/default/pods",
        "{\"metadata\":{\"name\":\"p\"},\"spec\":{\"nodeName\":\"n\",\"resourceClaims\":[{\"name\":\"c\",\"resourceClaimName\":\"used\"}],\"containers\":[{\"name\":\"c\",\"image\":\"i\",\"resources\":{\"requests\":{\"example.com/card\":\"1\"},\"limits\":{\"example.com/card\":\"1\"}}}]}}");
    assertThat(nodeGets(claims + "/used")).isEqualTo(200);
    assertThat(nodeGets(claims + "/other")).isEqualTo(403);
    assertThat(nodeGets(claims)).isEqualTo(403);
    String status = "/api/v1/namespaces/default/pods/p/status";
    String extended =
        "{\"status\":{\"extendedResourceClaimStatus\":{\"resourceClaimName\":\"other\",\"requestMappings\":[{\"containerName\":\"c\",\"resourceName\":\"example.com/card\",\"requestName\":\"r\"}]}}}";
    assertThat(asNode(status, extended).message())
        .endsWith("node \"n\" cannot update extended resource claim status");
    assertThat(nodeGets(claims + "/other")).isEqualTo(403);
    assertThat(api.patch("merge-patch+json", status, extended).status()).isEqualTo(200);
    assertThat(nodeGets(claims + "/other")).isEqualTo(200);
    for (String node : new String[] {"n", "m"}) {
      String slice =
          "{\"metadata\":{\"name\":\"s-%1$s\"},\"spec\":{\"nodeName\":\"%1$s\",\"driver\":\"d.example\",\"pool\":{\"name\":\"%1$s\",\"generation\":1,\"resourceSliceCount\":1}}}"
              .formatted(node);
      assertThat(
              api.ask("POST", dra + "resourceslices")
                  .asUser("system:node:n", "system:nodes")
                  .body(slice)
                  .send()
                  .status())
          .isEqualTo(node.equals("n") ? 201 : 403);
      api.post(dra + "resourceslices", slice);
    }
    assertThat(nodeGets(dra + "resourceslices/s-n")).isEqualTo(200);
    assertThat(nodeGets(dra + "resourceslices/s-m")).isEqualTo(403);
    assertThat(nodeGets(dra + "resourceslices")).isEqualTo(403);
    assertThat(nodeGets(dra + "resourceslices?fieldSelector=spec.nodeName%3Dn")).isEqualTo(200);
  }

  @Test
  void anObjectDoesNotGrowPatchByPatch() {
    String maps = "/api/v1/namespaces/default/configmaps";
    api.post(maps, "{\"metadata\":{\"name\":\"a\"}}");
    String path = maps + "/a";
    String large = "x".repeat(1 << 19);
    int status = 200;
    for (int i = 0; i < 8 && status == 200; i++) {
      status =
          api.patch("merge-patch+json", path, "{\"data\":{\"k" + i + "\":\"" + large + "\"}}")
              .status();
    }
    assertThat(status).isIn(413, 422);
  }
}
