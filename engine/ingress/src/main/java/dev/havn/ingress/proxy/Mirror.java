// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.proxy;

import dev.havn.ingress.routing.Rule.Backend;
import dev.havn.ingress.routing.Rule.Endpoint;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/// A copy of a request for somebody else. Its answer is thrown away, and it never holds the request
/// up: what cannot be sent at once is held up to a bound, then the copy ends.
final class Mirror implements Answers.Taker, Upstreams.Wish {
  private static final int HELD_BYTES_MAX = 256 << 10;

  private final HttpRequest request;
  private final Deque<HttpContent> held = new ArrayDeque<>();
  private final Duration stall;
  private @Nullable Channel channel;
  private @Nullable Patience patience;
  private boolean whole;
  private int heldBytes;
  private boolean over;

  Mirror(Backend backend, HttpRequest original, Upstreams upstreams, Duration stall) {
    this.stall = stall;
    this.request =
        new DefaultHttpRequest(
            original.protocolVersion(),
            original.method(),
            original.uri(),
            original.headers().copy());
    Endpoint first = backend.endpoints().getFirst();
    upstreams.acquire(backend, first, true, this);
  }

  void body(HttpContent content) {
    if (over) {
      return;
    }
    whole |= content instanceof LastHttpContent;
    if (patience != null) {
      patience.moved();
    }
    if (channel != null) {
      if (!channel.isWritable()) {
        cancel();
        return;
      }
      channel.writeAndFlush(content.retainedDuplicate());
      return;
    }
    heldBytes += content.content().readableBytes();
    if (heldBytes > HELD_BYTES_MAX) {
      cancel();
      return;
    }
    held.add(content.retainedDuplicate());
  }

  /// Nothing more comes: what is not whole then never will be.
  void ended() {
    if (!whole) {
      cancel();
    }
  }

  void cancel() {
    over = true;
    if (patience != null) {
      patience.stop();
    }
    held.forEach(ReferenceCountUtil::release);
    held.clear();
    if (channel != null) {
      channel.close();
    }
  }

  @Override
  public void granted(Channel open, Answers answers) {
    if (over) {
      open.close();
      return;
    }
    channel = open;
    // What is answered is no reason to wait longer: it may go on for ever.
    patience = new Patience(open.eventLoop(), stall, this::cancel);
    answers.serve(this);
    open.write(request);
    held.forEach(open::write);
    held.clear();
    open.flush();
    open.read();
  }

  @Override
  public void refused(Throwable why) {
    cancel();
  }

  @Override
  public void take(Object message) {
    boolean isLast = message instanceof LastHttpContent;
    ReferenceCountUtil.release(message);
    if (isLast) {
      cancel();
    } else if (channel != null) {
      channel.read();
    }
  }

  @Override
  public void gone(@Nullable Throwable why) {
    cancel();
  }

  @Override
  public void writable() {
    // The next part looks itself.
  }
}
