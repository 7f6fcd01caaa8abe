// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.aggregation;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.MetricsText;
import dev.havn.apiserver.authentication.UserInfo;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.http.Request;
import dev.havn.apiserver.http.Response;
import dev.havn.apiserver.proxy.HopByHop;
import dev.havn.apiserver.proxy.ProxyException;
import dev.havn.apiserver.proxy.ReverseProxy;
import dev.havn.apiserver.resource.Hints;
import dev.havn.apiserver.resource.Media;
import dev.havn.apiserver.resource.Objects;
import dev.havn.apiserver.resource.Output;
import dev.havn.apiserver.resource.StoredObject;
import dev.havn.apiserver.transport.ServiceResolver;
import dev.havn.apiserver.transport.UnreachableException;
import dev.havn.schema.ResourceType;
import dev.havn.store.Store;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Serves the APIs that APIServices say others serve. It follows the APIServices in the store, says
/// in their status whether they are available, and passes requests on to those that are.
///
/// For many threads. Nothing here is asked about a resource that this server has itself.
public final class Aggregator implements AutoCloseable {
  private static final String PLURAL = "apiservices";
  private static final String APIS = "/apis/";
  private static final String OPENAPI = "/openapi/v3/apis/";
  private static final int WRITE_ATTEMPTS_MAX = 5;

  private final Objects objects;
  private final InstantSource clock;
  private final ScheduledExecutorService executor;
  private final ReverseProxy proxy;
  private final RemoteServers servers;
  private final Supplier<String> uid;
  private final ResourceType type;
  private final Hints apiServices;
  private final Hints services;
  private final Hints slices;

  private Set<String> managed = Set.of();

  /// By group and version; replaced, never changed.
  private volatile Map<String, Remote> remotes = Map.of();

  private final @Nullable InnerApi inner;

  /// Whether the inner API is the one that its APIService means.
  private volatile boolean innerServes;

  /// What an aggregator stands on.
  ///
  /// @param services finds the pods behind Services
  /// @param uid makes one for each new object
  /// @param inner what is served here unless an APIService says otherwise, null for nothing
  public record Settings(
      Objects objects,
      Store store,
      ServiceResolver services,
      FrontProxy frontProxy,
      @Nullable InnerApi inner,
      Supplier<String> uid,
      InstantSource clock,
      ScheduledExecutorService executor) {}

  public Aggregator(Settings settings) {
    this.objects = settings.objects();
    this.clock = settings.clock();
    this.executor = settings.executor();
    this.proxy = new ReverseProxy(executor);
    this.servers =
        new RemoteServers(settings.services(), proxy, settings.frontProxy(), settings.clock());
    this.uid = settings.uid();
    this.inner = settings.inner();
    this.type = objects.registry().get(LocalApis.API_VERSION, PLURAL);
    this.apiServices = hints(settings, type, _ -> look());
    this.services =
        hints(
            settings,
            objects.registry().get("v1", "services"),
            changed -> changed.forEach(each -> lookAt(name(each), each)));
    this.slices =
        hints(
            settings,
            objects.registry().get("discovery.k8s.io/v1", "endpointslices"),
            changed -> changed.forEach(each -> lookAt(serviceOf(each), each)));
    objects.registry().onChange(this::manageCustom);
  }

  private static Hints hints(Settings settings, ResourceType followed, Hints.Listener listener) {
    return new Hints(settings.store(), Objects.folder(followed), settings.executor(), listener);
  }

  /// Gives each version of a custom group its APIService, and takes those of versions that have
  /// gone.
  private void manageCustom() {
    List<ResourceType> custom =
        objects.registry().all().stream()
            .filter(each -> !objects.registry().hasBuiltinGroup(each.group()))
            .toList();
    Map<String, ObjectNode> wanted = new LinkedHashMap<>();
    LocalApis.objects(custom, clock.instant(), uid).forEach(each -> wanted.put(name(each), each));
    if (wanted.keySet().equals(managed)) {
      return;
    }
    for (ObjectNode each : objects.list(LocalApis.API_VERSION, PLURAL, "")) {
      if (LocalApis.isCustom(each) && !wanted.containsKey(name(each))) {
        @Nullable StoredObject found = objects.find(type, "", name(each));
        if (found != null) {
          objects.remove(found);
        }
      }
    }
    wanted.values().forEach(each -> objects.add(type, each));
    managed = Set.copyOf(wanted.keySet());
  }

  /// Follows the APIServices from now on.
  public void start() {
    apiServices.follow();
    look();
  }

  /// Shows which APIs nobody answers for now.
  public void measure(MetricsText text) {
    String name = "aggregator_unavailable_apiservice";
    text.metric(name, "gauge", "Whether an APIService is unavailable, by its name.");
    for (ObjectNode each : objects.list(LocalApis.API_VERSION, PLURAL, "")) {
      text.sample(name, "name=\"" + name(each) + "\"", Condition.isAvailable(each) ? 0L : 1L);
    }
  }

  private static String name(ObjectNode object) {
    return object.path("metadata").path("name").asText();
  }

  private static String serviceOf(ObjectNode slice) {
    return slice.path("metadata").path("labels").path(ServicePorts.SERVICE_LABEL).asText("");
  }

  private void lookAt(String service, ObjectNode changed) {
    String namespace = changed.path("metadata").path("namespace").asText();
    for (Remote each : remotes.values()) {
      if (each.api().service().equals(service) && each.api().namespace().equals(namespace)) {
        each.look();
      }
    }
  }

  private synchronized void look() {
    Map<String, Remote> before = remotes;
    Map<String, Remote> now = new LinkedHashMap<>();
    addInner();
    for (ObjectNode each : objects.list(LocalApis.API_VERSION, PLURAL, "")) {
      Optional<RemoteApi> api = RemoteApi.of(each);
      if (api.isEmpty()) {
        write(name(each), null, Condition.LOCAL);
        continue;
      }
      @Nullable Remote known = before.get(api.get().groupVersion());
      now.put(
          api.get().groupVersion(),
          known != null && known.api().equals(api.get()) ? known : remote(api.get(), each));
    }
    remotes = Map.copyOf(now);
    innerServes = inner != null && !now.containsKey(inner.group() + "/" + inner.version());
    before.values().stream().filter(each -> !now.containsValue(each)).forEach(Remote::forget);
    if (now.isEmpty()) {
      services.rest();
      slices.rest();
    } else {
      services.follow();
      slices.follow();
    }
    now.values().stream().filter(each -> !before.containsValue(each)).forEach(Remote::look);
  }

  /// The APIService of the inner API is there whenever nobody has put another one in its place,
  /// also after that one was deleted.
  private void addInner() {
    if (inner != null && objects.find(type, "", inner.version() + "." + inner.group()) == null) {
      objects.add(type, LocalApis.object(inner, clock.instant(), uid.get()));
    }
  }

  private Collection<Described> described() {
    List<Described> all = new ArrayList<>();
    remotes.values().forEach(each -> all.add(each.described()));
    if (inner != null && innerServes) {
      all.add(
          new Described(
              RemoteApi.of(inner, LocalApis.INNER_PRIORITY, LocalApis.INNER_PRIORITY),
              true,
              new Remote.Documents(
                  RemoteDiscovery.aggregated(inner.resources()), inner.openApi())));
    }
    return all;
  }

  private Remote remote(RemoteApi api, ObjectNode apiService) {
    return new Remote(
        api,
        Condition.isAvailable(apiService),
        objects,
        servers,
        executor,
        condition -> write(api.name(), api, condition));
  }

  /// @param api of which the condition was found, null for a local one
  private void write(String name, @Nullable RemoteApi api, Condition condition) {
    for (int attempt = 0; attempt < WRITE_ATTEMPTS_MAX; attempt++) {
      @Nullable StoredObject found = objects.find(type, "", name);
      if (found == null || !RemoteApi.of(found.shared()).equals(Optional.ofNullable(api))) {
        return;
      }
      ObjectNode tree = found.toTree();
      if (!condition.set(tree, clock.instant()) || objects.replace(type, found, tree)) {
        return;
      }
    }
  }

  /// Answers a request for an API that others serve; false when nobody is said to.
  ///
  /// @param user who may ask for this
  public boolean handle(Request request, UserInfo user, Response response) {
    Map<String, Remote> all = remotes;
    String path = request.path();
    boolean nobody = all.isEmpty() && !innerServes;
    if (nobody || !(path.startsWith(APIS) || path.startsWith(OPENAPI))) {
      return false;
    }
    boolean openApi = path.startsWith(OPENAPI);
    String[] parts = path.substring(openApi ? OPENAPI.length() : APIS.length()).split("/");
    if (parts.length == 1 && !openApi) {
      return group(parts[0], response);
    }
    String groupVersion = parts.length < 2 ? "" : parts[0] + "/" + parts[1];
    if (isInner(groupVersion)) {
      return answerInside(request, response);
    }
    @Nullable Remote remote = all.get(groupVersion);
    if (remote == null) {
      return false;
    }
    pass(remote, request, user, response);
    return true;
  }

  private boolean isInner(String groupVersion) {
    return innerServes
        && inner != null
        && groupVersion.equals(inner.group() + "/" + inner.version());
  }

  private boolean answerInside(Request request, Response response) {
    if (inner != null) {
      inner.handle(request, response);
    }
    return inner != null;
  }

  private boolean group(String name, Response response) {
    boolean local = objects.registry().all().stream().anyMatch(each -> each.group().equals(name));
    Collection<Described> all = described();
    if (local || all.stream().noneMatch(each -> each.api().group().equals(name))) {
      return false;
    }
    Output.send(response, Media.PLAIN, 200, RemoteDiscovery.group(name, all), null, List.of());
    return true;
  }

  private void pass(Remote remote, Request request, UserInfo user, Response response) {
    if (!remote.isAvailable()) {
      text(response, "service unavailable");
      return;
    }
    InetSocketAddress address;
    try {
      address = servers.resolve(remote.api());
    } catch (UnreachableException nobody) {
      text(response, "service unavailable");
      return;
    }
    try {
      servers.pass(remote.api(), address, request, user, response);
    } catch (ProxyException | UnreachableException e) {
      String what =
          HopByHop.upgrade(request.headers()) == null
              ? "error trying to reach service: "
              : "error dialing backend: ";
      text(response, what + e.getMessage());
    }
  }

  private static void text(Response response, String text) {
    response.send(
        503,
        new Headers()
            .set("content-type", "text/plain; charset=utf-8")
            .set("cache-control", "no-cache, private")
            .set("x-content-type-options", "nosniff"),
        List.of(ByteBuffer.wrap((text + "\n").getBytes(StandardCharsets.UTF_8))));
  }

  /// Adds what others serve to an answer of discovery or to the index of OpenAPI documents.
  public void complete(ObjectNode answer) {
    Collection<Described> all = described();
    if (!all.isEmpty()) {
      RemoteDiscovery.complete(answer, all);
    }
  }

  @Override
  public void close() {
    apiServices.rest();
    services.rest();
    slices.rest();
    remotes.values().forEach(Remote::forget);
    proxy.close();
  }
}
