// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.dns;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Answers questions: from the cluster's zone, from what is remembered, from other name servers.
/// Threads: any.
final class Resolver {
  private static final Logger LOG = LoggerFactory.getLogger(Resolver.class);
  private static final int ALIASES_MAX = 8;
  private static final int RECURSION_DESIRED = 0x01;
  private static final int CHECKING_DISABLED = 0x10;

  private final ClusterZone zone;
  private final AnswerCache cache;
  private final Forwarder forwarder;
  private final Supplier<Upstreams> upstreams;
  private final Traffic traffic;

  Resolver(
      ClusterZone zone,
      AnswerCache cache,
      Forwarder forwarder,
      Supplier<Upstreams> upstreams,
      Traffic traffic) {
    this.zone = zone;
    this.cache = cache;
    this.forwarder = forwarder;
    this.upstreams = upstreams;
    this.traffic = traffic;
  }

  /// Where those who let questions in count them.
  Traffic traffic() {
    return traffic;
  }

  ClusterNames.Figures figures() {
    return traffic.figures(cache.sizes(), forwarder.rejected());
  }

  byte[] refuse(byte[] message) {
    boolean isQuery = (message[2] & 0x78) == 0;
    return Wire.refusal(message, isQuery ? Answer.FORMAT_ERROR : Answer.NOT_IMPLEMENTED);
  }

  /// The answer that needs nobody else, empty when others must be asked.
  Optional<byte[]> known(Question question, int bytesMax) {
    if (question.version() != 0) {
      return Optional.of(ours(question, Answer.of(List.of()), bytesMax));
    }
    boolean[] needsOthers = new boolean[1];
    Optional<Answer> answer =
        zone.answer(
            question.name(),
            question.type(),
            _ -> {
              needsOthers[0] = true;
              return List.of();
            });
    if (answer.isPresent()) {
      return needsOthers[0]
          ? Optional.empty()
          : Optional.of(ours(question, answer.get(), bytesMax));
    }
    return remembered(question).map(message -> theirs(question, message, bytesMax));
  }

  /// The answer, which may take seconds.
  byte[] answer(Question question, int bytesMax) {
    return known(question, bytesMax).orElseGet(() -> unknown(question, bytesMax));
  }

  private Optional<Message> remembered(Question question) {
    Optional<Message> kept = cache.find(question);
    kept.ifPresentOrElse(traffic::remembered, traffic::forgotten);
    return kept;
  }

  /// The same to one whose answer was not [known][#known]; it may have come to be meanwhile.
  byte[] unknown(Question question, int bytesMax) {
    Optional<Message> kept = cache.find(question);
    if (kept.isPresent()) {
      return theirs(question, kept.get(), bytesMax);
    }
    Optional<Answer> own =
        zone.answer(question.name(), question.type(), target -> follow(target, question.type(), 0));
    if (own.isPresent()) {
      return ours(question, own.get(), bytesMax);
    }
    return ask(question)
        .map(message -> theirs(question, message, bytesMax))
        .orElseGet(() -> ours(question, Answer.failure(Answer.SERVER_FAILURE), bytesMax));
  }

  /// The addresses of the name that an alias leads to.
  private List<Resource> follow(String target, int type, int depth) {
    if (depth > ALIASES_MAX) {
      return List.of();
    }
    Optional<Answer> own = zone.answer(target, type, next -> follow(next, type, depth + 1));
    if (own.isPresent()) {
      return own.get().answers();
    }
    Optional<Question> question = Question.parse(query(target, type));
    if (question.isEmpty()) {
      return List.of();
    }
    Optional<Message> kept = remembered(question.get());
    return (kept.isPresent() ? kept : ask(question.get())).map(Message::records).orElse(List.of());
  }

  private Optional<Message> ask(Question question) {
    try {
      Optional<Message> answer = forwarder.ask(question, upstreams.get().of(question.name()));
      answer.ifPresent(message -> cache.keep(question, message));
      return answer;
    } catch (IOException | IllegalArgumentException e) {
      LOG.warn("no name server can be asked for {}: {}", question.name(), e.getMessage());
      return Optional.empty();
    }
  }

  private static byte[] query(String name, int type) {
    byte[] text = name.getBytes(StandardCharsets.ISO_8859_1);
    ByteBuffer query = ByteBuffer.allocate(Question.HEADER + text.length + 6);
    query.putShort((short) 0).putShort((short) 0x100).putShort((short) 1);
    query.putShort((short) 0).putShort((short) 0).putShort((short) 0);
    for (String label : name.split("\\.")) {
      query.put((byte) label.length()).put(label.getBytes(StandardCharsets.ISO_8859_1));
    }
    query.put((byte) 0).putShort((short) type).putShort((short) Question.CLASS_INTERNET);
    return query.array();
  }

  private static byte[] ours(Question question, Answer answer, int bytesMax) {
    return Wire.answer(question, answer, bytesMax, ClusterZone.TTL_SECONDS);
  }

  /// Under the number and in the letters of this question; too long a one only as far as that.
  private static byte[] theirs(Question question, Message message, int bytesMax) {
    byte[] bytes =
        question.extended() && !message.extended()
            ? Wire.extended(message.bytes(), question.wantsSignatures())
            : message.bytes().clone();
    if (bytes.length > bytesMax) {
      byte[] cut = Wire.answer(question, Answer.failure(message.code()), bytesMax, 0);
      cut[2] = (byte) ((cut[2] | 2) & ~4);
      return cut;
    }
    System.arraycopy(question.message(), 0, bytes, 0, 2);
    bytes[2] = (byte) (bytes[2] & ~RECURSION_DESIRED | question.message()[2] & RECURSION_DESIRED);
    bytes[3] = (byte) (bytes[3] & ~CHECKING_DISABLED | question.message()[3] & CHECKING_DISABLED);
    if (bytes.length >= question.end()) {
      System.arraycopy(
          question.message(),
          Question.HEADER,
          bytes,
          Question.HEADER,
          question.end() - Question.HEADER);
    }
    return bytes;
  }
}
