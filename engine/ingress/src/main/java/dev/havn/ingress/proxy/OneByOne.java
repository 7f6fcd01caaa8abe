// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.proxy;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/// Gives one object for each time that somebody has asked to read, however many come at once.
/// Asking twice before one is there counts once.
///
/// Netty's `FlowControlHandler` counts each question, and forgets those that are asked while it
/// gives.
final class OneByOne extends ChannelDuplexHandler {
  private final Deque<Object> queue = new ArrayDeque<>();
  private boolean keepsRest;
  private boolean wanted;
  private boolean giving;

  /// @param keepsRest whether what has come before the other side closed is given all the same
  OneByOne(boolean keepsRest) {
    this.keepsRest = keepsRest;
  }

  void keepRest() {
    keepsRest = true;
  }

  @Override
  public void read(ChannelHandlerContext context) {
    wanted = true;
    give(context);
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    queue.add(message);
    give(context);
  }

  private void give(ChannelHandlerContext context) {
    if (giving) {
      return;
    }
    giving = true;
    while (wanted && !queue.isEmpty()) {
      wanted = false;
      @Nullable Object next = queue.poll();
      if (next != null) {
        context.fireChannelRead(next);
      }
    }
    giving = false;
    if (wanted && queue.isEmpty()) {
      context.read();
    }
  }

  /// A pipeline is taken down right after its end, so what is kept is given now; it is no more than
  /// one read, or the window of a stream.
  @Override
  public void channelInactive(ChannelHandlerContext context) {
    while (keepsRest && !queue.isEmpty()) {
      context.fireChannelRead(queue.poll());
    }
    drop();
    context.fireChannelInactive();
  }

  @Override
  public void close(ChannelHandlerContext context, ChannelPromise promise) {
    drop();
    context.close(promise);
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext context) {
    drop();
  }

  private void drop() {
    queue.forEach(ReferenceCountUtil::release);
    queue.clear();
  }
}
