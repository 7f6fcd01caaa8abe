// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.image;

import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Reads along in a tar and keeps the capabilities of the entry whose header came last. They are
/// bytes, not text, and the reader of tars takes all extended headers for text. It also takes them
/// into memory whole, as it does the maps of sparse files: what is too large of these ends here,
/// before it is read.
///
/// Format: POSIX.1-2001 (pax), the key `SCHILY.xattr.security.capability`.
final class CapabilityWatch extends FilterInputStream {
  private static final int BLOCK_BYTES = 512;
  private static final int SIZE_AT = 124;
  private static final int SIZE_BYTES = 12;
  private static final int TYPE_AT = 156;
  private static final int SPARSE_AT = 482;
  private static final int SPARSE_NEXT_AT = 504;
  private static final int EXTENDED_BYTES_MAX = 1 << 20;
  private static final int SPARSE_BLOCKS_MAX = 1 << 11;
  private static final int HOLES_MAX = 1 << 15;
  private static final String KEY = "SCHILY.xattr.security.capability";
  private static final byte[] NONE = {};

  private final byte[] block = new byte[BLOCK_BYTES];
  private int filled;

  /// Of the entry at hand, still to come, with what fills its last block.
  private long data;

  private boolean sparse;
  private int sparseBlocks;

  /// The content of the entry at hand begins with the number of its holes, still to come.
  private boolean counting;

  private long holes;
  private boolean mapAnnounced;
  private @Nullable ByteArrayOutputStream extended;
  private int extendedBytes;
  private byte[] announced = NONE;
  private long announcedSize = -1;
  private byte[] capability = NONE;

  CapabilityWatch(InputStream in) {
    super(in);
  }

  /// Of the entry whose header was read last; empty when it has none.
  byte[] capability() {
    return capability.clone();
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    int count = super.read(bytes, offset, length);
    if (count > 0) {
      see(bytes, offset, count);
    }
    return count;
  }

  @Override
  public long skip(long count) throws IOException {
    byte[] passed = new byte[(int) Math.min(Math.max(count, 0), 1 << 16)];
    return passed.length == 0 ? 0 : Math.max(0, read(passed, 0, passed.length));
  }

  @Override
  public boolean markSupported() {
    return false;
  }

  private void see(byte[] bytes, int offset, int count) throws IOException {
    int at = offset;
    int left = count;
    while (left > 0) {
      int taken;
      if (data > 0) {
        taken = (int) Math.min(left, data);
        if (counting) {
          count(bytes, at, taken);
        }
        if (extended != null) {
          extended.write(bytes, at, taken);
        }
        data -= taken;
        if (data == 0 && extended != null) {
          announce(extended.toByteArray());
          extended = null;
        }
      } else {
        taken = Math.min(left, BLOCK_BYTES - filled);
        System.arraycopy(bytes, at, block, filled, taken);
        filled += taken;
        if (filled == BLOCK_BYTES) {
          filled = 0;
          header();
        }
      }
      at += taken;
      left -= taken;
    }
  }

  /// The first line of a content is the number of holes that its map has.
  private void count(byte[] bytes, int offset, int length) throws IOException {
    for (int i = offset; counting && i < offset + length; i++) {
      counting = bytes[i] != '\n';
      holes = counting ? holes * 10 + (bytes[i] - '0') : holes;
      if (holes > HOLES_MAX) {
        throw new IOException("a file has more holes than any has");
      }
    }
  }

  private void header() throws IOException {
    if (sparse) {
      sparse = block[SPARSE_NEXT_AT] != 0;
      if (sparse && ++sparseBlocks > SPARSE_BLOCKS_MAX) {
        throw new IOException("a file has more holes than any has");
      }
      return;
    }
    long size = number();
    char type = (char) block[TYPE_AT];
    if ("xgXLK".indexOf(type) >= 0 && size > EXTENDED_BYTES_MAX) {
      throw new IOException("an extended header of " + size + " bytes is larger than any is");
    }
    counting = false;
    switch (type) {
      case 'x' -> {
        extendedBytes = (int) size;
        extended = size > 0 ? new ByteArrayOutputStream() : null;
      }
      case 'g', 'L', 'K', 'X' -> extended = null;
      default -> {
        capability = announced;
        size = announcedSize >= 0 ? announcedSize : size;
        announced = NONE;
        announcedSize = -1;
        sparse = type == 'S' && block[SPARSE_AT] != 0;
        sparseBlocks = 0;
        counting = mapAnnounced;
        mapAnnounced = false;
        holes = 0;
        // Folders have no content, whatever they say.
        size = type == '5' ? 0 : size;
      }
    }
    data = (size + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
  }

  private long number() {
    long value = 0;
    if ((block[SIZE_AT] & 0x80) != 0) {
      for (int i = 1; i < SIZE_BYTES; i++) {
        value = (value << 8) | (block[SIZE_AT + i] & 0xff);
      }
      return Math.max(0, value);
    }
    for (int i = 0; i < SIZE_BYTES; i++) {
      int digit = block[SIZE_AT + i] - '0';
      if (digit >= 0 && digit < 8) {
        value = value * 8 + digit;
      }
    }
    return value;
  }

  /// Records are `LENGTH KEY=VALUE\n`, the length that of all of it.
  private void announce(byte[] header) {
    int at = 0;
    int end = Math.min(extendedBytes, header.length);
    while (at < end) {
      int space = at;
      int length = 0;
      while (space < end && header[space] != ' ') {
        length = length * 10 + (header[space] - '0');
        space++;
      }
      int stop = at + length - 1;
      if (length <= 0 || stop <= space || stop >= end) {
        return;
      }
      record(header, space + 1, stop);
      at = stop + 1;
    }
  }

  private void record(byte[] header, int from, int to) {
    int equals = from;
    while (equals < to && header[equals] != '=') {
      equals++;
    }
    if (equals == to) {
      return;
    }
    String key = new String(header, from, equals - from, StandardCharsets.UTF_8);
    if (key.equals(KEY)) {
      announced = Arrays.copyOfRange(header, equals + 1, to);
    } else if (key.equals("size")) {
      String size = new String(header, equals + 1, to - equals - 1, StandardCharsets.US_ASCII);
      announcedSize = size.matches("[0-9]{1,18}") ? Long.parseLong(size) : -1;
    } else if (key.equals("GNU.sparse.major")) {
      mapAnnounced = true;
    }
  }
}
