// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.door;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.reconcile.RealTime;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class DoormanTest {
  @Test
  void whereNobodyCanBeLetInThereIsAPause() throws Exception {
    RealTime executor = new RealTime();
    AtomicInteger asked = new AtomicInteger();
    CountDownLatch later = new CountDownLatch(1);
    ServerSocket door =
        new ServerSocket() {
          @Override
          public Socket accept() throws IOException {
            if (asked.incrementAndGet() <= 3) {
              throw new IOException("Too many open files");
            }
            return new Socket();
          }
        };
    try {
      long start = System.nanoTime();
      Doorman.open(
          door,
          executor,
          guest -> {
            try {
              guest.close();
              door.close();
            } catch (IOException e) {
              throw new java.io.UncheckedIOException(e);
            }
            later.countDown();
          });
      assertThat(later.await(10, TimeUnit.SECONDS)).isTrue();
      assertThat(System.nanoTime() - start).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(250));
      assertThat(asked).hasValue(4);
    } finally {
      executor.shutdownNow();
    }
  }

  @Test
  void oneClientHasItsShareOfAll() throws Exception {
    Shares shares = new Shares(3, 2);
    InetAddress one = InetAddress.ofLiteral("10.244.0.5");
    InetAddress other = InetAddress.ofLiteral("10.244.0.6");
    assertThat(shares.take(one)).isTrue();
    assertThat(shares.take(one)).isTrue();
    assertThat(shares.take(one)).isFalse();
    assertThat(shares.take(other)).isTrue();
    assertThat(shares.take(other)).as("all are taken").isFalse();
    shares.give(one);
    assertThat(shares.take(other)).isTrue();
  }
}
