// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.admission.Admission;
import dev.havn.apiserver.admission.Notes;
import dev.havn.apiserver.aggregation.Aggregator;
import dev.havn.apiserver.aggregation.ExtensionAuthentication;
import dev.havn.apiserver.aggregation.FrontProxy;
import dev.havn.apiserver.aggregation.LocalApis;
import dev.havn.apiserver.authentication.Authenticator;
import dev.havn.apiserver.authentication.ServiceAccountTokens;
import dev.havn.apiserver.authentication.UserInfo;
import dev.havn.apiserver.authorization.AccessReviews;
import dev.havn.apiserver.authorization.Attributes;
import dev.havn.apiserver.authorization.Authorizer;
import dev.havn.apiserver.authorization.Decision;
import dev.havn.apiserver.definition.Definitions;
import dev.havn.apiserver.discovery.Discovery;
import dev.havn.apiserver.discovery.OpenApi;
import dev.havn.apiserver.dynamic.DynamicAdmission;
import dev.havn.apiserver.dynamic.Registrations;
import dev.havn.apiserver.dynamic.WebhookCalls;
import dev.havn.apiserver.http.BodyRefusedException;
import dev.havn.apiserver.http.BodyTooLargeException;
import dev.havn.apiserver.http.Credential;
import dev.havn.apiserver.http.Handler;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.http.Request;
import dev.havn.apiserver.http.Response;
import dev.havn.apiserver.resource.ApiException;
import dev.havn.apiserver.resource.Call;
import dev.havn.apiserver.resource.Media;
import dev.havn.apiserver.resource.NodeSessions;
import dev.havn.apiserver.resource.Objects;
import dev.havn.apiserver.resource.Output;
import dev.havn.apiserver.resource.Registry;
import dev.havn.apiserver.resource.ResourceHandler;
import dev.havn.apiserver.resource.Uid;
import dev.havn.apiserver.webhook.ReadyPods;
import dev.havn.apiserver.webhook.WebhookClient;
import dev.havn.schema.BuiltinTypes;
import dev.havn.schema.ResourceType;
import dev.havn.schema.select.FieldSelector;
import dev.havn.schema.select.SelectorException;
import dev.havn.store.Store;
import dev.havn.store.StoreException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The Kubernetes API. One handler for all doors: who calls, may they, what is it, do it; whatever
/// is refused becomes a `Status` here.
public final class ApiServer implements Handler, AutoCloseable {
  public static final String VERSION = "v1.36.3";

  /// What runs in a pod or reaches into it: a WebSocket begins with GET and needs `create` as well.
  private static final Set<String> OPENING = Set.of("exec", "attach", "portforward");

  private static final Logger LOG = LoggerFactory.getLogger(ApiServer.class);

  private static final Set<String> COLLECTION_VERBS = Set.of("list", "watch", "deletecollection");
  private static final String NOT_FOUND = "404 page not found\n";

  /// Paths that do not look at the method.
  private static final List<String> ANY_METHOD =
      List.of("/healthz", "/livez", "/readyz", "/metrics", "/openapi/v2");

  private final Registry registry;
  private final Store store;
  private final Objects objects;
  private final Authenticator authenticator;
  private final Authorizer authorizer;
  private final Impersonation impersonation;
  private final ServiceAccountTokens tokens;
  private final WebhookClient webhooks;
  private final Aggregator aggregator;
  private final Settings settings;
  private final ResourceHandler resources;
  private volatile Published published;
  private final Definitions definitions;
  private final Metrics metrics;
  private final Concurrency concurrency;
  private final Health health;
  private volatile boolean bootstrapped;
  private final String serviceRange;

  /// What an API server is made with.
  ///
  /// @param authorities that sign client certificates
  /// @param tokenKeys that sign service-account tokens; P-256
  /// @param sessions how nodes are reached
  /// @param serviceRange IPv4 in CIDR notation
  /// @param frontProxy by which servers of other APIs know this one
  public record Settings(
      Store store,
      BuiltinTypes types,
      List<X509Certificate> authorities,
      KeyPair tokenKeys,
      NodeSessions sessions,
      String serviceRange,
      InstantSource clock,
      ScheduledExecutorService executor,
      RandomGenerator random,
      ConcurrencyLimits concurrency,
      FrontProxy frontProxy) {}

  public ApiServer(Settings settings) {
    this.registry = new Registry(settings.types());
    this.store = settings.store();
    this.objects = new Objects(store, registry);
    this.tokens =
        new ServiceAccountTokens(
            settings.tokenKeys(),
            settings.clock(),
            () -> Uid.next(settings.random()),
            (resource, namespace, name) -> {
              @Nullable ObjectNode found = objects.read("v1", resource, namespace, name);
              return found == null ? null : found.path("metadata").path("uid").asText();
            });
    this.authenticator = new Authenticator(settings.authorities(), tokens, settings.clock());
    this.authorizer = new Authorizer(objects, settings.store());
    this.impersonation = new Impersonation(authorizer);
    ReadyPods pods = new ReadyPods(objects, settings.sessions()::isAt, settings.random());
    this.webhooks = new WebhookClient(pods, settings.clock());
    this.aggregator =
        new Aggregator(
            new Aggregator.Settings(
                objects,
                settings.store(),
                pods,
                settings.frontProxy(),
                () -> Uid.next(settings.random()),
                settings.clock(),
                settings.executor()));
    this.settings = settings;
    this.resources =
        new ResourceHandler(
            objects,
            new ResourceHandler.Parts(
                admission(settings),
                new AccessReviews(authorizer, tokens, objects),
                settings.sessions(),
                settings.serviceRange(),
                settings.clock(),
                settings.executor(),
                settings.random()));
    this.published = Published.of(registry.all(), null);
    this.definitions =
        new Definitions(
            objects,
            settings.store(),
            (method, path, body) -> {
              Headers headers = new Headers();
              if (method.equals("PATCH")) {
                headers.set("content-type", "application/merge-patch+json");
              }
              Internal.Answer answer = Internal.call(this, method, path, headers, body);
              return new Definitions.Caller.Answer(answer.status(), answer.body());
            },
            settings.executor(),
            settings.clock());
    this.metrics = new Metrics(settings.clock());
    this.concurrency = new Concurrency(settings.concurrency());
    this.health = new Health(this::reachesStore, () -> bootstrapped);
    this.serviceRange = settings.serviceRange();
  }

  private Admission admission(Settings settings) {
    return new DynamicAdmission(
        AdmissionPlugins.chain(objects, authorizer, settings.random()),
        new Registrations(objects, settings.store()),
        new WebhookCalls(webhooks, objects, settings.random()));
  }

  /// Makes the objects that every cluster has from its first moment; those that are there stay.
  public void bootstrap() {
    Bootstrap bootstrap = new Bootstrap(objects, this, serviceRange);
    bootstrap.run();
    bootstrap.authentication(
        ExtensionAuthentication.configMap(settings.authorities(), settings.frontProxy()));
    ResourceType apiService = registry.get("apiregistration.k8s.io/v1", "apiservices");
    LocalApis.objects(registry.all(), settings.clock().instant(), () -> Uid.next(settings.random()))
        .forEach(each -> objects.add(apiService, each));
    resume();
  }

  /// Takes the place of [#bootstrap()] when the store begins with what a server of this version
  /// made.
  public void resume() {
    definitions.start();
    aggregator.start();
    bootstrapped = true;
  }

  /// Ends its connections to others; nothing may be asked of it any more.
  @Override
  public void close() {
    aggregator.close();
    webhooks.close();
  }

  /// Says in the cluster where pods reach this server; an empty address says that they do not.
  public void advertise(String address, int port) {
    Advertisement advertisement = new Advertisement(this, objects);
    if (address.isEmpty()) {
      advertisement.withdraw();
    } else {
      advertisement.show(address, port);
    }
  }

  /// Adds what other parts of the process count to `/metrics`.
  public void addMetrics(Consumer<MetricsText> other) {
    metrics.add(other);
  }

  @Override
  public void handle(Request request, Response unobserved) {
    RequestInfo info = RequestInfo.of(request);
    Metrics.Asked asked = Metrics.Asked.of(info, request.method());
    Notes notes = new Notes();
    Response response = new ObservedResponse(unobserved, metrics, info, asked);
    try {
      refresh(request, info);
      Optional<UserInfo> user = authenticator.authenticate(request);
      if (user.isEmpty()) {
        throw ApiException.unauthorized();
      }
      UserInfo acting = impersonation.acting(request, user.get());
      try (Concurrency.Place _ = concurrency.enter(asked, info, request.credential(), acting)) {
        serve(request, info, acting, response, notes);
      }
    } catch (ApiException e) {
      refuse(request, response, e, notes.warnings());
    } catch (BodyTooLargeException e) {
      refuse(request, response, ApiException.tooLarge(e.bytesMax()));
    } catch (BodyRefusedException e) {
      refuse(request, response, refusal(e.why()));
    } catch (StoreException e) {
      refuse(request, response, ApiException.of(e));
    } catch (RuntimeException e) {
      LOG.error("{} {} failed", request.method(), request.path(), e);
      refuse(request, response, ApiException.internal(String.valueOf(e.getMessage())));
    }
  }

  /// Lets a request see all that anybody was acknowledged before it came, through whichever server:
  /// also the rules by which it is judged. Who asks for revision 0 takes what is there.
  private void refresh(Request request, RequestInfo info) {
    boolean anything =
        request.method().equals("GET") && "0".equals(request.query().first("resourceVersion"));
    if (info.isResource() && !anything) {
      store.refresh();
    }
  }

  private boolean reachesStore() {
    try {
      store.refresh();
      return true;
    } catch (StoreException e) {
      LOG.debug("not healthy: {}", e.getMessage());
      return false;
    }
  }

  private static ApiException refusal(BodyRefusedException.Why why) {
    return switch (why) {
      case NO_ROOM ->
          ApiException.tooManyRequests("too many bodies are read now, please try again later", 1);
      case TOO_SLOW, GONE -> ApiException.timeout("the body of the request did not arrive in time");
    };
  }

  /// @param notes gets what the answer warns of, a refusal too
  private void serve(
      Request request, RequestInfo info, UserInfo acting, Response response, Notes notes) {
    authorize(request, info, acting);
    if (!info.isResource()) {
      if (!aggregator.handle(request, acting, response)) {
        path(request, response);
      }
      return;
    }
    @Nullable ResourceType type = registry.find(info.group(), info.version(), info.resource());
    if (type == null && aggregator.handle(request, acting, response)) {
      return;
    }
    if (type == null && !registry.hasBuiltinGroup(info.group())) {
      text(response, 404, NOT_FOUND);
      return;
    }
    if (type == null) {
      throw ApiException.unknownPath();
    }
    if (request.method().equals("HEAD") && !info.subresource().equals("proxy")) {
      throw ApiException.methodNotAllowed();
    }
    resources.handle(new Call(request, scoped(info, type), type, acting, notes), response);
  }

  /// A namespace is below itself: its own requests are authorized inside it.
  private static RequestInfo scoped(RequestInfo info, ResourceType type) {
    if (type.namespaced() || info.namespace().isEmpty()) {
      return info;
    }
    throw ApiException.unknownPath();
  }

  private void authorize(Request request, RequestInfo info, UserInfo user) {
    String namespace =
        info.resource().equals("namespaces") && info.group().isEmpty()
            ? info.name()
            : info.namespace();
    FieldSelector fields = fields(request);
    authorize(request, info, info.verb(), user, namespace, fields);
    boolean opens = info.resource().equals("pods") && OPENING.contains(info.subresource());
    if (opens && info.verb().equals("get")) {
      authorize(request, info, "create", user, namespace, fields);
    }
  }

  private void authorize(
      Request request,
      RequestInfo info,
      String verb,
      UserInfo user,
      String namespace,
      FieldSelector fields) {
    Attributes wish =
        new Attributes(
            user,
            verb,
            info.group(),
            info.resource(),
            info.subresource(),
            namespace,
            info.name().isEmpty() ? nameOf(info, fields) : info.name(),
            info.path(),
            fields);
    Decision decision = authorizer.decide(wish);
    if (decision.allowed()) {
      return;
    }
    String refusal =
        decision.reason().isEmpty() ? wish.refusal() : wish.refusal() + ": " + decision.reason();
    if (request.credential() instanceof Credential.Loopback) {
      LOG.warn("refused to a part of this process: {}", refusal);
    }
    @Nullable ResourceType type = registry.find(info.group(), info.version(), info.resource());
    if (!info.isResource()) {
      throw ApiException.forbiddenPath(refusal);
    }
    if (type == null) {
      throw ApiException.forbidden(info.group(), info.resource(), info.name(), refusal);
    }
    throw ApiException.forbidden(type, info.name(), refusal);
  }

  /// A list narrowed to one name is about that object.
  private static String nameOf(RequestInfo info, FieldSelector fields) {
    @Nullable String name = fields.required("metadata.name");
    return name != null && COLLECTION_VERBS.contains(info.verb()) ? name : "";
  }

  /// What a list is narrowed to; a selector that cannot be read is refused later, and counts as
  /// none.
  private static FieldSelector fields(Request request) {
    @Nullable String asked = request.query().first("fieldSelector");
    try {
      return asked == null || asked.isEmpty()
          ? FieldSelector.EVERYTHING
          : FieldSelector.parse(asked);
    } catch (SelectorException unreadable) {
      return FieldSelector.EVERYTHING;
    }
  }

  private void path(Request request, Response response) {
    String path = request.path().replaceAll("/+$", "");
    boolean reads = List.of("GET", "HEAD").contains(request.method());
    if (!reads && !ANY_METHOD.contains(path)) {
      throw ApiException.methodNotAllowed();
    }
    switch (path) {
      case "" -> json(response, published().discovery().paths());
      case "/version" -> version(response);
      case "/metrics" -> text(response, 200, metrics.text());
      case "/openid/v1/jwks" -> json(response, tokens.keySet());
      case "/.well-known/openid-configuration" -> json(response, tokens.configuration());
      default -> {
        if (!health.handle(path, request, response)
            && !published().discovery().handle(request, response, aggregator::complete)
            && !published().openApi().handle(request, response, aggregator::complete)) {
          text(response, 404, NOT_FOUND);
        }
      }
    }
  }

  /// What the server says of itself, as of now.
  private Published published() {
    Published last = published;
    List<ResourceType> types = registry.all();
    if (last.types() != types) {
      last = Published.of(types, last);
      published = last;
    }
    return last;
  }

  /// Made anew when what is served changes.
  private record Published(List<ResourceType> types, Discovery discovery, OpenApi openApi) {
    static Published of(List<ResourceType> types, @Nullable Published before) {
      return new Published(
          types,
          new Discovery(types),
          before == null ? new OpenApi(types) : before.openApi().with(types));
    }
  }

  private static void version(Response response) {
    ObjectNode version = JsonNodeFactory.instance.objectNode();
    version.put("major", "1").put("minor", "36");
    version.put("emulationMajor", "1").put("emulationMinor", "36");
    version.put("minCompatibilityMajor", "1").put("minCompatibilityMinor", "35");
    version.put("gitVersion", VERSION).put("gitCommit", "havn").put("gitTreeState", "clean");
    version.put("buildDate", "1970-01-01T00:00:00Z").put("goVersion", "none");
    version.put("compiler", "javac");
    version.put("platform", "linux/" + System.getProperty("os.arch"));
    json(response, version);
  }

  private static void json(Response response, ObjectNode body) {
    Output.send(response, Media.PLAIN, 200, body, null, List.of());
  }

  private static void text(Response response, int status, String text) {
    response.send(
        status,
        new Headers().set("content-type", "text/plain; charset=utf-8"),
        List.of(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8))));
  }

  private void refuse(Request request, Response response, ApiException error) {
    refuse(request, response, error, List.of());
  }

  private void refuse(
      Request request, Response response, ApiException error, List<String> warnings) {
    Media media = Media.PLAIN;
    try {
      media = Media.of(request, false);
    } catch (ApiException notAcceptable) {
      LOG.debug("{} takes no form of ours: {}", request.path(), notAcceptable.getMessage());
    }
    ObjectNode status = error.status();
    Output.send(
        response,
        media,
        error.code(),
        status,
        registry.struct("io.k8s.apimachinery.pkg.apis.meta.v1.Status"),
        warnings);
  }
}
