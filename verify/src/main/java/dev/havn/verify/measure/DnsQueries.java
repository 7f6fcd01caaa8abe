// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.measure;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/// Questions as pods ask them of a cluster with many Services: half are names of Services in full,
/// a fifth are names that are not there, the rest are what a resolver tries one after the other
/// with its search path for a short name.
final class DnsQueries {
  private static final int HEADER_BYTES = 12;
  private static final int NAMES = 20_000;

  /// Each run asks the same.
  private static final long SEED = 6;

  private DnsQueries() {}

  /// One question and what has to come.
  ///
  /// @param code of the answer: 0, or 3 for a name that is not there
  /// @param answers how many records answer it
  record Query(byte[] message, int code, int answers) {}

  static List<Query> mixed() {
    Random random = new Random(SEED);
    List<Query> all = new ArrayList<>();
    while (all.size() < NAMES) {
      int number = random.nextInt(ManyServices.COUNT);
      String service = ManyServices.name(number) + "." + ManyServices.namespace(number);
      int kind = random.nextInt(10);
      if (kind < 5) {
        all.add(there(service + ".svc.cluster.local"));
      } else if (kind < 7) {
        all.add(absent("gone-" + number + "." + ManyServices.namespace(number) + ".svc"));
      } else {
        String own = ManyServices.namespace(random.nextInt(ManyServices.COUNT));
        all.add(absent(service + "." + own + ".svc"));
        all.add(there(service + ".svc.cluster.local"));
        all.add(absent("www.example.com"));
      }
    }
    return List.copyOf(all);
  }

  private static Query there(String name) {
    return new Query(message(name), 0, 1);
  }

  private static Query absent(String name) {
    return new Query(message(name + ".cluster.local"), 3, 0);
  }

  /// A question for an address of IPv4, with its number still 0.
  static byte[] message(String name) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(new byte[HEADER_BYTES]);
    for (String label : name.split("\\.")) {
      out.write(label.length());
      out.writeBytes(label.getBytes(StandardCharsets.US_ASCII));
    }
    out.writeBytes(new byte[] {0, 0, 1, 0, 1});
    byte[] message = out.toByteArray();
    message[2] = 1;
    message[5] = 1;
    return message;
  }
}
