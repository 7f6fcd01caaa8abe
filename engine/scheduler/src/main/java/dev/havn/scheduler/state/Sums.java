// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.state;

import java.util.Arrays;

/// A number for each domain, 0 for most: a table of those that are not, until so many are not that
/// an array of all is no larger. Ten pods of a ReplicaSet on five thousand hosts take ten places.
final class Sums {
  private static final int TABLE_MIN = 8;
  private static final int EMPTY = -1;

  /// The domain at each place of the table; empty once `values` is an array of all.
  private int[] domains = new int[TABLE_MIN];

  private long[] values = new long[TABLE_MIN];
  private int filled;
  private boolean dense;

  Sums() {
    Arrays.fill(domains, EMPTY);
  }

  long at(int domain) {
    if (dense) {
      return domain >= 0 && domain < values.length ? values[domain] : 0;
    }
    int place = place(domain);
    return domains[place] == domain && domain >= 0 ? values[place] : 0;
  }

  /// Adds to the number of a domain and gives the sum.
  ///
  /// @param bound all domains are below it
  long add(int domain, long amount, int bound) {
    if (!dense && domains[place(domain)] != domain && 2 * (filled + 1) > domains.length) {
      grow(bound);
    }
    if (dense) {
      if (domain >= values.length) {
        values = Arrays.copyOf(values, Math.max(domain + 1, 2 * values.length));
      }
      return values[domain] += amount;
    }
    int place = place(domain);
    if (domains[place] == EMPTY) {
      domains[place] = domain;
      filled++;
    }
    return values[place] += amount;
  }

  private int place(int domain) {
    int mask = domains.length - 1;
    int place = (domain * 0x9E3779B9 >>> 16) & mask;
    while (domains[place] != EMPTY && domains[place] != domain) {
      place = (place + 1) & mask;
    }
    return place;
  }

  private void grow(int bound) {
    int[] oldDomains = domains;
    long[] oldValues = values;
    int kept = 0;
    for (long each : oldValues) {
      kept += each == 0 ? 0 : 1;
    }
    int length = Math.max(TABLE_MIN, 4 * Integer.highestOneBit(kept + 1));
    dense = length >= bound;
    domains = new int[dense ? 0 : length];
    values = new long[dense ? bound : length];
    Arrays.fill(domains, EMPTY);
    filled = 0;
    for (int i = 0; i < oldValues.length; i++) {
      if (oldValues[i] != 0) {
        add(oldDomains[i], oldValues[i], bound);
      }
    }
  }
}
