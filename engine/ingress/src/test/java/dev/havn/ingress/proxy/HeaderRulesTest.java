// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.ingress.routing.Filter;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// What backends could understand otherwise than this server.
class HeaderRulesTest {
  @Test
  void whatIsSaidHereIsSaidOnceHoweverItIsWritten() throws Exception {
    var request = new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, "/");
    HttpHeaders headers = request.headers();
    headers.set("Host", "a").set("X_Forwarded_For", "6.6.6.6").set("X_Real-Ip", "6.6.6.6");
    headers.set("Content_Length", "5").set("my_header", "kept");
    HeaderRules.forwarded(
        headers,
        Incoming.of(request),
        new Connection(Tables.PLAIN, false, "", "192.0.2.7", false),
        "hop");
    assertThat(headers.names())
        .contains("my_header", "x-forwarded-for")
        .doesNotContain("X_Forwarded_For", "X_Real-Ip", "Content_Length");
  }

  @Test
  void trailersFrameNothingAndNameNobody() {
    HttpHeaders trailers = new DefaultHttpHeaders();
    trailers.set("Grpc-Status", "0").set("Content-Length", "5").set("Authorization", "x");
    trailers.set("X-Forwarded-For", "6.6.6.6").set("transfer_encoding", "chunked");
    HeaderRules.trailers(trailers);
    assertThat(trailers.names()).containsExactly("Grpc-Status");
  }

  @Test
  void aRouteDoesNotSayWhereABodyEnds() {
    HttpHeaders headers = new DefaultHttpHeaders();
    headers.set("Content-Length", "5");
    HeaderRules.apply(
        List.of(
            new Filter.Headers(
                false,
                Map.of("Content-Length", "0", "x-a", "1"),
                Map.of("Transfer-Encoding", "chunked"),
                List.of("content-length"))),
        false,
        headers);
    assertThat(headers.names()).containsExactlyInAnyOrder("Content-Length", "x-a");
    assertThat(headers.get("Content-Length")).isEqualTo("5");
  }
}
