// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.dns;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// An answer of another name server, as far as it has to be understood to be kept and handed on.
///
/// @param ttlOffsets where the times to live stand
/// @param ttlSeconds how long it may be kept
/// @param extended whether it carries an EDNS record, which is between that server and us; it is
///   taken out where nothing stands behind it
record Message(byte[] bytes, List<Integer> ttlOffsets, int ttlSeconds, boolean extended) {
  private static final int RECORDS_MAX = 1_000;
  private static final int NAME_JUMPS_MAX = 64;
  private static final int NAME_CHARS_MAX = 255;
  private static final int POSITIVE_MAX_SECONDS = 3_600;
  private static final int NEGATIVE_MAX_SECONDS = 30;

  int code() {
    return bytes[3] & 0xf;
  }

  /// Whether there is nothing of what was asked for.
  boolean isEmpty() {
    return bytes[6] == 0 && bytes[7] == 0;
  }

  boolean isTruncated() {
    return (bytes[2] & 2) != 0;
  }

  /// Of its answers those that are addresses or aliases, for aliases of ours that lead there.
  List<Resource> records() {
    Reader reader = new Reader(bytes);
    reader.read();
    return List.copyOf(reader.records);
  }

  /// Empty for what is no answer.
  static Optional<Message> parse(byte[] bytes) {
    try {
      return bytes.length < Question.HEADER
          ? Optional.empty()
          : Optional.of(new Reader(bytes).read());
    } catch (IndexOutOfBoundsException | IllegalArgumentException broken) {
      return Optional.empty();
    }
  }

  private static final class Reader {
    private final ByteBuffer buffer;
    private byte[] bytes;
    private boolean extended;
    private final List<Integer> offsets = new ArrayList<>();
    private final List<Resource> records = new ArrayList<>();
    private int at = Question.HEADER;
    private long ttl = Long.MAX_VALUE;

    Reader(byte[] bytes) {
      this.bytes = bytes;
      this.buffer = ByteBuffer.wrap(bytes);
    }

    Message read() {
      int questions = count(4);
      int answers = count(6);
      int all = answers + count(8) + count(10);
      if (questions > 1 || all > RECORDS_MAX) {
        throw new IllegalArgumentException("too many records");
      }
      for (int i = 0; i < questions; i++) {
        skipName();
        at += 4;
      }
      for (int i = 0; i < all; i++) {
        record(i < answers, i == all - 1);
      }
      int most = answers > 0 ? POSITIVE_MAX_SECONDS : NEGATIVE_MAX_SECONDS;
      int kept = ttl == Long.MAX_VALUE ? 0 : (int) Math.min(ttl, most);
      return new Message(bytes, List.copyOf(offsets), kept, extended);
    }

    private int count(int offset) {
      return buffer.getShort(offset) & 0xffff;
    }

    private void record(boolean isAnswer, boolean isLast) {
      int nameAt = at;
      skipName();
      int type = buffer.getShort(at) & 0xffff;
      if (type == Resource.OPT) {
        option(nameAt, isLast);
        if (isLast) {
          return;
        }
      } else {
        offsets.add(at + 4);
        ttl = Math.min(ttl, buffer.getInt(at + 4) & 0x7fffffffL);
      }
      int length = buffer.getShort(at + 8) & 0xffff;
      int data = at + 10;
      if (data + length > bytes.length) {
        throw new IllegalArgumentException("a record ends behind the message");
      }
      if (isAnswer) {
        keep(type, nameAt, data, length);
      }
      if (type == Resource.SOA && !isAnswer && length > 4) {
        ttl = Math.min(ttl, buffer.getInt(data + length - 4) & 0x7fffffffL);
      }
      at = data + length;
    }

    private void option(int start, boolean isLast) {
      if (bytes[at + 4] != 0 || count(10) == 0) {
        throw new IllegalArgumentException("a code that only EDNS has, or its record elsewhere");
      }
      extended = !isLast;
      if (isLast) {
        int additional = count(10) - 1;
        bytes = Arrays.copyOf(bytes, start);
        ByteBuffer.wrap(bytes).putShort(10, (short) additional);
      }
    }

    private void keep(int type, int nameAt, int data, int length) {
      if ((type == Resource.A && length == 4) || (type == Resource.AAAA && length == 16)) {
        byte[] address = new byte[length];
        buffer.get(data, address);
        records.add(new Resource.Address(name(nameAt), address));
      } else if (type == Resource.CNAME) {
        records.add(new Resource.Pointer(name(nameAt), Resource.CNAME, name(data)));
      }
    }

    private void skipName() {
      int length = bytes[at] & 0xff;
      while (length != 0 && length < 0xc0) {
        at += length + 1;
        length = bytes[at] & 0xff;
      }
      at += length == 0 ? 1 : 2;
    }

    private String name(int start) {
      StringBuilder name = new StringBuilder();
      int here = start;
      int jumps = 0;
      while (bytes[here] != 0) {
        int length = bytes[here] & 0xff;
        if (length >= 0xc0) {
          here = buffer.getShort(here) & 0x3fff;
          jumps++;
          if (jumps > NAME_JUMPS_MAX) {
            throw new IllegalArgumentException("a name that leads in circles");
          }
          continue;
        }
        if (name.length() + length >= NAME_CHARS_MAX) {
          throw new IllegalArgumentException("a name that is too long");
        }
        name.append(name.isEmpty() ? "" : ".");
        name.append(
            new String(bytes, here + 1, length, java.nio.charset.StandardCharsets.ISO_8859_1));
        here += length + 1;
      }
      return name.toString();
    }
  }
}
