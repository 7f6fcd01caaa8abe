// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.codec;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// The wire format of protocol buffers, as far as Kubernetes uses it: varints, fixed 64 bit, bytes.
final class Wire {
  static final int VARINT = 0;
  static final int FIXED64 = 1;
  static final int BYTES = 2;
  static final int FIXED32 = 5;

  /// Messages in messages; schemas of schemas go deepest.
  private static final int DEPTH_MAX = 500;

  private Wire() {}

  /// Writes into a growing array.
  static final class Writer {
    private byte[] buffer;
    private int size;

    Writer() {
      this(512);
    }

    /// @param bytes to begin with
    Writer(int bytes) {
      this.buffer = new byte[bytes];
    }

    byte[] toBytes() {
      return Arrays.copyOf(buffer, size);
    }

    int size() {
      return size;
    }

    private void room(int bytes) {
      if (size + bytes > buffer.length) {
        buffer = Arrays.copyOf(buffer, Math.max(buffer.length * 2, size + bytes));
      }
    }

    void varint(long value) {
      room(10);
      long rest = value;
      while ((rest & ~0x7fL) != 0) {
        buffer[size++] = (byte) (rest & 0x7f | 0x80);
        rest >>>= 7;
      }
      buffer[size++] = (byte) rest;
    }

    void tag(int number, int type) {
      varint((long) number << 3 | type);
    }

    void number(int field, long value) {
      tag(field, VARINT);
      varint(value);
    }

    void fixed64(int field, long value) {
      tag(field, FIXED64);
      room(8);
      for (int shift = 0; shift < 64; shift += 8) {
        buffer[size++] = (byte) (value >>> shift);
      }
    }

    void bytes(int field, byte[] value) {
      tag(field, BYTES);
      varint(value.length);
      raw(value);
    }

    void text(int field, String value) {
      bytes(field, value.getBytes(StandardCharsets.UTF_8));
    }

    void message(int field, Writer inner) {
      tag(field, BYTES);
      varint(inner.size);
      room(inner.size);
      System.arraycopy(inner.buffer, 0, buffer, size, inner.size);
      size += inner.size;
    }

    void raw(byte[] value) {
      room(value.length);
      System.arraycopy(value, 0, buffer, size, value.length);
      size += value.length;
    }
  }

  /// Reads a part of an array.
  static final class Reader {
    private final byte[] buffer;
    private int position;
    private final int end;
    private final int depth;

    Reader(byte[] buffer, int position, int end) {
      this(buffer, position, end, 0);
    }

    private Reader(byte[] buffer, int position, int end, int depth) {
      if (depth > DEPTH_MAX) {
        throw new CodecException("proto: exceeded maximum recursion depth of " + DEPTH_MAX);
      }
      this.depth = depth;
      this.buffer = buffer;
      this.position = position;
      this.end = end;
    }

    boolean hasMore() {
      return position < end;
    }

    long varint() {
      long value = 0;
      for (int shift = 0; shift < 64; shift += 7) {
        if (position >= end) {
          throw truncated();
        }
        byte next = buffer[position++];
        value |= (long) (next & 0x7f) << shift;
        if (next >= 0) {
          return value;
        }
      }
      throw new CodecException("proto: integer overflow");
    }

    long fixed64() {
      if (end - position < 8) {
        throw truncated();
      }
      long value = 0;
      for (int shift = 0; shift < 64; shift += 8) {
        value |= (buffer[position++] & 0xffL) << shift;
      }
      return value;
    }

    Reader message() {
      int length = length();
      Reader inner = new Reader(buffer, position, position + length, depth + 1);
      position += length;
      return inner;
    }

    byte[] bytes() {
      int length = length();
      byte[] value = Arrays.copyOfRange(buffer, position, position + length);
      position += length;
      return value;
    }

    String text() {
      int length = length();
      String value = new String(buffer, position, length, StandardCharsets.UTF_8);
      position += length;
      return value;
    }

    private int length() {
      long length = varint();
      if (length < 0 || length > end - position) {
        throw truncated();
      }
      return (int) length;
    }

    void skip(int type) {
      switch (type) {
        case VARINT -> varint();
        case FIXED64 -> fixed64();
        case BYTES -> {
          int length = length();
          position += length;
        }
        case FIXED32 -> {
          if (end - position < 4) {
            throw truncated();
          }
          position += 4;
        }
        default -> throw new CodecException("proto: illegal wireType " + type);
      }
    }

    private static CodecException truncated() {
      return new CodecException("unexpected EOF");
    }
  }
}
