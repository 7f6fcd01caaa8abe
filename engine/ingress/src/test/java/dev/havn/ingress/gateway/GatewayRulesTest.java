// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.ingress.routing.Asked;
import dev.havn.ingress.routing.RequestPath;
import dev.havn.ingress.routing.RoutingTable.Door;
import dev.havn.ingress.routing.RoutingTable.Site;
import dev.havn.ingress.routing.Rule;
import dev.havn.ingress.routing.Steps;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.ParentReference;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Each `NAME.yaml` is what a cluster has, `NAME.expected` what statuses say of it and where the
/// requests go that stand there.
class GatewayRulesTest {
  private static String text(String name) throws IOException {
    try (InputStream in = GatewayRulesTest.class.getResourceAsStream(name)) {
      return new String(in.readAllBytes(), UTF_8);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"attachment", "listeners", "matching", "references", "unsupported", "grpc"})
  void meansWhatTheSpecificationSays(String name) throws IOException {
    Plan plan = Documents.of(text("services.yaml"), text(name + ".yaml")).plan();
    String expected = text(name + ".expected");
    StringBuilder got = new StringBuilder(statuses(plan));
    expected
        .lines()
        .filter(line -> line.contains(" => "))
        .map(line -> line.substring(0, line.indexOf(" => ")))
        .forEach(line -> got.append(line).append(" => ").append(answer(plan, line)).append('\n'));
    assertThat(got.toString()).isEqualTo(expected);
  }

  private static String statuses(Plan plan) {
    StringBuilder text = new StringBuilder();
    for (Plan.OfClass each : plan.classes()) {
      text.append("GatewayClass ").append(each.found().getMetadata().getName());
      text.append(": ").append(word(each.accepted())).append('\n');
    }
    for (Plan.OfGateway each : plan.gateways()) {
      text.append("Gateway ").append(each.owner());
      text.append(": ").append(word(each.accepted())).append('\n');
      for (Plan.OfListener listener : each.listeners()) {
        text.append("  ").append(listener.name()).append(' ').append(listener.kinds());
        text.append(' ').append(listener.attached()).append(": ");
        text.append(words(listener.findings())).append('\n');
      }
    }
    for (Plan.OfRoute each : plan.routes()) {
      for (Plan.OfParent parent : each.parents()) {
        ParentReference to = parent.reference();
        text.append(each.route().getKind()).append(' ');
        text.append(each.route().getMetadata().getNamespace()).append('/');
        text.append(each.route().getMetadata().getName()).append(" at ").append(to.getName());
        text.append(to.getSectionName() == null ? "" : "/" + to.getSectionName());
        text.append(to.getPort() == null ? "" : ":" + to.getPort());
        text.append(": ").append(words(parent.findings())).append('\n');
      }
    }
    return text.toString();
  }

  private static String words(Iterable<Finding> findings) {
    StringBuilder text = new StringBuilder();
    findings.forEach(each -> text.append(text.isEmpty() ? "" : ", ").append(word(each)));
    return text.toString();
  }

  private static String word(Finding finding) {
    return (finding.isTrue() ? "" : "not ")
        + finding.type()
        + (finding.type().equals(finding.reason()) ? "" : " " + finding.reason());
  }

  /// @param line such as `default/web:80 GET http://a.example/path?a=b name=value`
  private static String answer(Plan plan, String line) {
    String[] words = line.split(" ");
    Door door =
        plan.doors().stream()
            .filter(each -> each.id().toString().equals(words[0]))
            .findFirst()
            .orElse(null);
    if (door == null) {
      return "closed";
    }
    URI uri = URI.create(words[2]);
    Site site = door.sites().best(uri.getHost());
    if (site == null) {
      return "no site";
    }
    Map<String, String> headers =
        Arrays.stream(words)
            .skip(3)
            .map(each -> each.split("=", 2))
            .collect(Collectors.toMap(each -> each[0], each -> each[1]));
    RequestPath path = RequestPath.parse(uri.getRawPath() + query(uri));
    Rule rule =
        site.find(
            new Asked(words[1], uri.getHost(), path.decoded(), path.parameters(), headers::get),
            new Steps());
    return rule == null
        ? "404"
        : action(rule) + (rule.filters().isEmpty() ? "" : " " + rule.filters());
  }

  private static String query(URI uri) {
    return uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery();
  }

  private static String action(Rule rule) {
    return switch (rule.action()) {
      case Rule.Answer answer -> String.valueOf(answer.status());
      case Rule.Redirect redirect -> redirect.toString();
      case Rule.Forward forward ->
          forward.backends().stream()
              .map(
                  each ->
                      (forward.backends().size() > 1 ? each.weight() + "*" : "")
                          + target(each.target()))
              .collect(Collectors.joining(" "));
    };
  }

  private static String target(Rule.Target target) {
    return switch (target) {
      case Rule.Answer answer -> String.valueOf(answer.status());
      case Rule.Backend backend ->
          backend.name().substring("Service ".length())
              + (backend.protocol() == Rule.Protocol.H2C ? " h2c" : "");
    };
  }
}
