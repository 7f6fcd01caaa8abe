// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.dns;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.IntFunction;
import java.util.function.LongSupplier;

/// What a name server was asked and has answered, in the words of CoreDNS' metrics. Counting a
/// question makes no objects and waits for nobody. Threads: any.
final class Traffic {
  /// Of questions that cannot be read, which have no type.
  static final int NO_TYPE = -1;

  private static final String OTHER = "other";

  /// The types that CoreDNS tells apart.
  private static final List<Type> TYPES =
      List.of(
          new Type("A", 1),
          new Type("NS", 2),
          new Type("CNAME", 5),
          new Type("SOA", 6),
          new Type("PTR", 12),
          new Type("MX", 15),
          new Type("TXT", 16),
          new Type("AAAA", 28),
          new Type("SRV", 33),
          new Type("DS", 43),
          new Type("RRSIG", 46),
          new Type("NSEC", 47),
          new Type("DNSKEY", 48),
          new Type("NSEC3", 50),
          new Type("SVCB", 64),
          new Type("HTTPS", 65),
          new Type("IXFR", 251),
          new Type("AXFR", 252),
          new Type("ANY", 255));

  /// As RFC 1035 and those after it call them.
  private static final List<String> CODES =
      List.of(
          "NOERROR",
          "FORMERR",
          "SERVFAIL",
          "NXDOMAIN",
          "NOTIMP",
          "REFUSED",
          "YXDOMAIN",
          "YXRRSET",
          "NXRRSET",
          "NOTAUTH",
          "NOTZONE",
          "DSOTYPENI");

  private static final int CODES_MAX = 16;
  private static final int NUMBERS = 256;
  private static final byte[] PLACES = places();

  private final LongSupplier nanos;

  /// By protocol, family and type.
  private final LongAdder[] requests = Durations.adders(4 * (TYPES.size() + 1));

  private final LongAdder[] responses = Durations.adders(CODES_MAX);
  private final Durations durations = new Durations();
  private final LongAdder hits = new LongAdder();
  private final LongAdder denials = new LongAdder();
  private final LongAdder misses = new LongAdder();
  private final Replies replies = new Replies();

  private record Type(String name, int number) {}

  /// @param nanos a clock that never goes back, of any beginning
  Traffic(LongSupplier nanos) {
    this.nanos = nanos;
  }

  private static byte[] places() {
    byte[] places = new byte[NUMBERS];
    Arrays.fill(places, (byte) TYPES.size());
    for (int i = 0; i < TYPES.size(); i++) {
      places[TYPES.get(i).number()] = (byte) i;
    }
    return places;
  }

  /// When a question comes.
  long now() {
    return nanos.getAsLong();
  }

  /// @param type of the question, or [#NO_TYPE]
  /// @param began when it came
  void answered(boolean byStream, InetAddress client, int type, byte[] answer, long began) {
    int kind = (byStream ? 2 : 0) + (client instanceof Inet6Address ? 1 : 0);
    int place = type >= 0 && type < NUMBERS ? PLACES[type] : TYPES.size();
    requests[kind * (TYPES.size() + 1) + place].increment();
    responses[answer[3] & 0xf].increment();
    durations.count(nanos.getAsLong() - began);
  }

  void remembered(Message message) {
    boolean denies = message.code() == Answer.NAME_ERROR || message.isEmpty();
    (denies ? denials : hits).increment();
  }

  void forgotten() {
    misses.increment();
  }

  /// @param began when the other server was asked
  void told(InetSocketAddress server, Message answer, long began) {
    replies.count(server, answer.code(), nanos.getAsLong() - began);
  }

  /// @param kept what is remembered now
  /// @param rejected questions that were not asked of others for lack of room
  ClusterNames.Figures figures(AnswerCache.Sizes kept, long rejected) {
    return new ClusterNames.Figures(
        counts(requests, 0, Traffic::request),
        codes(responses),
        durations.counts(),
        new ClusterNames.Remembered(
            hits.sum(), denials.sum(), misses.sum(), kept.answers(), kept.denials()),
        new ClusterNames.Forwarded(replies.counts(), rejected));
  }

  private static String request(int place) {
    int kind = place / (TYPES.size() + 1);
    int type = place % (TYPES.size() + 1);
    return "proto=\"%s\",family=\"%d\",type=\"%s\""
        .formatted(
            kind >= 2 ? "tcp" : "udp",
            kind % 2 + 1,
            type == TYPES.size() ? OTHER : TYPES.get(type).name());
  }

  /// The usual ones are there before there was one. Havn has no plugins, of which one would have
  /// given the answer.
  private static List<ClusterNames.Count> codes(LongAdder[] adders) {
    return counts(
        adders,
        Answer.NAME_ERROR + 1,
        code -> "rcode=\"%s\",plugin=\"\"".formatted(code(code, "RCODE")));
  }

  /// @param prefix of the number of one that has no name
  static String code(int code, String prefix) {
    return code < CODES.size() ? CODES.get(code) : prefix + code;
  }

  private static List<ClusterNames.Count> counts(
      LongAdder[] adders, int always, IntFunction<String> labels) {
    List<ClusterNames.Count> counts = new ArrayList<>();
    for (int i = 0; i < adders.length; i++) {
      long number = adders[i].sum();
      if (number > 0 || i < always) {
        counts.add(new ClusterNames.Count(labels.apply(i), number));
      }
    }
    return List.copyOf(counts);
  }
}
