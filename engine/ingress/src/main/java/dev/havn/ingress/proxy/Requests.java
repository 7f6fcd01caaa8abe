// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.proxy;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.havn.ingress.routing.Filter;
import dev.havn.ingress.routing.RoutingTable.Door;
import dev.havn.ingress.routing.RoutingTable.Site;
import dev.havn.ingress.routing.Rule;
import dev.havn.ingress.routing.Steps;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The requests of a connection of HTTP/1.1, one after the other, or the one of a stream. Reads one
/// object at a time, when there is a place for it to go; after the end of a request it reads on, to
/// notice that the client goes away, and holds what comes.
final class Requests extends ChannelInboundHandlerAdapter {
  private static final Logger LOG = LoggerFactory.getLogger(Requests.class);

  private final Connection connection;
  private final Traffic traffic;
  private @Nullable ChannelHandlerContext context;
  private @Nullable Exchange exchange;
  private @Nullable HttpRequest held;
  private @Nullable Patience patience;
  private HttpVersion version = HttpVersion.HTTP_1_1;
  private boolean isHead;
  private boolean keepAlive;
  private boolean hasRead;
  private boolean begun;
  private boolean closing;
  private boolean isBare;
  private boolean awaitsEnd;

  Requests(Connection connection, Traffic traffic) {
    this.connection = connection;
    this.traffic = traffic;
  }

  Connection connection() {
    return connection;
  }

  Traffic traffic() {
    return traffic;
  }

  ChannelHandlerContext context() {
    return java.util.Objects.requireNonNull(context, "a handler that was added");
  }

  HttpVersion version() {
    return version;
  }

  boolean isHead() {
    return isHead;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext added) {
    context = added;
    if (added.channel().isActive()) {
      await();
    }
  }

  @Override
  public void channelActive(ChannelHandlerContext active) {
    await();
  }

  private void await() {
    if (patience == null) {
      patience =
          new Patience(context().executor(), traffic.limits().request(), () -> context().close());
      context().read();
    }
  }

  private void awaited() {
    if (patience != null) {
      patience.stop();
      patience = null;
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext from, Object message) {
    if (closing) {
      ReferenceCountUtil.release(message);
    } else if (message instanceof HttpRequest request) {
      if (begun) {
        hold(request);
      } else {
        begin(request);
      }
    } else if (message instanceof HttpContent content) {
      body(content);
    } else {
      ReferenceCountUtil.release(message);
      context().close();
    }
  }

  /// One request that came early is kept; the next is not read before its turn.
  private void hold(HttpRequest request) {
    if (held != null || connection.isHttp2()) {
      ReferenceCountUtil.release(request);
      context().close();
      return;
    }
    held = request;
  }

  private void body(HttpContent content) {
    boolean isLast = content instanceof LastHttpContent;
    hasRead |= isLast;
    if (exchange == null) {
      content.release();
    } else {
      exchange.body(content);
    }
    if (isLast && awaitsEnd) {
      next();
    }
    if (isLast || exchange == null) {
      context().read();
    }
  }

  private void begin(HttpRequest received) {
    awaited();
    begun = true;
    hasRead = received instanceof LastHttpContent;
    HttpRequest request = received;
    if (received instanceof FullHttpRequest full) {
      request =
          new DefaultHttpRequest(full.protocolVersion(), full.method(), full.uri(), full.headers());
      request.setDecoderResult(full.decoderResult());
      full.release();
    }
    version = request.protocolVersion();
    isHead = request.method().equals(HttpMethod.HEAD);
    keepAlive = HttpUtil.isKeepAlive(request);
    try {
      Incoming incoming = Incoming.of(request);
      isBare = incoming.isBare();
      route(incoming);
    } catch (Incoming.RefusedException refused) {
      keepAlive = false;
      answer(refused.status(), refused.words(), Map.of());
    }
    if (received instanceof LastHttpContent && !closing) {
      context().read();
    }
  }

  private void route(Incoming incoming) throws Incoming.RefusedException {
    if (incoming.request().headers().containsValue(HeaderRules.HOP, traffic.hop(), true)) {
      answer(508, "the request went round in a circle", Map.of());
      return;
    }
    @Nullable Door door = traffic.door(connection.door());
    String host = incoming.asked().host();
    @Nullable Site site = door == null ? null : door.sites().best(host);
    if (door == null || site == null) {
      answer(404, "nothing is served for the host \"" + host + "\"", Map.of());
      return;
    }
    if (connection.secure() && door.sites().best(connection.name()) != site) {
      answer(421, "this connection was made for another host", Map.of());
      return;
    }
    Steps steps = new Steps();
    @Nullable Rule rule = site.find(incoming.asked(), steps);
    if (steps.areSpent()) {
      traffic.overspent();
      answer(503, "the rules of \"" + host + "\" try too many regular expressions", Map.of());
      return;
    }
    if (rule == null) {
      answer(404, "no rule is for this path of \"" + host + "\"", Map.of());
      return;
    }
    follow(rule, incoming);
  }

  private void follow(Rule rule, Incoming incoming) throws Incoming.RefusedException {
    for (Filter filter : rule.filters()) {
      if (filter instanceof Filter.Cors cors && Crossing.isPreflight(incoming)) {
        answer(204, "", Crossing.permission(cors, incoming));
        return;
      }
    }
    switch (rule.action()) {
      case Rule.Answer fixed -> answer(fixed.status(), fixed.words(), Map.of());
      case Rule.Redirect redirect ->
          answer(
              redirect.status(),
              "",
              Map.of("location", Redirection.location(redirect, incoming, connection)));
      case Rule.Forward forward -> {
        long cost = Room.cost(incoming.request().headers());
        if (!traffic.room().take(cost)) {
          answer(503, "too many requests are under way", Map.of());
          return;
        }
        Exchange next = new Exchange(this, incoming, rule, hasRead, cost);
        exchange = next;
        next.start(forward);
      }
    }
  }

  /// Answers by itself.
  void answer(int status, String words, Map<String, String> headers) {
    HttpResponseStatus line = HttpResponseStatus.valueOf(status);
    byte[] text = words.isEmpty() ? new byte[0] : (line + ": " + words + "\n").getBytes(UTF_8);
    FullHttpResponse response =
        new DefaultFullHttpResponse(
            HttpVersion.HTTP_1_1, line, Unpooled.wrappedBuffer(isHead ? new byte[0] : text));
    headers.forEach(response.headers()::set);
    if (text.length > 0) {
      response.headers().set(HttpHeaderNames.CONTENT_TYPE, "text/plain; charset=utf-8");
    }
    if (status != 204) {
      response.headers().set(HttpHeaderNames.CONTENT_LENGTH, text.length);
    }
    if (!connection.isHttp2()) {
      HttpUtil.setKeepAlive(response.headers(), version, keepAlive && (hasRead || isBare));
    }
    traffic.answered(status);
    exchange = null;
    if (keepAlive && (hasRead || isBare) && !connection.isHttp2()) {
      context().writeAndFlush(response);
      if (hasRead) {
        next();
      } else {
        awaitsEnd = true;
        context().read();
      }
    } else {
      closing = true;
      context().writeAndFlush(response).addListener(ChannelFutureListener.CLOSE);
    }
  }

  /// An answer has been written to its end.
  ///
  /// @param reusable whether the answer itself lets the connection go on
  void finished(boolean reusable) {
    exchange = null;
    if (connection.isHttp2()) {
      // The end of both sides ends the stream.
      if (!hasRead) {
        close();
      }
    } else if (reusable && keepAlive && hasRead) {
      next();
    } else {
      close();
    }
  }

  /// What is on its way still goes out.
  private void close() {
    closing = true;
    context().writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
  }

  /// Where a request ends is not known any more.
  void spoiled() {
    keepAlive = false;
  }

  boolean keepsAlive() {
    return keepAlive;
  }

  boolean hasRead() {
    return hasRead;
  }

  /// Nothing sensible can be said any more.
  void abort() {
    exchange = null;
    closing = true;
    context().close();
  }

  private void next() {
    begun = false;
    awaitsEnd = false;
    @Nullable HttpRequest early = held;
    held = null;
    if (early != null) {
      begin(early);
      if (exchange == null && !closing && !hasRead) {
        context().read();
      }
    } else {
      awaited();
      patience =
          new Patience(context().executor(), traffic.limits().request(), () -> context().close());
    }
  }

  /// Leaves HTTP: whoever takes the bytes now gets what has come already.
  void leave() {
    exchange = null;
    closing = true;
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext from) {
    if (exchange != null) {
      exchange.clientWritable();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext from) {
    awaited();
    if (held != null) {
      ReferenceCountUtil.release(held);
      held = null;
    }
    @Nullable Exchange last = exchange;
    exchange = null;
    closing = true;
    if (last != null) {
      last.cancel();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext from, Throwable cause) {
    LOG.debug("{}: {}", connection, cause.toString());
    from.close();
  }
}
