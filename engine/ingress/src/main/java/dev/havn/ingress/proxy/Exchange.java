// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.proxy;

import dev.havn.ingress.routing.Filter;
import dev.havn.ingress.routing.Rule;
import dev.havn.ingress.routing.Rule.Backend;
import dev.havn.ingress.routing.Rule.Endpoint;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOutboundInvoker;
import io.netty.channel.ConnectTimeoutException;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.ScheduledFuture;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One request on its way to a backend, and the answer on its way back. Each side is read only when
/// the other takes more.
final class Exchange implements Answers.Taker, Upstreams.Wish {
  private static final Logger LOG = LoggerFactory.getLogger(Exchange.class);

  /// Their effect is the same when they are sent twice (RFC 9110, section 9.2.2).
  private static final Set<HttpMethod> REPEATABLE =
      Set.of(HttpMethod.GET, HttpMethod.HEAD, HttpMethod.OPTIONS, HttpMethod.PUT);

  private final Requests client;
  private final Incoming incoming;
  private final Rule rule;
  private final Upstreams upstreams;
  private final boolean isUpgrade;
  private final boolean isBare;
  private final String host;
  private final HttpHeaders asked;
  private final List<Filter> filters = new ArrayList<>();
  private final List<Endpoint> untried = new ArrayList<>();
  private final List<ScheduledFuture<?>> timers = new ArrayList<>(2);
  private final List<Mirror> mirrors = new ArrayList<>(1);
  private @Nullable Backend backend;
  private @Nullable Endpoint endpoint;
  private @Nullable Channel upstream;
  private @Nullable Answers answers;
  private @Nullable Patience patience;
  private long cost;
  private int tries;
  private boolean sent;
  private boolean began;
  private boolean skipsInterim;
  private boolean reusable;
  private boolean clientReusable = true;
  private boolean over;
  private boolean isCounted;
  private boolean awaitsClient;

  /// @param hasRead whether the request has come as a whole
  /// @param cost what has been taken for it of the room of all
  Exchange(Requests client, Incoming incoming, Rule rule, boolean hasRead, long cost) {
    this.cost = cost;
    this.client = client;
    this.incoming = incoming;
    this.rule = rule;
    this.isUpgrade = incoming.isUpgrade() && !client.connection().isHttp2();
    this.isBare = hasRead || incoming.isBare();
    this.host = incoming.asked().host();
    this.asked = incoming.request().headers().copy();
    // The streams of a connection run on its loop, too.
    Channel channel = client.context().channel();
    this.upstreams = client.traffic().upstreams(channel.eventLoop());
  }

  void start(Rule.Forward forward) {
    filters.addAll(rule.filters());
    Rule.@Nullable Weighted chosen = choose(forward);
    if (chosen == null) {
      fail(500, "no backend takes this request");
      return;
    }
    filters.addAll(chosen.filters());
    switch (chosen.target()) {
      case Rule.Answer fixed -> fail(fixed.status(), fixed.words());
      case Backend to -> {
        backend = to;
        untried.addAll(to.endpoints());
        if (untried.isEmpty()) {
          fail(503, to.name() + " has no endpoint that is ready");
          return;
        }
        prepare();
        within(rule.requestWithin(), "the answer took longer than it may");
        within(rule.backendWithin(), to.name() + " took longer than it may");
        attempt(false);
      }
    }
  }

  private Rule.@Nullable Weighted choose(Rule.Forward forward) {
    long total = forward.backends().stream().mapToLong(Rule.Weighted::weight).sum();
    long place = (long) (client.traffic().turn() * total);
    for (Rule.Weighted each : forward.backends()) {
      place -= each.weight();
      if (place < 0) {
        return each;
      }
    }
    return null;
  }

  private void prepare() {
    HttpHeaders headers = incoming.request().headers();
    String upgrade = headers.get(HttpHeaderNames.UPGRADE, "");
    HeaderRules.withoutHops(headers);
    HeaderRules.forwarded(headers, incoming, client.connection(), client.traffic().hop());
    incoming.request().setProtocolVersion(HttpVersion.HTTP_1_1);
    HeaderRules.rewrite(filters, incoming);
    HeaderRules.apply(filters, false, headers);
    if (isUpgrade) {
      headers.set(HttpHeaderNames.CONNECTION, "upgrade").set(HttpHeaderNames.UPGRADE, upgrade);
    }
    for (Filter each : filters) {
      if (each instanceof Filter.Mirror mirror
          && mirror.target() instanceof Backend copy
          && !copy.endpoints().isEmpty()
          && client.traffic().turn() * 1_000_000 < mirror.share()) {
        mirrors.add(
            new Mirror(copy, incoming.request(), upstreams, client.traffic().limits().stall()));
      }
    }
  }

  private void within(@Nullable Duration time, String words) {
    if (time != null && !time.isZero()) {
      timers.add(
          client
              .context()
              .executor()
              .schedule(() -> fail(504, words), time.toMillis(), TimeUnit.MILLISECONDS));
    }
  }

  /// Of two that are next in turn, the one with less to do.
  private Endpoint next() {
    int first = (int) (client.traffic().turn() * untried.size());
    int second = (first + 1) % untried.size();
    boolean isFirst = upstreams.load(untried.get(first)) <= upstreams.load(untried.get(second));
    return untried.remove(isFirst ? first : second);
  }

  private void attempt(boolean again) {
    Backend to = java.util.Objects.requireNonNull(backend);
    tries++;
    Endpoint chosen = again && endpoint != null ? endpoint : next();
    endpoint = chosen;
    isCounted = true;
    upstreams.begun(chosen);
    upstreams.acquire(to, chosen, again, this);
  }

  @Override
  public void granted(Channel channel, Answers open) {
    if (over) {
      channel.close();
      return;
    }
    upstream = channel;
    answers = open;
    open.serve(this);
    if (patience == null) {
      patience =
          new Patience(
              client.context().executor(),
              client.traffic().limits().stall(),
              () -> fail(504, name() + " has been silent for too long"));
    }
    if (client.hasRead()) {
      channel.write(incoming.request());
      channel.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT);
      mirrors.forEach(each -> each.body(LastHttpContent.EMPTY_LAST_CONTENT));
      sentAll();
    } else {
      if (isBare) {
        channel.write(incoming.request());
      } else {
        channel.writeAndFlush(incoming.request());
      }
      client.context().read();
    }
    channel.read();
  }

  private void sentAll() {
    sent = true;
  }

  @Override
  public void refused(Throwable why) {
    done();
    if (over) {
      return;
    }
    if (!untried.isEmpty() && tries < Limits.TRIES_MAX) {
      attempt(false);
    } else if (why instanceof Upstreams.FullException) {
      fail(503, name() + " has as many connections as it may");
    } else if (why instanceof ConnectTimeoutException) {
      fail(504, name() + " cannot be reached at " + endpoint + " in time");
    } else {
      LOG.debug("{} at {}: {}", name(), endpoint, why.toString());
      fail(502, name() + " takes no connection at " + endpoint);
    }
  }

  private String name() {
    return backend == null ? "the backend" : backend.name();
  }

  /// A part of the request's body.
  void body(HttpContent content) {
    @Nullable Channel to = upstream;
    if (over || to == null) {
      content.release();
      return;
    }
    if (patience != null) {
      patience.moved();
    }
    if (content.decoderResult().isFailure()) {
      content.release();
      client.spoiled();
      fail(400, "the body is not framed as it should be");
      return;
    }
    mirrors.forEach(each -> each.body(content));
    boolean isLast = content instanceof LastHttpContent;
    if (!write(to, content)) {
      return;
    }
    if (isLast) {
      sentAll();
    } else if (to.isWritable()) {
      client.context().read();
    }
  }

  /// Writes a part of a body where there is room to keep it until it is taken.
  private boolean write(ChannelOutboundInvoker to, HttpContent content) {
    if (content instanceof LastHttpContent last) {
      HeaderRules.trailers(last.trailingHeaders());
    }
    int bytes = content.content().readableBytes();
    Room room = client.traffic().room();
    if (!room.take(bytes)) {
      content.release();
      fail(503, "too much is under way");
      return false;
    }
    to.writeAndFlush(content).addListener(_ -> room.give(bytes));
    return true;
  }

  @Override
  public void writable() {
    if (!over && !sent && upstream != null && upstream.isWritable()) {
      client.context().read();
    }
  }

  /// The client takes more, or no more.
  void clientWritable() {
    if (awaitsClient && upstream != null && client.context().channel().isWritable()) {
      awaitsClient = false;
      upstream.read();
    }
  }

  @Override
  public void take(Object message) {
    if (over) {
      ReferenceCountUtil.release(message);
      return;
    }
    if (patience != null) {
      patience.moved();
    }
    if (message instanceof HttpObject object && object.decoderResult().isFailure()) {
      ReferenceCountUtil.release(message);
      fail(502, name() + " answers what is not HTTP");
    } else if (message instanceof HttpResponse response) {
      head(response);
    } else if (message instanceof HttpContent content) {
      if (skipsInterim) {
        skipsInterim = !(content instanceof LastHttpContent);
        content.release();
        readAnswer();
      } else {
        boolean isLast = content instanceof LastHttpContent;
        if (write(client.context(), content)) {
          after(isLast);
        }
      }
    } else {
      ReferenceCountUtil.release(message);
      fail(502, name() + " answers what is not HTTP");
    }
  }

  private void head(HttpResponse response) {
    int status = response.status().code();
    if (status == 101) {
      if (isUpgrade) {
        upgrade(response);
      } else {
        ReferenceCountUtil.release(response);
        fail(502, name() + " leaves HTTP though nobody asked for it");
      }
      return;
    }
    boolean isWhole = response instanceof LastHttpContent;
    if (status < 200) {
      skipsInterim = !isWhole;
      ReferenceCountUtil.release(response);
      if (status == 100 && client.version().equals(HttpVersion.HTTP_1_1)) {
        client.context().writeAndFlush(AnswerHead.goOn());
      }
      readAnswer();
      return;
    }
    began = true;
    reusable = HttpUtil.isKeepAlive(response);
    if (incoming.isGrpc()) {
      stopTimers();
    }
    HeaderRules.withoutHops(response.headers());
    HeaderRules.apply(filters, true, response.headers());
    for (Filter each : filters) {
      if (each instanceof Filter.Cors cors) {
        Crossing.permit(cors, asked, response.headers());
      }
    }
    if (!client.connection().isHttp2()) {
      clientReusable = AnswerHead.frame(response, client.version(), client.isHead(), mayReuse());
    }
    client.traffic().answered(status);
    client.context().writeAndFlush(response);
    after(isWhole);
  }

  private boolean mayReuse() {
    return client.keepsAlive() && sent;
  }

  private void after(boolean isLast) {
    if (isLast) {
      finish();
    } else {
      readAnswer();
    }
  }

  private void readAnswer() {
    if (upstream == null) {
      return;
    }
    if (client.context().channel().isWritable()) {
      upstream.read();
    } else {
      awaitsClient = true;
    }
  }

  private void finish() {
    over = true;
    makeRoom();
    stopTimers();
    done();
    @Nullable Channel last = upstream;
    if (last != null && endpoint != null && answers != null && backend != null) {
      answers.rest();
      if (backend.protocol() == Rule.Protocol.HTTP) {
        if (reusable && sent) {
          upstreams.release(endpoint, last);
        } else {
          last.close();
        }
      } else if (!sent) {
        last.close();
      }
    }
    mirrors.forEach(Mirror::ended);
    client.finished(clientReusable);
  }

  private void upgrade(HttpResponse response) {
    over = true;
    makeRoom();
    stopTimers();
    done();
    if (upstream != null) {
      new Tunnel(client, upstream).open(response, client.traffic().limits().tunnel());
    }
  }

  /// The endpoint has one less to do.
  private void done() {
    if (endpoint != null && isCounted) {
      isCounted = false;
      upstreams.ended(endpoint);
    }
  }

  private void makeRoom() {
    client.traffic().room().give(cost);
    cost = 0;
  }

  private void stopTimers() {
    timers.forEach(each -> each.cancel(false));
    timers.clear();
    if (patience != null) {
      patience.stop();
    }
  }

  @Override
  public void gone(@Nullable Throwable why) {
    if (over) {
      return;
    }
    boolean stale = answers != null && answers.isUsed();
    upstream = null;
    boolean repeatable = isBare && REPEATABLE.contains(incoming.request().method());
    if (!began && stale && repeatable && !isUpgrade && tries < Limits.TRIES_MAX) {
      // It was closed just when it was taken again, which is nobody's fault.
      done();
      attempt(true);
      return;
    }
    LOG.debug("{} at {} is gone: {}", name(), endpoint, String.valueOf(why));
    fail(502, name() + " closed the connection before the end of its answer");
  }

  /// Ends with a word of our own where there is still room for one.
  private void fail(int status, String words) {
    if (over) {
      return;
    }
    over = true;
    stopTimers();
    drop();
    LOG.debug("{} {} for {}: {}", status, host, rule.source(), words);
    if (began) {
      client.abort();
    } else {
      client.answer(status, words, Map.of());
    }
  }

  private void drop() {
    makeRoom();
    done();
    mirrors.forEach(Mirror::cancel);
    @Nullable Channel last = upstream;
    upstream = null;
    if (last != null) {
      if (answers != null) {
        answers.rest();
      }
      last.close();
    }
  }

  /// The client is gone.
  void cancel() {
    if (!over) {
      over = true;
      stopTimers();
      drop();
    }
  }
}
