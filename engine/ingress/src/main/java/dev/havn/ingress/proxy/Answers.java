// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.proxy;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import org.jspecify.annotations.Nullable;

/// The end of a connection to a backend: gives what comes to whom it serves at the moment.
final class Answers extends ChannelInboundHandlerAdapter {
  private @Nullable Taker taker;
  private boolean used;

  /// Whose request a connection carries.
  interface Taker {
    /// Takes an object of an answer, and what it refers to.
    void take(Object message);

    /// The connection is gone.
    void gone(@Nullable Throwable why);

    /// More can, or can no longer, be written.
    void writable();
  }

  void serve(Taker next) {
    taker = next;
  }

  /// Serves nobody any more.
  void rest() {
    taker = null;
    used = true;
  }

  /// Whether an answer went by before: the backend may be about to close the connection.
  boolean isUsed() {
    return used;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (taker == null) {
      ReferenceCountUtil.release(message);
      context.close();
    } else {
      taker.take(message);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    end(null);
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    if (taker != null) {
      taker.writable();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    end(cause);
    context.close();
  }

  private void end(@Nullable Throwable why) {
    @Nullable Taker last = taker;
    taker = null;
    if (last != null) {
      last.gone(why);
    }
  }
}
