// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.rules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.ingress.routing.Asked;
import dev.havn.ingress.routing.RoutingTable.Identity;
import dev.havn.ingress.routing.Rule;
import dev.havn.ingress.routing.Steps;
import dev.havn.reconcile.Reconciler.Key;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.networking.v1.Ingress;
import io.fabric8.kubernetes.api.model.networking.v1.IngressClass;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What Ingresses mean, asked of the table that they become.
class IngressRulesTest {
  private static final KubernetesSerialization YAML = new KubernetesSerialization();

  private static final String CLASSES =
      """
      apiVersion: networking.k8s.io/v1
      kind: IngressClass
      metadata: {name: havn}
      spec: {controller: havn.dev/ingress}
      ---
      apiVersion: networking.k8s.io/v1
      kind: IngressClass
      metadata: {name: other}
      spec: {controller: example.com/other}
      """;

  private static final String SHOP =
      """
      apiVersion: networking.k8s.io/v1
      kind: Ingress
      metadata: {name: shop, namespace: default, creationTimestamp: "2026-01-01T00:00:00Z"}
      spec:
        ingressClassName: havn
        defaultBackend: {service: {name: web, port: {name: default}}}
        rules:
        - host: shop.example
          http:
            paths:
            - {path: /cart, pathType: Prefix, backend: {service: {name: web, port: {name: cart}}}}
            - {path: /cart/pay, pathType: Exact, backend: {service: {name: web, port: {name: pay}}}}
            - {path: /img/, pathType: ImplementationSpecific, backend: {service: {name: web, port: {number: 85}}}}
        - host: "*.shop.example"
          http:
            paths:
            - {path: /, pathType: Prefix, backend: {service: {name: web, port: {name: any}}}}
      ---
      apiVersion: networking.k8s.io/v1
      kind: Ingress
      metadata: {name: younger, namespace: default, creationTimestamp: "2026-01-02T00:00:00Z"}
      spec:
        ingressClassName: havn
        rules:
        - host: shop.example
          http:
            paths:
            - {path: /cart, pathType: Prefix, backend: {service: {name: web, port: {name: late}}}}
            - {path: /cart/old, pathType: Prefix, backend: {service: {name: web, port: {name: old}}}}
        - http:
            paths:
            - {path: /everywhere, pathType: Prefix, backend: {service: {name: web, port: {name: everywhere}}}}
      ---
      apiVersion: networking.k8s.io/v1
      kind: Ingress
      metadata: {name: foreign, namespace: default, creationTimestamp: "2025-01-01T00:00:00Z"}
      spec:
        ingressClassName: other
        rules:
        - host: shop.example
          http:
            paths:
            - {path: /foreign, pathType: Prefix, backend: {service: {name: web, port: {name: foreign}}}}
      """;

  private static final String WEB =
      """
      apiVersion: v1
      kind: Service
      metadata: {name: web, namespace: default}
      spec:
        ports:
        - {name: cart, port: 80}
        - {name: pay, port: 81}
        - {name: any, port: 82}
        - {name: late, port: 83}
        - {name: old, port: 84}
        - {name: image, port: 85}
        - {name: default, port: 86}
        - {name: everywhere, port: 87}
        - {name: grpc, port: 88, appProtocol: kubernetes.io/h2c}
      ---
      apiVersion: v1
      kind: Service
      metadata: {name: outside, namespace: default}
      spec: {type: ExternalName, externalName: example.com}
      ---
      apiVersion: discovery.k8s.io/v1
      kind: EndpointSlice
      metadata: {name: web-1, namespace: default, labels: {kubernetes.io/service-name: web}}
      addressType: IPv4
      endpoints:
      - {addresses: [10.0.0.1], conditions: {ready: true}}
      - {addresses: [10.0.0.9], conditions: {ready: true}}
      - {addresses: [10.0.0.2], conditions: {ready: false, serving: false}}
      - {addresses: [10.0.0.3], conditions: {ready: false, serving: true, terminating: true}}
      ports:
      - {name: cart, port: 8080}
      - {name: pay, port: 8081}
      - {name: any, port: 8082}
      - {name: late, port: 8083}
      - {name: old, port: 8084}
      - {name: image, port: 8085}
      - {name: default, port: 8086}
      - {name: everywhere, port: 8087}
      - {name: grpc, port: 8088}
      """;

  /// The objects of some YAML.
  private record Documents(List<Object> all) implements Observed {
    static Documents of(String... texts) {
      List<Object> all = new ArrayList<>();
      for (String text : texts) {
        for (String each : text.split("---\n")) {
          all.add(YAML.unmarshal(each));
        }
      }
      return new Documents(all);
    }

    @Override
    public Identity identity(Secret secret) throws TlsSecret.UnusableException {
      return TlsSecret.read(secret);
    }

    <T> List<T> of(Class<T> type) {
      return all.stream().filter(type::isInstance).map(type::cast).toList();
    }

    @Override
    public Service service(String namespace, String name) {
      return of(Service.class).stream()
          .filter(each -> each.getMetadata().getName().equals(name))
          .findFirst()
          .orElse(null);
    }

    @Override
    public Collection<EndpointSlice> slices(String namespace, String service) {
      return of(EndpointSlice.class);
    }

    @Override
    public boolean mayReach(String namespace, String address) {
      return !address.equals("10.0.0.9");
    }

    @Override
    public Secret secret(String namespace, String name) {
      return of(Secret.class).stream()
          .filter(each -> each.getMetadata().getName().equals(name))
          .findFirst()
          .orElse(null);
    }

    IngressRules.Plan plan() {
      return IngressRules.of(of(Ingress.class), of(IngressClass.class), this);
    }
  }

  private static String asked(IngressRules.Plan plan, String host, String path) {
    Rule rule = plan.site().find(new Asked("GET", host, path, List.of(), _ -> null), new Steps());
    if (rule == null) {
      return "none";
    }
    if (rule.action() instanceof Rule.Forward forward
        && forward.backends().getFirst().target() instanceof Rule.Backend backend) {
      return backend.endpoints().toString();
    }
    return rule.action().toString();
  }

  @ParameterizedTest
  @CsvSource({
    "shop.example,/cart,8080",
    "shop.example,/cart/,8080",
    "shop.example,/cart/full,8080",
    "shop.example,/cart/pay,8081",
    "shop.example,/cart/pay/,8080",
    "shop.example,/cart/old/1,8084",
    "shop.example,/cartography,8086",
    "shop.example,/img,8085",
    "shop.example,/img/a.png,8085",
    "shop.example,/,8086",
    "shop.example,/foreign,8086",
    "a.shop.example,/cart,8082",
    "a.b.shop.example,/,8086",
    "else.example,/everywhere,8087",
    "shop.example,/everywhere,8086",
    "else.example,/,8086"
  })
  void theLongestPathOfTheOldestIngressWins(String host, String path, int port) {
    assertThat(asked(Documents.of(CLASSES, SHOP, WEB).plan(), host, path))
        .isEqualTo("[10.0.0.1:" + port + "]");
  }

  @Test
  void whatCannotBeServedSaysSo() {
    IngressRules.Plan plan =
        Documents.of(
                CLASSES,
                WEB,
                """
                apiVersion: networking.k8s.io/v1
                kind: Ingress
                metadata: {name: odd, namespace: default}
                spec:
                  ingressClassName: havn
                  tls: [{hosts: [a.example], secretName: missing}]
                  rules:
                  - http:
                      paths:
                      - {path: /bucket, pathType: Prefix, backend: {resource: {kind: Bucket, name: b, apiGroup: example.com}}}
                      - {path: /outside, pathType: Prefix, backend: {service: {name: outside, port: {number: 80}}}}
                      - {path: /nobody, pathType: Prefix, backend: {service: {name: nobody, port: {number: 80}}}}
                      - {path: /port, pathType: Prefix, backend: {service: {name: web, port: {number: 99}}}}
                """)
            .plan();
    assertThat(plan.problems().get(new Key("default", "odd")))
        .extracting(IngressRules.Problem::reason)
        .containsExactly(
            "ResourceBackend",
            "ExternalNameBackend",
            "ServiceNotFound",
            "ServicePortNotFound",
            "SecretNotFound");
    assertThat(asked(plan, "a", "/bucket")).contains("503");
  }

  @Test
  void whereNothingIsReadyThoseThatEndAndServeTakeTheRest() {
    List<EndpointSlice> slices = Documents.of(WEB).of(EndpointSlice.class);
    slices.getFirst().getEndpoints().getFirst().getConditions().setReady(false);
    slices.getFirst().getEndpoints().getFirst().getConditions().setServing(false);
    assertThat(Backends.endpoints(slices, "cart", each -> !each.equals("10.0.0.9")))
        .containsExactly(new Rule.Endpoint("10.0.0.3", 8080));
  }

  @Test
  void aServiceSaysWhatItsPodsSpeak() {
    Backends.Found found =
        Backends.of(
            Documents.of(WEB), "default", "web", port -> "grpc".equals(port.getName()), 503);
    assertThat(found.target())
        .isInstanceOfSatisfying(
            Rule.Backend.class,
            backend -> assertThat(backend.protocol()).isEqualTo(Rule.Protocol.H2C));
  }

  @Test
  void anotherNamespaceOrClassIsNotServed() {
    assertThat(Documents.of(CLASSES, SHOP, WEB).plan().ours())
        .extracting(each -> each.getMetadata().getName())
        .containsExactly("shop", "younger");
  }

  @Test
  void oneThatCannotBeReadKeepsNoOtherFromBeingServed() {
    Documents documents = Documents.of(CLASSES, SHOP, WEB);
    Ingress odd = documents.of(Ingress.class).getFirst();
    odd.getSpec().getRules().getFirst().getHttp().getPaths().getFirst().setBackend(null);
    IngressRules.Plan plan = documents.plan();
    assertThat(asked(plan, "else.example", "/everywhere")).isEqualTo("[10.0.0.1:8087]");
    assertThat(plan.problems().get(new Key("default", "shop")))
        .extracting(IngressRules.Problem::reason)
        .containsExactly("UnreadableIngress");
  }

  private static final String INTRUDER =
      """
      apiVersion: networking.k8s.io/v1
      kind: Ingress
      metadata: {name: intruder, namespace: other, creationTimestamp: "2026-01-03T00:00:00Z"}
      spec:
        ingressClassName: havn
        defaultBackend: {service: {name: web, port: {name: late}}}
        tls: [{hosts: [SHOP.example], secretName: missing}]
        rules:
        - host: Shop.example
          http:
            paths:
            - {path: /cart/login, pathType: Prefix, backend: {service: {name: web, port: {name: late}}}}
        - host: own.example
          http:
            paths:
            - {path: /, pathType: Prefix, backend: {service: {name: web, port: {name: late}}}}
      """;

  @Test
  void aHostIsOfTheNamespaceThatNamedItFirst() {
    IngressRules.Plan plan =
        Documents.of(CLASSES, SHOP.replace("defaultBackend", "# defaultBackend"), INTRUDER, WEB)
            .plan();
    assertThat(asked(plan, "shop.example", "/cart/login")).isEqualTo("[10.0.0.1:8080]");
    assertThat(asked(plan, "own.example", "/")).isEqualTo("[10.0.0.1:8083]");
    assertThat(plan.problems().get(new Key("other", "intruder")))
        .extracting(IngressRules.Problem::reason)
        .containsExactly("HostOfAnother", "SecretNotFound");
  }

  @Test
  void aClassMaySayThatItsHostsAreShared() {
    String shared =
        CLASSES.replace(
            "{name: havn}", "{name: havn, annotations: {havn.dev/shared-hosts: \"true\"}}");
    assertThat(
            asked(Documents.of(shared, SHOP, INTRUDER, WEB).plan(), "shop.example", "/cart/login"))
        .isEqualTo("[10.0.0.1:8083]");
  }
}
