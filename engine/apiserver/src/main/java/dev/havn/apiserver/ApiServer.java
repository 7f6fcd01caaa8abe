// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.addresses.Ranges;
import dev.havn.apiserver.admission.Admission;
import dev.havn.apiserver.admission.Notes;
import dev.havn.apiserver.aggregation.Aggregator;
import dev.havn.apiserver.aggregation.FrontProxy;
import dev.havn.apiserver.audit.AuditedRequest;
import dev.havn.apiserver.audit.Auditing;
import dev.havn.apiserver.authentication.UserInfo;
import dev.havn.apiserver.authorization.Authorizer;
import dev.havn.apiserver.authorization.Explanations;
import dev.havn.apiserver.definition.ConversionWebhook;
import dev.havn.apiserver.definition.Definitions;
import dev.havn.apiserver.dynamic.AdmissionMetrics;
import dev.havn.apiserver.dynamic.DynamicAdmission;
import dev.havn.apiserver.dynamic.PolicyStatus;
import dev.havn.apiserver.dynamic.Registrations;
import dev.havn.apiserver.dynamic.Variables;
import dev.havn.apiserver.dynamic.WebhookCalls;
import dev.havn.apiserver.flowcontrol.FlowControl;
import dev.havn.apiserver.flowcontrol.RejectedException;
import dev.havn.apiserver.flowcontrol.Seat;
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
import dev.havn.apiserver.transport.Connections;
import dev.havn.apiserver.transport.ReadyPods;
import dev.havn.apiserver.usage.NodeUsage;
import dev.havn.apiserver.usage.UsageApi;
import dev.havn.apiserver.webhook.WebhookClient;
import dev.havn.schema.BuiltinTypes;
import dev.havn.schema.ResourceType;
import dev.havn.store.Store;
import dev.havn.store.StoreException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
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

  private static final Logger LOG = LoggerFactory.getLogger(ApiServer.class);

  private final Registry registry;
  private final Store store;
  private final Objects objects;
  private final Access access;
  private final Authorizer authorizer;
  private final Impersonation impersonation;
  private final RequestAuthorization authorization;
  private final Connections connections = new Connections();
  private final WebhookClient webhooks;
  private final Aggregator aggregator;
  private final Settings settings;
  private final ResourceHandler resources;
  private volatile Published published;
  private final Definitions definitions;
  private final PolicyStatus policies;
  private final AddressUpkeep addresses;
  private final AdmissionMetrics admissionMetrics;
  private final Metrics metrics;
  private final Auditing auditing;
  private final FlowControl flowControl;
  private final InFlight inFlight = new InFlight();
  private final Pages pages;
  private volatile boolean bootstrapped;
  private final Ranges services;

  /// What an API server is made with.
  ///
  /// @param authorities that sign client certificates
  /// @param tokenKeys that sign service-account tokens; P-256
  /// @param sessions how nodes are reached
  /// @param usage what nodes know of their use
  /// @param services of which Services get their addresses
  /// @param frontProxy by which servers of other APIs know this one
  /// @param options what can be chosen
  public record Settings(
      Store store,
      BuiltinTypes types,
      List<X509Certificate> authorities,
      KeyPair tokenKeys,
      NodeSessions sessions,
      NodeUsage usage,
      Ranges services,
      InstantSource clock,
      ScheduledExecutorService executor,
      RandomGenerator random,
      ConcurrencyLimits concurrency,
      FrontProxy frontProxy,
      ApiOptions options) {}

  public ApiServer(Settings settings) {
    this.registry = new Registry(settings.types());
    this.store = settings.store();
    this.objects = new Objects(store, registry);
    this.access = Access.of(settings, objects, connections, this);
    this.authorizer = access.authorizer();
    this.impersonation = new Impersonation(authorizer);
    this.auditing =
        new Auditing(
            settings.options().audit(), settings.clock(), () -> Uid.next(settings.random()));
    this.authorization = new RequestAuthorization(authorizer, registry, !auditing.isIdle());
    ReadyPods pods = new ReadyPods(objects, settings.sessions()::isAt, settings.random());
    this.webhooks = new WebhookClient(pods, connections, settings.clock());
    this.aggregator = aggregator(settings, objects, pods);
    this.settings = settings;
    this.admissionMetrics = new AdmissionMetrics(settings.clock());
    this.resources =
        new ResourceHandler(
            objects,
            new ResourceHandler.Parts(
                admission(settings),
                access.reviews(objects),
                settings.sessions(),
                settings.services(),
                settings.clock(),
                settings.executor(),
                settings.random(),
                call ->
                    authorization.check(call.request(), call.info(), call.user(), call.notes())));
    this.published = Published.of(registry.all(), this::serves, null);
    this.definitions = definitions(settings);
    this.policies = new PolicyStatus(objects, store, Internal.applier(this), settings.executor());
    this.addresses = new AddressUpkeep(objects, this, settings);
    this.metrics = new Metrics(settings.clock());
    this.flowControl = flowControl(settings, objects);
    metrics.add(flowControl::measure);
    metrics.add(admissionMetrics::measure);
    this.pages =
        new Pages(
            this::published,
            registry,
            new Pages.Parts(
                aggregator,
                access.tokens(),
                metrics,
                flowControl,
                new Health(this::reachesStore, () -> bootstrapped, inFlight::isDraining),
                new StatusPages(settings)));
    this.services = settings.services();
  }

  private static Aggregator aggregator(Settings settings, Objects objects, ReadyPods pods) {
    return new Aggregator(
        new Aggregator.Settings(
            objects,
            settings.store(),
            pods,
            settings.frontProxy(),
            settings.usage().measures()
                ? new UsageApi(settings.usage(), objects, settings.clock())
                : null,
            () -> Uid.next(settings.random()),
            settings.clock(),
            settings.executor()));
  }

  private static FlowControl flowControl(Settings settings, Objects objects) {
    return new FlowControl(
        new FlowControl.Settings(
            objects,
            settings.store(),
            settings.concurrency(),
            () -> Uid.next(settings.random()),
            settings.clock(),
            settings.executor()));
  }

  private Admission admission(Settings settings) {
    Variables variables = new Variables(objects, authorizer);
    return new DynamicAdmission(
        AdmissionPlugins.chain(objects, authorizer, settings.random(), settings.options()),
        new Registrations(objects, settings.store()),
        new WebhookCalls(webhooks, objects, variables, settings.random(), admissionMetrics),
        objects,
        variables,
        admissionMetrics);
  }

  private Definitions definitions(Settings settings) {
    return new Definitions(
        objects,
        settings.store(),
        Internal.caller(this),
        conversion ->
            new ConversionWebhook(webhooks, conversion, () -> Uid.next(settings.random())),
        settings.executor(),
        settings.clock());
  }

  /// Begins to serve and to keep up what Kubernetes leaves to other processes.
  ///
  /// @param isComplete whether the store holds all that a server of this version makes
  public void begin(boolean isComplete) {
    if (isComplete && settings.options().isUsual()) {
      resume();
    } else {
      bootstrap();
    }
    keepUp();
  }

  /// Makes the objects that every cluster has from its first moment; those that are there stay.
  public void bootstrap() {
    Bootstrap bootstrap = new Bootstrap(objects, this, services);
    bootstrap.run();
    bootstrap.apis(settings);
    flowControl.bootstrap();
    resume();
  }

  private void resume() {
    definitions.start();
    aggregator.start();
    flowControl.start();
    bootstrapped = true;
  }

  /// The status of admission policies and the addresses of Services.
  public void keepUp() {
    policies.start();
    addresses.start();
  }

  /// Says that it is not ready any more, ends the watches and waits for the requests from outside
  /// that are under way.
  ///
  /// @return how many were not answered in time
  public int drain(Duration within) {
    LOG.debug("waiting for requests under way");
    resources.endWatches();
    return inFlight.drain(within);
  }

  /// Signs the token that a Secret holds for a service account.
  ///
  /// @param uid of the account
  public String secretToken(String namespace, String account, String uid, String secret) {
    return access.tokens().issueForSecret(namespace, account, uid, secret);
  }

  /// For the doors of nodes in this process.
  public NodeAccess nodeAccess() {
    return new NodeAccess(access.authenticator(), authorizer);
  }

  /// What says why somebody may or may not do something.
  public Explanations explanations() {
    return new Explanations(authorizer, registry);
  }

  /// Ends its connections to others; nothing may be asked of it any more.
  @Override
  public void close() {
    policies.close();
    addresses.close();
    flowControl.close();
    aggregator.close();
    access.close();
    connections.close();
    auditing.close();
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
  public void handle(Request given, Response unobserved) {
    RequestInfo info = RequestInfo.of(given);
    @Nullable ResourceType type = registry.find(info.group(), info.version(), info.resource());
    Metrics.Asked asked = Metrics.Asked.of(info, given.method(), type);
    Notes notes = new Notes();
    AuditedRequest audited = auditing.of(given, info, notes, asked.isLong());
    Request request = audited.request();
    ObservedResponse observed = new ObservedResponse(unobserved, metrics, info, asked);
    Response response = audited.observed(observed);
    boolean internal = request.credential() instanceof Credential.Loopback;
    boolean awaited = !internal && !asked.isLong();
    if (awaited) {
      inFlight.begin();
    }
    try {
      RequestLimits.checkTimeout(request, asked.isLong());
      refresh(request, info);
      UserInfo acting = acting(request, audited, notes);
      boolean counted = !internal && (!asked.isLong() || info.verb().equals("watch"));
      FlowControl.Place place = counted ? flowControl.enter(info, acting) : FlowControl.Place.NONE;
      observed.classified(place);
      try (Seat _ = place.seat()) {
        serve(request, info, acting, response, notes);
      }
    } catch (RejectedException e) {
      observed.classified(e.place());
      tooMany(response);
    } catch (UndecidedException e) {
      undecided(request, response, e);
    } catch (ApiException e) {
      refuse(request, response, e, notes.warnings());
    } catch (BodyTooLargeException e) {
      refuse(request, response, ApiException.tooLarge(e.bytesMax()));
    } catch (BodyRefusedException e) {
      refuse(request, response, RequestLimits.refusal(e));
    } catch (StoreException e) {
      refuse(request, response, ApiException.of(e));
    } catch (RuntimeException e) {
      LOG.error("{} {} failed", request.method(), request.path(), e);
      refuse(request, response, ApiException.internal(String.valueOf(e.getMessage())));
    } catch (StackOverflowError e) {
      tooDeep(request, response);
    } finally {
      audited.ended();
      if (awaited) {
        inFlight.end();
      }
    }
  }

  private void tooDeep(Request request, Response response) {
    LOG.error("{} {} failed: nested too deeply", request.method(), request.path());
    refuse(request, response, ApiException.internal("the request is nested too deeply"));
  }

  /// Who asks, as whom.
  private UserInfo acting(Request request, AuditedRequest audited, Notes notes) {
    Optional<UserInfo> user = access.authenticator().authenticate(request, notes::warn);
    if (user.isEmpty() || user.get().groups().contains(NodeAccess.CLIENTS)) {
      audited.unauthenticated();
      throw ApiException.unauthorized();
    }
    audited.authenticated(user.get());
    UserInfo acting = impersonation.acting(request, user.get());
    if (!acting.equals(user.get())) {
      audited.impersonates(acting);
    }
    return acting;
  }

  private static void undecided(Request request, Response response, UndecidedException e) {
    LOG.error("{} {} cannot be authorized: {}", request.method(), request.target(), e.getMessage());
    String words =
        "Internal Server Error: \"%s\": %s\n".formatted(request.target(), e.getMessage());
    Pages.text(
        response, 500, words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"));
  }

  private static void tooMany(Response response) {
    Headers headers = new Headers().set("content-type", "text/plain; charset=utf-8");
    headers.set("retry-after", "1").set("x-content-type-options", "nosniff");
    byte[] text = "Too many requests, please try again later.\n".getBytes(StandardCharsets.UTF_8);
    response.send(429, headers, List.of(ByteBuffer.wrap(text)));
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

  /// @param notes gets what the answer warns of, a refusal too
  private void serve(
      Request request, RequestInfo info, UserInfo acting, Response response, Notes notes) {
    authorization.check(request, info, acting, notes);
    if (!info.isResource()) {
      if (!aggregator.handle(request, acting, response)) {
        pages.answer(request, response);
      }
      return;
    }
    @Nullable ResourceType type = registry.find(info.group(), info.version(), info.resource());
    if (type == null && aggregator.handle(request, acting, response)) {
      return;
    }
    boolean hidden =
        type != null && !serves(type) && !(request.credential() instanceof Credential.Loopback);
    if (hidden || (type == null && !registry.hasBuiltinGroup(info.group()))) {
      Pages.notFound(response);
      return;
    }
    if (type == null) {
      throw ApiException.unknownPath();
    }
    FeatureGates gates = settings.options().gates();
    resources.handle(new Call(request, scoped(info, type), type, acting, notes, gates), response);
  }

  /// A namespace is below itself: its own requests are authorized inside it.
  private static RequestInfo scoped(RequestInfo info, ResourceType type) {
    if (type.namespaced() || info.namespace().isEmpty()) {
      return info;
    }
    throw ApiException.unknownPath();
  }

  private boolean serves(ResourceType type) {
    return settings.options().runtimeConfig().serves(type.apiVersion())
        || !registry.hasBuiltinGroup(type.group());
  }

  /// What the server says of itself, as of now.
  private Published published() {
    Published last = published;
    List<ResourceType> types = registry.all();
    if (last.types() != types) {
      last = Published.of(types, this::serves, last);
      published = last;
    }
    return last;
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
