// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.dns;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class AnswerCacheTest {
  private static Question question(String label) {
    ByteBuffer query = ByteBuffer.allocate(18 + label.length());
    query.putShort((short) 1).putShort((short) 0x100).putShort((short) 1).position(12);
    query.put((byte) label.length()).put(label.getBytes(StandardCharsets.US_ASCII));
    query.put((byte) 0).putShort((short) Resource.TXT).putShort((short) 1);
    return Question.parse(query.array()).orElseThrow();
  }

  private static Message answer(Question question, int texts) {
    List<Resource> all = new ArrayList<>();
    for (int i = 0; i < texts; i++) {
      all.add(new Resource.Text(question.name(), "x".repeat(250)));
    }
    return Message.parse(Wire.answer(question, Answer.of(all), 4_096, 60)).orElseThrow();
  }

  @Test
  void answersAreKeptByTheirBytes() {
    AnswerCache cache = new AnswerCache(() -> Instant.EPOCH);
    int length = answer(question("a"), 14).bytes().length;
    for (int i = 0; i < 3_000; i++) {
      Question question = question("name-" + i);
      cache.keep(question, answer(question, 14));
    }
    assertThat(cache.size()).isBetween(AnswerCache.BYTES_MAX / length / 2, 3_000);
    assertThat(cache.size() * length).isLessThan(AnswerCache.BYTES_MAX);
    assertThat(cache.find(question("name-2999"))).isPresent();
    assertThat(cache.find(question("name-0"))).isEmpty();
  }

  @Test
  void aNameHasAnEndThatIsNear() {
    ByteBuffer message = ByteBuffer.allocate(600);
    message.putShort((short) 1).putShort((short) 0x8180).putInt(1).putInt(0);
    for (int i = 0; i < 5; i++) {
      message.put((byte) 60).put("y".repeat(60).getBytes(StandardCharsets.US_ASCII));
    }
    message.put((byte) 0).putShort((short) Resource.A).putShort((short) 1).putInt(60);
    message.putShort((short) 4).putInt(1);
    assertThat(Message.parse(message.array())).isEmpty();
    message.put(12 + 61 * 4, (byte) 0);
    ByteBuffer shorter = ByteBuffer.allocate(600).put(message.array(), 0, 12 + 61 * 4 + 1);
    shorter.putShort((short) Resource.A).putShort((short) 1).putInt(60);
    shorter.putShort((short) 4).putInt(1);
    assertThat(Message.parse(shorter.array()).orElseThrow().records()).hasSize(1);
  }
}
