// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authorization;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.authentication.UserInfo;
import dev.havn.apiserver.authorization.AuthorizationConfiguration.Entry;
import dev.havn.apiserver.authorization.Decision.Verdict;
import dev.havn.apiserver.configuration.ReadFile;
import dev.havn.apiserver.configuration.WatchedFile;
import dev.havn.apiserver.resource.Objects;
import dev.havn.store.Store;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Decides whether somebody may do something: asks authorizers one after the other until one allows
/// or denies it. Without a file these are the one of nodes and RBAC, from the roles and bindings as
/// they stand now. The group `system:masters` may do everything before anybody is asked.
public final class Authorizer implements AutoCloseable {
  private final CurrentRoles roles;
  private final NodeAuthorizer nodes;
  private final Settings settings;
  private final Set<String> required;
  private final @Nullable WatchedFile file;
  private volatile List<Step> steps;
  private volatile boolean hasWebhooks;

  /// One who is asked.
  @FunctionalInterface
  private interface Step {
    Decision decide(Attributes wish);
  }

  /// Makes what posts reviews to the server that a kubeconfig names.
  @FunctionalInterface
  public interface Webhooks {
    /// @throws IllegalArgumentException when the file cannot be used
    Function<ObjectNode, ObjectNode> at(Path kubeconfig, Duration timeout);
  }

  /// What it is made with.
  ///
  /// @param configuration an `AuthorizationConfiguration` that was found right, looked at again
  ///   while the server runs; null for none
  public record Settings(
      @Nullable ReadFile configuration,
      Webhooks webhooks,
      InstantSource clock,
      ScheduledExecutorService executor) {}

  /// Looks whether a file is right.
  ///
  /// @throws IllegalArgumentException in Kubernetes' words when it is not
  public static void check(byte[] bytes) {
    AuthorizationConfiguration.parse(bytes, Set.of());
  }

  /// @throws IllegalArgumentException in Kubernetes' words when a file is wrong
  public Authorizer(Objects objects, Store store, Settings settings) {
    this.roles = new CurrentRoles(objects, store);
    this.nodes = new NodeAuthorizer(objects, store);
    this.settings = settings;
    @Nullable ReadFile read = settings.configuration();
    AuthorizationConfiguration configuration =
        read == null
            ? AuthorizationConfiguration.STANDARD
            : AuthorizationConfiguration.parse(read.bytes(), Set.of());
    this.required = configuration.types();
    this.steps = List.of();
    take(configuration);
    this.file =
        read == null
            ? null
            : new WatchedFile(
                read.path(),
                read.bytes(),
                bytes -> take(AuthorizationConfiguration.parse(bytes, required)),
                settings.executor());
  }

  private void take(AuthorizationConfiguration configuration) {
    List<Step> made = new ArrayList<>();
    boolean webhooks = false;
    for (Entry each : configuration.authorizers()) {
      switch (each) {
        case Entry.Known(String type) -> made.add(known(type));
        case Entry.Webhook(WebhookSettings webhook) -> {
          webhooks = true;
          made.add(
              new AuthorizationWebhook(
                      webhook,
                      settings.webhooks().at(webhook.kubeconfig(), webhook.timeout()),
                      settings.clock())
                  ::decide);
        }
      }
    }
    steps = List.copyOf(made);
    hasWebhooks = webhooks;
  }

  private Step known(String type) {
    return switch (type) {
      case "Node" -> nodes::decide;
      case "RBAC" -> this::byRoles;
      case "AlwaysAllow" -> _ -> Decision.ALLOWED;
      case "AlwaysDeny" -> _ -> Decision.noOpinion("Everything is forbidden.");
      default -> throw new IllegalStateException("an authorizer that was not refused: " + type);
    };
  }

  private Decision byRoles(Attributes wish) {
    @Nullable Decision given = roles.now().allowedBy(wish);
    return given == null ? Decision.NO_OPINION : given;
  }

  public boolean allows(Attributes wish) {
    return decide(wish).allowed();
  }

  public Decision decide(Attributes wish) {
    if (wish.user().groups().contains(Rbac.MASTERS)) {
      return Decision.ALLOWED;
    }
    Set<String> errors = new LinkedHashSet<>();
    List<String> reasons = new ArrayList<>();
    for (Step each : steps) {
      Decision decision = each.decide(wish);
      if (decision.verdict() != Verdict.NO_OPINION) {
        return decision;
      }
      if (!decision.error().isEmpty()) {
        errors.add(decision.error());
      }
      if (!decision.reason().isEmpty()) {
        reasons.add(decision.reason());
      }
    }
    if (errors.isEmpty() && reasons.isEmpty()) {
      return Decision.NO_OPINION;
    }
    String all = String.join(", ", errors);
    return new Decision(
        Verdict.NO_OPINION, String.join("\n", reasons), errors.size() > 1 ? "[" + all + "]" : all);
  }

  /// Which of the rules that a user has comes nearest to something that none allows.
  public String nearest(Attributes wish) {
    return NearestRule.of(roles.now(), wish);
  }

  /// Those of roles; what webhooks would allow is not known.
  public List<Rbac.Rule> rulesOf(UserInfo user, String namespace) {
    return roles.now().rulesOf(user, namespace);
  }

  /// Whether [#rulesOf] may not say all.
  boolean knowsNotAllRules() {
    return hasWebhooks;
  }

  @Override
  public void close() {
    if (file != null) {
      file.close();
    }
  }
}
