// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.dns;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// A query with its one question (RFC 1035, RFC 6891).
///
/// @param message as it came
/// @param end of the question in it
/// @param name in small letters, without the dot at its end; a character 0 stands for a dot within
///   a label
/// @param bytesMax of an answer by UDP
/// @param extended whether the client speaks EDNS
/// @param version of EDNS; only 0 is known
record Question(
    byte[] message,
    int end,
    String name,
    int type,
    int bytesMax,
    boolean extended,
    int version,
    boolean wantsSignatures) {
  static final int HEADER = 12;
  static final int UDP_BYTES_MIN = 512;

  /// More would be broken into fragments on some way (DNS flag day 2020).
  static final int UDP_BYTES_MAX = 1_232;

  static final int CLASS_INTERNET = 1;
  private static final int NAME_CHARS_MAX = 255;
  private static final int LABEL_BYTES_MAX = 63;

  /// Empty for what is no query, or not with one question of this class of names.
  static Optional<Question> parse(byte[] message) {
    if (message.length < HEADER) {
      return Optional.empty();
    }
    ByteBuffer buffer = ByteBuffer.wrap(message);
    boolean isQuery = (message[2] & 0xf8) == 0;
    if (!isQuery || buffer.getShort(4) != 1) {
      return Optional.empty();
    }
    byte[] name = new byte[message.length];
    int at = HEADER;
    while (at < message.length && message[at] != 0) {
      int length = message[at] & 0xff;
      if (length > LABEL_BYTES_MAX || at + length >= message.length) {
        return Optional.empty();
      }
      name[at - HEADER] = '.';
      for (int i = at + 1; i <= at + length; i++) {
        name[i - HEADER] = small(message[i]);
      }
      at += length + 1;
    }
    int chars = Math.max(0, at - HEADER - 1);
    if (at + 5 > message.length
        || chars > NAME_CHARS_MAX
        || buffer.getShort(at + 3) != CLASS_INTERNET) {
      return Optional.empty();
    }
    int type = buffer.getShort(at + 1) & 0xffff;
    String text = new String(name, 1, chars, StandardCharsets.ISO_8859_1);
    return Optional.of(extended(message, at + 5, text, type));
  }

  /// RFC 4343: letters of ASCII alone have two forms. A dot within a label is none between labels:
  /// such a name is not the one that reads the same.
  private static byte small(byte letter) {
    if (letter == '.') {
      return 0;
    }
    return letter >= 'A' && letter <= 'Z' ? (byte) (letter + 'a' - 'A') : letter;
  }

  /// Clients put the record of EDNS right behind the question.
  private static Question extended(byte[] message, int end, String name, int type) {
    ByteBuffer buffer = ByteBuffer.wrap(message);
    boolean extended =
        buffer.getShort(6) == 0
            && buffer.getShort(8) == 0
            && buffer.getShort(10) > 0
            && end + 11 <= message.length
            && message[end] == 0
            && buffer.getShort(end + 1) == Resource.OPT;
    if (!extended) {
      return new Question(message, end, name, type, UDP_BYTES_MIN, false, 0, false);
    }
    int asked = buffer.getShort(end + 3) & 0xffff;
    return new Question(
        message,
        end,
        name,
        type,
        Math.clamp(asked, UDP_BYTES_MIN, UDP_BYTES_MAX),
        true,
        message[end + 6] & 0xff,
        (message[end + 7] & 0x80) != 0);
  }

  boolean wantsUnchecked() {
    return (message[3] & 0x10) != 0;
  }

  /// The same question as it is asked of other name servers. Nothing else of the client's message
  /// goes there: its flags and options would shape an answer that others get too.
  byte[] forwarded(int number, boolean byExtension) {
    ByteBuffer query = ByteBuffer.allocate(end + (byExtension ? Wire.OPT_BYTES : 0));
    query.putShort((short) number).putShort((short) 0x100).putShort((short) 1);
    query.putShort((short) 0).putShort((short) 0).putShort((short) (byExtension ? 1 : 0));
    query.put(message, HEADER, end - HEADER);
    if (byExtension) {
      Wire.option(query, 0, wantsSignatures);
    }
    return query.array();
  }

  boolean wantsRecursion() {
    return (message[2] & 1) != 0;
  }
}
