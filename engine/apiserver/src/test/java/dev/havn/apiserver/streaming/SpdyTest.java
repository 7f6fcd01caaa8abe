// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.streaming;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.havn.apiserver.http.ByteDuplex;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.spdy.DefaultSpdyDataFrame;
import io.netty.handler.codec.spdy.DefaultSpdySynStreamFrame;
import io.netty.handler.codec.spdy.SpdyFrameCodec;
import io.netty.handler.codec.spdy.SpdyVersion;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.SequenceInputStream;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What a client of ours, or somebody else, sends.
class SpdyTest {
  private final EmbeddedChannel client =
      new EmbeddedChannel(new SpdyFrameCodec(SpdyVersion.SPDY_3_1));
  private final ByteArrayOutputStream sent = new ByteArrayOutputStream();
  private final List<Spdy.Stream> opened = new ArrayList<>();

  private SpdyTest send(Object frame) {
    client.writeOutbound(frame);
    for (ByteBuf bytes = client.readOutbound(); bytes != null; bytes = client.readOutbound()) {
      byte[] copy = new byte[bytes.readableBytes()];
      bytes.readBytes(copy);
      sent.writeBytes(copy);
    }
    return this;
  }

  private SpdyTest open(int id) {
    DefaultSpdySynStreamFrame frame = new DefaultSpdySynStreamFrame(id, 0, (byte) 0);
    frame.headers().set("streamtype", "s" + id);
    return send(frame);
  }

  /// Until all that was sent is read, and then what is no frame.
  private void run(byte... noFrame) {
    InputStream in =
        new SequenceInputStream(
            new ByteArrayInputStream(sent.toByteArray()), new ByteArrayInputStream(noFrame));
    new Spdy(new Received(in), opened::add).run();
  }

  private record Received(InputStream in) implements ByteDuplex {
    @Override
    public OutputStream out() {
      return OutputStream.nullOutputStream();
    }

    @Override
    public void close() {}
  }

  @Test
  void streamsCarryHeadersAndBytes() throws IOException {
    DefaultSpdyDataFrame last = new DefaultSpdyDataFrame(1, Unpooled.wrappedBuffer(new byte[3]));
    last.setLast(true);
    open(1).send(last).run();
    assertThat(opened).hasSize(1);
    assertThat(opened.getFirst().header("streamtype")).isEqualTo("s1");
    assertThat(opened.getFirst().in().readAllBytes()).hasSize(3);
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 1, 3})
  void identifiersAreOddAndGrow(int second) {
    open(3).open(second).open(5).run();
    assertThat(opened).hasSize(1);
  }

  @Test
  void onlySoManyStreamsAreOpen() {
    for (int id = 1; id < 4_000; id += 2) {
      open(id);
    }
    run();
    assertThat(opened).hasSize(1_000);
  }

  @Test
  void streamsThatEndedBothWaysTakeNoRoom() throws IOException {
    for (int id = 1; id < 4_000; id += 2) {
      DefaultSpdySynStreamFrame frame = new DefaultSpdySynStreamFrame(id, 0, (byte) 0);
      frame.headers().set("streamtype", "s");
      frame.setLast(true);
      send(frame);
    }
    new Spdy(
            new Received(new ByteArrayInputStream(sent.toByteArray())),
            stream -> {
              opened.add(stream);
              assertThatCode(() -> stream.out().close()).doesNotThrowAnyException();
            })
        .run();
    assertThat(opened).hasSize(2_000);
  }

  @Test
  void aFrameThatIsNoneEndsTheStreamsAndNotTheThread() throws IOException {
    open(1);
    run((byte) 0x80, (byte) 3, (byte) 0, (byte) 1, (byte) 0, (byte) 0, (byte) 0, (byte) 2);
    assertThat(opened.getFirst().in().read()).isEqualTo(-1);
  }

  /// A block of headers that unfolds to far more than it is.
  @Test
  void headersDoNotUnfoldWithoutBound() {
    DefaultSpdySynStreamFrame bomb = new DefaultSpdySynStreamFrame(1, 0, (byte) 0);
    for (int i = 0; i < 100; i++) {
      bomb.headers().set("h" + i, "x".repeat(10_000));
    }
    send(bomb).open(3).run();
    assertThat(opened).isEmpty();
  }
}
