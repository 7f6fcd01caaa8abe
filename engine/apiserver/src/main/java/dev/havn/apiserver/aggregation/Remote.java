// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.aggregation;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.proxy.ProxyException;
import dev.havn.apiserver.proxy.ReverseProxy;
import dev.havn.apiserver.resource.Objects;
import dev.havn.apiserver.transport.UnreachableException;
import dev.havn.schema.codec.CodecException;
import dev.havn.schema.codec.Json;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What is known of one remote API: whether it is available, and what it says of itself. It is
/// looked at when something changes and every half minute, sooner after a failure. Looks run on the
/// executor, one at a time.
final class Remote {
  private static final Logger LOG = LoggerFactory.getLogger(Remote.class);
  private static final Duration LOOK_EVERY = Duration.ofSeconds(30);
  private static final Duration LOOK_AGAIN_FIRST = Duration.ofSeconds(5);
  private static final int ATTEMPTS_MAX = 5;
  private static final String AGGREGATED =
      "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";

  private final RemoteApi api;
  private final Objects objects;
  private final RemoteServers servers;
  private final ScheduledExecutorService executor;
  private final Consumer<Condition> found;
  private volatile boolean available;
  private volatile Documents documents = new Documents(null, null);
  private @Nullable ScheduledFuture<?> next;
  private boolean looking;
  private boolean again;
  private boolean forgotten;
  private int failures;

  /// What a server says of itself.
  ///
  /// @param resources of aggregated discovery, null when it was never heard
  /// @param openApi where its OpenAPI document is, below this server's, null when it has none
  record Documents(@Nullable JsonNode resources, @Nullable String openApi) {}

  /// @param available as it was when somebody looked last
  /// @param found is told what each look finds
  Remote(
      RemoteApi api,
      boolean available,
      Objects objects,
      RemoteServers servers,
      ScheduledExecutorService executor,
      Consumer<Condition> found) {
    this.api = api;
    this.available = available;
    this.objects = objects;
    this.servers = servers;
    this.executor = executor;
    this.found = found;
  }

  RemoteApi api() {
    return api;
  }

  boolean isAvailable() {
    return available;
  }

  Described described() {
    return new Described(api, available, documents);
  }

  /// Looks soon.
  synchronized void look() {
    if (looking) {
      again = true;
      return;
    }
    looking = !forgotten;
    cancel();
    try {
      if (looking) {
        executor.execute(this::lookNow);
      }
    } catch (RejectedExecutionException closing) {
      looking = false;
    }
  }

  /// Is not looked at any more.
  synchronized void forget() {
    forgotten = true;
    cancel();
  }

  private void cancel() {
    if (next != null) {
      next.cancel(false);
    }
  }

  private void lookNow() {
    Condition condition;
    try {
      condition = ServicePorts.problem(api, objects).orElseGet(this::ask);
      available = condition.available();
      found.accept(condition);
      failures = available ? 0 : failures + 1;
    } catch (RuntimeException e) {
      LOG.error("{} cannot be looked at", api.name(), e);
      failures++;
    }
    synchronized (this) {
      looking = false;
      if (again) {
        again = false;
        look();
      } else if (!forgotten) {
        Duration delay = failures == 0 ? LOOK_EVERY : afterFailure();
        try {
          next = executor.schedule(this::look, delay.toMillis(), TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException closing) {
          forgotten = true;
        }
      }
    }
  }

  private Duration afterFailure() {
    Duration delay = LOOK_AGAIN_FIRST.multipliedBy(1L << Math.min(failures - 1, 3));
    return delay.compareTo(LOOK_EVERY) > 0 ? LOOK_EVERY : delay;
  }

  /// Asks the server for what it serves, several times if need be: another pod may answer.
  private Condition ask() {
    String why = "";
    for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      Optional<String> problem = askOnce();
      if (problem.isEmpty()) {
        return Condition.PASSED;
      }
      why = problem.get();
      if (why.endsWith("deadline exceeded")) {
        break;
      }
    }
    return new Condition(false, "FailedDiscoveryCheck", why);
  }

  private Optional<String> askOnce() {
    String path = "/apis/" + api.groupVersion();
    InetSocketAddress address;
    try {
      address = servers.resolve(api);
    } catch (UnreachableException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
    String url = "https://" + RemoteServers.host(address) + path;
    try {
      ReverseProxy.Answer answer = servers.get(api, address, path, "application/json");
      if (answer.status() < 200 || answer.status() > 299) {
        return Optional.of(missing(url, "bad status from " + url + ": " + answer.status()));
      }
      documents = read(address, answer);
      return Optional.empty();
    } catch (ProxyException | UnreachableException e) {
      return Optional.of(missing(url, "Get \"" + url + "\": " + e.getMessage()));
    }
  }

  private static String missing(String url, String why) {
    return "failing or missing response from " + url + ": " + why;
  }

  private Documents read(InetSocketAddress address, ReverseProxy.Answer resources) {
    @Nullable JsonNode aggregated = null;
    ReverseProxy.Answer list = servers.get(api, address, "/apis", AGGREGATED);
    for (JsonNode group : tree(list).path("items")) {
      boolean ours = group.path("metadata").path("name").asText().equals(api.group());
      for (JsonNode version : group.path("versions")) {
        if (ours && version.path("version").asText().equals(api.version())) {
          aggregated = version.path("resources");
        }
      }
    }
    String key = "apis/" + api.groupVersion();
    ReverseProxy.Answer index = servers.get(api, address, "/openapi/v3", "application/json");
    JsonNode url = tree(index).path("paths").path(key).path("serverRelativeURL");
    return new Documents(
        aggregated == null ? RemoteDiscovery.aggregated(tree(resources)) : aggregated,
        url.isTextual() ? url.asText() : null);
  }

  private static JsonNode tree(ReverseProxy.Answer answer) {
    try {
      JsonNode tree = Json.read(answer.body()).tree();
      return answer.status() == 200 && tree instanceof ObjectNode object
          ? object
          : tree.path("none");
    } catch (CodecException noJson) {
      return com.fasterxml.jackson.databind.node.MissingNode.getInstance();
    }
  }
}
