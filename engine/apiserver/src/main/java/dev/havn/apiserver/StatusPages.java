// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.http.Request;
import dev.havn.apiserver.http.Response;
import dev.havn.apiserver.resource.ApiException;
import dev.havn.schema.codec.Yaml;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// `/statusz` and `/flagz` (KEP-4827, KEP-4828): what runs since when, and with which settings, by
/// the names that kube-apiserver gives them. Text for people, or an object for whoever asks for one
/// by its version.
final class StatusPages {
  private static final String WARNING =
      "Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility"
          + " guarantees and is for debugging purposes only.";
  private static final String GROUP = "config.k8s.io";
  private static final String DEPRECATED_VERSION = "v1alpha1";
  private static final Set<String> VERSIONS = Set.of(DEPRECATED_VERSION, "v1beta1");
  private static final List<String> PATHS =
      List.of("/flagz", "/healthz", "/livez", "/metrics", "/readyz", "/statusz", "/version");
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("EEE MMM dd HH:mm:ss 'UTC' yyyy", Locale.ROOT)
          .withZone(ZoneOffset.UTC);

  private final InstantSource clock;
  private final Instant started;
  private final TreeMap<String, String> flags;

  StatusPages(ApiServer.Settings settings) {
    this.clock = settings.clock();
    this.started = clock.instant().truncatedTo(ChronoUnit.SECONDS);
    this.flags = new TreeMap<>(flags(settings));
  }

  private static Map<String, String> flags(ApiServer.Settings settings) {
    return Map.of(
        "anonymous-auth",
        "true",
        "authorization-mode",
        "[Node,RBAC]",
        "enable-aggregator-routing",
        "true",
        "enable-priority-and-fairness",
        "true",
        "feature-gates",
        settings.options().gates().toString(),
        "max-mutating-requests-inflight",
        String.valueOf(settings.concurrency().writes()),
        "max-requests-inflight",
        String.valueOf(settings.concurrency().reads()),
        "runtime-config",
        settings.options().runtimeConfig().toString(),
        "service-cluster-ip-range",
        settings.services().toString());
  }

  /// Whether this path is one of ours, which is answered then.
  boolean handle(String path, Request request, Response response) {
    return switch (path) {
      case "/statusz" -> {
        send("Statusz", this::status, this::statusText, request, response);
        yield true;
      }
      case "/flagz" -> {
        send("Flagz", this::flags, this::flagsText, request, response);
        yield true;
      }
      default -> false;
    };
  }

  private static String binaryVersion() {
    return ApiServer.VERSION.substring(1);
  }

  private String statusText() {
    Duration up = Duration.between(started, clock.instant());
    return "Started:  %s\nUp:  %d hr %02d min %02d sec\nGo version:  none\nBinary version:  %s\nEmulation version:  1.36\nPaths:  %s\n"
        .formatted(
            TIME.format(started),
            up.toHours(),
            up.toMinutesPart(),
            up.toSecondsPart(),
            binaryVersion(),
            String.join(" ", PATHS));
  }

  private void status(ObjectNode page) {
    page.put("startTime", started.toString());
    page.put("uptimeSeconds", Duration.between(started, clock.instant()).toSeconds());
    page.put("goVersion", "none").put("binaryVersion", binaryVersion());
    page.put("emulationVersion", "1.36");
    PATHS.forEach(page.putArray("paths")::add);
  }

  private String flagsText() {
    StringBuilder text = new StringBuilder();
    flags.forEach((name, value) -> text.append(name).append(':').append(value).append('\n'));
    return text.toString();
  }

  private void flags(ObjectNode page) {
    ObjectNode all = page.putObject("flags");
    flags.forEach(all::put);
  }

  private static void send(
      String kind,
      Consumer<ObjectNode> fill,
      Supplier<String> text,
      Request request,
      Response response) {
    Wanted wanted = Wanted.of(request, kind);
    Headers headers = new Headers().set("cache-control", "no-cache, private");
    String body;
    if (wanted.version() == null) {
      headers.set("content-type", "text/plain; charset=utf-8");
      body =
          "\napiserver %s\n%s\n%s%s"
              .formatted(
                  kind.toLowerCase(Locale.ROOT),
                  WARNING,
                  kind.equals("Statusz") ? "\n" : "",
                  text.get());
    } else {
      headers.set(
          "content-type",
          "%s;g=%s;v=%s;as=%s".formatted(wanted.format(), GROUP, wanted.version(), kind));
      if (wanted.version().equals(DEPRECATED_VERSION)) {
        headers.set(
            "warning",
            "299 - \"This version of the %s endpoint is deprecated. Please use a newer version.\""
                .formatted(kind.toLowerCase(Locale.ROOT)));
      }
      ObjectNode page = JsonNodeFactory.instance.objectNode().put("kind", kind);
      page.put("apiVersion", GROUP + "/" + wanted.version());
      page.putObject("metadata").put("name", "apiserver");
      fill.accept(page);
      body = wanted.format().endsWith("yaml") ? Yaml.write(page) : page.toPrettyString() + "\n";
    }
    response.send(200, headers, List.of(ByteBuffer.wrap(body.getBytes(StandardCharsets.UTF_8))));
  }

  /// The form asked for.
  ///
  /// @param version of the object, null for text
  private record Wanted(String format, @Nullable String version) {
    static Wanted of(Request request, String kind) {
      String accept = String.join(",", request.headers().all("accept"));
      if (accept.isBlank()) {
        return new Wanted("text/plain", null);
      }
      for (String each : accept.split(",")) {
        String[] parts = each.strip().split("\\s*;\\s*");
        List<String> parameters = List.of(parts);
        if (List.of("text/plain", "text/*", "*/*").contains(parts[0])) {
          return new Wanted("text/plain", null);
        }
        boolean ours = parameters.contains("g=" + GROUP) && parameters.contains("as=" + kind);
        for (String version : VERSIONS) {
          if (ours
              && parameters.contains("v=" + version)
              && List.of("application/json", "application/yaml").contains(parts[0])) {
            return new Wanted(parts[0], version);
          }
        }
      }
      throw ApiException.acceptsOnly("application/json, application/yaml, text/plain");
    }
  }
}
