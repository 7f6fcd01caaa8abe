// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.reconcile.Api;
import dev.havn.server.Scenario.Act;
import dev.havn.server.Scenario.Place;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// Of accounts, their tokens and roles, and of what every namespace has.
final class AccountScenarios {
  private static final String ROLES = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
  private static final String SECRETS = "/api/v1/namespaces/NS/secrets";
  private static final String ACCOUNTS = "/api/v1/namespaces/NS/serviceaccounts";
  private static final String CLUSTER_INFO =
      "/api/v1/namespaces/kube-public/configmaps/cluster-info";
  private static final String AUTHORITY = "configmaps/kube-root-ca.crt";

  private AccountScenarios() {}

  private static String text(JsonNode base64) {
    return new String(Base64.getDecoder().decode(base64.asText("")), StandardCharsets.UTF_8);
  }

  private static final Act MORE_NAMESPACES =
      Scenario.make(
          """
          apiVersion: v1
          kind: Namespace
          metadata: {name: NS-a}
          ---
          apiVersion: v1
          kind: Namespace
          metadata: {name: NS-b}
          ---
          apiVersion: v1
          kind: Namespace
          metadata: {name: NS-gone}
          """);

  static Scenario serviceAccounts() {
    return Scenario.of(
        place ->
            Scenarios.facts(
                "here", place.names(ACCOUNTS),
                "a", place.names("/api/v1/namespaces/NS-a/serviceaccounts"),
                "b", place.names("/api/v1/namespaces/NS-b/serviceaccounts"),
                "gone", place.names("/api/v1/namespaces/NS-gone/serviceaccounts")),
        Scenario.delete(ACCOUNTS + "/default"),
        MORE_NAMESPACES,
        Scenario.delete("/api/v1/namespaces/NS-a/serviceaccounts/default"),
        Scenario.delete("/api/v1/namespaces/NS-gone"),
        Scenario.delete(ACCOUNTS + "/default"));
  }

  static Scenario rootAuthority() {
    return Scenario.of(
        place -> {
          Map<String, String> said = new TreeMap<>();
          for (String each : List.of("NS", "NS-a", "NS-b", "NS-gone")) {
            String path = "/api/v1/namespaces/" + each + "/" + AUTHORITY;
            said.put(each, place.has(path) ? place.get(path).path("data").toString() : "none");
          }
          return said;
        },
        MORE_NAMESPACES,
        place -> {
          if (place.has("/api/v1/namespaces/NS/" + AUTHORITY)) {
            place.patch("/api/v1/namespaces/NS/" + AUTHORITY, "data: {ca.crt: wrong, more: yes}");
          }
        },
        Scenario.delete("/api/v1/namespaces/NS-a/" + AUTHORITY),
        Scenario.delete("/api/v1/namespaces/NS-gone"));
  }

  private static String account(String name, String more) {
    return """
    apiVersion: v1
    kind: ServiceAccount
    metadata: {name: %s, namespace: NS}
    %s
    ---
    """
        .formatted(name, more);
  }

  private static String token(String name, String account, String labels) {
    return """
    apiVersion: v1
    kind: Secret
    metadata:
      name: %s
      namespace: NS
      annotations: {kubernetes.io/service-account.name: %s}
      labels: {%s}
    type: kubernetes.io/service-account-token
    ---
    """
        .formatted(name, account, labels);
  }

  /// What is in each Secret: its own token for the account that is there, and the rest.
  private static Map<String, String> tokens(Place place) {
    Map<String, String> tokens = new TreeMap<>();
    for (JsonNode each : place.list(SECRETS)) {
      JsonNode annotations = each.path("metadata").path("annotations");
      String account = annotations.path("kubernetes.io/service-account.name").asText();
      String uid =
          place.has(ACCOUNTS + "/" + account)
              ? place.get(ACCOUNTS + "/" + account).path("metadata").path("uid").asText()
              : "none";
      String wanted = String.join("/", place.name(), account, uid, Scenario.nameOf(each));
      JsonNode data = each.path("data");
      tokens.put(
          Scenario.nameOf(each),
          String.join(
              " ",
              text(data.path("token")).equals(wanted) ? "good" : "not good",
              place.plain(text(data.path("namespace"))),
              text(data.path("ca.crt"))));
    }
    return tokens;
  }

  static Scenario accountTokens() {
    return Scenario.of(
        AccountScenarios::tokens,
        Scenario.make(token("never", "nobody", "")),
        Scenario.make(account("robot", "") + account("gone", "")),
        Scenario.make(token("one", "robot", "") + token("two", "robot", "")),
        Scenario.make(token("of-gone", "gone", "")),
        Scenario.delete(ACCOUNTS + "/gone"),
        place -> {
          if (place.has(SECRETS + "/two")) {
            place.patch(SECRETS + "/two", "data: {token: null, ca.crt: d3Jvbmc=}");
          }
        });
  }

  /// Each look is more than a year after the one before.
  static Scenario legacyTokens() {
    String used = "kubernetes.io/legacy-token-last-used: '9999-01-01'";
    return Scenario.of(
            place -> {
              Map<String, Object> left = new TreeMap<>(tokens(place));
              left.put(
                  "listed",
                  place
                      .get(ACCOUNTS + "/robot")
                      .path("secrets")
                      .valueStream()
                      .map(each -> each.path("name").asText())
                      .toList());
              return left;
            },
            Scenario.make(
                account("robot", "secrets: [{name: mounted}, {name: used}, {name: unused}]")
                    + token("mounted", "robot", "")
                    + token("used", "robot", used)
                    + token("unused", "robot", "")
                    + token("unlisted", "robot", "")
                    + """
                      apiVersion: v1
                      kind: Pod
                      metadata: {name: mounts, namespace: NS}
                      spec:
                        schedulerName: nobody
                        containers: [{name: c, image: 'example/web:1'}]
                        volumes: [{name: v, secret: {secretName: mounted}}]
                      """))
        .playing(place -> place.bench().sleep(Duration.ofDays(400)));
  }

  /// Tokens are called after the place, in six characters.
  private static String id(Place place, int number) {
    return "%05d".formatted(Integer.parseInt(place.name().substring("place-".length()))) + number;
  }

  private static String secret(Place place, int number) {
    return "/api/v1/namespaces/kube-system/secrets/bootstrap-token-" + id(place, number);
  }

  /// @param expires what it says of its end, or in how many seconds that is
  private static Act bootstrapToken(int number, String signs, String expires) {
    return place ->
        place.make(
            """
            apiVersion: v1
            kind: Secret
            metadata: {name: bootstrap-token-%s, namespace: kube-system}
            type: bootstrap.kubernetes.io/token
            stringData:
              token-id: '%s'
              token-secret: '0123456789abcdef'
              usage-bootstrap-signing: '%s'
              expiration: '%s'
            """
                .formatted(
                    id(place, number), id(place, number), signs, expiration(place, expires)));
  }

  private static String expiration(Place place, String expires) {
    return expires.matches("-?[0-9]+")
        ? place
            .bench()
            .now()
            .plusSeconds(Long.parseLong(expires))
            .truncatedTo(ChronoUnit.SECONDS)
            .toString()
        : expires;
  }

  private static Act tell(String kubeconfig) {
    return place -> {
      var map = Api.object().put("kind", "ConfigMap").put("apiVersion", "v1");
      map.putObject("metadata").put("name", "cluster-info");
      map.putObject("data").put("kubeconfig", place.name() + kubeconfig);
      place.bench().api().apply(CLUSTER_INFO, "somebody", map);
    };
  }

  private static String signature(String content, String id) {
    Base64.Encoder encoder = Base64.getUrlEncoder().withoutPadding();
    String header = "{\"alg\":\"HS256\",\"kid\":\"" + id + "\"}";
    String head = encoder.encodeToString(header.getBytes(StandardCharsets.UTF_8));
    String body = encoder.encodeToString(content.getBytes(StandardCharsets.UTF_8));
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(
          new SecretKeySpec("0123456789abcdef".getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
      byte[] sum = mac.doFinal((head + "." + body).getBytes(StandardCharsets.UTF_8));
      return head + ".." + encoder.encodeToString(sum);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("HMAC-SHA256 is part of every JDK", e);
    }
  }

  static Scenario bootstrapSigner() {
    return Scenario.of(
        place -> {
          JsonNode data = place.get(CLUSTER_INFO).path("data");
          List<String> signed = new ArrayList<>();
          for (int i = 1; i <= 4; i++) {
            String found = data.path("jws-kubeconfig-" + id(place, i)).asText("none");
            String right = signature(data.path("kubeconfig").asText(), id(place, i));
            signed.add(found.equals(right) ? "right" : found.equals("none") ? "none" : "wrong");
          }
          return signed;
        },
        bootstrapToken(1, "true", "86400"),
        tell(" one"),
        bootstrapToken(2, "false", ""),
        bootstrapToken(3, "true", "30"),
        Scenario.pass(Duration.ofSeconds(20)),
        Scenario.pass(Duration.ofSeconds(20)),
        tell(" two"),
        place -> place.delete(secret(place, 1)),
        bootstrapToken(4, "true", ""),
        place -> place.patch(secret(place, 2), "stringData: {usage-bootstrap-signing: 'true'}"));
  }

  static Scenario tokenCleaner() {
    return Scenario.of(
        place -> {
          List<Integer> left = new ArrayList<>();
          for (int i = 1; i <= 6; i++) {
            if (place.has(secret(place, i))) {
              left.add(i);
            }
          }
          return left;
        },
        bootstrapToken(1, "true", "-5"),
        bootstrapToken(2, "true", "20"),
        bootstrapToken(3, "true", ""),
        bootstrapToken(4, "true", "86400"),
        bootstrapToken(5, "true", "86400"),
        bootstrapToken(6, "true", "some day"),
        Scenario.pass(Duration.ofSeconds(15)),
        Scenario.pass(Duration.ofSeconds(15)),
        place ->
            place.patch(
                secret(place, 5), "stringData: {expiration: '" + expiration(place, "15") + "'}"));
  }

  private static String role(String name, String labels, String more) {
    return """
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRole
    metadata: {name: NS-%s, labels: {%s}}
    %s
    ---
    """
        .formatted(name, labels, more);
  }

  private static String may(String verb) {
    return "rules: [{apiGroups: [example.com], resources: [things], verbs: [%s]}]".formatted(verb);
  }

  private static String selects(String label) {
    return "aggregationRule: {clusterRoleSelectors: [{matchLabels: {%s: NS}}]}".formatted(label);
  }

  static Scenario clusterRoles() {
    return Scenario.of(
        place -> {
          Map<String, String> rules = new TreeMap<>();
          for (JsonNode each : place.list(ROLES)) {
            rules.put(place.plain(Scenario.nameOf(each)), each.path("rules").toString());
          }
          return rules;
        },
        Scenario.make(role("all", "to: NS-top", selects("for")) + role("a", "for: NS", may("get"))),
        Scenario.make(role("b", "for: NS", may("list")) + role("c", "for: NS", may("watch"))),
        Scenario.make(
            role(
                "top",
                "",
                "aggregationRule: {clusterRoleSelectors: [{matchLabels: {to: NS-top}}]}")),
        Scenario.patch(ROLES + "/NS-a", may("update")),
        Scenario.patch(ROLES + "/NS-b", "metadata: {labels: {for: nobody}}"),
        Scenario.delete(ROLES + "/NS-c"),
        Scenario.patch(ROLES + "/NS-all", "rules: []"));
  }
}
