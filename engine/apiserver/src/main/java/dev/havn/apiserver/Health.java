// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.http.Request;
import dev.havn.apiserver.http.Response;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;

/// `/healthz`, `/livez` and `/readyz`: each with its checks, all at once or one by one below it.
/// `verbose` lists them, `exclude` leaves some out.
public final class Health {
  private final Map<String, List<Check>> endpoints;

  /// @param name as it stands in paths, such as `etcd`
  /// @param failure what is said of it alone when it does not pass
  public record Check(String name, BooleanSupplier passes, String failure) {
    public Check(String name, BooleanSupplier passes) {
      this(name, passes, name + " does not answer");
    }
  }

  /// @param store whether the store answers
  /// @param bootstrapped whether the objects of a new cluster are there
  /// @param stopping whether the server is to stop
  Health(BooleanSupplier store, BooleanSupplier bootstrapped, BooleanSupplier stopping) {
    this(endpoints(store, bootstrapped, stopping));
  }

  private static Map<String, List<Check>> endpoints(
      BooleanSupplier store, BooleanSupplier bootstrapped, BooleanSupplier stopping) {
    List<Check> live =
        List.of(
            new Check("ping", () -> true),
            new Check("log", () -> true),
            new Check("etcd", store),
            new Check("poststarthook/start-system-namespaces-controller", bootstrapped),
            new Check("poststarthook/rbac/bootstrap-roles", bootstrapped),
            new Check("poststarthook/scheduling/bootstrap-system-priority-classes", bootstrapped));
    List<Check> ready = new ArrayList<>(live);
    ready.add(3, new Check("etcd-readiness", store));
    ready.add(new Check("shutdown", () -> !stopping.getAsBoolean()));
    return Map.of("healthz", live, "livez", live, "readyz", List.copyOf(ready));
  }

  /// With checks of another server.
  ///
  /// @param endpoints checks in their order, by `healthz`, `livez` and `readyz`
  public Health(Map<String, List<Check>> endpoints) {
    this.endpoints = Map.copyOf(endpoints);
  }

  /// Whether this path is one of ours.
  public boolean serves(String path) {
    String[] parts = path.substring(1).split("/", 2);
    List<Check> checks = endpoints.get(parts[0]);
    return checks != null
        && (parts.length == 1 || checks.stream().anyMatch(each -> each.name().equals(parts[1])));
  }

  /// Whether this path is one of ours, which is answered then.
  public boolean handle(String path, Request request, Response response) {
    String[] parts = path.substring(1).split("/", 2);
    List<Check> checks = endpoints.get(parts[0]);
    if (checks == null) {
      return false;
    }
    if (parts.length == 1) {
      all(parts[0], checks, request, response);
      return true;
    }
    for (Check check : checks) {
      if (check.name().equals(parts[1])) {
        boolean passes = check.passes().getAsBoolean();
        text(
            response,
            passes ? 200 : 500,
            passes ? "ok" : "internal server error: " + check.failure() + "\n");
        return true;
      }
    }
    return false;
  }

  /// How each check stands, for whoever measures.
  public String measured() {
    MetricsText text = new MetricsText();
    text.metric(
        "kubernetes_healthcheck",
        "gauge",
        "[STABLE] This metric records the result of a single healthcheck.");
    endpoints.forEach(
        (endpoint, checks) -> {
          for (Check check : checks) {
            text.sample(
                "kubernetes_healthcheck",
                "name=\"%s\",type=\"%s\"".formatted(check.name(), endpoint),
                check.passes().getAsBoolean() ? 1 : 0);
          }
        });
    return text.toString();
  }

  private static void all(String endpoint, List<Check> checks, Request request, Response response) {
    Set<String> excluded = new java.util.TreeSet<>(request.query().all("exclude"));
    StringBuilder lines = new StringBuilder();
    boolean passed = true;
    for (Check check : checks) {
      if (excluded.remove(check.name())) {
        lines.append("[+]").append(check.name()).append(" excluded: ok\n");
      } else if (check.passes().getAsBoolean()) {
        lines.append("[+]").append(check.name()).append(" ok\n");
      } else {
        lines.append("[-]").append(check.name()).append(" failed: reason withheld\n");
        passed = false;
      }
    }
    if (!excluded.isEmpty()) {
      lines
          .append("warn: some health checks cannot be excluded: no matches for ")
          .append(String.join(", ", excluded.stream().map(each -> "\"" + each + "\"").toList()))
          .append('\n');
    }
    lines.append(endpoint).append(passed ? " check passed\n" : " check failed\n");
    boolean brief = passed && request.query().first("verbose") == null;
    text(response, passed ? 200 : 500, brief ? "ok" : lines.toString());
  }

  private static void text(Response response, int status, String text) {
    response.send(
        status,
        new Headers()
            .set("content-type", "text/plain; charset=utf-8")
            .set("x-content-type-options", "nosniff"),
        List.of(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8))));
  }
}
