// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.streaming;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.http.Request;
import dev.havn.apiserver.http.Response;
import dev.havn.apiserver.proxy.Destination;
import dev.havn.apiserver.proxy.ProxyException;
import dev.havn.apiserver.proxy.ReverseProxy;
import dev.havn.apiserver.resource.ApiException;
import dev.havn.apiserver.resource.Call;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// `pods/proxy` and, by way of a pod behind it, `services/proxy`: passes a request on to a port of
/// the pod and its answer back, as they come; connections may be upgraded.
final class PodProxy implements AutoCloseable {
  private static final Pattern OWN =
      Pattern.compile("/api/v1/namespaces/[^/?]+/[^/?]+/[^/?]+/proxy(?=[/?]|$)");

  private final NodeConnection nodes;
  private final ReverseProxy proxy;
  private @Nullable SslContext tls;

  PodProxy(NodeConnection nodes, Executor executor) {
    this.nodes = nodes;
    this.proxy = new ReverseProxy(executor);
  }

  /// Certificates of pods are those of nobody in particular, as Kubernetes takes them. Made when it
  /// is first needed.
  private synchronized SslContext tls() {
    SslContext made = tls;
    if (made == null) {
      try {
        made =
            SslContextBuilder.forClient()
                .trustManager(InsecureTrustManagerFactory.INSTANCE)
                .endpointIdentificationAlgorithm(null)
                .build();
      } catch (SSLException e) {
        throw new IllegalStateException("TLS is part of every JDK", e);
      }
      tls = made;
    }
    return made;
  }

  void serve(Call call, ObjectNode pod, Response response) {
    Request request = call.request();
    String target = request.target();
    Matcher own = OWN.matcher(target);
    if (!own.lookingAt()) {
      throw ApiException.unknownPath();
    }
    String rest = target.substring(own.end());
    boolean reads = List.of("GET", "HEAD").contains(request.method());
    if (!rest.startsWith("/") && reads) {
      response.send(301, new Headers().set("location", own.group() + "/" + rest), List.of());
      return;
    }
    String[] parts = call.info().name().split(":");
    boolean secure = parts.length == 3 && parts[0].equals("https");
    String port = parts.length > 1 ? parts[parts.length - 1] : "";
    InetAddress address = address(pod);
    String literal = address.getHostAddress();
    int number = number(pod, port);
    String host = (address instanceof Inet6Address ? "[" + literal + "]" : literal) + ":" + number;
    Destination to =
        new Destination(
            new InetSocketAddress(address, number),
            host,
            literal,
            secure ? tls() : null,
            rest.startsWith("/") ? rest : "/" + rest,
            headers(request, own.group(), host, secure),
            /* mayRedirect= */ true);
    try {
      proxy.pass(request, to, response, new ProxiedPage(own.group()));
    } catch (ProxyException e) {
      throw ApiException.ofCode(503, "error trying to reach service: " + e.getMessage());
    }
  }

  /// What a client proves itself with stays here.
  private static Headers headers(Request request, String prefix, String host, boolean secure) {
    Headers headers = new Headers();
    request
        .headers()
        .asMap()
        .forEach(
            (name, values) -> {
              if (!name.equals("authorization") && !name.startsWith("impersonate-")) {
                values.forEach(value -> headers.add(name, value));
              }
            });
    headers.set("x-forwarded-uri", prefix).set("x-forwarded-host", host);
    return headers.set("x-forwarded-proto", secure ? "https" : "http");
  }

  /// Where a pod is.
  private InetAddress address(ObjectNode pod) {
    String text = pod.path("status").path("podIP").asText("");
    return PodAddresses.checked(text, pod, nodes::isAt);
  }

  /// A port by number, by name, or the pod's first.
  private static int number(ObjectNode pod, String port) {
    if (port.matches("[0-9]{1,5}") && Integer.parseInt(port) <= 65_535) {
      return Integer.parseInt(port);
    }
    for (JsonNode container : pod.path("spec").path("containers")) {
      for (JsonNode each : container.path("ports")) {
        if (port.isEmpty() || port.equals(each.path("name").asText())) {
          return each.path("containerPort").asInt();
        }
      }
    }
    return 80;
  }

  @Override
  public void close() {
    proxy.close();
  }
}
