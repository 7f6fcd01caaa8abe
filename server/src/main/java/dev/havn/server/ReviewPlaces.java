// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import java.net.InetAddress;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;

/// Places for questions to the API server about who is at a door and what he may: nobody waits for
/// one. Strangers of one address have but a part of them, and all strangers together not all, so
/// that a flood of made-up tokens leaves some to others. For many threads.
final class ReviewPlaces {
  static final int ALL = 16;
  static final int OF_STRANGERS = 12;
  static final int OF_AN_ADDRESS = 4;

  /// A user's rights.
  static final int OF_A_USER = 8;

  /// The network that one machine has in IPv6, in bytes.
  private static final int NETWORK_BYTES = 8;

  private final Map<Asker, Integer> taken = new HashMap<>();
  private int all;
  private int strangers;

  /// Whose places are counted.
  sealed interface Asker {
    int most();
  }

  /// Somebody who shows a token of which nothing is known.
  record Stranger(String address) implements Asker {
    /// @param remote address and port
    static Stranger of(String remote) {
      String address = remote.substring(0, Math.max(0, remote.lastIndexOf(':')));
      if (address.indexOf(':') < 0) {
        return new Stranger(address);
      }
      byte[] bytes = InetAddress.ofLiteral(address.replaceFirst("%.*", "")).getAddress();
      return new Stranger(
          HexFormat.of().formatHex(bytes, 0, Math.min(NETWORK_BYTES, bytes.length)));
    }

    @Override
    public int most() {
      return OF_AN_ADDRESS;
    }
  }

  /// A user, or a token that was one's not long ago.
  record Known(String name) implements Asker {
    @Override
    public int most() {
      return OF_A_USER;
    }
  }

  /// @return whether there was one, which [#leave(Asker)] gives back
  synchronized boolean enter(Asker asker) {
    boolean isStranger = asker instanceof Stranger;
    boolean full = all == ALL || (isStranger && strangers == OF_STRANGERS);
    if (full || taken.getOrDefault(asker, 0) >= asker.most()) {
      return false;
    }
    taken.merge(asker, 1, Integer::sum);
    all++;
    strangers += isStranger ? 1 : 0;
    return true;
  }

  synchronized void leave(Asker asker) {
    taken.computeIfPresent(asker, (_, count) -> count == 1 ? null : count - 1);
    all--;
    strangers -= asker instanceof Stranger ? 1 : 0;
  }
}
