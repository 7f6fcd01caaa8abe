// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.rules;

import dev.havn.ingress.routing.HostMap;
import dev.havn.ingress.routing.Match;
import dev.havn.ingress.routing.RoutingTable.Identity;
import dev.havn.ingress.routing.RoutingTable.Site;
import dev.havn.ingress.routing.Rule;
import dev.havn.reconcile.Reconciler.Key;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.networking.v1.HTTPIngressPath;
import io.fabric8.kubernetes.api.model.networking.v1.Ingress;
import io.fabric8.kubernetes.api.model.networking.v1.IngressBackend;
import io.fabric8.kubernetes.api.model.networking.v1.IngressClass;
import io.fabric8.kubernetes.api.model.networking.v1.IngressRule;
import io.fabric8.kubernetes.api.model.networking.v1.IngressTLS;
import io.fabric8.kubernetes.api.model.networking.v1.ServiceBackendPort;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What all Ingresses of Havn's classes mean together.
///
/// A host's rules are tried by the length of their path, the longest first, an exact one before a
/// prefix of the same length, then the older Ingress's. A path of which its class is to say what it
/// means is a prefix. Where none fits, the default backend of an Ingress that names the host is
/// next, then the rules of wildcards and those of any host. A host is of one namespace
/// ([HostOwners]).
public final class IngressRules {
  /// Of classes, in `spec.controller`.
  public static final String CONTROLLER = "havn.dev/ingress";

  private static final Logger LOG = LoggerFactory.getLogger(IngressRules.class);
  private static final String CLASS_ANNOTATION = "kubernetes.io/ingress.class";

  private static final Comparator<Ingress> OLDEST_FIRST =
      Comparator.comparing(
              (Ingress each) ->
                  Objects.requireNonNullElse(each.getMetadata().getCreationTimestamp(), ""))
          .thenComparing(each -> each.getMetadata().getNamespace())
          .thenComparing(each -> each.getMetadata().getName());

  private static final Comparator<Placed> BY_PRECEDENCE =
      Comparator.comparing((Placed each) -> each.isDefault())
          .thenComparing(each -> -each.length())
          .thenComparing(each -> !each.isExact());

  private final Observed observed;
  private final HostOwners owners;
  private final Map<String, List<Placed>> hosts = new LinkedHashMap<>();
  private final List<Placed> defaults = new ArrayList<>();
  private final Map<String, Identity> identities = new LinkedHashMap<>();
  private final Map<Key, List<Problem>> problems = new LinkedHashMap<>();

  /// Something of an Ingress that cannot be done, for an event.
  public record Problem(String reason, String message) {}

  /// @param ours the Ingresses that are served, oldest first
  public record Plan(
      List<Ingress> ours,
      Site site,
      HostMap<Identity> identities,
      Map<Key, List<Problem>> problems) {}

  /// A rule with what orders it.
  private record Placed(Rule rule, int length, boolean isExact, boolean isDefault) {}

  private IngressRules(Observed observed, HostOwners owners) {
    this.observed = observed;
    this.owners = owners;
  }

  public static Plan of(List<Ingress> ingresses, List<IngressClass> classes, Observed observed) {
    Set<String> names = new HashSet<>();
    for (IngressClass each : classes) {
      if (CONTROLLER.equals(each.getSpec().getController())) {
        names.add(each.getMetadata().getName());
      }
    }
    List<Ingress> ours =
        ingresses.stream()
            .filter(each -> each.getMetadata().getDeletionTimestamp() == null)
            .filter(each -> names.contains(nameOfClass(each)))
            .sorted(OLDEST_FIRST)
            .toList();
    HostOwners owners = new HostOwners(ours, classes, IngressRules::nameOfClass);
    return new IngressRules(observed, owners).plan(ours);
  }

  private static String nameOfClass(Ingress ingress) {
    @Nullable String name = ingress.getSpec().getIngressClassName();
    @Nullable Map<String, String> annotations = ingress.getMetadata().getAnnotations();
    if (name == null && annotations != null) {
      return annotations.getOrDefault(CLASS_ANNOTATION, "");
    }
    return Objects.requireNonNullElse(name, "");
  }

  private Plan plan(List<Ingress> ours) {
    ours.forEach(this::tryToAdd);
    Map<String, List<Rule>> ordered = new LinkedHashMap<>();
    hosts.forEach((host, rules) -> ordered.put(host, ordered(rules)));
    if (!defaults.isEmpty()) {
      List<Placed> any = new ArrayList<>(hosts.getOrDefault("", List.of()));
      any.addAll(defaults);
      ordered.put("", ordered(any));
    }
    return new Plan(
        ours,
        new Site("ingress", new HostMap<>(ordered, true)),
        new HostMap<>(identities, true),
        problems);
  }

  /// Older ones came first and stay so, since the order is stable.
  private static List<Rule> ordered(List<Placed> rules) {
    return rules.stream().sorted(BY_PRECEDENCE).map(Placed::rule).toList();
  }

  /// What nobody thought of in one of them never keeps the others from being served.
  private void tryToAdd(Ingress ingress) {
    try {
      add(ingress);
    } catch (RuntimeException e) {
      LOG.warn("{} cannot be read", source(ingress), e);
      report(ingress, "UnreadableIngress", "it cannot be read as a whole: " + e);
    }
  }

  private void add(Ingress ingress) {
    Set<String> named = new java.util.LinkedHashSet<>();
    for (IngressRule rule : ingress.getSpec().getRules()) {
      String host = Objects.requireNonNullElse(rule.getHost(), "").toLowerCase(Locale.ROOT);
      if (!mayServe(ingress, host)) {
        continue;
      }
      named.add(host);
      List<Placed> here = hosts.computeIfAbsent(host, _ -> new ArrayList<>());
      if (rule.getHttp() != null) {
        rule.getHttp().getPaths().forEach(path -> here.add(placed(ingress, path)));
      }
    }
    @Nullable IngressBackend usual = ingress.getSpec().getDefaultBackend();
    if (usual != null) {
      Rule rule =
          new Rule(source(ingress), Match.of(new Match.Path.Prefix("/")), action(ingress, usual));
      Placed placed = new Placed(rule, 0, false, true);
      named.stream()
          .filter(host -> !host.isEmpty())
          .forEach(host -> hosts.getOrDefault(host, defaults).add(placed));
      defaults.add(placed);
    }
    for (IngressTLS tls : ingress.getSpec().getTls()) {
      certify(ingress, tls);
    }
  }

  private boolean mayServe(Ingress ingress, String host) {
    boolean may = owners.mayServe(ingress, host);
    if (!may) {
      report(
          ingress,
          "HostOfAnother",
          "the host " + host + " is of another namespace, whose Ingress named it first");
    }
    return may;
  }

  private Placed placed(Ingress ingress, HTTPIngressPath path) {
    String text = path.getPath() == null || path.getPath().isEmpty() ? "/" : path.getPath();
    boolean isExact = "Exact".equals(path.getPathType());
    Match.Path match = isExact ? new Match.Path.Exact(text) : new Match.Path.Prefix(text);
    int length = isExact ? text.length() : text.replaceAll("/+$", "").length();
    return new Placed(
        new Rule(source(ingress), Match.of(match), action(ingress, path.getBackend())),
        length,
        isExact,
        false);
  }

  private static String source(Ingress ingress) {
    return "Ingress "
        + ingress.getMetadata().getNamespace()
        + "/"
        + ingress.getMetadata().getName();
  }

  private Rule.Action action(Ingress ingress, IngressBackend backend) {
    if (backend.getService() == null) {
      String kind = backend.getResource() == null ? "?" : backend.getResource().getKind();
      report(
          ingress,
          "ResourceBackend",
          "a backend of kind " + kind + " cannot be served; name a Service");
      return new Rule.Answer(503, "the backend is no Service");
    }
    String namespace = ingress.getMetadata().getNamespace();
    Backends.Found found =
        Backends.of(
            observed,
            namespace,
            backend.getService().getName(),
            isPort(backend.getService().getPort()),
            503);
    if (found.problem() != null && found.target() instanceof Rule.Answer answer) {
      String reason =
          switch (found.problem()) {
            case NO_SERVICE -> "ServiceNotFound";
            case NO_PORT -> "ServicePortNotFound";
            case EXTERNAL_NAME -> "ExternalNameBackend";
            case UNKNOWN_PROTOCOL -> "UnsupportedProtocol";
          };
      report(ingress, reason, answer.words());
    }
    return Rule.Forward.to(found.target());
  }

  private static Predicate<ServicePort> isPort(@Nullable ServiceBackendPort port) {
    if (port == null) {
      return _ -> true;
    }
    @Nullable String name = port.getName();
    @Nullable Integer number = port.getNumber();
    return name == null || name.isEmpty()
        ? each -> Objects.equals(each.getPort(), number)
        : each -> name.equals(each.getName());
  }

  /// Without hosts the certificate is for those of the rules, or for all.
  private void certify(Ingress ingress, IngressTLS tls) {
    @Nullable String name = tls.getSecretName();
    if (name == null || name.isEmpty()) {
      report(ingress, "NoCertificate", "tls without a secretName has no certificate to show");
      return;
    }
    @Nullable Secret secret = observed.secret(ingress.getMetadata().getNamespace(), name);
    if (secret == null) {
      report(ingress, "SecretNotFound", "there is no Secret " + name);
      return;
    }
    try {
      Identity identity = observed.identity(secret);
      List<String> names = tls.getHosts() == null ? List.of() : tls.getHosts();
      if (names.isEmpty()) {
        names =
            ingress.getSpec().getRules().stream()
                .map(rule -> Objects.requireNonNullElse(rule.getHost(), ""))
                .toList();
      }
      (names.isEmpty() ? Stream.of("") : names.stream())
          .map(each -> each.toLowerCase(Locale.ROOT))
          .filter(each -> mayServe(ingress, each))
          .forEach(each -> identities.putIfAbsent(each, identity));
    } catch (TlsSecret.UnusableException e) {
      report(ingress, "UnusableCertificate", "Secret " + name + ": " + e.getMessage());
    }
  }

  private void report(Ingress ingress, String reason, String message) {
    problems
        .computeIfAbsent(
            new Key(ingress.getMetadata().getNamespace(), ingress.getMetadata().getName()),
            _ -> new ArrayList<>())
        .add(new Problem(reason, message));
  }
}
