// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.dns;

/// A resource record without its time to live, which is the same for all of a zone.
sealed interface Resource {
  int A = 1;
  int NS = 2;
  int CNAME = 5;
  int SOA = 6;
  int PTR = 12;
  int TXT = 16;
  int AAAA = 28;
  int SRV = 33;
  int OPT = 41;
  int ANY = 255;

  String owner();

  int type();

  /// An address of either family.
  record Address(String owner, byte[] address) implements Resource {
    @Override
    public int type() {
      return address.length == 4 ? A : AAAA;
    }
  }

  /// A record that is nothing but another name.
  record Pointer(String owner, int type, String target) implements Resource {}

  record Service(String owner, int weight, int port, String target) implements Resource {
    @Override
    public int type() {
      return SRV;
    }
  }

  record Text(String owner, String text) implements Resource {
    @Override
    public int type() {
      return TXT;
    }
  }

  /// The start of a zone, which negative answers carry.
  record Start(String owner, String server, String mailbox, int serial) implements Resource {
    @Override
    public int type() {
      return SOA;
    }
  }
}
