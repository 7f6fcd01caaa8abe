// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.dns;

import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Writes answers as RFC 1035 has them, names compressed. What does not fit is left out and said to
/// be, so that the client asks again by TCP. Threads: one for each message.
final class Wire {
  static final int TCP_BYTES_MAX = 65_535;
  private static final int RESPONSE = 0x80;
  private static final int AUTHORITATIVE = 0x04;
  private static final int TRUNCATED = 0x02;
  private static final int RECURSION_AVAILABLE = 0x80;
  private static final int POINTER = 0xc000;
  private static final int POINTER_MAX = 0x3fff;
  static final int OPT_BYTES = 11;
  private static final int SIGNATURES = 0x8000;
  private static final int LABEL_BYTES_MAX = 63;
  private static final int BAD_VERSION = 16;

  private final ByteBuffer out;
  private final int ttlSeconds;

  /// What clients ask with, perhaps in capitals, is what answers point to: most need no other name.
  private final String asked;

  /// Where other names stand.
  private final Map<String, Integer> names = new HashMap<>(0);

  private Wire(int bytesMax, int ttlSeconds, String asked) {
    this.out = ByteBuffer.allocate(bytesMax);
    this.ttlSeconds = ttlSeconds;
    this.asked = asked;
  }

  /// The answer of a zone as bytes.
  static byte[] answer(Question question, Answer answer, int bytesMax, int ttlSeconds) {
    int room = bytesMax - (question.extended() ? OPT_BYTES : 0);
    Wire wire = new Wire(room, ttlSeconds, question.name());
    return wire.write(question, answer);
  }

  /// What can be said to something that is no question: its number and a code.
  static byte[] refusal(byte[] message, int code) {
    byte[] bytes = new byte[Question.HEADER];
    bytes[0] = message[0];
    bytes[1] = message[1];
    bytes[2] = (byte) (RESPONSE | message[2] & 0x79);
    bytes[3] = (byte) code;
    return bytes;
  }

  private byte[] write(Question question, Answer answer) {
    boolean badVersion = question.extended() && question.version() != 0;
    int code = badVersion ? BAD_VERSION : answer.code();
    out.put(question.message(), 0, 2);
    out.put((byte) (RESPONSE | AUTHORITATIVE | question.message()[2] & 1));
    out.put((byte) (RECURSION_AVAILABLE | code & 0xf));
    out.putShort((short) 1).putShort((short) 0).putShort((short) 0).putShort((short) 0);
    out.put(question.message(), Question.HEADER, question.end() - Question.HEADER);
    boolean whole = badVersion || (section(answer.answers(), 6) && section(answer.authority(), 8));
    if (!whole) {
      out.put(2, (byte) (out.get(2) | TRUNCATED));
    } else if (!badVersion) {
      section(answer.additional(), 10);
    }
    byte[] bytes = new byte[out.position() + (question.extended() ? OPT_BYTES : 0)];
    out.flip().get(bytes, 0, out.limit());
    if (question.extended()) {
      ByteBuffer all = ByteBuffer.wrap(bytes);
      all.putShort(10, (short) (all.getShort(10) + 1));
      all.position(bytes.length - OPT_BYTES);
      option(all, code >> 4, false);
    }
    return bytes;
  }

  /// Writes the record of EDNS.
  static void option(ByteBuffer out, int code, boolean signatures) {
    out.put((byte) 0).putShort((short) Resource.OPT).putShort((short) Question.UDP_BYTES_MAX);
    out.put((byte) code).put((byte) 0).putShort((short) (signatures ? SIGNATURES : 0));
    out.putShort((short) 0);
  }

  /// A message with our record of EDNS at its end.
  static byte[] extended(byte[] message, boolean signatures) {
    ByteBuffer all = ByteBuffer.allocate(message.length + OPT_BYTES).put(message);
    option(all, 0, signatures);
    return all.putShort(10, (short) (all.getShort(10) + 1)).array();
  }

  /// @return whether all records had room
  private boolean section(List<Resource> records, int countAt) {
    for (Resource each : records) {
      int start = out.position();
      try {
        record(each);
      } catch (BufferOverflowException full) {
        out.position(start);
        names.values().removeIf(at -> at >= start);
        return false;
      }
      out.putShort(countAt, (short) (out.getShort(countAt) + 1));
    }
    return true;
  }

  private void record(Resource record) {
    name(record.owner(), true, true);
    out.putShort((short) record.type()).putShort((short) Question.CLASS_INTERNET);
    out.putInt(ttlSeconds);
    int lengthAt = out.position();
    out.putShort((short) 0);
    switch (record) {
      case Resource.Address address -> out.put(address.address());
      case Resource.Pointer pointer -> name(pointer.target(), true, true);
      case Resource.Service service -> {
        out.putShort((short) 0).putShort((short) service.weight());
        out.putShort((short) service.port());
        // RFC 2782: not compressed.
        name(service.target(), false, true);
      }
      case Resource.Text text -> {
        byte[] bytes = text.text().getBytes(StandardCharsets.UTF_8);
        out.put((byte) bytes.length).put(bytes);
      }
      case Resource.Start start -> {
        // It is the last of its message.
        name(start.server(), true, false);
        name(start.mailbox(), true, false);
        out.putInt(start.serial()).putInt(7_200).putInt(1_800).putInt(86_400).putInt(ttlSeconds);
      }
    }
    out.putShort(lengthAt, (short) (out.position() - lengthAt - 2));
  }

  /// Where a name stands already, 0 for nowhere. A label has as many bytes before it in a question
  /// as characters in the text of its name.
  private int known(String name) {
    int start = asked.length() - name.length();
    boolean isEnd =
        start == 0
            ? asked.equals(name)
            : start > 0 && asked.charAt(start - 1) == '.' && asked.endsWith(name);
    return isEnd ? Question.HEADER + start : names.getOrDefault(name, 0);
  }

  /// @param remembered whether others may point here
  private void name(String name, boolean compressed, boolean remembered) {
    String rest = name;
    while (!rest.isEmpty()) {
      int known = compressed ? known(rest) : 0;
      if (known > 0) {
        out.putShort((short) (POINTER | known));
        return;
      }
      if (remembered && out.position() <= POINTER_MAX) {
        names.putIfAbsent(rest, out.position());
      }
      int dot = rest.indexOf('.');
      String label = dot < 0 ? rest : rest.substring(0, dot);
      byte[] bytes = label.getBytes(StandardCharsets.ISO_8859_1);
      if (bytes.length > LABEL_BYTES_MAX) {
        throw new IllegalArgumentException("no name: " + name);
      }
      out.put((byte) bytes.length).put(bytes);
      rest = dot < 0 ? "" : rest.substring(dot + 1);
    }
    out.put((byte) 0);
  }
}
