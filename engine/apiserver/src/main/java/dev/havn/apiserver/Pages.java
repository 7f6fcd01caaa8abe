// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.aggregation.Aggregator;
import dev.havn.apiserver.authentication.ServiceAccountTokens;
import dev.havn.apiserver.discovery.Discovery;
import dev.havn.apiserver.flowcontrol.FlowControl;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.http.Request;
import dev.havn.apiserver.http.Response;
import dev.havn.apiserver.resource.ApiException;
import dev.havn.apiserver.resource.Media;
import dev.havn.apiserver.resource.Output;
import dev.havn.apiserver.resource.Registry;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// What is asked for by a path that is no resource: discovery, documents, health, numbers.
/// Discovery and what is signed are only read; the others do not look at the method, as in
/// Kubernetes, and a path that nobody knows is unknown whatever is to be done with it.
final class Pages {
  private static final String NOT_FOUND = "404 page not found\n";
  private static final String DUMP = "/debug/api_priority_and_fairness/dump_priority_levels";
  private static final String KEYS = "/openid/v1/jwks";
  private static final String ISSUER = "/.well-known/openid-configuration";
  private static final String VERSION = "/version";

  private final Supplier<Published> published;
  private final Registry registry;
  private final Parts parts;

  /// What else answers a page.
  record Parts(
      Aggregator aggregator,
      ServiceAccountTokens tokens,
      Metrics metrics,
      FlowControl flowControl,
      Health health,
      StatusPages status) {}

  /// @param published what is served at the moment
  Pages(Supplier<Published> published, Registry registry, Parts parts) {
    this.published = published;
    this.registry = registry;
    this.parts = parts;
    parts.metrics().add(parts.aggregator()::measure);
  }

  void answer(Request request, Response response) {
    String path = request.path();
    switch (path.replaceAll("/+$", "")) {
      case VERSION -> read(request, response, VersionPage.json(), Media.JSON);
      case ISSUER -> read(request, response, parts.tokens().configuration(), Media.JSON);
      case KEYS -> read(request, response, parts.tokens().keySet(), "application/jwk-set+json");
      case "", "/index.html" -> json(response, published.get().discovery().paths());
      default -> {
        if (!discover(request, response) && !any(path, request, response)) {
          text(response, 404, NOT_FOUND);
        }
      }
    }
  }

  /// What cares neither for the method nor, mostly, for the form.
  private boolean any(String path, Request request, Response response) {
    switch (path) {
      case "/metrics" -> text(response, 200, parts.metrics().text());
      case "/metrics/slis" -> text(response, 200, parts.health().measured());
      case DUMP -> text(response, 200, parts.flowControl().dump());
      default -> {
        return parts.health().handle(path, request, response)
            || parts.status().handle(path, request, response)
            || published.get().openApi().handle(request, response, parts.aggregator()::complete);
      }
    }
    return true;
  }

  /// A page in one form that is only read.
  private static void read(Request request, Response response, ObjectNode page, String form) {
    checkRead(request);
    if (!accepts(request, List.of(form, "*/*"))) {
      throw ApiException.notAcceptable(form);
    }
    json(response, page);
  }

  private boolean discover(Request request, Response response) {
    Discovery discovery = published.get().discovery();
    String path = request.path().replaceAll("/+$", "");
    String aggregated = Discovery.aggregatedVersion(request);
    @Nullable ObjectNode answer = discovery.answer(path, aggregated);
    if (answer == null) {
      if (discovery.lacksVersion(path, registry::hasBuiltinGroup)) {
        throw ApiException.unknownPath();
      }
      return false;
    }
    String[] names = path.split("/");
    boolean groups = path.equals("/apis");
    boolean custom =
        names.length > 2 && !registry.hasBuiltinGroup(path.startsWith("/apis") ? names[2] : "");
    if (!groups && !custom) {
      checkRead(request);
    }
    boolean whole = answer.path("kind").asText().equals("APIGroupDiscoveryList");
    Media media = whole ? Media.PLAIN : media(request, groups || custom);
    if (path.startsWith("/apis")) {
      parts.aggregator().complete(answer);
    }
    if (media.format() == Media.Format.JSON) {
      Discovery.send(request, response, answer);
    } else {
      String kind = answer.path("kind").asText();
      Output.send(
          response,
          media,
          200,
          answer,
          registry.struct("io.k8s.apimachinery.pkg.apis.meta.v1." + kind),
          List.of());
    }
    return true;
  }

  /// The list of groups, and custom ones, are answered by other parts of Kubernetes than the rest,
  /// which say it otherwise and do not look at the method.
  private static Media media(Request request, boolean groups) {
    if (groups && accepts(request, List.of("application/*"))) {
      return Media.PLAIN;
    }
    try {
      return Media.of(request, false);
    } catch (ApiException notAcceptable) {
      throw groups ? ApiException.acceptsOnly(Media.ALL) : notAcceptable;
    }
  }

  private static void checkRead(Request request) {
    if (!request.method().equals("GET")) {
      throw ApiException.methodNotAllowed();
    }
  }

  /// Whether one of these is among what is accepted, whatever its parameters; nothing said is all.
  private static boolean accepts(Request request, List<String> forms) {
    @Nullable String accept = request.headers().first("accept");
    if (accept == null || accept.isEmpty()) {
      return forms.contains("*/*");
    }
    for (String each : accept.split(",")) {
      if (forms.contains(each.split(";", 2)[0].strip())) {
        return true;
      }
    }
    return false;
  }

  private static void json(Response response, ObjectNode body) {
    Output.send(response, Media.PLAIN, 200, body, null, List.of());
  }

  static void notFound(Response response) {
    text(response, 404, NOT_FOUND);
  }

  static void text(Response response, int status, String text) {
    Headers headers = new Headers().set("content-type", "text/plain; charset=utf-8");
    if (status >= 400) {
      headers.set("x-content-type-options", "nosniff");
    }
    response.send(status, headers, List.of(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8))));
  }
}
